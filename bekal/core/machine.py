"""States move by compare and swap along a declared table of moves."""

from collections.abc import Mapping, Set
from typing import Any

from django.db import models
from django.db.models.enums import TextChoices


class Stale(Exception):
    """Somebody else moved the thing first; read it again and decide anew."""


class IllegalMove(Exception):
    """The table of moves knows no such step: a defect of the caller."""


def move(thing: models.Model, to: str, *, moves: Mapping[str, Set[str]], **columns: Any) -> None:
    """Move `thing` from the state it was read in to `to`, setting `columns` in the same statement.

    Raises `IllegalMove` when `moves` does not allow it and `Stale` when the row has left that state meanwhile.
    """
    state: str = thing.state  # type: ignore[attr-defined]
    if to not in moves.get(state, frozenset()):
        raise IllegalMove(f"{type(thing).__name__}: {state} -> {to}")
    changed = type(thing)._default_manager.filter(pk=thing.pk, state=state).update(state=to, **columns)
    if changed == 0:
        raise Stale(f"{type(thing).__name__} {thing.pk} is no longer {state}")
    for name, value in {"state": to, **columns}.items():
        setattr(thing, name, value)


def state_check(states: type[TextChoices], name: str) -> models.CheckConstraint:
    """The CHECK that lists the states, for `Meta.constraints`."""
    return models.CheckConstraint(condition=models.Q(state__in=states.values), name=name)
