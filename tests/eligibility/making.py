"""Verified and decided people for tests."""

from typing import Any
from uuid import UUID

from bekal.citizens.models import Citizen
from bekal.core.clock import now
from bekal.eligibility.actions import settle_identity
from bekal.eligibility.queries import VerdictView
from tests.citizens.making import BY, answered, registered_citizen


def settled(citizen_id: UUID, rulebook_id: UUID, result: str = "match", *registers: str) -> VerdictView:
    """The registry's answer kept and the verdict given."""
    return settle_identity(
        by=BY, at=now(), citizen_id=citizen_id, rulebook_id=rulebook_id, answer=answered(result, *registers)
    )


def eligible_citizen(rulebook_id: UUID, number: int = 1, **said: Any) -> Citizen:
    """Person `number`: registered, verified, eligible."""
    citizen = registered_citizen(number, **said)
    assert settled(citizen.id, rulebook_id).eligible
    return citizen
