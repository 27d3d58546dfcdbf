"""Who walks in: guards, codes, links, and leaving."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bekal.access.actions import create_sign_in_link
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.texts import text
from bekal.doors.sessions import forget_sessions
from bekal.notices.models import Notice
from tests.doors.making import BY, World, as_citizen, as_provider, as_staff, phone_of, signed_in
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


@pytest.mark.django_db
def test_nobody_learns_from_waits_and_tries_which_numbers_are_known(
    small_world: World, clock_at: Callable[[datetime], None]
) -> None:
    """Codes, waits, wrong tries and their words are the same for a known and an unknown number."""
    pages: dict[str, list[tuple[int, str]]] = {}
    queries: dict[str, int] = {}
    start = clock.now()
    for phone in (phone_of(small_world.winner), "+6289999999999"):
        clock_at(start)
        client, seen = Client(), []
        with CaptureQueriesContext(connection) as asked:
            client.post("/masuk", {"phone": phone})
        queries[phone] = len(asked)
        for step in range(13):
            replies = [client.get("/masuk/kode"), client.post("/masuk/kode", {"code": "x" if step == 4 else "000000"})]
            if step == 6:
                replies.append(client.post("/masuk/kode", {"baru": "1"}))
            seen += [(reply.status_code, plain(reply, phone)) for reply in replies]
        clock_at(start + timedelta(minutes=1))
        client.post("/masuk/kode", {"baru": "1"})
        seen.append((0, plain(client.get("/masuk/kode"), phone)))
        pages[phone] = seen
    known, unknown = pages.values()
    assert known == unknown
    assert any("kami tutup" in page for _, page in known)
    few, many = sorted(queries.values())
    assert many - few <= 1, "whose number it is"


def plain(reply: Any, phone: str) -> str:
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", reply.content.decode().replace(phone, ""))


@pytest.mark.django_db
def test_a_code_comes_late_expires_and_belongs_to_its_act(
    small_world: World, clock_at: Callable[[datetime], None]
) -> None:
    phone, start = phone_of(small_world.winner), clock.now()
    client = Client()
    client.post("/masuk", {"phone": phone})
    clock_at(start + timedelta(minutes=9))
    assert client.post("/masuk/kode", {"code": last_code()}).headers["Location"] == "/saya"
    late = Client()
    late.post("/masuk", {"phone": phone})
    clock_at(start + timedelta(minutes=20))
    expired = late.post("/masuk/kode", {"code": last_code()})
    assert text("access.code_expired", "id") in expired.content.decode()
    assert 'name="baru"' in expired.content.decode(), "a new one is offered"
    late.post("/masuk/kode", {"baru": "1"})
    registering = Client()
    registering.post("/daftar/telepon", {"phone": phone})
    other = late.post("/masuk/kode", {"code": last_code()})
    assert text("access.code_wrong", "id") in other.content.decode(), "the code for registering signs nobody in"


@pytest.mark.django_db
def test_the_wait_for_a_new_code_is_shown_and_counted(small_world: World, clock_at: Callable[[datetime], None]) -> None:
    client, start, before = Client(), clock.now(), Notice.objects.count()
    client.post("/masuk", {"phone": phone_of(small_world.winner)})
    clock_at(start + timedelta(seconds=18))
    assert "42 detik" in client.get("/masuk/kode").content.decode()
    client.post("/masuk/kode", {"baru": "1"})
    told = client.get("/masuk/kode").content.decode()
    assert text("access.code_too_soon", "id", wait_id="42 detik", wait_en="42 seconds") in told
    assert Notice.objects.count() == before + 1
    clock_at(start + timedelta(seconds=60))
    client.post("/masuk/kode", {"baru": "1"})
    assert "kode ke-2" in client.get("/masuk/kode").content.decode()
    assert Notice.objects.count() == before + 2


@pytest.mark.django_db
def test_signing_in_leaves_nothing_of_an_earlier_visitor(small_world: World) -> None:
    shared = Client()
    shared.post("/daftar/telepon", {"phone": "0813 0000 0001"})
    shared.post("/daftar/kode", {"code": last_code()})
    shared.post("/daftar/nama", {"name": "Orang Lain"})
    planted = shared.cookies["bekal"].value
    signed_in(Actor.citizen(small_world.winner), "citizen", client=shared)
    assert shared.cookies["bekal"].value != planted
    assert "proven_phone" not in shared.session
    thief = Client()
    thief.cookies["bekal"] = planted
    assert thief.get("/saya").status_code == 302
    assert thief.get("/daftar/nama").headers["Location"] == "/saya"


@pytest.mark.django_db
def test_a_code_sent_again_by_the_back_button_goes_on(small_world: World) -> None:
    client = Client()
    client.get("/masuk?lanjut=/saya/saldo")
    client.post("/masuk", {"phone": phone_of(small_world.winner)})
    code, old = last_code(), client.cookies["bekal"].value
    assert client.post("/masuk/kode", {"code": code}).headers["Location"] == "/saya/saldo"
    assert client.post("/masuk/kode", {"code": code}).headers["Location"] == "/saya"
    late = Client()
    late.cookies["bekal"] = old
    reply = late.post("/masuk/kode", {"code": code})
    assert reply.headers["Location"] == "/saya/saldo"
    assert "bekal" not in reply.cookies
    lost = Client()
    assert lost.post("/masuk/kode", {"code": code}).headers["Location"] == "/masuk"
    assert text("enter.who", "id") in lost.get("/masuk").content.decode()


@pytest.mark.django_db
def test_old_sessions_are_forgotten(small_world: World) -> None:
    as_citizen(small_world.winner)
    stale = SessionStore()
    stale["x"] = 1
    stale.set_expiry(-10)
    stale.save()
    before = Session.objects.count()
    forget_sessions()
    assert Session.objects.count() == before - 1
