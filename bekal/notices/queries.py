"""What waits to be sent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bekal.core import vault
from bekal.notices.models import Notice, State


@dataclass(frozen=True, slots=True)
class Waiting:
    id: UUID
    to: str
    text: str
    reference: str


def notices_waiting(limit: int) -> list[Waiting]:
    """The oldest unsent messages, in the clear, for the gateway."""
    rows = Notice.objects.filter(state=State.QUEUED).order_by("queued_at", "id")[:limit]
    return [
        Waiting(
            row.id,
            vault.unseal(row.address_sealed, place="notices.address"),
            vault.unseal(row.text_sealed, place="notices.text"),
            row.reference,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Trace:
    """That a message was sent: its template and times; its text is wiped once it is sent."""

    template: str
    queued_at: datetime
    sent_at: datetime | None


def notices_of(owner: UUID) -> list[Trace]:
    """The messages of one owner, newest first."""
    rows = Notice.objects.filter(owner_key=owner).order_by("-queued_at", "-id")
    return [Trace(*row) for row in rows.values_list("template", "queued_at", "sent_at")]


def notice_count() -> dict[str, int]:
    """How many messages wait and how many are sent."""
    waiting = Notice.objects.filter(state=State.QUEUED).count()
    return {"queued": waiting, "sent": Notice.objects.exclude(state=State.QUEUED).count()}
