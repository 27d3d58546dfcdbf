"""Programme files: what they say, how faults are told, and that damage is noticed."""

import re
import tomllib
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bekal.core.texts import LANGUAGES
from bekal.rulebooks.rules import (
    Fault,
    Programme,
    ProgrammeFaults,
    Words,
    day_in_words,
    describe,
    parse_examples,
    parse_programme,
)
from bekal.rulebooks.rules import programme as format_of_programmes
from bekal.rulebooks.rules.places import Path, find_places
from tests.rulebooks.making import PROGRAMMES, programme_text

CODES = ("prakerja-2022", "prakerja-2023", "skills-week")
TEXT = programme_text()


def faults_of(text: str) -> list[Fault]:
    with pytest.raises(ProgrammeFaults) as caught:
        parse_programme(text, file="1.toml")
    return list(caught.value.faults)


def changed(old: str, new: str, text: str = TEXT) -> list[Fault]:
    assert text.count(old) >= 1, old
    return faults_of(text.replace(old, new, 1))


def line_of(start: str) -> int:
    return next(number for number, line in enumerate(TEXT.splitlines(), 1) if line.startswith(start))


@pytest.mark.parametrize("code", CODES)
def test_files_parse_and_agree_with_their_examples(code: str) -> None:
    programme = parse_programme(programme_text(code))
    amounts = parse_examples((PROGRAMMES / code / "cases.toml").read_text()).amounts
    balance = programme.scholarship.training_balance if programme.scholarship else 0
    assert (programme.code, programme.version) == (code, 1)
    assert balance == amounts.training_balance
    assert programme.incentive_total == amounts.incentive_total
    assert programme.total_benefit == amounts.total_benefit


def test_the_normal_scheme_says_what_the_first_wave_needs() -> None:
    programme = parse_programme(TEXT)
    assert programme.eligibility
    assert programme.selection
    assert programme.scholarship
    assert (programme.eligibility.age_min, programme.eligibility.age_max) == (18, 64)
    assert programme.eligibility.registers_barred == (
        "civil_servant", "military", "police", "village_official", "soe_director", "pupil", "deceased",
    )  # fmt: skip
    assert programme.eligibility.max_per_family_card == 2
    assert [group.code for group in programme.selection.groups] == ["disability", "laid_off", "remote"]
    assert programme.selection.waiting_list
    assert programme.scholarship.end_in(2023) == date(2023, 12, 15)
    assert (programme.scholarship.first_purchase_days, programme.scholarship.next_purchase_days) == (15, 15)
    assert (programme.purchase.min_hours, programme.purchase.commission_cap_percent) == (15, 15)
    assert programme.purchase.price_max is None
    assert [(item.kind, item.amount, item.times) for item in programme.incentives] == [
        ("completion", 600_000, 1), ("survey", 50_000, 2),
    ]  # fmt: skip
    asked = {question.code for question in programme.surveys[1].questions}
    assert {"employment", "monthly_income"} <= asked


def test_choices_come_with_both_wordings() -> None:
    question = parse_programme(TEXT).surveys[0].questions[0]
    assert question.choices[0].code == "new_skill"
    assert question.choices[0].text == Words("Keterampilan baru", "A new skill")
    assert dict(question.choices[0].text) == {"id": "Keterampilan baru", "en": "A new skill"}
    assert len(question.text) == 2
    with pytest.raises(KeyError):
        question.text["jv"]


def test_absent_sections_are_absent_steps() -> None:
    week = parse_programme(programme_text("skills-week"))
    assert (week.selection, week.scholarship, week.incentives, week.surveys) == (None, None, (), ())
    assert week.event
    assert (week.event.days, week.purchase.price_max, week.purchase.discount_percent_min) == (7, 20_000, 50)


