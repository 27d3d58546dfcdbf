"""Example cases beside a programme file: what a policy officer expects, in values that can be checked."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from bekal.rulebooks.rules.faults import ProgrammeFaults
from bekal.rulebooks.rules.parsing import read_toml
from bekal.rulebooks.rules.programme import Amount, Code, Occupation, RegionCode, Words
from bekal.rulebooks.rules.reading import Range, Reader


@dataclass(frozen=True, slots=True)
class Given:
    """One person on the day `on`. `registers`: where the person stands. `family_awards`: awards on the family card."""

    birth_date: date
    on: date
    identity: Literal["registered", "verified", "mismatched"] = "verified"
    occupation: Occupation = "job_seeker"
    region: RegionCode = "32.73"
    disability: str | None = None
    registers: tuple[Code, ...] = ()
    earlier_recipient: bool = False
    family_awards: Annotated[int, Range(0, 100)] = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """`refused_by`: the rules that say no, in their order; empty when eligible."""

    eligible: bool
    refused_by: tuple[str, ...] = ()
    group: str = "general"
    family_card_full: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One person and what must come out."""

    name: Words
    given: Given
    expect: Expected


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the programme gives one person, in rupiah."""

    training_balance: Amount
    incentive_total: Amount
    total_benefit: Amount


@dataclass(frozen=True, slots=True)
class Examples:
    """A cases file."""

    amounts: Amounts
    cases: tuple[Case, ...]


def parse_examples(text: str, *, file: str = "") -> Examples:
    """The example cases that `text` (TOML) says. Raises `ProgrammeFaults`."""
    data, places = read_toml(text, file)
    reader = Reader(places)
    examples = reader.table(Examples, data)
    if examples is None or reader.faults:
        raise ProgrammeFaults(tuple(reader.faults), file)
    return examples
