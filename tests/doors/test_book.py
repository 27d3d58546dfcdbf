"""The open book shows what the queries say, and follows every event."""

import csv
import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from bekal.core import clock
from bekal.core.money import format_rupiah
from bekal.doors.public import figures
from bekal.doors.public.money import streams
from bekal.openbook.queries import digest, funnel, money_statement
from tests.doors.making import World, as_staff
from tests.scholarships.making import funded


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


@pytest.mark.django_db
def test_busy_houses_count_again_after_a_while(
    small_world: World, settings: Any, clock_at: Callable[[datetime], None]
) -> None:
    settings.FIGURES_SECONDS = 60
    figures._shelves.clear()
    now = clock.now()
    before = figures.money_statement("prakerja-2023").amount("funded")
    funded("prakerja-2023", 5, "DIPA-9")
    clock_at(now + timedelta(seconds=59))
    assert figures.money_statement("prakerja-2023").amount("funded") == before
    assert figures.counted_at() == now
    clock_at(now + timedelta(seconds=60))
    assert figures.money_statement("prakerja-2023").amount("funded") == before + 5


@pytest.mark.django_db
def test_the_files_are_what_their_digests_say(small_world: World) -> None:
    client = Client()
    page = client.get("/terbuka/uang").content.decode()
    for name in ("uang.json", "uang.csv", "gelombang.csv", "wilayah.csv"):
        answer = client.get(f"/terbuka/uang/{name}")
        assert hashlib.sha256(answer.content).hexdigest() in page, name
    rows = list(csv.DictReader(client.get("/terbuka/uang/uang.csv").content.decode().splitlines()))
    own = [row for row in rows if row["statement"] == "programme"]
    assert sum(int(row["rupiah"]) * (1 if row["side"] == "in" else -1) for row in own) == 0
    assert client.get("/terbuka/uang/orang.csv").status_code == 404


@pytest.mark.django_db
def test_the_streams_add_up_to_what_came_in(small_world: World) -> None:
    statement = money_statement("prakerja-2023")
    found = streams(statement)
    assert sum(one.amount for one in found) == statement.amount("funded")
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    last = found[-1]
    assert float(last.left) + float(last.width) <= 360.1
