"""`bekal programme simulate`: it decides as the verdict does, and counts what it decides."""

import csv
import io
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.cli.main import main
from bekal.cli.simulation.drawn import TABLES, drawn_people, unknown_registers
from bekal.cli.simulation.from_file import CHOICES, people_of
from bekal.cli.simulation.people import DEFAULTS, People, decide, person
from bekal.cli.trouble import Trouble
from bekal.core.texts import table
from bekal.eligibility.rules import priority_group, rules_of, verdict
from bekal.rulebooks.regions import LABOUR_FORCE, REGENCIES, region_weights
from bekal.rulebooks.rules import parse_programme
from tests.rulebooks.making import ABROAD, PROGRAMMES, programme_files, programme_text
from tests.rulebooks.test_eligibility_keys import TEXT as ALL_ELIGIBILITY

NORMAL = parse_programme(programme_text())
WHOLE = parse_programme(ALL_ELIGIBILITY.replace('"31.71", ', '"31.71", "53", '))
ALL = [*(parse_programme(file.read_text()) for file in programme_files()), WHOLE]
ON = date(2023, 8, 20)
REGISTERS = ("police", "pupil", "deceased", "social_aid", "ability_test", "unheard_of")
ROW = {
    "birth_date": st.dates(date(1940, 1, 1), ON).map(str) | st.sampled_from(["2005-08-20", "2005-08-21", "1958-08-20"]),
    "occupation": st.sampled_from(["", *sorted(CHOICES["occupation"])]),
    "regency_code": st.sampled_from(["", "32.73", "12.04", "53.71", "11.01"]),
    "disability": st.sampled_from(["", "visual"]),
    "schooling": st.sampled_from(["", "primary", "bachelor"]),
    "sex": st.sampled_from(["", "F", "M"]),
    "identity": st.sampled_from(["", "verified", "registered", "mismatched"]),
    "face": st.sampled_from(["", "matched", "review", "none"]),
    "citizen": st.sampled_from(["", "true", "false", "ya", "0"]),
    "registers": st.lists(st.sampled_from(REGISTERS), max_size=3).map(";".join),
    "prior_awards": st.sampled_from(["", "another-scheme", "another-scheme;b"]),
    "earlier_recipient": st.sampled_from(["", "true", "no"]),
    "family_card": st.sampled_from(["", "a", "b"]),
}


def written(rows: list[dict[str, str]], place: Path, delimiter: str = ",") -> Path:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(ROW), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    place.write_text(sink.getvalue())
    return place


def row_of(people: People, number: int) -> dict[str, object]:
    return {
        name: people.column(name).values[people.column(name).rows[number]] for name in DEFAULTS if name != "family_card"
    }


