"""Quotas in a programme file: floors, caps, fixed numbers and the way of unused places."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.cli.main import main
from bekal.engines.draw.quotas import Share
from bekal.rulebooks.regions import PROVINCES
from bekal.rulebooks.rules import Fault, ProgrammeFaults, describe, parse_programme
from tests.rulebooks.making import programme_text

# One selection with every kind of bound: a decree of an island state that wants all of it.
SELECTION = """[selection]
source = "An example decree"
method = "lottery"
region_level = "province"
region_weights = "labour_force"
region_floor = 20
region_cap_percent = 12
unused = ["region", "all"]
waiting_list = true

[[selection.regions]]
code = "91"
places = 500
source = "An example decree"

[[selection.regions]]
code = "92"
percent = 3
source = "An example decree"

[[selection.groups]]
code = "disability"
name = { id = "Penyandang disabilitas", en = "People with a disability" }
floor_percent = 5
when = { fact = "disability", among = ["any"] }
source = "An example decree"

[[selection.groups]]
code = "laid_off"
name = { id = "Pekerja yang terkena PHK", en = "Laid-off workers" }
floor_places = 1_000
cap_places = 9_000
when = { fact = "occupation", among = ["laid_off"] }
source = "An example decree"

[[selection.groups]]
code = "remote"
name = { id = "Warga daerah tertinggal", en = "People of disadvantaged regions" }
floor_percent = 10
cap_percent = 30
when = { fact = "region", among = ["@remote_regions"] }
source = "An example decree"

