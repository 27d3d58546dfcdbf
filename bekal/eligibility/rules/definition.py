"""From a programme file to its rules: the one definition that decides one person and millions.

A rule is a list of arms in order. The first arm whose condition holds decides the rule: it refuses, or it lets the
person wait. No arm: passed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bekal.eligibility.rules.conditions import (
    Both,
    Condition,
    Contested,
    LivesIn,
    Not,
    OneOf,
    Reached,
    Said,
    StandsIn,
)
from bekal.rulebooks.rules import EligibilityRules, GroupTest, Programme, Register

PRIOR_RECIPIENT, FOREIGNER = "prior_recipient", "foreign_national"
FACE_MATCHED, FACE_REVIEW = "face_matched", "face_review"
GENERAL = "general"

Outcome = Literal["refused", "pending"]


def award_of(programme_code: str) -> str:
    """The register of those who received an award of a programme."""
    return f"award:{programme_code}"


@dataclass(frozen=True, slots=True)
class Arm:
    """When it decides and how; `reason` and `correction` are text keys."""

    when: Condition
    reason: str
    correction: str = ""
    outcome: Outcome = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """`passed`: the reason when no arm decides. `dated`: "today", "registry", or the register whose day counts.
    `facts` fill the texts."""

    code: str
    arms: tuple[Arm, ...]
    passed: str
    source: str
    dated: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def kinds(self) -> frozenset[str]:
        """The registers the rule looks into."""
        return frozenset().union(*(arm.when.kinds() for arm in self.arms))


def rules_of(programme: Programme) -> tuple[Rule, ...]:
    """The rules of a programme, in the order in which they are told; empty: everybody may join."""
    rules = programme.eligibility
    if rules is None:
        return ()
    found = [*_identity(rules), *_age(rules), *_occupation(rules), *_region(rules, programme)]
    found += [_barred(register) for register in rules.registers]
    found += [_required(register) for register in rules.required]
    found += [_prior(f"prior_award:{code}", award_of(code), code) for code in rules.prior_awards]
    if rules.once_in_a_lifetime:
        found.append(_prior(PRIOR_RECIPIENT, PRIOR_RECIPIENT, ""))
    return tuple(found)


def groups_of(programme: Programme) -> tuple[tuple[str, Condition], ...]:
    """The priority groups of the selection, first fit first; who fits none is "general"."""
    groups = programme.selection.groups if programme.selection else ()
    return tuple((group.code, _group(group.when, programme)) for group in groups)


def _identity(rules: EligibilityRules) -> list[Rule]:
    found = []
    if rules.identity_verified:
        arms = (
            Arm(OneOf("identity", ("mismatched",)), "eligibility.identity_mismatched", "eligibility.correct_identity"),
            Arm(OneOf("identity", ("registered",)), "eligibility.identity_registered", outcome="pending"),
        )
        found.append(Rule("identity_verified", arms, "eligibility.identity_verified", "Dukcapil", "registry"))
    if rules.citizens_only:
        abroad = Arm(StandsIn(FOREIGNER), "eligibility.citizen_of_another", "eligibility.correct_identity")
        found.append(Rule("citizens_only", (abroad,), "eligibility.citizen", "Dukcapil", "registry"))
    if rules.face_matched:
        missing = Not(StandsIn(FACE_MATCHED))
        arms = (
            Arm(Both(missing, StandsIn(FACE_REVIEW)), "eligibility.face_in_review", outcome="pending"),
            Arm(missing, "eligibility.face_missing", "eligibility.correct_face"),
        )
        found.append(Rule("face_matched", arms, "eligibility.face_matched", "Dukcapil", FACE_MATCHED))
    return found


def _age(rules: EligibilityRules) -> list[Rule]:
    arms = []
    if rules.age_min is not None:
        arms.append(Arm(Not(Reached(rules.age_min)), "eligibility.age_below", "eligibility.correct_identity"))
    if rules.age_max is not None:
        arms.append(Arm(Reached(rules.age_max + 1), "eligibility.age_above", "eligibility.correct_identity"))
    facts = {"least": rules.age_min, "most": rules.age_max}
    return [Rule("age", tuple(arms), "eligibility.age_fits", "Dukcapil", "today", facts)] if arms else []


def _occupation(rules: EligibilityRules) -> list[Rule]:
    if not rules.occupations:
        return []
    other = Not(OneOf("occupation", rules.occupations))
    arm = Arm(other, "eligibility.occupation_other", "eligibility.correct_details")
    return [Rule("occupation", (arm,), "eligibility.occupation_fits", "citizen", "today")]


def _region(rules: EligibilityRules, programme: Programme) -> list[Rule]:
    if not rules.regions:
        return []
    arm = Arm(Not(LivesIn(_codes(rules.regions, programme))), "eligibility.region_other", "eligibility.correct_details")
    return [Rule("region", (arm,), "eligibility.region_fits", "citizen", "today")]


def _words(register: Register) -> dict[str, str]:
    return {"register_id": register.name.id, "register_en": register.name.en, "keeper": register.keeper}


def _barred(register: Register) -> Rule:
    arms = (
        Arm(Contested(register.code), "eligibility.register_contested", "eligibility.correct_contested", "pending"),
        Arm(StandsIn(register.code), "eligibility.in_register", "eligibility.correct_register"),
    )
    code, passed = f"register:{register.code}", "eligibility.not_in_register"
    return Rule(code, arms, passed, register.keeper, register.code, _words(register))


def _required(register: Register) -> Rule:
    arm = Arm(Not(StandsIn(register.code)), "eligibility.not_in_required", "eligibility.correct_register")
    code, passed = f"required:{register.code}", "eligibility.in_required"
    return Rule(code, (arm,), passed, register.keeper, register.code, _words(register))


def _prior(code: str, kind: str, programme: str) -> Rule:
    ending = "_other" if programme else ""
    arm = Arm(StandsIn(kind), f"eligibility.received_before{ending}", "eligibility.correct_prior")
    facts = {"programme": programme}
    return Rule(code, (arm,), f"eligibility.not_received{ending}", programme or "programme", "today", facts)


def _group(test: GroupTest, programme: Programme) -> Condition:
    if "any" in test.among:
        return Said("regency_code" if test.fact == "region" else test.fact)
    if test.fact == "region":
        return LivesIn(_codes(test.among, programme))
    return OneOf(test.fact, test.among)


def _codes(among: tuple[str, ...], programme: Programme) -> tuple[str, ...]:
    """The codes themselves, with those of every named list."""
    named = [code for code in among if not code.startswith("@")]
    listed = [code for name in among if name.startswith("@") for code in sorted(programme.regions_in(name[1:]))]
    return (*named, *listed)
