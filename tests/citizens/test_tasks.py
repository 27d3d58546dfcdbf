"""Asking the civil registry."""

import pytest

from bekal.citizens import queries, tasks
from bekal.citizens.models import Citizen, State
from tests.citizens.making import BORN, Registry, answered, nik, registered_citizen

pytestmark = pytest.mark.django_db


def open_with(monkeypatch: pytest.MonkeyPatch, registry: Registry) -> Registry:
    monkeypatch.setattr(tasks, "open_port", lambda name: {"civil_registry": registry}[name])
    return registry


def test_the_registry_is_asked_for_what_the_person_said(monkeypatch: pytest.MonkeyPatch) -> None:
    citizen = registered_citizen()
    registry = open_with(monkeypatch, Registry(answered("match")))
    assert tasks.check_identity(citizen.id).state == State.VERIFIED
    assert registry.asked == [
        {
            "nik": nik(), "family_card": "3273100101100001", "name": "Siti Nurhaliza", "birth_date": BORN,
            "reference": f"identity-{citizen.id}",
        }
    ]  # fmt: skip
    assert len(registry.asked[0]["reference"]) <= 64


def test_a_registry_that_is_down_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    citizen = registered_citizen()
    open_with(monkeypatch, Registry(ConnectionError("down")))
    with pytest.raises(ConnectionError):
        tasks.check_identity(citizen.id)
    assert Citizen.objects.get().state == State.REGISTERED
    assert queries.unchecked(10) == [citizen.id]


def test_the_backlog_drains_and_stops_when_the_registry_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [registered_citizen(number).id for number in (1, 2, 3)]
    open_with(monkeypatch, Registry(answered("match"), answered("mismatch"), ConnectionError("down")))
    assert tasks.check_due(limit=10) == 2
    assert queries.unchecked(10) == [people[2]]
    open_with(monkeypatch, Registry(answered("match")))
    assert tasks.check_due(limit=10) == 1
    assert tasks.check_due(limit=10) == 0
