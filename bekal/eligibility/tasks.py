"""From a registration to a verdict, the registry's or the face match's answer first and outside any transaction; and
from an agency's list to what it contests."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from django.conf import settings

from bekal.citizens import tasks as citizens
from bekal.citizens.models import FaceCheck
from bekal.citizens.ports import FaceAnswer, RegistryAnswer
from bekal.citizens.tasks import Patience
from bekal.core import clock
from bekal.core.events import Actor
from bekal.eligibility import actions
from bekal.eligibility.actions import ImportedList
from bekal.eligibility.queries import VerdictView, newest_lists
from bekal.rulebooks.queries import NoSuchProgramme, rulebook_of

DECIDER = Actor.system("eligibility.verify_and_decide")
COMPARER = Actor.system("eligibility.compare_and_decide")
CONTESTER = Actor.system("eligibility.contest_due")


def verify_and_decide(citizen_id: UUID, rulebook_id: UUID) -> VerdictView:
    """Ask the civil registry, keep its answer and decide. Raises ConnectionError when the registry does not answer;
    nothing is lost, asking again is safe."""
    answer = citizens.ask_registry(citizen_id)
    return actions.settle_identity(
        by=DECIDER, at=clock.now(), citizen_id=citizen_id, rulebook_id=rulebook_id, answer=answer
    )


def compare_and_decide(citizen_id: UUID, number: int, rulebook_id: UUID) -> FaceCheck:
    """Have photo `number` compared, keep the answer and decide. Raises as `verify_and_decide` does."""
    answer = citizens.ask_face(citizen_id, number)
    return actions.settle_face(
        by=COMPARER, at=clock.now(), citizen_id=citizen_id, number=number, answer=answer, rulebook_id=rulebook_id
    )


def send_photo(citizen_id: UUID, data: bytes, rulebook_id: UUID) -> FaceCheck:
    """Take a person's photo and have it compared. Without an answer the photo waits, and no try is used up.

    Raises what `take_photo` raises.
    """
    check = actions.take_photo(
        by=Actor.citizen(citizen_id), at=clock.now(), citizen_id=citizen_id, photo=citizens.open_photo(data),
        rulebook_id=rulebook_id,
    )  # fmt: skip
    try:
        return compare_and_decide(citizen_id, check.number, rulebook_id)
    except ConnectionError:
        return check


def verify_due(patience: Patience | None = None) -> int:
    """Ask the civil registry about everybody who waits for it, at its pace, and decide; how many were answered."""
    try:
        rulebook_id = rulebook_of(settings.PROGRAMME).id
    except NoSuchProgramme:
        return 0

    def settle(citizen_id: UUID, answer: RegistryAnswer) -> VerdictView:
        return actions.settle_identity(
            by=DECIDER, at=clock.now(), citizen_id=citizen_id, rulebook_id=rulebook_id, answer=answer
        )

    return citizens.check_due(settle, patience)


def compare_due(patience: Patience | None = None) -> int:
    """Have every photo compared that waits for it, as `verify_due` does."""
    try:
        rulebook_id = rulebook_of(settings.PROGRAMME).id
    except NoSuchProgramme:
        return 0

    def settle(check: FaceCheck, answer: FaceAnswer) -> FaceCheck:
        return actions.settle_face(
            by=COMPARER, at=clock.now(), citizen_id=check.citizen_id, number=check.number, answer=answer,
            rulebook_id=rulebook_id,
        )  # fmt: skip

    return citizens.compare_due(settle, patience)


def take_in_list(
    *, by: Actor, kind: str, as_of: date, source: str, sha256: str, whole: bool, pieces: Iterable[Sequence[str]],
    refused_rows: Callable[[], int] = lambda: 0,
) -> ImportedList:  # fmt: skip
    """Take in a list of any length, read in pieces of some ten thousand NIKs; nothing counts before its end.

    `refused_rows`: asked for when all pieces were read. Raises what `actions.check_register` and `check_list`
    raise. Safe to repeat.
    """
    actions.check_register(kind)
    known = actions.known_list(kind, as_of, sha256, whole)
    if known is not None:
        return known
    actions.check_list(at=clock.now(), kind=kind, as_of=as_of, whole=whole)
    actions.gather_people(by=by, at=clock.now(), niks=(), first=True)
    for niks in pieces:
        actions.gather_people(by=by, at=clock.now(), niks=niks, first=False)
    done = actions.bring_into_force(
        by=by, at=clock.now(), kind=kind, as_of=as_of, source=source, sha256=sha256, whole=whole,
        refused_rows=refused_rows(),
    )  # fmt: skip
    late = actions.contest_decisions(by=by, at=clock.now(), kind=kind)
    return replace(done, contested=done.contested + late)


def contest_due() -> int:
    """Contest what was decided in the same instant in which a list came into force; how many people."""
    kinds = sorted(newest_lists())
    return sum(actions.contest_decisions(by=CONTESTER, at=clock.now(), kind=kind) for kind in kinds)