"""
NORMAL = programme_text()
TEXT = re.sub(r"(?s)\[selection\].*?(?=\[scholarship\])", lambda _: SELECTION, NORMAL).replace(
    "parts = 33", "parts = 35"
)


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(ProgrammeFaults) as caught:
        parse_programme(text)
    return caught.value.faults


def test_every_kind_of_bound_is_read() -> None:
    selection = parse_programme(TEXT).selection
    assert selection
    assert (selection.floor_of_regions, selection.cap_of_regions) == (Share(places=20), Share(percent=12))
    assert {region.code: region.share for region in selection.regions} == {
        "91": Share(places=500), "92": Share(percent=3),
    }  # fmt: skip
    assert [(group.floor, group.cap) for group in selection.groups] == [
        (Share(percent=5), None),
        (Share(places=1_000), Share(places=9_000)),
        (Share(percent=10), Share(percent=30)),
    ]
    assert selection.unused == ("region", "all")


def test_absence_is_no_bound() -> None:
    selection = parse_programme(NORMAL).selection
    assert selection
    assert (selection.regions, selection.cap_of_regions, selection.groups[0].cap) == ((), None, None)
    text = NORMAL.replace("region_floor = 1", "region_floor_percent = 1")
    selection = parse_programme(text).selection
    assert selection
    assert selection.floor_of_regions == Share(percent=1)


def choice(text: str, language: str) -> list[str]:
    return list(describe(parse_programme(text), language)[2].lines)


def test_bounds_in_plain_words() -> None:
    assert choice(TEXT, "en")[2:] == [
        "Each region with applicants: at least 20 places.",
        "Each region: at most 12 percent of the places.",
        f"{PROVINCES['91']}: exactly 500 places, as long as there are applicants.",
        f"{PROVINCES['92']}: exactly 3 percent of the places, as long as there are applicants.",
        "People with a disability: at least 5 percent of the places, as long as there are applicants.",
        "Laid-off workers: at least 1,000 places, as long as there are applicants.",
        "Laid-off workers: at most 9,000 places.",
        "People of disadvantaged regions: at least 10 percent of the places, as long as there are applicants.",
        "People of disadvantaged regions: at most 30 percent of the places.",
        "A group's share that still finds nobody opens to everybody in that region.",
        "Places that a region cannot fill go to the other regions.",
        "Those not chosen wait in the order of the draw.",
    ]
    assert "Pekerja yang terkena PHK: paling banyak 9.000 kursi." in choice(TEXT, "id")


def test_regencies_are_told_by_name() -> None:
    text = TEXT.replace('region_level = "province"', 'region_level = "regency"')
    text = text.replace('code = "91"', 'code = "32.73"').replace('code = "92"', 'code = "91.03"')
    assert any(line.startswith("Kota Bandung: tepat 500 kursi") for line in choice(text, "id"))
    assert "Places go to regencies by their estimated labour force." in choice(text, "en")


def test_without_a_reserve_only_regions_pass_places_on() -> None:
    text = re.sub(r"(?s)\[\[selection\.groups\]\].*?(?=\[scholarship\])", "", NORMAL)
    text = text.replace("parts = 33", "parts = 30")
    assert choice(text, "en")[2:] == [
        "Each region with applicants: at least 1 place.",
        "Places that a region cannot fill go to the other regions.",
        "Those not chosen wait in the order of the draw.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ('unused = ["region", "all"]', 'unused = ["all", "region"]', "unused", '["region", "all"]'),
        ('unused = ["region", "all"]', 'unused = ["group", "all"]', "unused", "cannot flow in this order"),
        ('unused = ["region", "all"]', 'unused = ["regions"]', "unused", "Did you mean `region`?"),
        ('unused = ["region", "all"]\n', "", "[selection]", "`unused` is missing"),
        ("region_floor = 20\n", "", "[selection]", "`region_floor` is missing"),
        ("region_floor = 20", "region_floor = 20\nregion_floor_percent = 1", "region_floor_percent", "says it too"),
        ("region_floor = 20", "region_floor_percent = 3", "region_floor_percent", "each of the 36 regions"),
        ("region_floor = 20", "region_floor_percent = 13", "region_cap_percent", "below the floor"),
        ("region_cap_percent = 12", "region_cap = 19", "region_cap = 19", "below the floor"),
        ("region_cap_percent = 12", "region_cap_percent = 0", "region_cap_percent", "Use 1 to 100"),
        ("region_cap_percent = 12", "region_cap_percent = 12\nregion_cap = 40", "region_cap_percent", "says it too"),
        ('code = "91"\nplaces = 500', 'code = "91"\npercent = 98', "[[selection.regions]]", "add up to 101 %"),
        ("places = 500\n", "", "[[selection.regions]]", "either places or percent"),
        ("places = 500\n", "places = 500\npercent = 2\n", "[[selection.regions]]", "either places or percent"),
        ('code = "91"', 'code = "90"', 'code = "90"', "No province has the code 90"),
        ('code = "91"', 'code = "91.03"', 'code = "91.03"', "Codes look like 11"),
        ('region_level = "province"', 'region_level = "regency"', 'code = "91"', "No regency has the code 91"),
        ('code = "92"', 'code = "91"', "[[selection.regions]]", "stands here 2 times"),
        ("floor_percent = 5\n", "", "[[selection.groups]]", "neither floor nor cap"),
        ("floor_percent = 5", "floor_percent = 91", "[[selection.groups]]", "add up to 101 %"),
        ("cap_places = 9_000", "cap_places = 999", "cap_places", "below the floor"),
        ("cap_places = 9_000", "cap_places = 9_000\ncap_percent = 9", "cap_percent", "`cap_places` says it too"),
        ("cap_percent = 30", "cap_percent = 9", "cap_percent", "below the floor"),
        ("floor_places = 1_000", "floor_places = 0", "floor_places", "out of range"),
    ],
)
def test_each_fault_is_told_with_its_place(old: str, new: str, at: str, says: str) -> None:
    assert TEXT.count(old) >= 1, old
    text = TEXT.replace(old, new, 1)
    lines = text.splitlines()
    found = [fault for fault in faults_of(text) if says in str(fault)]
    assert any(lines[fault.line - 1].startswith(at) for fault in found), [str(fault) for fault in faults_of(text)]


def test_a_cap_that_leaves_places_to_nobody() -> None:
    text = NORMAL.replace("region_floor = 1", "region_floor = 1\nregion_cap_percent = 2")
    assert [fault.problem for fault in faults_of(text)] == ["All regions together may take only 76 % of the places."]


def test_the_command_tells_every_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "1.toml"
    file.write_text(TEXT)
    assert main(["programme", "check", str(file)]) == 0
    file.write_text(TEXT.replace('code = "91"', 'code = "90"').replace("cap_percent = 30", "cap_percent = 9"))
    assert main(["programme", "check", str(file)]) == 1
    told = capsys.readouterr().out
    assert "No province has the code 90. Codes look like 11." in told
    assert "The cap is below the floor. Swap them?" in told


BOUNDS = re.compile(r"(?m)^(?:(?:region_)?(?:floor|cap)\w*|places|percent) = ([0-9_]+)$")
SPANS = [found.span(1) for found in BOUNDS.finditer(TEXT)]


@given(st.sampled_from(SPANS), st.integers(-5, 200) | st.sampled_from([10**8, 10**30]))
@settings(max_examples=150, deadline=None)
def test_any_number_is_read_or_explained(span: tuple[int, int], number: int) -> None:
    text = TEXT[: span[0]] + str(number) + TEXT[span[1] :]
    told: Sequence[object]
    try:
        told = describe(parse_programme(text), "id")
    except ProgrammeFaults as refused:
        told = [fault.hint for fault in refused.faults if fault.line > 1]
    assert told
    assert all(told)
