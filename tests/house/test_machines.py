"""Every state machine: a table of moves, a CHECK in the database, and every ordered pair tried."""

from itertools import product

import pytest
from django.db import models

from bekal.core.machine import IllegalMove, Stale, move
from tests.house.source import ROOT
from tools.machines import Machine, diagrams, machines

MACHINES = machines()


def test_there_are_machines() -> None:
    assert len(MACHINES) >= 8


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_has_its_moves_and_the_database_knows_them(machine: Machine) -> None:
    assert set(machine.moves) == set(machine.states)
    assert set().union(*machine.moves.values()) <= set(machine.states)
    checks = [c for c in machine.model._meta.constraints if isinstance(c, models.CheckConstraint)]
    assert any(str(check.condition) == str(models.Q(state__in=list(machine.states))) for check in checks)


@pytest.mark.django_db
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_ordered_pair(machine: Machine) -> None:
    """A move the table does not list is refused before the database is asked; a listed one asks, and finds no row."""
    for start, end in product(machine.states, repeat=2):
        thing = machine.model(pk=_some_key(machine.model), state=start)
        expected = Stale if end in machine.moves[start] else IllegalMove
        with pytest.raises(expected):
            move(thing, end, moves=machine.moves)


def test_the_diagrams_are_up_to_date() -> None:
    page = ROOT / "docs" / "generated" / "states.md"
    assert page.read_text() == diagrams(MACHINES), "run `make docs`"


def _some_key(model: type[models.Model]) -> object:
    kind = model._meta.pk
    if isinstance(kind, models.UUIDField):
        return "00000000-0000-7000-8000-000000000000"
    return 0 if isinstance(kind, models.IntegerField) else "none"
