"""From parsed TOML to frozen dataclasses: every key known, none missing, every value of its kind and within its range.

A dataclass is the schema. A field with a default may be left out; one typed `X | None` without a default says "none".
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from bekal.rulebooks.rules.faults import Fault
from bekal.rulebooks.rules.places import Path, Places

T = TypeVar("T")
_BAD = object()
_KINDS = {
    str: ("a text in quotes", 'Write it as "…".'),
    int: ("a whole number", "Write digits alone, such as 15: no quotes, no point."),
    bool: ("true or false", "Write one of the two, without quotes."),
    date: ("a date such as 2023-01-01", "Write year, month and day, without quotes or time."),
}


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number from `least` to `most`, both allowed."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Shape:
    """A text that matches `pattern` whole; `like` shows one."""

    pattern: str
    like: str


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def hints_of(kind: type[Any]) -> dict[str, Any]:
    """The types of a dataclass's fields, with their bounds."""
    return _hints(kind)  # type: ignore[arg-type]


class Reader:
    """Reads tables and keeps every fault it meets, so that one run tells all."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.faults: list[Fault] = []

    def fault(self, path: Path, problem: str, hint: str = "") -> None:
        """Note a fault at `path`."""
        self.faults.append(Fault(self.places.line(path), ".".join(map(str, path)), problem, hint))

    def table(self, kind: type[T], data: object, path: Path = ()) -> T | None:
        """The dataclass `kind` from a table, or None when a fault was noted."""
        value = self._table(kind, data, path)
        return None if value is _BAD else value

    def _table(self, kind: type[Any], data: object, path: Path) -> Any:
        known = {field.name: field for field in fields(kind)}
        if not isinstance(data, Mapping):
            self.fault(path, "This must be a table.", f"Its keys: {', '.join(known)}.")
            return _BAD
        self._unknown_keys(known, data, path)
        hints = hints_of(kind)
        values = {name: self._entry(field, hints[name], data, path) for name, field in known.items()}
        if _BAD in values.values():
            return _BAD
        return kind(**{name: value for name, value in values.items() if value is not MISSING})

    def _unknown_keys(self, known: Mapping[str, object], data: Mapping[str, object], path: Path) -> None:
        for key in data.keys() - known.keys():
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"Did you mean `{close[0]}`?" if close else f"Known here: {', '.join(known)}."
            self.fault((*path, key), f"`{key}` is not known here.", hint)

    def _entry(self, field: Field[Any], hint: Any, data: Mapping[str, object], path: Path) -> Any:
        if field.name in data:
            return self._value(hint, data[field.name], (*path, field.name))
        if field.default is MISSING and field.default_factory is MISSING:
            self.fault(path, f"`{field.name}` is missing.", f"Add a line `{field.name} = …` here.")
            return _BAD
        return MISSING

    def _value(self, hint: Any, data: object, path: Path) -> Any:
        origin, inside = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._within(inside[1], self._value(inside[0], data, path), path)
        if origin in (Union, UnionType):
            return None if data == "none" else self._value(inside[0], data, path)
        if origin is Literal:
            return self._one_of(inside, data, path)
        if origin is tuple:
            return self._many(inside[0], data, path)
        if isinstance(hint, type) and is_dataclass(hint):
            return self._table(hint, data, path)
        return self._plain(hint, data, path)

    def _many(self, hint: Any, data: object, path: Path) -> Any:
        if not isinstance(data, list):
            self.fault(path, "This must be a list.", "Write it in [ ] or as repeated [[tables]].")
            return _BAD
        values = [self._value(hint, item, (*path, number)) for number, item in enumerate(data)]
        return _BAD if _BAD in values else tuple(values)

    def _one_of(self, allowed: tuple[str, ...], data: object, path: Path) -> Any:
        if isinstance(data, str) and data in allowed:
            return data
        close = difflib.get_close_matches(str(data), allowed, n=1, cutoff=0.5)
        hint = f"Did you mean `{close[0]}`? " if close else ""
        self.fault(path, f"`{str(data)[:40]}` is not one of the choices.", f"{hint}Choices: {', '.join(allowed)}.")
        return _BAD

    def _plain(self, kind: type, data: object, path: Path) -> Any:
        stranger = (kind is int and isinstance(data, bool)) or isinstance(data, datetime)
        if stranger or not isinstance(data, kind):
            wanted, hint = _KINDS[kind]
            self.fault(path, f"This must be {wanted}.", hint)
            return _BAD
        if data == "" or (isinstance(data, str) and not data.strip()):
            self.fault(path, "This text is empty.", "Write what belongs here.")
            return _BAD
        return data

    def _within(self, bound: Range | Shape, value: Any, path: Path) -> Any:
        if value is _BAD or value is None:
            return value
        if isinstance(bound, Range) and not bound.least <= value <= bound.most:
            self.fault(path, f"{value} is out of range.", f"Use {bound.least} to {bound.most}.")
            return _BAD
        if isinstance(bound, Shape) and re.fullmatch(bound.pattern, value) is None:
            self.fault(path, f"`{value[:40]}` is not of the right form.", f"It looks like `{bound.like}`.")
            return _BAD
        return value
