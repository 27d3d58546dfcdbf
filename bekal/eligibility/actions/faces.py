"""What a face check means for eligibility: the facts `face_matched` and `face_review`, and the verdict after them."""

from datetime import datetime
from uuid import UUID

from bekal.citizens import actions as citizens
from bekal.citizens.actions import Word, tell_citizens
from bekal.citizens.models import FaceCheck, FaceState
from bekal.citizens.photos import Photo, PhotoFault
from bekal.citizens.ports import FaceAnswer
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.eligibility.actions.decisions import decide_eligibility
from bekal.eligibility.actions.facts import end_fact, record_fact
from bekal.eligibility.rules.definition import FACE_MATCHED, FACE_REVIEW

FACE_MATCH, REVIEWER = "face_match", "identity_reviewer"
STANDS = {
    FACE_MATCHED: (FaceState.MATCHED, FaceState.CONFIRMED),
    FACE_REVIEW: (FaceState.WAITING, FaceState.REVIEW),
}
"""In which states of the check each fact stands. Whoever waits for an answer, of a machine or a human, is under review:
the verdict is pending, and a partner that is down refuses nobody."""


@action
def take_photo(*, by: Actor, at: datetime, citizen_id: UUID, photo: Photo | PhotoFault, rulebook_id: UUID) -> FaceCheck:
    """Keep a photo, the facts that follow, and decide: all of it or nothing. Raises what `submit_photo` raises."""
    check = citizens.submit_photo(by=by, at=at, citizen_id=citizen_id, photo=photo)
    return _followed(by, at, check, FACE_MATCH, rulebook_id)


@action
def settle_face(
    *, by: Actor, at: datetime, citizen_id: UUID, number: int, answer: FaceAnswer, rulebook_id: UUID
) -> FaceCheck:
    """Keep the face match's answer to photo `number`, the facts that follow, and decide."""
    check = citizens.record_face_answer(by=by, at=at, citizen_id=citizen_id, number=number, answer=answer)
    return _followed(by, at, check, FACE_MATCH, rulebook_id)


@action
def decide_face(*, by: Actor, at: datetime, citizen_id: UUID, decision: str, rulebook_id: UUID) -> FaceCheck:
    """Keep a reviewer's decision ("confirmed" or a reason to refuse), the facts that follow, decide, and tell the
    person."""
    check = citizens.decide_face_case(by=by, at=at, citizen_id=citizen_id, decision=decision)
    word = Word(citizen_id, f"face-{citizen_id.hex}-{check.number}")
    tell_citizens(by=by, at=at, template=f"face.{check.state}_message", words=[word])
    return _followed(by, at, check, REVIEWER, rulebook_id)


def _followed(by: Actor, at: datetime, check: FaceCheck, source: str, rulebook_id: UUID) -> FaceCheck:
    for kind, states in STANDS.items():
        keep = record_fact if check.state in states else end_fact
        keep(by=by, at=at, kind=kind, citizen_id=check.citizen_id, source=source, as_of=at.date())
    decide_eligibility(by=by, at=at, citizen_id=check.citizen_id, rulebook_id=rulebook_id)
    return check