@given(
    st.lists(st.fixed_dictionaries(ROW), min_size=1, max_size=30),
    st.sampled_from(range(len(ALL))),
    st.sampled_from(",;"),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_everybody_is_decided_as_the_one_verdict_says(
    tmp_path: Path, rows: list[dict[str, str]], which: int, delimiter: str
) -> None:
    programme = ALL[which]
    file = people_of(written(rows, tmp_path / "people.csv", delimiter), ON)
    assert (file.bad_rows, file.people.size, file.missing, file.ignored) == (0, len(rows), (), {})
    found = decide(programme, file.people, ON)
    for number, row in enumerate(rows):
        facts = row_of(file.people, number)
        assert str(facts["birth_date"]) == row["birth_date"]
        assert facts["registers"] == tuple(sorted({code for code in row["registers"].split(";") if code}))
        one = verdict(programme, person(ON, **facts))
        assert found.verdicts[found.decided[number]] == (one.state, one.refused_by)
        assert found.groups[found.grouped[number]] == one.group == priority_group(programme, person(ON, **facts))


@pytest.mark.parametrize("programme", ALL, ids=lambda one: one.code)
def test_drawn_people_are_decided_as_the_one_verdict_says(programme: object) -> None:
    assert isinstance(programme, type(NORMAL))
    people = drawn_people(400, programme, ON, seed=7)
    found = decide(programme, people, ON)
    for number in range(people.size):
        one = verdict(programme, person(ON, **row_of(people, number)))
        assert found.verdicts[found.decided[number]] == (one.state, one.refused_by)
        assert found.groups[found.grouped[number]] == one.group


def test_drawn_people_follow_the_tables() -> None:
    size = 200_000
    people = drawn_people(size, NORMAL, ON, seed=1)
    assert [column.rows.tolist() for column in people.columns.values()] == [
        column.rows.tolist() for column in drawn_people(size, NORMAL, ON, seed=1).columns.values()
    ]
    regency = people.column("regency_code")
    counts = Counter(regency.values[row][:2] for row in regency.rows.tolist())
    everybody = sum(one.population for one in REGENCIES.values())
    west_java = sum(one.population for one in REGENCIES.values() if one.province_code == "32")
    assert abs(counts["32"] / size - west_java / everybody) < 0.01
    born = people.column("birth_date")
    ages = [(ON - born.values[row]).days // 365.2425 for row in born.rows.tolist()]
    assert 15 <= min(ages) < max(ages) <= 90
    bands = TABLES["ages"]["bands"]
    young = sum(band[2] for band in bands if band[1] < 30) / sum(band[2] for band in bands)
    assert abs(sum(age < 30 for age in ages) / size - young) < 0.01
    registers = people.column("registers")
    pupils = sum("pupil" in registers.values[row] for row in registers.rows.tolist())
    assert 0.08 < pupils / size < 0.11
    assert unknown_registers(WHOLE) == ("ability_test",)


def simulate(capsys: pytest.CaptureFixture[str], file: Path, *words: object) -> str:
    assert main(["programme", "simulate", str(file), "--language", "en", *map(str, words)]) == 0
    return capsys.readouterr().out


FILE = PROGRAMMES / "prakerja-2023" / "1.toml"
SIX = """birth_date,regency_code,registers,occupation,identity,disability,family_card
1990-01-01,32.73,,worker,verified,,a
1990-01-01,32.73,police;pupil,worker,verified,,a
2010-01-01,12.04,pupil,other,verified,,a
1990-01-01,12.04,,worker,registered,,a
1991-01-01,12.04,,worker,verified,,a
1992-01-01,31.71,,worker,verified,visual,a
"""


def test_the_report_counts_refusals_groups_regions_and_money(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(SIX)
    told = simulate(capsys, FILE, "--people", people, "--places", 2, "--on", "2023-08-20")
    lines = [" ".join(line.split()) for line in told.splitlines()]
    for line in (
        "6 people of " + str(people) + ", on 20 August 2023.",
        "Eligible: 3 people (50.0 %).",
        "Waiting for a check, not refused: 1 people (16.7 %).",
        "Age 1 1",
        "Occupation 0 1",
        "On the list of police officers 1 1",
        "On the list of active pupils and students 0 2",
        "If all were chosen, 1 would be passed over: at most 2 for each family card.",
        "For one person: balance Rp3.500.000, incentives up to Rp700.000, in all Rp4.200.000.",
        "If all 3 eligible people receive it: Rp12.600.000.",
        "One wave of 2 places, 2 recipients: balances Rp7.000.000, incentives up to Rp1.400.000, in all Rp8.400.000.",
        "Money to set aside before the wave opens: Rp8.400.000.",
        "Waves of this size until everybody has a place: 2.",
    ):
        if not line.startswith(("People of disadvantaged", "Everybody else", "Jawa Barat", "People with")):
            assert line in lines, line
    assert (
        sum(int(line.split()[-1]) for line in lines if line.startswith(("People with", "People of d", "Everybody")))
        == 2
    )


def test_an_entitlement_costs_by_take_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = tmp_path / "people.csv"
    people.write_text("birth_date\n" + "1980-01-01\n" * 200 + "2015-01-01\n")
    told = simulate(capsys, ABROAD / "skillsfuture-mid-career" / "1.toml", "--people", people, "--take-up", 15)
    assert "If all 200 eligible people receive it: S$800,000." in told
    assert "If 15 percent take it up, 30 people: S$120,000." in told
    assert "Rp" not in told
    told = simulate(capsys, ABROAD / "skillsfuture-credit" / "1.toml", "--people", 500)
    assert "Note: these people are of Indonesia, not of Singapore." in told


def test_a_programme_that_pays_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    told = simulate(capsys, PROGRAMMES / "skills-week" / "1.toml", "--people", "1_000", "--seed", 5)
    assert "The programme pays nothing" in told
    assert "Group" not in told
    assert "house setting" in told


def test_bad_rows_are_left_out_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = tmp_path / "people.csv"
    people.write_bytes(
        b"birth_date,sex,regency_kode,registers\n1990-01-01,F,32.73,\n1990-02-30,X,32.73,\n1990-01-01,F\n"
        b"2090-01-01,F,,\n1890-01-01,F,,\n1990-01-01,F,,\xff\n19900101,F,,\n1990-01-01,M,,\x1b[31m\n"
    )
    told = simulate(capsys, FILE, "--people", people)
    for line in (
        "1 people of",
        "7 rows are left out.",
        "The column regency_kode is not known and is not read. Did you mean regency_code?",
        "1 rows, column -: another number of cells than the header",
        "4 rows, column birth_date: a date such as 1995-08-15",
        "2 rows, column registers: codes of registers",
        "Row 2, column birth_date: 1990-02-30",
        "Row 2, column sex: X",
        "Row 3, column -: 1990-01-01,F",
        "Row 7, column birth_date: 19900101",
        "identity = verified, face = matched, citizen = true",
    ):
        assert line in told, line
    assert "\x1b" not in told


def test_parquet_is_read_as_the_same_people(tmp_path: Path) -> None:
    columns = {
        "birth_date": pa.array([date(1990, 1, 1), None, date(1991, 5, 5)]),
        "citizen": [True, False, None],
        "registers": pa.array([["police", "pupil"], [], None]),
        "regency_code": ["32.73", "", None],
    }
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "people.parquet")
    file = people_of(tmp_path / "people.parquet", ON)
    assert (file.people.size, file.left_out) == (2, {"birth_date": 1})
    first, second = (row_of(file.people, number) for number in range(2))
    assert (first["birth_date"], first["registers"], first["regency_code"]) == (
        date(1990, 1, 1), ("police", "pupil"), "32.73",
    )  # fmt: skip
    assert (second["citizen"], second["registers"], second["regency_code"]) == (True, (), "")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "needs a first line"),
        (b"a,a\n", "each once: a"),
        (b"born\n1990-01-01\n", "has no column birth_date"),
        (b"PAR1 and nothing more", "is no table of people"),
        (b"\xff\xfe\n", "is no table of people"),
        (b"birth_date\n" + b"9" * 3_000_000, "is no table of people"),
    ],
)
def test_what_is_no_table_of_people(tmp_path: Path, content: bytes, says: str) -> None:
    people = tmp_path / "people.csv"
    people.write_bytes(content)
    with pytest.raises(Trouble, match=says):
        people_of(people, ON)