@pytest.mark.parametrize(
    ("old", "new", "start", "says"),
    [
        ("min_hours = 15", "min_hour = 15", "min_hours", "Did you mean `min_hours`?"),
        ("min_hours = 15", "zzz = 15", "min_hours", "Known here: source, paid_from"),
        ("min_hours = 15\n", "", "[purchase]", "`min_hours` is missing"),
        ("min_hours = 15", "min_hours = 15.0", "min_hours", "a whole number"),
        ("min_hours = 15", "min_hours = true", "min_hours", "a whole number"),
        ("min_hours = 15", "min_hours = 15_000", "min_hours", "Use 0 to 1000"),
        ("min_hours = 15", "min_hours = ", "min_hours", "This is not TOML"),
        ("legal_basis", "learning = 1\nlegal_basis", "", "This is not TOML"),
        ('name = { id = "Kartu Prakerja skema normal", en = "Kartu Prakerja', 'name = "x" # ', "name", "a table"),
        ("waiting_list = true", "waiting_list = 1", "waiting_list", "true or false"),
        ("in_force_from = 2023-01-01", "in_force_from = 2023-01-01T00:00:00Z", "in_force_from", "a date"),
        ('method = "lottery"', 'method = "lotery"', "method", "Did you mean `lottery`?"),
        ('method = "lottery"', "method = 7", "method", "Choices: lottery"),
        ('ends_on = "12-15"', 'ends_on = "15-12"', "ends_on", "looks like `12-15`"),
        ('keeper = "BKN"', 'keeper = " "', "keeper", "This text is empty"),
        ('legal_basis = [', 'legal_basis = "x" # [', "legal_basis", "must be a list"),
        ("[purchase]\n", "purchase = 1\n[purchase_]\n", "[purchase]", "purchase"),
        ('fact = "region", among = ["@remote_regions"]', 'fact = "region", among = ["@x"]', "", "No region list"),
        ('fact = "region", among = ["@remote_regions"]', 'fact = "region", among = []', "", "Nobody can be"),
        ("age_max = 64", "age_max = 17", "age_max", "below the lower"),
        ("floor_percent = 5", "floor_percent = 90", "", "add up to 115 %"),
        ('code = "disability"', 'code = "general"', "", "the name of all others"),
        ('code = "laid_off"', 'code = "disability"', "", "stands here 2 times"),
        ('"12.04", ', "", "regions = [", "`count` says 62"),
        ('modes = ["offline", "webinar", "self_paced", "blended"]', "modes = []", "modes", "No mode"),
        ("times = 2", "times = 3", "", "only 2 surveys"),
        ('of = "each_survey"', 'of = "first_training"', "", "cannot be of"),
        ("number = 2", "number = 3", "number = 2", "This is survey 2"),
        ('choice_codes = ["new_skill", ', "choice_codes = [", "", "differ in number"),
        ('kind = "scale"', 'kind = "choice"', "", "two choices or more"),
        ("least = 0\n", "", "", "need `least`"),
        ("most = 1000\n", "", "", "need `most`"),
        ("least = 1\nmost = 5", "least = 5\nmost = 5", "", "not above"),
        ("parts = 3", "parts = 4", "parts", "[end] counts 4"),
        ('programme = "prakerja-2023"', 'programme = "x"', "programme", "Both must be the same"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_place(old: str, new: str, start: str, says: str) -> None:
    found = changed(old, new)
    assert any(says in str(fault) for fault in found), [str(fault) for fault in found]
    if start:
        assert line_of(start) in {fault.line for fault in found}


def test_sections_that_need_each_other() -> None:
    without = re.sub(r"(?s)\[scholarship\].*?(?=\[purchase\])", "", TEXT).replace("parts = ", "parts = -1 + ")
    assert any("not TOML" in fault.problem for fault in faults_of(without))
    parts = int(re.search(r"parts = (\d+)", TEXT)[1])  # type: ignore[index]
    without = re.sub(r"(?s)\[scholarship\].*?(?=\[purchase\])", "", TEXT)
    found = faults_of(without.replace(f"parts = {parts}", f"parts = {parts - 1}"))
    assert {fault.path for fault in found} == {"purchase.paid_from", "selection", "incentives.0", "incentives.1"}


def test_no_question_no_survey() -> None:
    text = re.sub(r"(?s)\[\[surveys\.questions\]\].*?(?=\[\[surveys\]\])", "", TEXT, count=1)
    assert any("missing" in fault.problem for fault in faults_of(text))
    text = text.replace("opens_after_days = 0\n", "opens_after_days = 0\nquestions = []\n")
    assert any("asks nothing" in fault.problem for fault in faults_of(text))


def test_all_faults_at_once_in_the_order_of_lines() -> None:
    text = TEXT.replace("age_min = 18", "age_mim = 18").replace("min_hours = 15", "min_hours = -1")
    found = faults_of(text)
    assert [fault.line for fault in found] == sorted(fault.line for fault in found)
    assert {fault.path for fault in found} == {"eligibility", "eligibility.age_mim", "purchase.min_hours"}
    with pytest.raises(ProgrammeFaults, match=r"1\.toml: line"):
        parse_programme(text, file="1.toml")


def test_faulty_examples_are_told() -> None:
    text = (PROGRAMMES / "skills-week" / "cases.toml").read_text()
    with pytest.raises(ProgrammeFaults, match="Did you mean `eligible`"):
        parse_examples(text.replace("eligible = true", "elegible = true"), file="cases.toml")


@pytest.mark.parametrize(
    "text", ["", "a", "[" * 5_000, 'x = "\n', "\x00", "a = 1\na = 2\n", "x = " + "9" * 5_000, "x = " + "[" * 9_000]
)
def test_what_is_no_programme_is_refused(text: str) -> None:
    for fault in faults_of(text):
        assert 1 <= fault.line <= max(text.count("\n") + 1, 1)


def test_end_must_be_last() -> None:
    head, end = TEXT.split("[end]")
    purchase = re.search(r"(?s)\[purchase\].*?(?=\[learning\])", head)
    assert purchase
    moved = head.replace(purchase[0], "") + "[end]" + end + purchase[0]
    assert any("Put [end] last" in fault.hint for fault in faults_of(moved))


def test_what_tomllib_would_refuse_has_no_places() -> None:
    with pytest.raises(ValueError, match="at offset 0"):
        find_places("= 1")


def test_a_programme_without_eligibility_rules_is_one() -> None:
    text = re.sub(r"(?s)\[eligibility\].*?(?=\[purchase\])", "", programme_text("skills-week"))
    assert parse_programme(text.replace("parts = 5", "parts = 3")).eligibility is None


def test_windows_line_ends_are_fine() -> None:
    assert parse_programme(TEXT.replace("\n", "\r\n")) == parse_programme(TEXT)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_programme_is_told_in_plain_words(code: str, language: str) -> None:
    programme = parse_programme(programme_text(code))
    sections = describe(programme, language)
    assert all(section.lines and section.source for section in sections)
    lines = [line for section in sections for line in section.lines]
    assert not [line for line in lines if "{" in line]
    words = [len(sentence.split()) for line in lines for sentence in re.split(r"(?<=[.?]) ", line)]
    assert max(words) <= 24
    assert len(sections) == {"prakerja-2022": 7, "prakerja-2023": 8, "skills-week": 5}[code]


def test_what_a_programme_does_not_limit_is_not_told() -> None:
    normal = parse_programme(TEXT)
    assert normal.eligibility
    assert normal.selection
    loose = replace(normal.eligibility, age_min=None, age_max=None, identity_verified=False)
    wide = replace(normal, eligibility=loose, selection=replace(normal.selection, region_floor=0, waiting_list=False))
    told = {line for section in describe(wide, "en") for line in section.lines}
    whole = {line for section in describe(normal, "en") for line in section.lines}
    assert told < whole
    assert len(whole - told) == 5
    bare = describe(replace(wide, eligibility=None, selection=None, scholarship=None), "en")
    assert len(bare) == len(describe(wide, "en")) - 3


def test_days_in_words() -> None:
    assert day_in_words(date(1995, 8, 15), "id") == "15 Agustus 1995"
    assert day_in_words(date(1995, 8, 15), "en") == "15 August 1995"


# Damage ---------------------------------------------------------------------------------------------------------


def paths_of(data: Any, path: Path = ()) -> list[Path]:
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(below for key, value in entries for below in paths_of(value, (*path, key)))]


@pytest.mark.parametrize("code", CODES)
def test_every_value_has_a_place(code: str) -> None:
    text = programme_text(code)
    places = find_places(text)
    for path in paths_of(tomllib.loads(text))[1:]:
        assert path in places.lines or path[:-1] in places.lines, path
    for path, (start, end) in places.values.items():
        assert text.count("\n", 0, start) + 1 == places.lines[path]
        assert tomllib.loads("x = " + text[start:end]).keys() == {"x"}


TOML = '''
a.b = 'x=[1]' # c
"quoted key" = """
two "" lines \\""" # no
"""
[t."d.e"]
list = [ # a comment ]
  1, [2, "]"], {k = "}", l = ['''

TOML += """ 'x' ]},
]
long = '''
'' # '''
[[r]]
x = 2020-01-01T00:00:00
[[r.s]]
[[r.s]]
y = -1e5
[r.s.u]
[[r]]
"""


def test_places_in_all_of_toml() -> None:
    places = find_places(TOML)
    assert set(paths_of(tomllib.loads(TOML))) - {()} <= {*places.lines, ("t",)}
    assert places.lines[("t", "d.e", "list", 2, "l", 0)] == 8
    assert places.lines[("r", 1)] == TOML.count("\n")
    assert places.line(("r", 1, "nothing", "there")) == TOML.count("\n")


def parsed_or_faults(text: str) -> Programme | tuple[Fault, ...]:
    try:
        return parse_programme(text)
    except ProgrammeFaults as refused:
        faults = refused.faults
    assert faults
    assert all(1 <= fault.line <= text.count("\n") + 1 and fault.problem for fault in faults)
    return faults


def outside_values(text: str) -> list[int]:
    inside = {place for start, end in find_places(text).values.values() for place in range(start, end)}
    return [place for place in range(len(text)) if place not in inside]


WHOLE = parse_programme(TEXT)
OUTSIDE = outside_values(TEXT)
LINES = TEXT.splitlines(keepends=True)
OPTIONAL = {
    one.name
    for kind in vars(format_of_programmes).values()
    if isinstance(kind, type) and is_dataclass(kind)
    for one in fields(kind)
    if one.default is not MISSING or one.default_factory is not MISSING
}


@given(st.sampled_from(OUTSIDE), st.sampled_from(["", "#", "x", "=", "[", "]", '"', "\n", " ", ".", "é", "\x00"]))
@settings(max_examples=150, deadline=None)
def test_damage_outside_the_values_is_refused_or_harmless(place: int, sign: str) -> None:
    found = parsed_or_faults(TEXT[:place] + sign + TEXT[place + 1 :])
    assert isinstance(found, tuple) or found == WHOLE


@given(st.integers(0, len(TEXT) - 1))
@settings(max_examples=60, deadline=None)
def test_a_cut_file_is_refused(length: int) -> None:
    found = parsed_or_faults(TEXT[:length])
    assert isinstance(found, tuple) or found == WHOLE


@given(st.integers(0, len(LINES) - 1), st.integers(1, 12))
@settings(max_examples=100, deadline=None)
@example(LINES.index("citizens_only = true\n"), 1)
def test_lost_lines_are_noticed(start: int, count: int) -> None:
    """Unless each of them may be absent: a switch, or a whole table of its own."""
    found = parsed_or_faults("".join(LINES[:start] + LINES[start + count :]))
    lost = [line for line in LINES[start : start + count] if line.partition(" = ")[0] not in OPTIONAL and line.strip()]
    assert isinstance(found, tuple) or found == WHOLE or not lost or lost[0].startswith("[")


@given(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES) - 1))
@settings(max_examples=60, deadline=None)
def test_doubled_and_strayed_lines_are_noticed(source: int, target: int) -> None:
    found = parsed_or_faults("".join([*LINES[:target], LINES[source], *LINES[target:]]))
    assert isinstance(found, tuple) or found == WHOLE


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damage_inside_a_value_stays_at_its_place(data: st.DataObject) -> None:
    places = {path: span for path, span in find_places(TEXT).values.items() if span[0] < span[1]}
    path = data.draw(st.sampled_from(sorted(places, key=str)))
    start, end = places[path]
    place = data.draw(st.integers(start, end - 1))
    sign = data.draw(st.sampled_from(["", "0", "9", "x", '"', "]", "-", "\n", "#", " "]))
    found = parsed_or_faults(TEXT[:place] + sign + TEXT[place + 1 :])
    if isinstance(found, Programme) and found != WHOLE:
        assert path[0] in _differing(found), path


def _differing(programme: Programme) -> set[str]:
    names = programme.__slots__
    return {name for name in names if getattr(programme, name) != getattr(WHOLE, name)}
