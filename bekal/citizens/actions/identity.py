"""What the civil registry answered about a person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from bekal.citizens.actions.traces import record
from bekal.citizens.models import MOVES, Citizen, State
from bekal.citizens.ports import RegistryAnswer
from bekal.core import machine
from bekal.core.atomic import action
from bekal.core.events import Actor


@action
def record_identity(*, by: Actor, at: datetime, citizen_id: UUID, answer: RegistryAnswer) -> Citizen:
    """Keep the registry's answer: the person is verified, or mismatched with the fields that differ.

    A verified person stays verified; a later answer about one only renews the day of the data.
    """
    citizen = Citizen.objects.select_for_update().get(id=citizen_id)
    matched = answer.result == "match"
    checked: dict[str, Any] = {"checked_at": at, "registry_as_of": answer.as_of}
    if not matched:
        checked["mismatching"] = list(answer.mismatching) or ["nik"]
    if citizen.state == State.VERIFIED:
        checked.pop("mismatching", None)
        _set(citizen, checked)
    elif matched:
        machine.move(citizen, State.VERIFIED, moves=MOVES, verified_at=at, mismatching=[], **checked)
    elif citizen.state == State.MISMATCHED:
        _set(citizen, checked)
    else:
        machine.move(citizen, State.MISMATCHED, moves=MOVES, **checked)
    data = {"result": answer.result, "mismatching": list(answer.mismatching), "as_of": answer.as_of.isoformat()}
    record("citizens.identity_checked", by, at, citizen, data)
    return citizen


def _set(citizen: Citizen, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(citizen, name, value)
    citizen.save(update_fields=list(columns))
