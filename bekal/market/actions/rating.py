"""Rating what one bought."""

from datetime import datetime
from uuid import UUID

from bekal.catalogue.actions import rate_training
from bekal.catalogue.models import Rating
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.market.actions.refusals import NotTheBuyer
from bekal.market.models import Purchase, PurchaseState


@action
def rate_purchase(*, by: Actor, at: datetime, citizen_id: UUID, purchase_id: UUID, stars: int, words: str) -> Rating:
    """Rate the training of a paid purchase of one's own that has begun.

    Refusals: NotTheBuyer, and those of `rate_training`.
    """
    purchase = Purchase.objects.filter(
        pk=purchase_id, citizen_id=citizen_id, state=PurchaseState.PAID, starts_at__lte=at
    ).first()
    if purchase is None:
        raise NotTheBuyer()
    return rate_training(
        by=by, at=at, citizen_id=citizen_id, training_id=purchase.training_id, stars=stars, words=words
    )
