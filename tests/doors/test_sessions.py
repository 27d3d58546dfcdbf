"""Who walks in: guards, codes, links, and leaving."""

import pytest
from django.test import Client

from bekal.access.actions import create_sign_in_link
from bekal.core import clock
from bekal.core.events import Actor
from bekal.notices.models import Notice
from tests.doors.making import BY, World, as_citizen, as_provider, as_staff, phone_of
from tests.doors.test_registration import last_code


@pytest.mark.django_db
def test_a_stranger_is_led_to_sign_in_and_back(small_world: World) -> None:
    client = Client()
    assert client.get("/saya/saldo").headers["Location"] == "/masuk?lanjut=%2Fsaya%2Fsaldo"
    client.get("/masuk?lanjut=%2Fsaya%2Fsaldo")
    client.post("/masuk", {"phone": phone_of(small_world.winner)})
    assert client.post("/masuk/kode", {"code": "12345"}).status_code == 422
    assert client.post("/masuk/kode", {"code": "000000"}).status_code == 422
    assert client.post("/masuk/kode", {"code": last_code()}).headers["Location"] == "/saya/saldo"
    page = client.get("/saya/saldo")
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.django_db
def test_an_unknown_phone_gets_the_same_answer(small_world: World) -> None:
    before = Notice.objects.count()
    known, unknown = Client(), Client()
    answers = []
    for client, phone in ((known, phone_of(small_world.winner)), (unknown, "0899 9999 9999")):
        client.get("/masuk")
        first = client.post("/masuk", {"phone": phone})
        second = client.get("/masuk/kode").content.decode().replace(phone, "")
        third = client.post("/masuk/kode", {"code": "000000"})
        answers.append((first.headers["Location"], len(second), third.status_code))
    assert answers[0] == answers[1]
    assert Notice.objects.count() == before + 1, "no message to the unknown number"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_way_back_stays_on_this_site(small_world: World, address: str) -> None:
    client = Client()
    client.get("/masuk", {"lanjut": address})
    client.post("/masuk", {"phone": phone_of(small_world.winner)})
    assert client.post("/masuk/kode", {"code": last_code()}).headers["Location"] == "/saya"


@pytest.mark.django_db
def test_a_link_works_once_and_only_by_its_button(small_world: World) -> None:
    token = create_sign_in_link(by=BY, at=clock.now(), principal=Actor.citizen(small_world.winner), roles=["citizen"])
    first, second = Client(), Client()
    assert first.get(f"/tautan/{token}").status_code == 200
    assert first.get(f"/tautan/{token}").status_code == 200, "looking uses nothing up"
    assert first.post(f"/tautan/{token}").headers["Location"] == "/saya"
    assert second.post(f"/tautan/{token}").status_code == 422


@pytest.mark.django_db
def test_nobody_opens_another_door(small_world: World) -> None:
    citizen, provider = as_citizen(small_world.winner), as_provider(small_world.provider)
    maker = as_staff(small_world.maker, "finance_maker")
    for client, closed in (
        (citizen, ["/operator", "/lembaga"]), (provider, ["/operator", "/saya"]), (maker, ["/saya", "/lembaga"]),
        (Client(), ["/operator", "/lembaga"]),
    ):  # fmt: skip
        for address in closed:
            assert client.get(address).status_code == 403, address
    assert maker.post("/operator/gelombang/59", {"move": "open"}).status_code == 403


@pytest.mark.django_db
def test_leaving_forgets_everything(small_world: World) -> None:
    client = as_citizen(small_world.winner)
    reply = client.post("/keluar")
    assert reply.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/saya").status_code == 302
    assert client.get("/keluar").status_code == 405


@pytest.mark.django_db
def test_forms_need_their_token(small_world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/masuk", {"phone": "0812"}).status_code == 403
