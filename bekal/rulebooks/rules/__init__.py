"""Pure rules of the room: reading a programme file, its example cases, and saying it in plain words."""

from bekal.rulebooks.rules.cases import Amounts, Case, Examples, Expected, Given, amount_faults, parse_examples
from bekal.rulebooks.rules.currency import RUPIAH, Currency
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
)
from bekal.rulebooks.rules.words import Words

__all__ = [
    "RUPIAH",
    "Amounts",
    "Case",
    "Choice",
    "Currency",
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
    "amount_faults",
    "day_in_words",
    "describe",
    "parse_examples",
    "parse_programme",
]
