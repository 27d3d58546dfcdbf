"""Questions of a form: what is asked, how an answer is read, and how it is shown with its fault.

A `Field` is the one definition from which the page, the check of the answer and the tests are made. Its texts stand
under `form.<name>.label`, `form.<name>.hint` and `form.<name>.<fault>`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bekal.core.texts import table
from bekal.doors.languages import say
from bekal.doors.pages import Fault

LONGEST_SHOWN = 2_000
Raw = Mapping[str, Sequence[str]]


class WrongAnswer(Exception):
    """An answer that cannot be taken. `fault` names the text `form.<field>.<fault>`, or a whole key if it has a dot."""

    def __init__(self, fault: str, **facts: Any) -> None:
        self.fault = fault
        self.facts = facts
        super().__init__(fault)


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `kind`: text, digits, phone, words, choice, choices, stars, select, day, photo or tick.

    `read` makes a value of what was typed or raises WrongAnswer; `choices` are made with the page, in its language.
    """

    name: str
    kind: str
    read: Callable[[Sequence[str]], Any]
    choices: Callable[[], Sequence[Choice]] = tuple
    width: str = ""
    autocomplete: str = "off"
    longest: int = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A field as a page shows it. `values`: what was typed; `parts`: of a day, (name, label, value) of each box."""

    name: str
    kind: str
    label: str
    hint: str
    values: tuple[str, ...]
    fault: str
    choices: tuple[Choice, ...]
    parts: tuple[tuple[str, str, str], ...]
    width: str
    autocomplete: str
    longest: int

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def described_by(self) -> str:
        ids = [f"{self.name}-{what}" for what in ("hint", "fault") if getattr(self, what)]
        return " ".join(ids)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a form: `values` by field name (those without fault), what was typed (its beginning, as a
    page shows it again), and the faults."""

    values: Mapping[str, Any]
    raw: Raw
    faults: tuple[Fault, ...]


def typed(field: Field, data: Raw) -> tuple[str, ...]:
    """What was typed into a field; a day comes in three boxes (day, month, year)."""
    if field.kind == "day":
        return tuple(next(iter(data.get(f"{field.name}-{part}", ())), "") for part in ("day", "month", "year"))
    return tuple(data.get(field.name, ()))


def read_form(fields: Sequence[Field], data: Raw) -> Reading:
    """Read every field; a fault in one never loses the answers of another."""
    values, faults = {}, []
    for field in fields:
        try:
            values[field.name] = field.read(typed(field, data))
        except WrongAnswer as wrong:
            faults.append(fault_of(field, wrong))
    shown = {field.name: tuple(answer[:LONGEST_SHOWN] for answer in typed(field, data)) for field in fields}
    return Reading(values, shown, tuple(faults))


def fault_of(field: Field, wrong: WrongAnswer) -> Fault:
    key = wrong.fault if "." in wrong.fault else f"form.{field.name}.{wrong.fault}"
    return Fault(anchor(field), say(key, **wrong.facts))


def anchor(field: Field) -> str:
    """The id a summary of errors links to: the first box of the field."""
    if field.kind == "day":
        return f"{field.name}-day"
    return f"{field.name}-1" if field.kind in ("choice", "choices", "stars", "tick") else field.name


def asked(field: Field, values: Sequence[str] = (), faults: Sequence[Fault] = ()) -> Asked:
    """The field as data for a template."""
    fault = next((fault.text for fault in faults if fault.anchor == anchor(field)), "")
    return Asked(
        field.name, field.kind, say(f"form.{field.name}.label"), _hint(field.name), tuple(values), fault,
        tuple(field.choices()), _parts(field, values), field.width, field.autocomplete, field.longest,
    )  # fmt: skip


def ask_form(fields: Sequence[Field], reading: Reading) -> tuple[Asked, ...]:
    return tuple(asked(field, reading.raw.get(field.name, ()), reading.faults) for field in fields)


def _parts(field: Field, values: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    if field.kind != "day":
        return ()
    boxes = [*values, "", "", ""][:3]
    return tuple(
        (f"{field.name}-{part}", say(f"form.day.{part}"), box)
        for part, box in zip(("day", "month", "year"), boxes, strict=True)
    )


def _hint(name: str) -> str:
    key = f"form.{name}.hint"
    return say(key) if key in table() else ""
