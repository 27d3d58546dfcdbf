"""Asking the civil registry, outside any transaction."""

from uuid import UUID

from bekal.citizens import actions, queries
from bekal.citizens.models import Citizen
from bekal.citizens.ports import CivilRegistry, RegistryAnswer
from bekal.citizens.readings import read_identity
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.ports import open_port

CHECKER = Actor.system("citizens.check_identity")
CHANGER = Actor.system("citizens.settle_changes")


def ask_registry(citizen_id: UUID) -> RegistryAnswer:
    """What the civil registry says of a person. Raises ConnectionError without an answer; asking again is safe."""
    registry: CivilRegistry = open_port("civil_registry")
    said = read_identity(
        by=CHECKER, at=clock.now(), citizen_id=citizen_id, purpose="identity_check", to="civil_registry"
    )
    return registry.check(
        nik=said.nik,
        family_card=said.family_card,
        name=said.name,
        birth_date=said.birth_date,
        reference=f"identity-{citizen_id}",
    )


def check_identity(citizen_id: UUID) -> Citizen:
    """Ask the registry and keep its answer. Raises ConnectionError."""
    answer = ask_registry(citizen_id)
    return actions.record_identity(by=CHECKER, at=clock.now(), citizen_id=citizen_id, answer=answer)


def check_due(limit: int = 100) -> int:
    """Check people who wait for the registry; how many were answered. Stops when the registry is down."""
    checked = 0
    for citizen_id in queries.unchecked(limit):
        try:
            check_identity(citizen_id)
        except ConnectionError:
            return checked
        checked += 1
    return checked


def settle_changes(limit: int = 500) -> int:
    """Put changes of phone in force whose day is over; how many."""
    due = queries.changes_due(clock.now(), limit)
    for change_id in due:
        actions.settle_phone_change(by=CHANGER, at=clock.now(), change_id=change_id)
    return len(due)
