"""Finds every state machine of the product and draws it: `python -m tools.machines` writes docs/generated/states.md."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import models

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Machine:
    """A model with states and the table of its moves."""

    name: str
    model: type[models.Model]
    states: tuple[str, ...]
    moves: Mapping[str, set[str]]


def machines() -> list[Machine]:
    """Every model with a `state` column, with the `MOVES` table that stands beside it."""
    from django.apps import apps

    found = []
    for model in apps.get_models():
        if not model.__module__.startswith("bekal.") or not any(f.name == "state" for f in model._meta.fields):
            continue
        tables = {
            name: value
            for name, value in vars(importlib.import_module(model.__module__)).items()
            if name == "MOVES" or name.endswith("_MOVES")
        }
        column = next(field for field in model._meta.fields if field.name == "state")
        states = tuple(str(value) for value, _ in column.flatchoices)
        moves: Mapping[str, set[str]] = next(
            (table for table in tables.values() if set(map(str, table)) == set(states)), {}
        )
        room = model._meta.app_label
        plain = {str(start): {str(end) for end in ends} for start, ends in moves.items()}
        found.append(Machine(f"{room}.{model.__name__}", model, states, plain))
    return sorted(found, key=lambda machine: machine.name)


def diagrams(found: Sequence[Machine]) -> str:
    """The page with a Mermaid state diagram of each machine."""
    parts = ["# States and their moves\n\nMade from the `MOVES` tables by `make docs`; do not edit.\n"]
    for machine in found:
        lines = [f"    [*] --> {machine.states[0]}"]
        lines += [f"    {start} --> {end}" for start in machine.states for end in sorted(machine.moves[start])]
        parts.append(f"## {machine.name}\n\n```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    import tests.database  # noqa: F401  a database for Django to stand on

    importlib.import_module("django").setup()
    (ROOT / "docs" / "generated" / "states.md").write_text(diagrams(machines()))
