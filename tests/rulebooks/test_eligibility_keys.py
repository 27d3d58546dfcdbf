"""The keys of [eligibility] that may be left out, the currency, and the balance that does not lapse."""

from dataclasses import replace
from datetime import date

import pytest

from bekal.rulebooks.rules import RUPIAH, Currency, Fault, ProgrammeFaults, Words, describe, parse_examples
from bekal.rulebooks.rules import parse_programme as parse
from tests.rulebooks.making import programme_text

NORMAL = programme_text()
HEAD = "once_in_a_lifetime = true\n"
REQUIRED = """
[[eligibility.required]]
code = "ability_test"
name = { id = "daftar peserta tes kemampuan", en = "the list of people who took the ability test" }
keeper = "PMO"
source = "An example decree"
"""
KEYS = """face_matched = true
regions = ["32", "31.71", "@remote_regions"]
prior_awards = ["another-scheme"]
"""
TEXT = NORMAL.replace(HEAD, HEAD + KEYS + REQUIRED).replace("parts = 33", "parts = 34")
CURRENCY = """[currency]
code = "SGD"
digits = 2
sign = "S$"
name = { id = "dolar Singapura", en = "Singapore dollars" }
source = "ISO 4217"

[eligibility]
"""


def faults_of(text: str) -> list[Fault]:
    with pytest.raises(ProgrammeFaults) as caught:
        parse(text)
    return list(caught.value.faults)


def test_absence_is_no_rule() -> None:
    rules = parse(NORMAL.replace("citizens_only = true\n", "")).eligibility
    assert rules
    assert (rules.citizens_only, rules.face_matched) == (False, False)
    assert (rules.required, rules.regions, rules.prior_awards) == ((), (), ())


def test_all_keys_are_read_and_told() -> None:
    programme = parse(TEXT)
    assert programme.eligibility
    assert programme.eligibility.regions == ("32", "31.71", "@remote_regions")
    assert [register.code for register in programme.eligibility.required] == ["ability_test"]
    told = describe(programme, "en")[1].lines
    for line in (
        "You are a citizen of Indonesia.",
        "Your face matches the photo on your identity card.",
        "You live in one of these regions: Jawa Barat, Kota Jakarta Pusat, Disadvantaged regions 2020-2024.",
        "You are on the list of people who took the ability test. PMO keeps these data.",
        "You have not received the programme another-scheme.",
    ):
        assert line.replace("Kota Jakarta Pusat", programme_region("31.71")) in told
    assert "Anda warga negara Indonesia." in describe(programme, "id")[1].lines


def programme_region(code: str) -> str:
    from bekal.rulebooks.regions import REGENCIES

    return REGENCIES[code].name


@pytest.mark.parametrize(
    ("old", "new", "at", "problem", "hint"),
    [
        ('"32", "31.71"', '"32", "31.99"', "regions", "code 31.99", "has 31.01 to 31.75"),
        ('"32", "31.71"', '"32", "Bandung"', "regions", "code Bandung", "Codes look like"),
        ('@remote_regions"]\nprior', '@remote_region"]\nprior', "regions", "code remote_region", "`@remote_regions`"),
        ('@remote_regions"]\nprior', '@x"]\nprior', "regions", "code x", "Add it as [[region_lists]]"),
        ('"32", "31.71"', '"32", "32"', "regions", "stands here 2 times", "Each may stand once"),
        ('"12.04", "12.14"', '"12.04", "12.99"', '  "12.04"', "code 12.99", "Sumatera Utara has 12.01"),
        ('code = "ability_test"', 'code = "pupil"', "code = ", "barred and required", "one of the two lists"),
        (REQUIRED, REQUIRED * 2, "[[eligibility.required]]", "stands here 2 times", "Each may stand once"),
        ('["another-scheme"]', '["prakerja-2023"]', "prior_awards", "this programme itself", "once_in_a_lifetime"),
        ('["another-scheme"]', '["b", "b"]', "prior_awards", "stands here 2 times", "Each may stand once"),
        ('["another-scheme"]', '["B"]', "prior_awards", "not of the right form", "It looks like"),
        ("face_matched = true", "face_matched = 1", "face_matched", "true or false", "without quotes"),
    ],
)
def test_each_fault_is_told_with_its_place(old: str, new: str, at: str, problem: str, hint: str) -> None:
    assert TEXT.count(old) == 1, old
    text = TEXT.replace(old, new)
    found = [fault for fault in faults_of(text) if problem in fault.problem]
    assert [fault for fault in found if hint in fault.hint], faults_of(text)
    assert all(text.splitlines()[fault.line - 1].startswith(at) for fault in found)


def test_examples_may_say_citizen_face_and_earlier_programmes() -> None:
    known = 'citizen = false, face = "review", prior_awards = ["a"]'
    text = f"""[amounts]
training_balance = 0
incentive_total = 0
total_benefit = 0
[[cases]]
name = {{ id = "a", en = "a" }}
given = {{ birth_date = 1990-01-01, on = 2023-01-01, {known} }}
expect = {{ eligible = true }}
"""
    case = parse_examples(text).cases[0].given
    assert (case.citizen, case.face, case.prior_awards) == (False, "review", ("a",))
    assert faults_in_examples(text.replace('"review"', '"maybe"')) == "`maybe` is not one of the choices."


def faults_in_examples(text: str) -> str:
    with pytest.raises(ProgrammeFaults) as caught:
        parse_examples(text)
    return caught.value.faults[0].problem


def test_amounts_are_written_in_the_currency() -> None:
    money = Currency("SGD", 2, "S$", Words("dolar", "dollars"), "ISO 4217")
    assert [money.written(amount, "en") for amount in (50_000, 123_456_789, 5, -1_250)] == [
        "S$500", "S$1,234,567.89", "S$0.05", "-S$12.50",
    ]  # fmt: skip
    assert money.written(123_456_750, "id") == "S$1.234.567,50"
    assert RUPIAH.written(600_000, "en") == "Rp600.000"
    assert replace(money, digits=0, code="JPY", sign="¥").written(1_000, "en") == "¥1,000"


def test_the_page_tells_another_currency() -> None:
    text = NORMAL.replace("[eligibility]\n", CURRENCY, 1).replace("parts = 33", "parts = 34")
    lines = [line for section in describe(parse(text), "en") for line in section.lines]
    assert "All amounts are in Singapore dollars." in lines
    assert "The training balance is S$35,000. It cannot be paid out." in lines
    assert "rupiah" not in " ".join(lines)


@pytest.mark.parametrize(("old", "new"), [('"SGD"', '"IDR"'), ('"SGD"', '"sgd"'), ("digits = 2", "digits = 5")])
def test_a_currency_that_cannot_be_meant(old: str, new: str) -> None:
    text = NORMAL.replace("[eligibility]\n", CURRENCY.replace(old, new), 1).replace("parts = 33", "parts = 34")
    assert all(fault.path.startswith("currency") and fault.hint for fault in faults_of(text))


def test_a_balance_without_windows_and_end() -> None:
    text = NORMAL.replace("_purchase_days = 15", '_purchase_days = "none"').replace('"12-15"', '"none"')
    programme = parse(text)
    assert programme.scholarship
    assert programme.scholarship.first_purchase_days is programme.scholarship.ends_on is None
    assert programme.scholarship.end_in(2023) is None
    assert parse(NORMAL).scholarship.end_in(2023) == date(2023, 12, 15)  # type: ignore[union-attr]
    told = {section.title: section.lines for section in describe(programme, "en")}
    assert told["Training balance"] == (
        "The training balance is Rp3.500.000. It cannot be paid out.",
        "The balance does not lapse.",
    )
