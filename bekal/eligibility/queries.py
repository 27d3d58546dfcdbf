"""Reading facts and verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bekal.citizens.models import Citizen
from bekal.core import clock
from bekal.eligibility.models import Fact, Verdict
from bekal.eligibility.rules import PersonFacts, RuleResult, Standing, priority_group
from bekal.rulebooks.rules import Programme


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A decision. `results`: one for each rule, in the programme's order."""

    id: UUID
    citizen_id: UUID
    rulebook_id: UUID
    eligible: bool
    results: tuple[RuleResult, ...]
    decided_at: datetime

    @property
    def refusals(self) -> tuple[RuleResult, ...]:
        """The rules that said no."""
        return tuple(result for result in self.results if not result.passed)


def verdict_of(citizen_id: UUID, rulebook_id: UUID) -> VerdictView | None:
    """The last decision about a person under a version of a programme."""
    row = Verdict.objects.filter(citizen_id=citizen_id, rulebook_id=rulebook_id).first()
    return None if row is None else view_of(row)


def view_of(row: Verdict) -> VerdictView:
    """A stored verdict with its results as values."""
    results = tuple(_result(entry) for entry in row.results)
    return VerdictView(row.id, row.citizen_id, row.rulebook_id, row.eligible, results, row.decided_at)


def is_eligible(citizen_id: UUID, rulebook_id: UUID) -> bool:
    """Whether the last decision about a person under a version of a programme was a yes."""
    return Verdict.objects.filter(citizen_id=citizen_id, rulebook_id=rulebook_id, eligible=True).exists()


def standing_in(citizen_id: UUID, programme: Programme) -> tuple[str, str]:
    """Where and in which priority group a person draws: regency code, and group code or "general"."""
    citizen = Citizen.objects.get(id=citizen_id)
    return citizen.regency_code, priority_group(programme, person_facts(citizen, [], clock.now().date()))


def facts_about(nik_index: bytes) -> list[Fact]:
    """All facts about the person behind a blind index, past ones among them."""
    return list(Fact.objects.filter(nik_index=nik_index).order_by("kind"))


def person_facts(citizen: Citizen, facts: list[Fact], on: date) -> PersonFacts:
    """What the rules need to know of a person."""
    return PersonFacts(
        on=on,
        identity=citizen.state,  # type: ignore[arg-type]
        birth_date=citizen.birth_date,
        occupation=citizen.occupation,
        regency_code=citizen.regency_code,
        registry_as_of=citizen.registry_as_of,
        disability=citizen.disability or None,
        schooling=citizen.schooling,
        sex=citizen.sex,
        standings={fact.kind: Standing(fact.source, fact.as_of) for fact in facts if fact.stands},
    )


def _result(entry: Mapping[str, Any]) -> RuleResult:
    as_of = entry["as_of"]
    return RuleResult(**{**entry, "as_of": None if as_of is None else date.fromisoformat(as_of)})
