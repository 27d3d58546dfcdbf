"""Pure rules of the room: reading a programme file, its example cases, and saying it in plain words."""

from bekal.rulebooks.rules.cases import Amounts, Case, Examples, Expected, Given, parse_examples
from bekal.rulebooks.rules.days import day_in_words
from bekal.rulebooks.rules.describing import Section, describe
from bekal.rulebooks.rules.faults import Fault, ProgrammeFaults
from bekal.rulebooks.rules.parsing import parse_programme
from bekal.rulebooks.rules.programme import (
    Choice,
    EligibilityRules,
    Event,
    GroupShare,
    GroupTest,
    Incentive,
    LearningRules,
    Programme,
    PurchaseRules,
    Question,
    RegionList,
    RegionShare,
    Register,
    Scholarship,
    Selection,
    Survey,
    Words,
)

__all__ = [
    "Amounts",
    "Case",
    "Choice",
    "EligibilityRules",
    "Event",
    "Examples",
    "Expected",
    "Fault",
    "Given",
    "GroupShare",
    "GroupTest",
    "Incentive",
    "LearningRules",
    "Programme",
    "ProgrammeFaults",
    "PurchaseRules",
    "Question",
    "RegionList",
    "RegionShare",
    "Register",
    "Scholarship",
    "Section",
    "Selection",
    "Survey",
    "Words",
    "day_in_words",
    "describe",
    "parse_examples",
    "parse_programme",
]
