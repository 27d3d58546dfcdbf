"""The site's own view of joining: passes, the way to the lane and back, the receipt, and being excluded."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from bekal.core import clock, vault
from bekal.doors.passes import JOIN_COOKIE
from bekal.engines.draw.commitment import public_key_hex
from bekal.engines.joining import verify_join_receipt
from bekal.waves.models import Joining
from bekal.waves.queries import RECEIPTS
from tests.citizens.making import registered_citizen
from tests.doors.making import as_citizen
from tests.eligibility.making import eligible_citizen, settled
from tests.rulebooks.making import loaded_programme
from tests.waves.making import CLOSES, OPENS, committed, open_wave

pytestmark = pytest.mark.django_db
PAGE = "/saya/gelombang"


@pytest.fixture(autouse=True)
def ready(seeded: None, clock_at: Callable[[datetime], None]) -> None:
    """A seed and a clock."""


def test_a_pass_alone_joins_and_a_stranger_signs_in_first() -> None:
    wave, citizen = open_wave(loaded_programme()), eligible_citizen(loaded_programme().id, 4)
    answer = as_citizen(citizen.id).get(PAGE)
    card = answer.cookies[JOIN_COOKIE]
    assert (card["httponly"], card["samesite"], card["expires"], card["max-age"]) == (True, "Lax", "", "")
    phone = Client()
    assert phone.post(PAGE, {"wave": str(wave.id)})["Location"].startswith("/masuk?")
    phone.cookies[JOIN_COOKIE] = card.value
    for wrong in ("nothing", str(citizen.id)):
        assert phone.post(PAGE, {"wave": wrong}).status_code == 302
    assert not Joining.objects.exists()
    assert phone.post(PAGE, {"wave": str(wave.id)})["Location"] == PAGE
    assert Joining.objects.get().citizen_id == citizen.id
    clock.freeze(OPENS + timedelta(hours=13))
    assert phone.post(PAGE, {"wave": str(wave.id)})["Location"].startswith("/masuk?"), "the pass has expired"


def test_the_button_leads_to_the_lane_and_back(settings: Any) -> None:
    open_wave(loaded_programme())
    settings.LANE_URL = "http://localhost:8001"
    client = as_citizen(eligible_citizen(loaded_programme().id, 4).id)
    answer = client.get(PAGE)
    assert '<form method="post" action="http://localhost:8001/saya/gelombang">' in answer.content.decode()
    assert "form-action 'self' http://localhost:8001;" in answer["Content-Security-Policy"]
    assert answer["Referrer-Policy"] == "strict-origin", "with same-origin a browser sends Origin: null"
    ordinary = client.get(PAGE, {"pintu": "biasa"})
    assert '<form method="post" action="">' in ordinary.content.decode()
    assert "sekali lagi" in ordinary.content.decode()
    assert client.get("/saya/gelombang/masuk")["Location"] == PAGE


def test_the_receipt_of_joining_can_be_fetched_at_any_time() -> None:
    wave, citizen = open_wave(loaded_programme()), eligible_citizen(loaded_programme().id, 4)
    client = as_citizen(citizen.id)
    assert client.get("/saya/gelombang/tanda-terima.json").status_code == 404
    client.post(PAGE, {"wave": str(wave.id)})
    key = client.get("/terbuka/undian/kunci-tanda-terima.json").json()["public_key"]
    assert key == public_key_hex(vault.signing_key(RECEIPTS))
    receipt = client.get("/saya/gelombang/tanda-terima.json").json()
    assert verify_join_receipt(receipt, key) == []
    assert receipt["ticket_id"] in client.get(PAGE).content.decode()


def test_who_is_excluded_reads_why_and_finds_the_ticket_on_the_list() -> None:
    book = loaded_programme()
    wave, barred = open_wave(book), registered_citizen(1)
    settled(barred.id, book.id, "match", "civil_servant")
    eligible = eligible_citizen(book.id, 2)
    for citizen in (barred, eligible):
        as_citizen(citizen.id).post(PAGE, {"wave": str(wave.id)})
    clock.freeze(CLOSES)
    committed(wave)
    page = as_citizen(barred.id).get(PAGE).content.decode()
    assert "Tiket Anda tidak ikut diundi" in page
    assert "ASN" in page or "pegawai" in page.lower()
    assert as_citizen(barred.id).get("/saya/gelombang/bukti.json").status_code == 404
    assert "tidak ikut diundi" in as_citizen(barred.id).get("/saya").content.decode()
    listed = Client().get(f"/terbuka/undian/{wave.number}/1/excluded.csv")
    ticket = bytes(Joining.objects.get(citizen_id=barred.id).ticket_id).hex()
    assert listed.content.decode() == f"ticket_id,reason\n{ticket},register:civil_servant\n"
    commitment = Client().get(f"/terbuka/undian/{wave.number}/1/commitment.json").json()["commitment"]
    assert commitment["excluded"] == {"count": 1, "sha256": hashlib.sha256(listed.content).hexdigest()}
    assert "excluded.csv" in Client().get(f"/terbuka/undian/{wave.number}").content.decode()
    assert Client().get(f"/terbuka/undian/{wave.number}/9/excluded.csv").status_code == 404


def test_signing_out_takes_the_pass_away() -> None:
    open_wave(loaded_programme())
    client = as_citizen(eligible_citizen(loaded_programme().id, 4).id)
    client.get(PAGE)
    client.post("/keluar")
    assert not client.cookies[JOIN_COOKIE].value


def test_a_receipt_that_was_changed_does_not_hold() -> None:
    wave, citizen = open_wave(loaded_programme()), eligible_citizen(loaded_programme().id, 4)
    client = as_citizen(citizen.id)
    client.post(PAGE, {"wave": str(wave.id)})
    key, receipt = public_key_hex(vault.signing_key(RECEIPTS)), client.get("/saya/gelombang/tanda-terima.json").json()
    changes: list[dict[str, Any]] = [
        {"ticket_id": "0" * 32}, {"ticket_id": "x"}, {"wave": "prakerja/0"}, {"joined_at": "2023-08-18T02:00:01Z"},
        {"index": 1}, {"size": 2}, {"index": "0"}, {"path": "AA=="}, {"signature": ""}, {"more": 1}, {"format": "x"},
        {"path": "A" * 43 + "="}, {"wave": None},
    ]  # fmt: skip
    for change in changes:
        assert verify_join_receipt(json.loads(json.dumps({**receipt, **change})), key), change
    assert verify_join_receipt(receipt, "00" * 32)
    assert verify_join_receipt({}, key)
