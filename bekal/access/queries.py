"""Who is staff, what two people have approved, which codes and keys there are, and who came in when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bekal.access import rules
from bekal.access.models import Approval, LastSignIn, OneTimeCode, Passkey, SessionsEnded, Staff
from bekal.core import vault
from bekal.core.events import Actor

_DAY = timedelta(hours=rules.PACE_HOURS)


@dataclass(frozen=True, slots=True)
class StaffView:
    id: UUID
    name: str
    email: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeStanding:
    """`sent`: codes of the last 24 hours for one thing that nobody used; `wait`: seconds until the next may be sent."""

    sent: int
    wait: int


@dataclass(frozen=True, slots=True)
class PasskeyView:
    credential_id: bytes
    name: str
    created_at: datetime
    last_used_at: datetime | None


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


def bound_key(purpose: str, bound_to: str) -> str:
    """What a code is bound to, as its row keeps it: 64 hexadecimal digits that tell no telephone number."""
    return vault.fingerprint(f"{purpose}\x1f{bound_to}", place="access.bound").hex()


def code_standing(purpose: str, bound_to: str, at: datetime) -> CodeStanding:
    """How many codes went out, and when the next may. The same for numbers we know and numbers we do not."""
    life = timedelta(minutes=rules.CODE_MINUTES)
    issued = OneTimeCode.objects.filter(
        purpose=purpose, bound_to=bound_key(purpose, bound_to), used_at=None, expires_at__gt=at + life - _DAY
    ).order_by("-expires_at")
    ends = list(issued.values_list("expires_at", flat=True))
    since_last = (at - (ends[0] - life)).total_seconds() if ends else 0
    return CodeStanding(len(ends), rules.wait_before_code(len(ends), since_last))


def passkeys_of(principal: Actor) -> tuple[PasskeyView, ...]:
    """The passkeys of one principal, oldest first."""
    rows = Passkey.objects.filter(principal=principal_key(principal)).order_by("created_at", "credential_id")
    return tuple(PasskeyView(bytes(row.credential_id), row.name, row.created_at, row.last_used_at) for row in rows)


def last_sign_in(principal: Actor) -> datetime | None:
    return LastSignIn.objects.filter(pk=principal_key(principal)).values_list("signed_in_at", flat=True).first()


def principal_key(principal: Actor) -> str:
    """ "citizen:<id>", as sessions and keys name whom they belong to."""
    return f"{principal.kind}:{principal.key}"
