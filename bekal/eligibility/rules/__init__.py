"""Pure decisions about who may join."""

from bekal.eligibility.rules.definition import GENERAL, PRIOR_RECIPIENT, Rule, award_of, groups_of, rules_of
from bekal.eligibility.rules.person import PersonFacts, Standing
from bekal.eligibility.rules.verdict import (
    RuleResult,
    VerdictResult,
    case_faults,
    family_card_full,
    person_of_case,
    priority_group,
    told,
    verdict,
)

__all__ = [
    "GENERAL",
    "PRIOR_RECIPIENT",
    "PersonFacts",
    "Rule",
    "RuleResult",
    "Standing",
    "VerdictResult",
    "award_of",
    "case_faults",
    "family_card_full",
    "groups_of",
    "person_of_case",
    "priority_group",
    "rules_of",
    "told",
    "verdict",
]
