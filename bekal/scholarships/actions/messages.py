"""Telling recipients."""

from collections.abc import Sequence
from datetime import datetime

from bekal.citizens.queries import contacts_of
from bekal.core.events import Actor
from bekal.core.money import format_rupiah
from bekal.notices.actions import Message, queue_notices
from bekal.scholarships.models import Award


def tell(*, by: Actor, at: datetime, awards: Sequence[Award], template: str) -> None:
    """One message to each."""
    contacts = contacts_of([award.citizen_id for award in awards])
    queue_notices(
        by=by, at=at, template=template,
        messages=[
            Message(
                contacts[award.citizen_id].phone,
                contacts[award.citizen_id].language,
                f"{template}:{award.id}",
                {"amount": format_rupiah(award.training_amount), "card": award.card_number[-4:]},
            )
            for award in awards
        ],
    )  # fmt: skip
