"""A person looks at a decision that a late list contests."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from bekal.citizens.actions import Word, tell_citizens
from bekal.citizens.models import Citizen
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.eligibility.actions.contests import decide_again
from bekal.eligibility.models import REVIEW_MOVES, Fact, Review, ReviewState, Stands

REVIEWER = "review"


class ReviewGone(Refused):
    code: ClassVar[str] = "eligibility.review_gone"


class ReviewNeedsReason(Refused):
    code: ClassVar[str] = "eligibility.review_needs_reason"


class OtherEyes(Refused):
    code: ClassVar[str] = "eligibility.review_other_eyes"


@action
def dismiss_review(*, by: Actor, at: datetime, review_id: UUID, why: str) -> Review:
    """The list is wrong about this person: the fact ends, and what was decided before holds again."""
    return _close(by, at, _open(review_id, why), ReviewState.DISMISSED, Stands.ENDED, why)


@action
def confirm_review(*, by: Actor, at: datetime, review_id: UUID, why: str) -> Review:
    """The list is right: the person is refused. Whoever says so first proposes it; another member of staff decides."""
    review = _open(review_id, why)
    if not review.proposed_by:
        Review.objects.filter(pk=review.pk).update(proposed_by=by.key, why=why)
        review.proposed_by = by.key
        _record("eligibility.review_proposed", by, at, review, why)
        return review
    if review.proposed_by == by.key:
        raise OtherEyes
    return _close(by, at, review, ReviewState.CONFIRMED, Stands.STANDS, why)


def _open(review_id: UUID, why: str) -> Review:
    if not why.strip():
        raise ReviewNeedsReason
    review = Review.objects.select_for_update(of=("self",)).filter(pk=review_id, state=ReviewState.OPEN).first()
    if review is None:
        raise ReviewGone
    return review


def _close(by: Actor, at: datetime, review: Review, to: ReviewState, fact: Stands, why: str) -> Review:
    move(review, to, moves=REVIEW_MOVES, closed_at=at, closed_by=by.key, why=why)
    ref = Citizen.objects.values_list("nik_ref", flat=True).get(id=review.citizen_id)
    rows = Fact.objects.filter(nik_ref=ref, kind=review.kind, standing=Stands.CONTESTED)
    if fact == Stands.ENDED:
        rows.update(standing=fact, source=REVIEWER, as_of=at.date(), recorded_at=at)
    else:
        rows.update(standing=fact, recorded_at=at)
    _record(f"eligibility.review_{to.value}", by, at, review, why)
    words = [Word(review.citizen_id, f"review_closed:{review.id}", {"source": review.register_list.source})]
    tell_citizens(by=by, at=at, template=f"eligibility.told_{to.value}", words=words)
    decide_again(by, at, [review.citizen_id])
    return review


def _record(kind: str, by: Actor, at: datetime, review: Review, why: str) -> None:
    data = {"register": review.kind, "list": str(review.register_list_id)}
    events.record(
        kind=kind, by=by, at=at, about="review", key=str(review.id), person=review.citizen_id, why=why, data=data
    )
