"""What differs between two programmes: nothing that differs goes unsaid, nothing else is said."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.core.texts import LANGUAGES, table
from bekal.rulebooks.rules import Programme, Words, parse_programme
from bekal.rulebooks.rules.changes import difference
from bekal.rulebooks.rules.naming import SECTIONS, label
from bekal.rulebooks.rules.programme import MonthDay
from bekal.rulebooks.rules.reading import hints_of
from tests.rulebooks.making import programme_files, programme_text
from tests.rulebooks.test_eligibility_keys import TEXT as ALL_ELIGIBILITY
from tests.rulebooks.test_selection import TEXT as ALL_QUOTAS

PROGRAMMES = [*map(parse_programme, (file.read_text() for file in programme_files())),
              parse_programme(ALL_ELIGIBILITY), parse_programme(ALL_QUOTAS)]  # fmt: skip
NORMAL = parse_programme(programme_text())
KEYS = ("code", "kind", "number")


def others(value: Any, hint: Any) -> Iterator[Any]:
    """Other values of the same type."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint == MonthDay:
        yield "06-15"
    elif origin is Annotated:
        yield from others(value, inside[0])
    elif origin in (Union, UnionType):
        yield from (appearances(inside[0]) if value is None else (None, *others(value, inside[0])))
    elif origin is Literal:
        yield from [one for one in inside if one != value][:1]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, Words):
        yield Words(value.id + " zz", value.en)
        yield Words(value.id, value.en + " zz")
    elif isinstance(value, date):
        yield value + timedelta(days=1)
    elif isinstance(value, str):
        yield value + "zz"
    elif isinstance(value, tuple):
        yield from other_tuples(value, inside[0])


def appearances(hint: Any) -> Iterator[Any]:
    """A value where there was none: a section of another programme, a day, or a number."""
    sections = (getattr(one, field.name) for one in PROGRAMMES for field in fields(Programme))
    yield (
        next(filter(lambda one: isinstance(one, hint), sections))
        if is_dataclass(hint)
        else ("06-15" if hint == MonthDay else 7)
    )


def other_tuples(value: tuple[Any, ...], hint: Any) -> Iterator[tuple[Any, ...]]:
    if value:
        yield value[1:]
    if len(set(map(repr, value))) > 1:
        yield value[::-1]
    if value and get_origin(hint) is not Literal:
        for other in () if is_dataclass(value[0]) else others(value[0], hint):
            yield (other, *value[1:])
    if not value and hint is str:
        yield ("zz",)


