"""Waves for tests, made as operators make them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bekal.core import clock
from bekal.core.events import Actor
from bekal.engines.draw.beacon import QUICKNET
from bekal.engines.draw.commitment import endorse, public_key_hex
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.source import Drand, Source
from bekal.rulebooks.models import RuleBook
from bekal.waves import actions, tasks
from bekal.waves.models import Wave
from bekal.waves.queries import draw_of
from tests.eligibility.making import eligible_citizen

BY = Actor.staff("operator")
OPENS = datetime(2023, 8, 18, 2, tzinfo=UTC)
CLOSES = datetime(2023, 8, 22, 17, tzinfo=UTC)
COMMIT = datetime(2023, 8, 23, 14, tzinfo=UTC)
DRAWN = datetime(2023, 8, 23, 15, 16, tzinfo=UTC)
SHOWN = RECORDED_ROUNDS["quicknet", 123]
SILENT = DRAWN + timedelta(days=7)
ROUND = Drand(QUICKNET, 123, SILENT)
WITNESSES = {name: Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n, name in enumerate(("One", "Two"), 1)}


def planned_wave(book: RuleBook, *, places: int = 3, number: int = 59) -> Wave:
    return actions.plan_wave(
        by=BY, at=clock.now(), rulebook_id=book.id, number=number, opens_at=OPENS, closes_at=CLOSES, places=places
    )


def open_wave(book: RuleBook, *, places: int = 3) -> Wave:
    wave = planned_wave(book, places=places)
    clock.freeze(OPENS)
    return actions.open_wave(by=BY, at=OPENS, wave_id=wave.id)


def joined(wave: Wave, book: RuleBook, people: int, **said: object) -> list[UUID]:
    """`people` eligible persons who have joined."""
    citizens = [eligible_citizen(book.id, number, **said).id for number in range(1, people + 1)]
    for citizen_id in citizens:
        actions.join_wave(at=OPENS, wave_id=wave.id, citizen_id=citizen_id)
    return citizens


def committed(wave: Wave, source: Source = ROUND) -> None:
    clock.freeze(CLOSES)
    actions.close_wave(by=BY, at=CLOSES, wave_id=wave.id)
    tasks.settle_due()
    clock.freeze(COMMIT)
    actions.commit_roll(by=BY, at=COMMIT, wave_id=wave.id, source=source)


def signed(wave: Wave, *, witnesses: int = 2, operators: int = 2) -> None:
    at = COMMIT + timedelta(minutes=5)
    for name in ("sari", "tono")[:operators]:
        actions.sign_commitment(by=Actor.staff(name), at=at, wave_id=wave.id, name=name)
    found = draw_of(wave.number)
    assert found
    for name, key in list(WITNESSES.items())[:witnesses]:
        actions.register_witness(by=BY, at=at, name=name, public_key=public_key_hex(key))
        said = endorse(found.commitment, by=name, role="witness", private_key=key, at=at)
        actions.countersign(
            by=Actor("witness", name), at=at, wave_id=wave.id, name=name, signature=said["signature"], signed_at=at
        )


def drawn_wave(book: RuleBook, *, people: int = 8, places: int = 3, **said: object) -> Wave:
    """A wave of `people` of whom `places` are drawn."""
    wave = open_wave(book, places=places)
    joined(wave, book, people, **said)
    committed(wave)
    signed(wave)
    clock.freeze(DRAWN)
    actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    return wave
