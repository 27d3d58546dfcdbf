"""How this room's actions leave their events."""

from datetime import datetime
from typing import Any

from bekal.citizens.models import Citizen
from bekal.core import events
from bekal.core.events import Actor


def record(kind: str, by: Actor, at: datetime, citizen: Citizen, data: dict[str, Any]) -> None:
    """One event about one person."""
    key = str(citizen.id)
    events.record(kind=kind, by=by, at=at, about="citizen", key=key, person=citizen.id, data=data)
