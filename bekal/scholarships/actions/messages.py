"""Telling recipients."""

from collections.abc import Sequence
from datetime import datetime

from bekal.citizens.actions import Word, tell_citizens
from bekal.core.events import Actor
from bekal.core.money import format_rupiah
from bekal.scholarships.models import Award


def tell(*, by: Actor, at: datetime, awards: Sequence[Award], template: str) -> None:
    """One message to each."""
    words = [
        Word(
            award.citizen_id,
            f"{template}:{award.id}",
            {"amount": format_rupiah(award.training_amount), "card": award.card_number[-4:]},
        )
        for award in awards
    ]
    tell_citizens(by=by, at=at, template=template, words=words)
