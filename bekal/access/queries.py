"""Who is staff, and what two people have approved."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bekal.access.models import Approval, SessionsEnded, Staff


@dataclass(frozen=True, slots=True)
class StaffView:
    id: UUID
    name: str
    email: str
    roles: tuple[str, ...]


def staff_view(staff_id: UUID) -> StaffView | None:
    row = Staff.objects.filter(pk=staff_id).first()
    return StaffView(row.id, row.name, row.email, tuple(row.roles)) if row else None


def staff_list() -> list[StaffView]:
    return [StaffView(row.id, row.name, row.email, tuple(row.roles)) for row in Staff.objects.order_by("email")]


def sessions_ended_at(principal: str) -> datetime | None:
    """Before which instant no session of a principal ("citizen:<id>") counts, if there is one."""
    return SessionsEnded.objects.filter(principal=principal).values_list("ended_at", flat=True).first()


def proposed_by(kind: str, key: str, digest: str) -> str:
    """Who proposed exactly this; "" when nobody did."""
    return Approval.objects.filter(kind=kind, key=key, digest=digest).values_list("maker", flat=True).first() or ""


def approved(kind: str, key: str, digest: str) -> bool:
    """Whether two different people stand behind exactly this."""
    return Approval.objects.filter(kind=kind, key=key, digest=digest, checker__isnull=False).exists()
