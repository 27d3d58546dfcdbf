"""Who may join, with every reason. Pure: the programme and the person's facts in, the verdict out.

A rule says `passed`, why (a text key with its facts), from which source, as of which day, and how to have it corrected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from bekal.citizens.rules import age_on
from bekal.rulebooks.rules import Case, EligibilityRules, Given, GroupTest, Programme, Register

PRIOR_RECIPIENT = "prior_recipient"
GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Standing:
    """That a person stands in a register: who says so, as of which day."""

    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known of a person on the day `on`. `standings`: register -> standing; `registry_as_of`: day of the answer
    that covers all registers, None before the first."""

    on: date
    identity: Literal["registered", "verified", "mismatched"]
    birth_date: date
    occupation: str
    regency_code: str
    registry_as_of: date | None
    disability: str | None = None
    schooling: str = ""
    sex: str = ""
    standings: Mapping[str, Standing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule applied. `reason` and `correction` are text keys, filled by `facts`; `correction` may be ""."""

    rule: str
    passed: bool
    reason: str
    facts: Mapping[str, Any]
    source: str
    as_of: date | None
    correction: str = ""


@dataclass(frozen=True, slots=True)
class VerdictResult:
    """All rules of the programme, in their order. Eligible when every one passed."""

    eligible: bool
    results: tuple[RuleResult, ...]

    @property
    def refused_by(self) -> tuple[str, ...]:
        """The rules that said no."""
        return tuple(result.rule for result in self.results if not result.passed)


Check = Callable[[EligibilityRules, PersonFacts], RuleResult | None]


def verdict(programme: Programme, person: PersonFacts) -> VerdictResult:
    """May this person join? A programme without eligibility rules admits everybody."""
    rules = programme.eligibility
    if rules is None:
        return VerdictResult(True, ())
    found = [check(rules, person) for check in (_identity, _age, _occupation)]
    found += [_register(register, person) for register in rules.registers]
    found.append(_prior_recipient(rules, person))
    results = tuple(result for result in found if result is not None)
    return VerdictResult(all(result.passed for result in results), results)


def family_card_full(count: int, limit: int | None) -> bool:
    """Whether a family card with `count` awards has no room for another."""
    return limit is not None and count >= limit


def priority_group(programme: Programme, person: PersonFacts) -> str:
    """The code of the first group of the programme's selection that fits the person, or "general"."""
    groups = programme.selection.groups if programme.selection else ()
    return next((group.code for group in groups if _fits(group.when, person, programme)), GENERAL)


def case_faults(programme: Programme, case: Case) -> list[str]:
    """Where the programme decides otherwise than the example case expects; empty when it agrees."""
    person = person_of_case(case.given)
    found = verdict(programme, person)
    limit = programme.eligibility.max_per_family_card if programme.eligibility else None
    pairs = {
        "eligible": (found.eligible, case.expect.eligible),
        "refused_by": (found.refused_by, case.expect.refused_by),
        "group": (priority_group(programme, person), case.expect.group),
        "family_card_full": (family_card_full(case.given.family_awards, limit), case.expect.family_card_full),
    }
    return [f"{name}: {real}, expected {wanted}" for name, (real, wanted) in pairs.items() if real != wanted]


def person_of_case(given: Given) -> PersonFacts:
    """The facts of the person that an example case describes."""
    standings = {code: Standing("example", given.on) for code in given.registers}
    if given.earlier_recipient:
        standings[PRIOR_RECIPIENT] = Standing("example", given.on)
    return PersonFacts(
        on=given.on,
        identity=given.identity,
        birth_date=given.birth_date,
        occupation=given.occupation,
        regency_code=given.region,
        registry_as_of=given.on,
        disability=given.disability,
        standings=standings,
    )


def _identity(rules: EligibilityRules, person: PersonFacts) -> RuleResult | None:
    if not rules.identity_verified:
        return None
    passed = person.identity == "verified"
    correction = "" if passed else "eligibility.correct_identity"
    reason = f"eligibility.identity_{person.identity}"
    return RuleResult("identity_verified", passed, reason, {}, "Dukcapil", person.registry_as_of, correction)


def _age(rules: EligibilityRules, person: PersonFacts) -> RuleResult | None:
    if rules.age_min is None and rules.age_max is None:
        return None
    age = age_on(person.birth_date, person.on)
    facts = {"age": age, "least": rules.age_min, "most": rules.age_max}
    reason, correction = "eligibility.age_fits", ""
    if rules.age_min is not None and age < rules.age_min:
        reason, correction = "eligibility.age_below", "eligibility.correct_identity"
    elif rules.age_max is not None and age > rules.age_max:
        reason, correction = "eligibility.age_above", "eligibility.correct_identity"
    return RuleResult("age", not correction, reason, facts, "Dukcapil", person.on, correction)


def _occupation(rules: EligibilityRules, person: PersonFacts) -> RuleResult | None:
    if not rules.occupations:
        return None
    passed = person.occupation in rules.occupations
    reason = "eligibility.occupation_fits" if passed else "eligibility.occupation_other"
    correction = "" if passed else "eligibility.correct_details"
    return RuleResult("occupation", passed, reason, {}, "citizen", person.on, correction)


def _register(register: Register, person: PersonFacts) -> RuleResult:
    standing = person.standings.get(register.code)
    facts = {"register_id": register.name.id, "register_en": register.name.en, "keeper": register.keeper}
    rule = f"register:{register.code}"
    if standing is None:
        return RuleResult(rule, True, "eligibility.not_in_register", facts, register.keeper, person.registry_as_of)
    reason, correction = "eligibility.in_register", "eligibility.correct_register"
    return RuleResult(rule, False, reason, facts, register.keeper, standing.as_of, correction)


def _prior_recipient(rules: EligibilityRules, person: PersonFacts) -> RuleResult | None:
    if not rules.once_in_a_lifetime:
        return None
    standing = person.standings.get(PRIOR_RECIPIENT)
    if standing is None:
        return RuleResult(PRIOR_RECIPIENT, True, "eligibility.not_received", {}, "programme", person.on)
    reason, correction = "eligibility.received_before", "eligibility.correct_prior"
    return RuleResult(PRIOR_RECIPIENT, False, reason, {}, standing.source, standing.as_of, correction)


def _fits(test: GroupTest, person: PersonFacts, programme: Programme) -> bool:
    values = {
        "disability": person.disability or "",
        "occupation": person.occupation,
        "region": person.regency_code,
        "schooling": person.schooling,
        "sex": person.sex,
    }
    value = values[test.fact]
    if not value:
        return False
    named = [entry for entry in test.among if not entry.startswith("@")]
    if "any" in named or value in named:
        return True
    lists = [programme.regions_in(entry[1:]) for entry in test.among if entry.startswith("@")]
    return any(value in regions or value[:2] in regions for regions in lists)