def mutations(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a section that can be set otherwise: the path of the key, and the section so changed."""
    for name, hint in hints_of(type(value)).items():
        held, where = getattr(value, name), f"{path}.{name}".lstrip(".")
        if not is_dataclass(held) or isinstance(held, Words):
            for other in others(held, hint):
                yield where, replace(value, **{name: other})
        elif get_origin(hint) in (Union, UnionType):
            yield where, replace(value, **{name: None})
        if is_dataclass(held) and not isinstance(held, Words):
            for below, other in mutations(held, where):
                yield below, replace(value, **{name: other})
        if isinstance(held, tuple) and held and is_dataclass(held[0]):
            for number, item in enumerate(held):
                key = next(str(getattr(item, one)) for one in KEYS if hasattr(item, one))
                for below, other in mutations(item, f"{where}.{key}"):
                    yield below, replace(value, **{name: (*held[:number], other, *held[number + 1 :])})


MUTATIONS = [(one, path, changed) for one in PROGRAMMES for path, changed in mutations(one)]


def said(old: Programme, new: Programme, language: str) -> dict[str, str]:
    found = difference(old, new, language)
    lines: dict[str, str] = {}
    for change in (*found.changes, *found.papers):
        assert change.who
        assert change.line[-1] in ".?”…" or change.line, change
        lines[change.path] = f"{lines.get(change.path, '')} {change.line}"
    return lines


def names(lines: dict[str, str], path: str) -> bool:
    """Whether a line is about `path`, about something inside it, or about the whole item that it is the key of."""
    return any(one == path or one.startswith(f"{path}.") or path.startswith(f"{one}.") for one in lines)


def test_every_key_is_changed_somewhere() -> None:
    changed = {path.rsplit(".", 1)[-1] for _, path, _ in MUTATIONS}
    known = {name for kind in SECTIONS for name in hints_of(kind)}
    assert known - changed - {"purchase", "learning", "when", "currency"} == {"method"}, "which has one choice alone"
    assert len(MUTATIONS) > 1_000


def test_every_change_is_named() -> None:
    for old, path, new in MUTATIONS:
        for language in LANGUAGES:
            lines = said(old, new, language)
            assert names(lines, path), (path, lines)


def test_texts_that_change_are_told_in_both_wordings() -> None:
    for old, path, new in MUTATIONS:
        if "zz" in repr(new) and not path.endswith(("registers", "required", ".code", ".sign")):
            assert "zz" in " ".join(said(old, new, "en").values()).replace("Zz", "zz"), path


@given(st.integers(0, len(MUTATIONS) - 1), st.data())
@settings(max_examples=60, deadline=None)
def test_two_changes_are_both_named(first: int, data: st.DataObject) -> None:
    old, path, once = MUTATIONS[first]
    second = [(below, new) for below, new in mutations(once) if below.split(".")[0] != path.split(".")[0]]
    below, twice = second[data.draw(st.integers(0, len(second) - 1))]
    lines = said(old, twice, "id")
    assert names(lines, path)
    assert names(lines, below)


@pytest.mark.parametrize("one", PROGRAMMES, ids=lambda one: one.code)
def test_nothing_that_stays_is_listed(one: Programme) -> None:
    for language in LANGUAGES:
        assert said(one, one, language) == {}


def test_comments_are_no_change_and_sources_stand_apart() -> None:
    text = programme_text()
    assert said(NORMAL, parse_programme(text.replace("[purchase]", "# a note\n[purchase]")), "id") == {}
    found = difference(NORMAL, parse_programme(text.replace("Perpres 113/2022; ", "Perpres 114/2022; ", 1)), "en")
    assert found.changes == ()
    assert [change.path for change in found.papers] == ["source"]


@pytest.mark.parametrize(
    ("old", "new", "path", "who", "line"),
    [
        ("age_max = 64", 'age_max = "none"', "eligibility.age_max", "People of 65 or older",
         "Highest age: 64 → none. This rule no longer bars them."),
        ("age_max = 64", "age_max = 60", "eligibility.age_max", "People of 61 to 64",
         "Highest age: 64 → 60. This rule now bars them."),
        ("age_min = 18", "age_min = 19", "eligibility.age_min", "People of 18",
         "Lowest age: 18 → 19. This rule now bars them."),
        ("age_min = 18", 'age_min = "none"', "eligibility.age_min", "People below 18",
         "Lowest age: 18 → none. This rule no longer bars them."),
        ('"worker", ', "", "eligibility.occupations", "People with this work: worker",
         "Occupations admitted: worker removed. This rule now bars them."),
        ("citizens_only = true\n", "", "eligibility.citizens_only", "People who are not citizens of Indonesia",
         "Citizens only: yes → no. This rule no longer bars them."),
        ("amount = 600_000", "amount = 1_600_000", "incentives.completion.amount", "Recipients",
         "Training incentive: Amount of each payment: Rp600.000 → Rp1.600.000."),
        ("commission_cap_percent = 15", "commission_cap_percent = 10", "purchase.commission_cap_percent",
         "Digital platforms", "Highest commission: 15 percent → 10 percent."),
        ("first_purchase_days = 15", 'first_purchase_days = "none"', "scholarship.first_purchase_days",
         "People who have just become recipients", "Time for the first purchase: 15 days → none."),
        ("report_days = 1", "report_days = 2", "learning.report_days", "Training providers",
         "Working days for the provider's report: 1 days → 2 days."),
        ("floor_percent = 10", "floor_percent = 11", "selection.groups.remote.floor_percent",
         "The group: People of disadvantaged regions",
         "People of disadvantaged regions: Least share of the places: 10 percent → 11 percent."),
    ],
)  # fmt: skip
def test_each_change_says_for_whom(old: str, new: str, path: str, who: str, line: str) -> None:
    text = programme_text()
    assert old in text
    found = difference(NORMAL, parse_programme(text.replace(old, new, 1)), "en")
    assert [(change.who, change.line) for change in found.changes if change.path == path] == [(who, line)]


def test_a_register_that_goes_frees_whoever_stands_in_it() -> None:
    assert NORMAL.eligibility
    fewer = replace(NORMAL, eligibility=replace(NORMAL.eligibility, registers=NORMAL.eligibility.registers[1:]))
    [change] = difference(NORMAL, fewer, "id").changes
    assert change.who == "Orang yang ada di daftar ASN dan pejabat negara"
    assert change.line == "Aturan ini tidak lagi menghalangi mereka."
    [change] = difference(fewer, NORMAL, "id").changes
    assert change.line == "Aturan ini sekarang menghalangi mereka."


def test_every_key_and_every_choice_has_its_words() -> None:
    for kind in SECTIONS:
        for name, hint in hints_of(kind).items():
            assert all(label(kind, name, language) for language in LANGUAGES)
            for word in choices(hint):
                keys = {f"rulebooks.value.{word}", f"rulebooks.occupation.{word}", f"rulebooks.mode.{word}"}
                assert keys & table().keys(), (kind, name, word)
    assert {field.name for field in fields(Programme)} == set(hints_of(Programme))


def choices(hint: Any) -> Iterator[str]:
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    elif get_origin(hint) in (Union, UnionType, tuple, Annotated):
        for inside in get_args(hint):
            yield from choices(inside)
