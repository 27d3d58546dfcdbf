"""From a registration to a verdict: the registry's or the face match's answer first, outside any transaction, then one
action."""

from uuid import UUID

from django.conf import settings

from bekal.citizens import tasks as citizens
from bekal.citizens.models import FaceCheck
from bekal.citizens.ports import FaceAnswer, RegistryAnswer
from bekal.citizens.tasks import Patience
from bekal.core import clock
from bekal.core.events import Actor
from bekal.eligibility import actions
from bekal.eligibility.queries import VerdictView
from bekal.rulebooks.queries import NoSuchProgramme, rulebook_of

DECIDER = Actor.system("eligibility.verify_and_decide")
COMPARER = Actor.system("eligibility.compare_and_decide")


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
