"""Passkeys through the pages, with a device in software."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from bekal.access.models import LastSignIn, Passkey
from bekal.citizens.queries import citizen_view
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.models import Event
from bekal.core.texts import text
from tests.access.passkey_device import Device
from tests.doors.making import World, as_citizen, phone_of
from tests.doors.test_registration import last_code

pytestmark = pytest.mark.django_db
ADD, PAGE, ENTER, WITH_KEY = "/saya/keamanan/tantangan", "/saya/keamanan", "/masuk/tantangan", "/masuk/kunci"


def add(client: Client, device: Device, name: str = "") -> Any:
    return client.post(PAGE, {"answer": device.register(client.post(ADD).json()), "key_name": name})


def enter(client: Client, device: Device, **lies: Any) -> Any:
    return client.post(WITH_KEY, {"answer": device.sign(client.post(ENTER).json(), **lies)})


def words(client: Client, address: str = PAGE) -> str:
    return client.get(address).content.decode()


def test_a_key_is_added_signs_in_and_is_removed(small_world: World) -> None:
    owner, device = as_citizen(small_world.winner), Device()
    assert text("security.none", "id") in words(owner)
    assert add(owner, device, "Ponsel <b>merah</b>").headers["Location"] == PAGE
    page = words(owner)
    assert text("security.added", "id") in page
    assert "Ponsel &lt;b&gt;merah&lt;/b&gt;" in page
    client = Client()
    client.get("/masuk?lanjut=/saya/saldo")
    before = client.cookies["bekal"].value
    assert enter(client, device).headers["Location"] == "/saya/saldo"
    assert client.cookies["bekal"].value != before, "a fresh session key"
    assert client.get("/saya/saldo").status_code == 200
    assert text("security.used_on", "id") in words(client)
    code = words(client).split('name="key" value="')[1].split('"')[0]
    for _ in range(2):
        assert client.post("/saya/keamanan/hapus", {"key": code}).headers["Location"] == PAGE
    assert Passkey.objects.count() == 0
    refused = enter(Client(), device)
    assert refused.status_code == 422
    assert text("access.passkey_unknown", "id") in refused.content.decode()


def test_an_answer_counts_once_and_for_its_own_session(small_world: World) -> None:
    owner, device = as_citizen(small_world.winner), Device(counts=False)
    add(owner, device)
    client = Client()
    answer = device.sign(client.post(ENTER).json())
    stolen = Client()
    stolen.post(ENTER)
    for attempt in (Client(), stolen, stolen):
        assert attempt.post(WITH_KEY, {"answer": answer}).status_code == 422
        assert attempt.get("/saya").status_code == 302
    old = client.cookies["bekal"].value
    assert client.post(WITH_KEY, {"answer": answer}).headers["Location"] == "/saya"
    client.post("/keluar")
    assert client.post(WITH_KEY, {"answer": answer}).status_code == 422, "replayed after leaving"
    late = Client()
    late.cookies["bekal"] = old
    assert late.post(WITH_KEY, {"answer": answer}).headers["Location"] == "/saya", "sent twice: led on, not in"
    assert late.get("/saya").status_code == 302
    wrong = Client()
    challenge = wrong.post(ENTER).json()
    assert wrong.post(WITH_KEY, {"answer": "?"}).status_code == 422
    assert wrong.post(WITH_KEY, {"answer": device.sign(challenge)}).status_code == 422, "a wrong answer uses it up"


def test_a_challenge_is_old_after_five_minutes(small_world: World, clock_at: Callable[[datetime], None]) -> None:
    owner, device = as_citizen(small_world.winner), Device()
    add(owner, device)
    client = Client()
    answer = device.sign(client.post(ENTER).json())
    clock_at(clock.now() + timedelta(minutes=6))
    late = client.post(WITH_KEY, {"answer": answer})
    assert text("access.passkey_late", "id", minutes=5) in late.content.decode()
    assert enter(client, device).headers["Location"] == "/saya"


def test_adding_needs_a_fresh_sign_in(small_world: World, clock_at: Callable[[datetime], None]) -> None:
    owner = as_citizen(small_world.winner)
    clock_at(clock.now() + timedelta(minutes=11))
    assert "/masuk?lanjut=/saya/keamanan" in words(owner)
    refused = add(owner, Device())
    assert (refused.status_code, Passkey.objects.count()) == (422, 0)
    assert text("security.stale", "id") in refused.content.decode()


@pytest.mark.parametrize("name", ["x" * 61, "a\x00b", "\u202ekunci", "a\nb"])
def test_a_name_that_cannot_be_is_told_and_kept(small_world: World, name: str) -> None:
    reply = add(as_citizen(small_world.winner), Device(), name)
    assert (reply.status_code, Passkey.objects.count()) == (422, 0)
    assert 'href="#key_name"' in reply.content.decode()


def test_no_page_runs_a_foreign_script(small_world: World) -> None:
    for client, address in ((Client(), "/masuk"), (as_citizen(small_world.winner), PAGE)):
        reply = client.get(address)
        assert "script-src 'self'; connect-src 'self'" in reply.headers["Content-Security-Policy"]
        assert reply.content.decode().count("<script") == 1


def signs_in_by_code(client: Client, phone: str) -> str:
    client.post("/masuk", {"phone": phone})
    return str(client.post("/masuk/kode", {"code": last_code()}).headers["Location"])


def test_a_number_that_was_idle_needs_a_second_proof(small_world: World, clock_at: Callable[[datetime], None]) -> None:
    phone, person = phone_of(small_world.winner), citizen_view(small_world.winner)
    client = Client()
    assert signs_in_by_code(client, phone) == "/saya"
    clock_at(clock.now() + timedelta(days=45))
    assert signs_in_by_code(Client(), phone) == "/saya", "45 days are not too long"
    clock_at(clock.now() + timedelta(days=45, minutes=1))
    client = Client()
    client.get("/masuk?lanjut=/saya/data")
    assert signs_in_by_code(client, phone) == "/masuk/bukti"
    assert client.get("/saya").status_code == 302
    page = words(client, "/masuk/bukti")
    assert person.name not in page
    assert "/bantuan#number" in page
    born = {f"born-{part}": str(getattr(person.birth_date, part)) for part in ("day", "month", "year")}
    wrong = client.post("/masuk/bukti", born | {"card_end": "9999"})
    assert text("access.proof_wrong", "id", left=4) in wrong.content.decode()
    card = Actor.citizen(small_world.winner)
    assert client.post("/masuk/bukti", born | {"card_end": "12"}).status_code == 422
    right = born | {"card_end": card_end(small_world)}
    assert client.post("/masuk/bukti", right).headers["Location"] == "/saya/data"
    assert client.get("/saya").status_code == 200
    assert LastSignIn.objects.get(pk=f"citizen:{card.key}").wrong_proofs == 0
    assert client.post("/masuk/bukti", right).headers["Location"] == "/saya", "sent once more"


def card_end(world: World) -> str:
    from tests.citizens.making import numbers_of

    return numbers_of(world.winner)["family_card"][-4:]


def test_guessing_the_second_proof_ends_for_a_day(small_world: World, clock_at: Callable[[datetime], None]) -> None:
    phone, person = phone_of(small_world.winner), citizen_view(small_world.winner)
    clock_at(clock.now() + timedelta(days=100))
    right = {f"born-{part}": str(getattr(person.birth_date, part)) for part in ("day", "month", "year")}
    right["card_end"] = card_end(small_world)
    client = Client()
    assert signs_in_by_code(client, phone) == "/masuk/bukti"
    for _ in range(5):
        assert client.post("/masuk/bukti", right | {"born-day": "1"}).status_code == 422
    closed = client.post("/masuk/bukti", right)
    assert text("access.too_many_proofs", "id", hours=24) in closed.content.decode()
    assert Event.objects.filter(kind="access.proof_refused", person_id=small_world.winner).count() == 6
    clock_at(clock.now() + timedelta(minutes=11))
    assert client.post("/masuk/bukti", right).headers["Location"] == "/masuk", "the code's ten minutes are over"
    clock_at(clock.now() + timedelta(hours=24))
    again = Client()
    assert signs_in_by_code(again, phone) == "/masuk/bukti"
    assert again.post("/masuk/bukti", right).headers["Location"] == "/saya"


def test_a_key_opens_an_idle_account(small_world: World, clock_at: Callable[[datetime], None]) -> None:
    device = Device()
    add(as_citizen(small_world.winner), device)
    clock_at(clock.now() + timedelta(days=100))
    client = Client()
    assert enter(client, device).headers["Location"] == "/saya"
    assert json.loads(json.dumps(Event.objects.filter(kind="access.signed_in").last().data)) == {"means": "passkey"}  # type: ignore[union-attr]