@given(st.binary(max_size=200), st.sampled_from([b"", b"birth_date\n", b"birth_date,registers\n1990-01-01,", b"PAR1"]))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_read_or_explained(tmp_path: Path, content: bytes, start: bytes) -> None:
    people = tmp_path / "people.csv"
    people.write_bytes(start + content)
    try:
        file = people_of(people, ON)
    except Trouble:
        return
    assert decide(NORMAL, file.people, ON).decided.size == file.people.size


@pytest.mark.parametrize(
    ("file", "words", "says"),
    [
        (FILE, ["--people", "0"], "--people must be 1 to"),
        (FILE, ["--people", "9" * 400], "--people must be 1 to"),
        (FILE, ["--people", "5", "--places", "0"], "--places must be 1 to"),
        (FILE, ["--people", "5", "--take-up", "5"], "Only an entitlement"),
        (FILE, ["--people", "5", "--on", "0001-01-01"], "too long ago"),
        (FILE, ["--people", "nobody.csv"], "nobody.csv cannot be read"),
        (PROGRAMMES / "skills-week" / "1.toml", ["--people", "5", "--places", "5"], "has no wave"),
        (
            ABROAD / "skillsfuture-credit" / "1.toml",
            ["--people", "5", "--take-up", "101"],
            "--take-up must be 0 to 100",
        ),
    ],
)
def test_wrong_words_are_explained(file: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["programme", "simulate", str(file), *words]) == 1
    assert says in capsys.readouterr().err


def test_a_faulty_programme_is_told_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "1.toml").write_text("code = 1")
    assert main(["programme", "simulate", str(tmp_path / "1.toml"), "--people", "5"]) == 1
    assert "1.toml:1:" in capsys.readouterr().out


def test_every_rule_and_every_column_has_its_words() -> None:
    kinds = {rule.code.partition(":")[0] for programme in ALL for rule in rules_of(programme)}
    assert len(kinds) == 10
    assert {f"simulation.rule.{kind}" for kind in kinds} <= table().keys()
    assert {f"simulation.bad.{name}" for name in DEFAULTS} <= table().keys()


def test_regions_weigh_what_the_selection_says() -> None:
    assert region_weights("applicants", "province") is None
    assert region_weights("labour_force", "province") == LABOUR_FORCE
    assert region_weights("population", "regency") == {code: one.population for code, one in REGENCIES.items()}
