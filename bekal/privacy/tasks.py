"""Asking for a person's own word before they are forgotten."""

from uuid import UUID

from bekal.access.actions import redeem_code
from bekal.citizens.actions import send_code
from bekal.core import clock
from bekal.core.events import Actor
from bekal.privacy.actions import NotYet, forget_citizen
from bekal.privacy.queries import holds_of

PURPOSE = "forget"


def ask_to_forget(citizen_id: UUID) -> None:
    """Send the code that confirms it. Raises NotYet while something holds the person, access.CodeTooSoon."""
    if holds_of(citizen_id, clock.now()):
        raise NotYet
    send_code(
        by=Actor.citizen(citizen_id), at=clock.now(), citizen_id=citizen_id, purpose=PURPOSE,
        bound_to=f"{citizen_id}:forget", template="privacy.forget_code", facts={},
    )  # fmt: skip


def forget(citizen_id: UUID, code: str) -> None:
    """Redeem the code and forget the person. Raises what access.redeem_code and `forget_citizen` raise."""
    by = Actor.citizen(citizen_id)
    redeem_code(by=by, at=clock.now(), purpose=PURPOSE, bound_to=f"{citizen_id}:forget", code=code)
    forget_citizen(by=by, at=clock.now(), citizen_id=citizen_id)
