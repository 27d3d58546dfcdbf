"""Ending a draw from the desk: the one reason that holds is offered, two operators sign, witnesses too, all see it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from bekal.access.actions import add_staff
from bekal.core import clock
from bekal.core.events import Actor
from bekal.engines.draw.commitment import endorse
from bekal.waves import actions, queries
from bekal.waves.models import Wave
from tests.doors.making import as_staff
from tests.rulebooks.making import loaded_programme
from tests.waves.making import COMMIT, DRAWN, WITNESSES, committed, joined, open_wave, signed

pytestmark = pytest.mark.django_db
ClockAt = Callable[[datetime], None]


@pytest.fixture
def wave(clock_at: ClockAt) -> Wave:
    """A wave whose roll is committed; nobody has signed."""
    book = loaded_programme("prakerja-2023")
    wave = open_wave(book)
    joined(wave, book, 3)
    committed(wave)
    return wave


@pytest.fixture
def desks(wave: Wave) -> tuple[Client, Client]:
    """Two draw operators at their desks."""
    found = [
        add_staff(by=Actor.staff("test"), at=COMMIT, name=name, email=f"{name}@test.example", roles=["draw_operator"])
        for name in ("sari", "tono")
    ]
    first, second = (as_staff(staff.id, "draw_operator") for staff in found)
    return first, second


def test_a_draw_is_withdrawn_before_anybody_can_know(wave: Wave, desks: tuple[Client, Client]) -> None:
    sari, tono = desks
    address, at = f"/operator/undian/{wave.number}/batal", COMMIT + timedelta(minutes=5)
    signed(wave, operators=0)
    clock.freeze(at)
    assert address in sari.get("/operator").content.decode()
    sari.post(address, {"why": "a list came late"})
    sari.post(address)
    page = sari.get("/operator").content.decode()
    assert "sari" in page
    assert address not in page, "who has signed has nothing left to do"
    tono.post(address)
    found = queries.draw_of(wave.number)
    assert found
    assert found.annulment
    assert found.state == "committed", "the witnesses have not signed"
    for name, key in WITNESSES.items():
        said = endorse(found.annulment, by=name, role="witness", private_key=key, at=at)
        actions.countersign_annulment(
            by=Actor("witness", name), at=at, wave_id=wave.id, name=name, signature=said["signature"], signed_at=at
        )
    public = Client().get(f"/terbuka/undian/{wave.number}?lang=en").content.decode()
    assert "a list came late" in public
    assert Client().get(f"/terbuka/undian/{wave.number}/1/annulment.json").json()["annulment"]["reason"] == "withdrawn"
    assert address not in sari.get("/operator").content.decode()


def test_an_unsigned_draw_is_annulled_as_that(wave: Wave, desks: tuple[Client, Client]) -> None:
    signed(wave, operators=1)
    clock.freeze(DRAWN)
    desks[0].post(f"/operator/undian/{wave.number}/batal")
    found = queries.draw_of(wave.number)
    assert found
    assert found.annulment
    assert found.annulment["reason"] == "unsigned"


def test_a_signed_draw_whose_round_is_there_cannot_be_ended(wave: Wave, desks: tuple[Client, Client]) -> None:
    signed(wave)
    clock.freeze(DRAWN)
    address = f"/operator/undian/{wave.number}/batal"
    assert address not in desks[0].get("/operator").content.decode()
    desks[0].post(address, {"why": "other winners, please"})
    found = queries.draw_of(wave.number)
    assert found
    assert found.annulment is None


def test_only_draw_operators_end_draws(wave: Wave) -> None:
    staff = add_staff(
        by=Actor.staff("test"), at=COMMIT, name="rani", email="rani@test.example", roles=["finance_maker"]
    )
    client = as_staff(staff.id, "finance_maker")
    assert client.post(f"/operator/undian/{wave.number}/batal").status_code == 403
