"""Example cases beside a programme file: what a policy officer expects, in values that can be checked."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from bekal.rulebooks.rules.faults import ProgrammeFaults
from bekal.rulebooks.rules.parsing import read_toml
from bekal.rulebooks.rules.programme import Amount, Code, Occupation, Programme, RegionCode
from bekal.rulebooks.rules.reading import Range, Reader
from bekal.rulebooks.rules.words import Words


@dataclass(frozen=True, slots=True)
class Given:
    """One person on the day `on`. `registers`: where the person stands, barred or required. `prior_awards`: programmes
    that the person received; `earlier_recipient`: any. `family_awards`: awards on the family card."""

    birth_date: date
    on: date
    identity: Literal["registered", "verified", "mismatched"] = "verified"
    occupation: Occupation = "job_seeker"
    region: RegionCode = "32.73"
    disability: str | None = None
    registers: tuple[Code, ...] = ()
    earlier_recipient: bool = False
    family_awards: Annotated[int, Range(0, 100)] = 0
    prior_awards: tuple[Code, ...] = ()
    face: Literal["matched", "review", "none"] = "matched"
    citizen: bool = True


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
    """What the programme gives one person, in minor units."""

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


def amount_faults(programme: Programme, amounts: Amounts) -> dict[str, str]:
    """Where the programme gives other amounts than its examples say: key of [amounts] -> what differs."""
    real = {
        "training_balance": programme.scholarship.training_balance if programme.scholarship else 0,
        "incentive_total": programme.incentive_total,
        "total_benefit": programme.total_benefit,
    }
    told = {key: getattr(amounts, key) for key in real}
    return {key: f"The programme gives {real[key]}, not {told[key]}." for key in real if real[key] != told[key]}
