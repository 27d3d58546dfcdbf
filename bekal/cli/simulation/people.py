"""People as columns, and the one decision on each distinct person.

A person is a row number; a column holds each distinct value once and, for every row, which of them it is. The programme
decides once for each distinct combination of the facts that it can look at; everything else is counting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bekal.citizens.rules import age_on
from bekal.eligibility.rules import PersonFacts, person_of_case, priority_group, verdict
from bekal.eligibility.rules.verdict import State
from bekal.rulebooks.rules import Given, Programme

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Column:
    """`values[rows[i]]` is the value of person i."""

    values: Sequence[Any]
    rows: Rows


@dataclass(frozen=True, slots=True)
class People:
    """`size` people. `columns` by the names of `DEFAULTS`; one that is not there holds its default for everybody."""

    size: int
    columns: dict[str, Column]

    def column(self, name: str) -> Column:
        """A column by name."""
        return self.columns.get(name) or Column((DEFAULTS[name],), np.zeros(self.size, np.int64))


@dataclass(frozen=True, slots=True)
class Decision:
    """What the programme says of everybody. `verdicts[decided[i]]`: the state of person i and the rules that refuse;
    `groups[grouped[i]]`: the group that person i counts for."""

    verdicts: tuple[tuple[State, tuple[str, ...]], ...]
    decided: Rows
    groups: tuple[str, ...]
    grouped: Rows

    def are(self, state: State) -> NDArray[np.bool_]:
        """Who is eligible, pending or refused."""
        return np.array([one == state for one, _ in self.verdicts], bool)[self.decided]


DEFAULTS: dict[str, Any] = {
    "birth_date": date(1990, 1, 1), "occupation": "job_seeker", "regency_code": "", "disability": None, "schooling": "",
    "sex": "", "identity": "verified", "face": "matched", "citizen": True, "registers": (), "prior_awards": (),
    "earlier_recipient": False, "family_card": "",
}  # fmt: skip
_WIDEST = 2**62
_DECIDES = ("birth_date", "occupation", "identity", "face", "citizen", "registers", "prior_awards", "earlier_recipient")
_GROUPS = ("occupation", "regency_code", "disability", "schooling", "sex")


def decide(programme: Programme, people: People, on: date) -> Decision:
    """The verdict on everybody and the group of everybody, as of the day `on`."""
    rules = programme.eligibility
    facts = (*_DECIDES, "regency_code") if rules and rules.regions else _DECIDES
    verdicts, decided = _decided(people, facts, on, lambda person: _verdict(programme, person))
    groups, grouped = _decided(people, _GROUPS, on, lambda person: priority_group(programme, person))
    return Decision(verdicts, decided, groups, grouped)


def _verdict(programme: Programme, person: PersonFacts) -> tuple[State, tuple[str, ...]]:
    found = verdict(programme, person)
    return found.state, found.refused_by


def person(on: date, **facts: Any) -> PersonFacts:
    """One person from the values of a row."""
    told = {**DEFAULTS, **facts}
    found = person_of_case(
        Given(
            birth_date=told["birth_date"],
            on=on,
            identity=told["identity"],
            occupation=told["occupation"],
            region=told["regency_code"],
            disability=told["disability"],
            registers=told["registers"],
            earlier_recipient=told["earlier_recipient"],
            prior_awards=told["prior_awards"],
            face=told["face"],
            citizen=told["citizen"],
        )
    )
    return replace(found, schooling=told["schooling"], sex=told["sex"])


def _decided(people: People, facts: Sequence[str], on: date, ask: Any) -> tuple[tuple[Any, ...], Rows]:
    """What `ask` says of each row, asked once for each distinct combination of `facts`."""
    columns = {name: people.column(name) for name in facts}
    key, most = np.zeros(people.size, np.int64), 1
    for name, column in columns.items():
        rows = _by_age(column, on) if name == "birth_date" else column.rows
        many = int(rows.max(initial=0)) + 1
        if most * many >= _WIDEST:
            _, key = np.unique(key, return_inverse=True)
            most = int(key.max(initial=0)) + 1
        key, most = key * many + rows, most * many
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    said: dict[Any, int] = {}
    numbers = []
    for row in first:
        answer = ask(person(on, **{name: column.values[column.rows[row]] for name, column in columns.items()}))
        numbers.append(said.setdefault(answer, len(said)))
    return tuple(said), np.array(numbers, np.int64)[which]


def _by_age(column: Column, on: date) -> Rows:
    """Rules look at the age alone: all birth dates of one age are one fact."""
    return np.array([max(age_on(born, on), -1) + 1 for born in column.values], np.int64)[column.rows]
