"""Who may join, with every reason. Pure: the programme and the person's facts in, the verdict out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from bekal.citizens.rules import age_on
from bekal.eligibility.rules.definition import (
    FACE_MATCHED,
    FACE_REVIEW,
    FOREIGNER,
    GENERAL,
    PRIOR_RECIPIENT,
    Rule,
    award_of,
    groups_of,
    rules_of,
)
from bekal.eligibility.rules.person import PersonFacts, Standing
from bekal.rulebooks.rules import Case, Given, Programme

State = Literal["eligible", "pending", "refused"]


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule applied. `reason` and `correction` are text keys, filled by `facts`; `correction` may be "".
    `as_of`: the day of the data; None when there are none yet."""

    rule: str
    outcome: Literal["passed", "pending", "refused"]
    reason: str
    facts: Mapping[str, Any]
    source: str
    as_of: date | None
    correction: str = ""

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"


@dataclass(frozen=True, slots=True)
class VerdictResult:
    """All rules of the programme, in their order, and the priority group. Eligible when every rule passed; pending when
    none refused but something is still being looked at."""

    results: tuple[RuleResult, ...]
    group: str

    @property
    def state(self) -> State:
        outcomes = {result.outcome for result in self.results}
        return "refused" if "refused" in outcomes else "pending" if "pending" in outcomes else "eligible"

    @property
    def eligible(self) -> bool:
        return self.state == "eligible"

    @property
    def refused_by(self) -> tuple[str, ...]:
        """The rules that said no."""
        return tuple(result.rule for result in self.results if result.outcome == "refused")


def verdict(programme: Programme, person: PersonFacts) -> VerdictResult:
    """May this person join? A programme without eligibility rules admits everybody."""
    rules = rules_of(programme)
    outcomes = [_decided(rule, person) for rule in rules]
    days = [_day(rule, person) for rule in rules]
    age = age_on(person.birth_date, person.on)
    return VerdictResult(told(rules, outcomes, days, age), priority_group(programme, person))


def told(
    rules: Sequence[Rule], outcomes: Sequence[int], as_of: Sequence[date | None], age: int
) -> tuple[RuleResult, ...]:
    """The results of rules that were decided: which arm each (0: passed), as of which day, at which age."""
    return tuple(_told(*decided, age) for decided in zip(rules, outcomes, as_of, strict=True))


def family_card_full(count: int, limit: int | None) -> bool:
    """Whether a family card with `count` awards has no room for another."""
    return limit is not None and count >= limit


def priority_group(programme: Programme, person: PersonFacts) -> str:
    """The code of the first group of the programme's selection that fits the person, or "general"."""
    return next((code for code, condition in groups_of(programme) if condition.holds(person)), GENERAL)


def case_faults(programme: Programme, case: Case) -> list[str]:
    """Where the programme decides otherwise than the example case expects; empty when it agrees."""
    found = verdict(programme, person_of_case(case.given))
    limit = programme.eligibility.max_per_family_card if programme.eligibility else None
    pairs = {
        "eligible": (found.eligible, case.expect.eligible),
        "refused_by": (found.refused_by, case.expect.refused_by),
        "group": (found.group, case.expect.group),
        "family_card_full": (family_card_full(case.given.family_awards, limit), case.expect.family_card_full),
    }
    return [f"{name}: {real}, expected {wanted}" for name, (real, wanted) in pairs.items() if real != wanted]


def person_of_case(given: Given) -> PersonFacts:
    """The facts of the person that an example case describes."""
    kinds = [*given.registers, *map(award_of, given.prior_awards)]
    if given.earlier_recipient:
        kinds.append(PRIOR_RECIPIENT)
    if not given.citizen:
        kinds.append(FOREIGNER)
    if given.face != "none":
        kinds.append(FACE_MATCHED if given.face == "matched" else FACE_REVIEW)
    return PersonFacts(
        on=given.on,
        identity=given.identity,
        birth_date=given.birth_date,
        occupation=given.occupation,
        regency_code=given.region,
        registry_as_of=given.on,
        disability=given.disability,
        standings={kind: Standing("example", given.on) for kind in kinds},
    )


def _decided(rule: Rule, person: PersonFacts) -> int:
    """The number of the arm that decides, from 1; 0: passed."""
    return next((number for number, arm in enumerate(rule.arms, 1) if arm.when.holds(person)), 0)


def _day(rule: Rule, person: PersonFacts) -> date | None:
    if rule.dated == "today":
        return person.on
    if rule.dated in person.standings:
        return person.standings[rule.dated].as_of
    return person.lists.get(rule.dated, person.registry_as_of)


def _told(rule: Rule, outcome: int, as_of: date | None, age: int) -> RuleResult:
    facts = {**rule.facts, "age": age} if rule.code == "age" else rule.facts
    if outcome == 0:
        return RuleResult(rule.code, "passed", rule.passed, facts, rule.source, as_of)
    arm = rule.arms[outcome - 1]
    return RuleResult(rule.code, arm.outcome, arm.reason, facts, rule.source, as_of, arm.correction)
