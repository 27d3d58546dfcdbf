"""The keys of a programme file in words: what each is called, how its value is told, and whom it concerns."""

from datetime import date
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from bekal.core.texts import table, text
from bekal.rulebooks.rules.currency import Currency
from bekal.rulebooks.rules.days import day_in_words
from bekal.rulebooks.rules.describing import Speaker
from bekal.rulebooks.rules.programme import (
    Amount,
    CapPercent,
    Days,
    EligibilityRules,
    Event,
    Funds,
    GroupShare,
    GroupTest,
    Incentive,
    LearningRules,
    MonthDay,
    Percent,
    Programme,
    PurchaseRules,
    Question,
    RegionCode,
    RegionList,
    RegionShare,
    Register,
    Scholarship,
    Selection,
    Survey,
)
from bekal.rulebooks.rules.reading import hints_of
from bekal.rulebooks.rules.words import Words

SECTIONS: dict[type[Any], str] = {
    Programme: "programme", Currency: "currency", EligibilityRules: "eligibility", Register: "register",
    Selection: "selection", RegionShare: "region", GroupShare: "group", GroupTest: "when", Scholarship: "scholarship",
    PurchaseRules: "purchase", LearningRules: "learning", Funds: "funds", Event: "event", Incentive: "incentive",
    Survey: "survey", Question: "question", RegionList: "region_list",
}  # fmt: skip
_WHO: dict[str, str] = {
    "eligibility": "applicants", "eligibility.max_per_family_card": "families", "selection": "applicants",
    "selection.waiting_list": "losers", "scholarship": "recipients", "scholarship.first_purchase_days": "winners",
    "purchase": "recipients", "purchase.min_hours": "providers", "purchase.modes": "providers",
    "purchase.settlement_after_days": "providers", "purchase.commission_cap_percent": "platforms",
    "learning": "learners", "learning.report_days": "providers", "learning.platform_days": "platforms",
    "learning.check_days": "office", "funds": "office", "event": "learners", "incentive": "recipients",
    "survey": "recipients", "question": "recipients", "currency": "everyone",
}  # fmt: skip
_UNITS = {Days: "days", Percent: "percent", CapPercent: "percent"}


def label(kind: type[Any], name: str, language: str) -> str:
    """What the key `name` of a section is called."""
    return text(f"rulebooks.key.{SECTIONS[kind]}.{name}", language)


def who_is(kind: type[Any], name: str = "") -> str:
    """Whom a key concerns, as the end of a text key; "" when it is whoever the section concerns."""
    section = SECTIONS[kind]
    return _WHO.get(f"{section}.{name}" if name else section, "")


def value_in_words(kind: type[Any], name: str, value: Any, say: Speaker) -> str:
    """The value of a key: amounts in full, days and per cents with their unit, choices and regions by name."""
    if value is None or value == ():
        return say.text("value.none")
    if isinstance(value, bool):
        return say.text("value.yes" if value else "value.no")
    hint = _inner(hints_of(kind)[name])
    if isinstance(value, tuple):
        return ", ".join(_one(hint, name, item, say) for item in value)
    return _one(hint, name, value, say)


def _inner(hint: Any) -> Any:
    while get_origin(hint) in (Union, UnionType, tuple):
        hint = get_args(hint)[0]
    return hint


def _one(hint: Any, name: str, value: Any, say: Speaker) -> str:
    if isinstance(value, Words):
        return value[say.language]
    if isinstance(value, date):
        return day_in_words(value, say.language)
    if isinstance(value, str):
        return _word(hint, name, value, say)
    if hint == Amount:
        return say.amount(value)
    told = f"{value:,}".replace(",", "." if say.language == "id" else ",")
    return say.text(f"unit.{_UNITS[hint]}", count=told) if hint in _UNITS else told


def _word(hint: Any, name: str, value: str, say: Speaker) -> str:
    if hint == MonthDay:
        return say.day_of_year(value)
    if hint == RegionCode or (name in ("regions", "among") and (value.startswith("@") or value[:1].isdigit())):
        return say.region(value)
    if get_origin(hint) is Annotated:
        return value
    for key in (f"rulebooks.value.{value}", f"rulebooks.occupation.{value}", f"rulebooks.mode.{value}"):
        if key in table() and (get_args(hint) or name == "among"):
            return text(key, say.language)
    return value
