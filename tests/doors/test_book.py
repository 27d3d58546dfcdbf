"""The open book shows what the queries say, and follows every event."""

import json
import re

import pytest
from django.test import Client

from bekal.core.money import format_rupiah
from bekal.openbook.queries import digest, funnel, money_statement
from tests.doors.making import World, as_staff


@pytest.mark.django_db
def test_the_pages_show_the_figures_of_the_queries(small_world: World) -> None:
    client = Client()
    page = client.get("/terbuka").content.decode()
    shown = [int(figure) for figure in re.findall(r'<td class="n">(\d+)</td>', page)]
    assert shown == [line.people for line in funnel(59)]
    assert digest() in page
    money = client.get("/terbuka/uang").content.decode()
    statement = money_statement("prakerja-2023")
    assert statement.difference == 0
    assert all(format_rupiah(line.amount) in money for line in (*statement.lines, *statement.partners))


@pytest.mark.django_db
def test_the_figures_follow_the_house(small_world: World) -> None:
    client = Client()
    before = json.loads(client.get("/terbuka/data/catalogue.json").content)
    assert before
    first = client.get("/terbuka").content
    as_staff(small_world.maker, "operator")
    assert client.get("/terbuka").content == first, "an event that publishes nothing changes nothing"


@pytest.mark.django_db
def test_the_draw_page_names_what_was_locked(small_world: World) -> None:
    client = Client()
    bundle = client.get("/terbuka/undian/59/1/bundle.json").json()
    page = client.get("/terbuka/undian/59").content.decode()
    assert bundle["commitment_hash"] in page
    assert bundle["beacon"]["randomness"] in page
    assert client.get("/terbuka/undian/59/1/roll.bin").content


@pytest.mark.django_db
def test_no_public_document_names_a_person(small_world: World) -> None:
    client = Client()
    for name in ("catalogue", "certificates", "draws", "effect", "funnel", "money", "regions", "seals", "vacancies"):
        words = client.get(f"/terbuka/data/{name}.json").content.decode()
        assert not re.search(r"\b\d{16}\b", words), name
        assert str(small_world.graduate) not in words
        assert "Siti" not in words
