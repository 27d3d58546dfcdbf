"""What a face check means for eligibility: the facts `face_matched` and `face_review`, and the verdict after them."""

from datetime import datetime
from uuid import UUID

from bekal.citizens import actions as citizens
from bekal.citizens.models import FaceCheck, FaceState
from bekal.citizens.ports import FaceAnswer
from bekal.citizens.queries import contacts_of, identity_keys
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.eligibility import actions
from bekal.notices.actions import queue_notice

MATCHED, REVIEW = "face_matched", "face_review"
FACE_MATCH, REVIEWER = "face_match", "identity_reviewer"


@action
def settle_face(
    *, by: Actor, at: datetime, citizen_id: UUID, number: int, answer: FaceAnswer, rulebook_id: UUID
) -> FaceCheck:
    """Keep the face match's answer to photo `number`, the facts that follow, and decide: all of it or nothing."""
    check = citizens.record_face_answer(by=by, at=at, citizen_id=citizen_id, number=number, answer=answer)
    _keep_facts(by, at, check, FACE_MATCH)
    actions.decide_eligibility(by=by, at=at, citizen_id=citizen_id, rulebook_id=rulebook_id)
    return check


@action
def decide_face(*, by: Actor, at: datetime, citizen_id: UUID, decision: str, rulebook_id: UUID) -> FaceCheck:
    """Keep a reviewer's decision ("confirmed" or a reason to refuse), the facts that follow, and decide."""
    check = citizens.decide_face_case(by=by, at=at, citizen_id=citizen_id, decision=decision)
    _keep_facts(by, at, check, REVIEWER)
    actions.decide_eligibility(by=by, at=at, citizen_id=citizen_id, rulebook_id=rulebook_id)
    _tell(by, at, check)
    return check


def _tell(by: Actor, at: datetime, check: FaceCheck) -> None:
    contact = contacts_of([check.citizen_id])[check.citizen_id]
    queue_notice(
        by=by, at=at, to=contact.phone, template=f"face.{check.state}_message", language=contact.language, facts={},
        reference=f"face-{check.citizen_id.hex}-{check.number}",
    )  # fmt: skip


def _keep_facts(by: Actor, at: datetime, check: FaceCheck, source: str) -> None:
    nik_index, _ = identity_keys(check.citizen_id)
    stands = {
        MATCHED: check.state in (FaceState.MATCHED, FaceState.CONFIRMED),
        REVIEW: check.state == FaceState.REVIEW,
    }
    for kind, standing in stands.items():
        keep = actions.record_fact if standing else actions.end_fact
        keep(by=by, at=at, kind=kind, nik_index=nik_index, source=source, as_of=at.date())
