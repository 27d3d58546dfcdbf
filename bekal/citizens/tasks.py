"""Asking the civil registry and the face match, outside any transaction, and working off those who wait for them.

Who waits stands in the tables, so a restart loses nothing; an outage only makes the queue longer.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError

from bekal.citizens import actions, queries
from bekal.citizens.actions import Registered
from bekal.citizens.models import FaceCheck
from bekal.citizens.photos import Photo, PhotoFault, read_photo
from bekal.citizens.ports import CivilRegistry, FaceAnswer, FaceMatch, RegistryAnswer
from bekal.citizens.readings import read_identity, read_numbers, read_sent_photo
from bekal.citizens.rows import Applicant
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.ports import Busy, open_port

CHECKER = Actor.system("citizens.check_identity")
CHANGER = Actor.system("citizens.settle_changes")
SILENCES = 3
"""So many people in a row without an answer are an outage; fewer may lie with the person asked about."""
SHORTEST_PAUSE = 0.01
GRACE = 1.0
"""Seconds a round may last longer, so that whoever is claimed already is asked about too."""
PHOTOS_AT_ONCE = 2
BATCH = 1_000

Claimed = TypeVar("Claimed")
_opening = threading.BoundedSemaphore(PHOTOS_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one round of a queue may last. `ticks`: seconds that only grow; `pause` waits so many of them."""

    seconds: float = 10.0
    ticks: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


def ask_registry(citizen_id: UUID) -> RegistryAnswer:
    """What the civil registry says of a person. Raises ConnectionError without an answer; asking again is safe."""
    registry: CivilRegistry = open_port("civil_registry")
    said = read_identity(
        by=CHECKER, at=clock.now(), citizen_id=citizen_id, purpose="identity_check", to="civil_registry"
    )
    return registry.check(
        nik=said.nik,
        family_card=said.family_card,
        name=said.name,
        birth_date=said.birth_date,
        reference=f"identity-{citizen_id.hex}-{queries.question_state(citizen_id, said)[:8].hex()}",
    )


def ask_face(citizen_id: UUID, number: int) -> FaceAnswer:
    """How much photo `number` of a person looks like the registry's portrait. Raises as `ask_registry` does."""
    faces: FaceMatch = open_port("face_match")
    at = clock.now()
    told = read_numbers(
        by=CHECKER, at=at, citizen_id=citizen_id, fields=("nik",), purpose="identity_check", to="face_match"
    )
    return faces.compare(
        nik=told["nik"],
        photo=read_sent_photo(by=CHECKER, at=at, citizen_id=citizen_id, purpose="identity_check", to="face_match"),
        reference=f"face-{citizen_id.hex}-{number}",
    )


def open_photo(data: bytes) -> Photo | PhotoFault:
    """The photo in `data`, or why it cannot be taken. So few at once that the memory they need stays bounded."""
    with _opening:
        return read_photo(data)


def check_due(keep: Callable[[UUID, RegistryAnswer], object], patience: Patience | None = None) -> int:
    """Ask the civil registry about people who wait for it, longest waiting first, and hand each answer to `keep`; how
    many were answered."""
    return _drain(
        lambda: actions.claim_identity(by=CHECKER, at=clock.now()),
        lambda citizen_id: keep(citizen_id, ask_registry(citizen_id)),
        patience or Patience(),
    )


def compare_due(keep: Callable[[FaceCheck, FaceAnswer], object], patience: Patience | None = None) -> int:
    """Have photos compared that wait for it, as `check_due` does."""
    return _drain(
        lambda: actions.claim_face(by=CHECKER, at=clock.now()),
        lambda check: keep(check, ask_face(check.citizen_id, check.number)),
        patience or Patience(),
    )


def forget_due() -> int:
    """Delete photos whose time is over; how many."""
    total = 0
    while gone := actions.forget_photos(by=Actor.system("citizens.forget_due"), at=clock.now(), limit=BATCH):
        total += gone
    return total


def take_in_applicants(*, by: Actor, source: str, applicants: Sequence[Applicant]) -> Registered:
    """Register a piece of a list, once more if somebody registered with one of its numbers in the same instant."""
    try:
        return actions.register_applicants(by=by, at=clock.now(), source=source, applicants=applicants)
    except IntegrityError:
        return actions.register_applicants(by=by, at=clock.now(), source=source, applicants=applicants)


def _drain(claim: Callable[[], Claimed | None], settle: Callable[[Claimed], object], patience: Patience) -> int:
    """Work a queue off at the pace its partner allows, until it is empty, the partner falls silent, or time is up."""
    until, settled, silences = patience.ticks() + patience.seconds, 0, 0
    while silences < SILENCES and patience.ticks() < until and (claimed := claim()) is not None:
        try:
            _in_turn(settle, claimed, until, patience)
        except Busy:
            break
        except ConnectionError:
            silences += 1
        else:
            settled, silences = settled + 1, 0
    return settled


def _in_turn(settle: Callable[[Claimed], object], claimed: Claimed, until: float, patience: Patience) -> None:
    """Settle one, waiting for our turn as often as we are put off; Busy when it comes long after the time is up."""
    while True:
        try:
            settle(claimed)
            return
        except Busy as busy:
            if busy.seconds > max(until - patience.ticks(), GRACE):
                raise
            patience.pause(max(busy.seconds, SHORTEST_PAUSE))


def settle_changes(limit: int = 500) -> int:
    """Put changes of phone in force whose day is over; how many."""
    due = queries.changes_due(clock.now(), limit)
    for change_id in due:
        actions.settle_phone_change(by=CHANGER, at=clock.now(), change_id=change_id)
    return len(due)


def forget_drafts_due(limit: int = 5_000) -> int:
    """Forget registrations that were begun and left for thirty days; how many."""
    return actions.forget_drafts(by=Actor.system("citizens.forget"), at=clock.now(), limit=limit)
