"""The few conditions that rules are made of. Each holds for one person, and reads as SQL for many.

The SQL speaks of `c` (a row of citizens_citizen) and of `f0`, `f1`, … (the person's row of a register, if any); values
are parameters. That both forms agree is tested by property.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from bekal.eligibility.rules.person import PersonFacts

Field = Literal["identity", "occupation", "regency_code", "disability", "schooling", "sex"]
COLUMNS: Mapping[Field, str] = {
    "identity": "c.state",
    "occupation": "c.occupation",
    "regency_code": "c.regency_code",
    "disability": "c.disability",
    "schooling": "c.schooling",
    "sex": "c.sex",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What the SQL of one decision refers to: the day, and the alias of each register's join."""

    on: date
    aliases: Mapping[str, str]


Sql = tuple[str, list[Any]]


class Condition(ABC):
    """Something that holds for a person or does not."""

    @abstractmethod
    def holds(self, person: PersonFacts) -> bool:
        """Whether it holds for this person."""

    @abstractmethod
    def sql(self, scope: Scope) -> Sql:
        """The same as a boolean expression, never NULL, and its parameters."""

    def kinds(self) -> frozenset[str]:
        """The registers it looks into."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class OneOf(Condition):
    """The field is one of the values."""

    field: Field
    values: tuple[str, ...]

    def holds(self, person: PersonFacts) -> bool:
        return (getattr(person, self.field) or "") in self.values

    def sql(self, scope: Scope) -> Sql:
        return f"{COLUMNS[self.field]} = ANY(%s)", [list(self.values)]


@dataclass(frozen=True, slots=True)
class Said(Condition):
    """The field has some value."""

    field: Field

    def holds(self, person: PersonFacts) -> bool:
        return bool(getattr(person, self.field))

    def sql(self, scope: Scope) -> Sql:
        return f"{COLUMNS[self.field]} <> ''", []


@dataclass(frozen=True, slots=True)
class LivesIn(Condition):
    """The regency, or its province, is one of the codes."""

    codes: tuple[str, ...]

    def holds(self, person: PersonFacts) -> bool:
        return person.regency_code in self.codes or person.regency_code[:2] in self.codes

    def sql(self, scope: Scope) -> Sql:
        return "(c.regency_code = ANY(%s) OR left(c.regency_code, 2) = ANY(%s))", [list(self.codes)] * 2


@dataclass(frozen=True, slots=True)
class Reached(Condition):
    """The person has completed so many years."""

    years: int

    def holds(self, person: PersonFacts) -> bool:
        return person.birth_date <= born_by(person.on, self.years)

    def sql(self, scope: Scope) -> Sql:
        return "c.birth_date <= %s", [born_by(scope.on, self.years)]


@dataclass(frozen=True, slots=True)
class StandsIn(Condition):
    """The person stands in a register, whether contested or not."""

    kind: str

    def holds(self, person: PersonFacts) -> bool:
        return self.kind in person.standings

    def sql(self, scope: Scope) -> Sql:
        return f"{scope.aliases[self.kind]}.standing IS NOT NULL", []

    def kinds(self) -> frozenset[str]:
        return frozenset({self.kind})


@dataclass(frozen=True, slots=True)
class Contested(Condition):
    """The person stands in a register by a list that came after a decision and that nobody has looked at yet."""

    kind: str

    def holds(self, person: PersonFacts) -> bool:
        return self.kind in person.standings and person.standings[self.kind].contested

    def sql(self, scope: Scope) -> Sql:
        return f"{scope.aliases[self.kind]}.standing IS NOT DISTINCT FROM 'contested'", []

    def kinds(self) -> frozenset[str]:
        return frozenset({self.kind})


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The other does not hold."""

    other: Condition

    def holds(self, person: PersonFacts) -> bool:
        return not self.other.holds(person)

    def sql(self, scope: Scope) -> Sql:
        text, parameters = self.other.sql(scope)
        return f"NOT ({text})", parameters

    def kinds(self) -> frozenset[str]:
        return self.other.kinds()


@dataclass(frozen=True, slots=True)
class Both(Condition):
    """The two hold."""

    one: Condition
    other: Condition

    def holds(self, person: PersonFacts) -> bool:
        return self.one.holds(person) and self.other.holds(person)

    def sql(self, scope: Scope) -> Sql:
        (one, first), (other, second) = self.one.sql(scope), self.other.sql(scope)
        return f"({one} AND {other})", first + second

    def kinds(self) -> frozenset[str]:
        return self.one.kinds() | self.other.kinds()


def born_by(on: date, years: int) -> date:
    """The latest birth date with which somebody has completed `years` on the day `on`.

    Who is born on 29 February completes a year on 1 March when there is no such day.
    """
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return date(on.year - years, 2, 28)
