"""What a purchase says of who bought it, once the buyer was forgotten: nothing but a key."""

from datetime import datetime
from uuid import UUID

from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.market.models import Purchase


@action
def forget_buyer(*, by: Actor, at: datetime, citizen_id: UUID) -> None:
    """Wipe under which name the platforms know a person; what was paid stays."""
    Purchase.objects.filter(citizen_id=citizen_id).update(platform_user="", invoice_url="")
    events.record_person(kind="market.buyer_forgotten", by=by, at=at, person=citizen_id)
