"""The windows in which the next training is to be bought."""

from datetime import datetime
from uuid import UUID

from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.scholarships import rules
from bekal.scholarships.actions.refusals import AwardEnded
from bekal.scholarships.models import Award, State
from bekal.scholarships.queries import giving


@action
def note_purchase(*, by: Actor, at: datetime, award_id: UUID) -> None:
    """A training was bought: no deadline runs until it is finished."""
    award = Award.objects.select_for_update(of=("self",)).get(pk=award_id)
    if award.state != State.ACTIVE:
        raise AwardEnded(state=award.state)
    Award.objects.filter(pk=award_id).update(first_purchase_at=award.first_purchase_at or at, purchase_due_at=None)
    events.record(
        kind="scholarships.purchase_noted", by=by, at=at, about="award", key=str(award_id), person=award.citizen_id
    )


@action
def note_purchase_undone(*, by: Actor, at: datetime, award_id: UUID, bought_before: bool) -> None:
    """A purchase was cancelled: the window opens again, from now."""
    award = Award.objects.select_for_update(of=("self",)).get(pk=award_id)
    _, gift = giving(award.rulebook_id)
    Award.objects.filter(pk=award_id, state=State.ACTIVE).update(
        first_purchase_at=award.first_purchase_at if bought_before else None,
        purchase_due_at=rules.purchase_due(at, gift.next_purchase_days, gift.ends_on),
    )
    events.record(
        kind="scholarships.purchase_undone", by=by, at=at, about="award", key=str(award_id), person=award.citizen_id
    )


@action
def note_training_finished(*, by: Actor, at: datetime, award_id: UUID, finished_at: datetime) -> None:
    """The window for the next training begins."""
    award = Award.objects.select_for_update(of=("self",)).get(pk=award_id)
    if award.state != State.ACTIVE:
        events.nothing_changed()
        return
    _, gift = giving(award.rulebook_id)
    due = rules.purchase_due(finished_at, gift.next_purchase_days, gift.ends_on)
    Award.objects.filter(pk=award_id).update(purchase_due_at=due)
    events.record(
        kind="scholarships.window_opened", by=by, at=at, about="award", key=str(award_id), person=award.citizen_id,
        data={"due": due.isoformat() if due else None},
    )  # fmt: skip
