"""Taking one person of a queue, so that two workers never ask about the same one. What waits stands in the table."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from bekal.citizens.models import Citizen, FaceCheck, FaceState, State
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor

LEASE = timedelta(minutes=1)
"""Longer than any call may take: whoever is asked about stays out of the queue so long, answered or not."""


@action
def claim_identity(*, by: Actor, at: datetime) -> UUID | None:
    """The person who has waited longest for the civil registry and about whom nobody asks now; None when there is
    none."""
    citizen = (
        Citizen.objects.select_for_update(skip_locked=True)
        .filter(_unasked(at), state=State.REGISTERED)
        .order_by("registered_at", "id")
        .only("id")
        .first()
    )
    events.nothing_changed()
    if citizen is None:
        return None
    Citizen.objects.filter(id=citizen.id).update(asked_at=at)
    return citizen.id


@action
def claim_face(*, by: Actor, at: datetime) -> FaceCheck | None:
    """The photo that has waited longest for the face match, of a person whom the registry has verified."""
    check = (
        FaceCheck.objects.select_for_update(skip_locked=True)
        .filter(_unasked(at), state=FaceState.WAITING)
        .filter(citizen_id__in=Citizen.objects.filter(state=State.VERIFIED).values("id"))
        .order_by("sent_at", "id")
        .first()
    )
    events.nothing_changed()
    if check is not None:
        check.asked_at = at
        check.save(update_fields=["asked_at"])
    return check


def _unasked(at: datetime) -> Q:
    return Q(asked_at__isnull=True) | Q(asked_at__lte=at - LEASE)
