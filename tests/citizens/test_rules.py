"""Reading what people type about themselves."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lokal.phone import parse_phone

from bekal.citizens import rules
from bekal.citizens.rules import Details, Fault, NikReading, Registration
from tests.citizens.making import nik, registration

ON = date(2025, 6, 1)


@pytest.mark.parametrize(
    ("typed", "born", "sex", "district"),
    [
        ("3174041708900000", date(1990, 8, 17), "M", "Pasar Minggu"),
        ("3174 0457.0890-0000", date(1990, 8, 17), "F", "Pasar Minggu"),
        ("3273100101000000", date(2000, 1, 1), "M", "Astanaanyar"),
        ("3578016902960000", date(1996, 2, 29), "F", "Karang Pilang"),
        ("9201010505850000", date(1985, 5, 5), "M", None),
        ("1101011212590000", date(1959, 12, 12), "M", "Bakongan"),
    ],
)
def test_nik_tells_birth_date_sex_and_district(typed: str, born: date, sex: str, district: str | None) -> None:
    reading = rules.read_nik(typed, ON)
    assert isinstance(reading, NikReading)
    assert (reading.birth_date, reading.sex, reading.district) == (born, sex, district)
    assert reading.regency_code.replace(".", "") == reading.digits[:4]


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("3578012902970000", "nik_date"),
        ("3374053104880000", "nik_date"),
        ("3374050004880000", "nik_date"),
        ("3374053204880000", "nik_date"),
        ("3374057204880000", "nik_date"),
        ("3374051513880000", "nik_date"),
        ("9901014505850000", "nik_region"),
        ("3241014505850000", "nik_region"),
        ("3299014505850000", "nik_region"),
        ("3100014505850000", "nik_region"),
        ("317404170890000", "nik_length"),
        ("31740417089000000", "nik_length"),
        ("31740417O8900000", "nik_letters"),
        ("٣١٧٤٠٤١٧٠٨٩٠٠٠٠٠", "nik_letters"),
        ("", "nik_letters"),
        ("0000000000000000", "nik_region"),
    ],
)
def test_what_cannot_be_a_nik_is_named(typed: str, kind: str) -> None:
    fault = rules.read_nik(typed, ON)
    assert isinstance(fault, Fault)
    assert fault.kind == kind


@given(st.text(max_size=40))
def test_anything_typed_gets_an_answer(typed: str) -> None:
    assert isinstance(rules.read_nik(typed, ON), NikReading | Fault)
    assert isinstance(rules.read_phone(typed), str | Fault)
    assert isinstance(rules.read_name(typed), str | Fault)


@given(st.dates(date(1925, 7, 1), ON), st.sampled_from("FM"), st.integers(1, 9999))
def test_nik_of_any_person_agrees_with_the_person(born: date, sex: str, number: int) -> None:
    reading = rules.read_nik(nik(number, born=born, sex=sex), ON)
    assert isinstance(reading, NikReading)
    assert (reading.birth_date, reading.sex) == (born, sex)
    assert rules.nik_disagrees(reading, born, sex) is None


def test_birth_date_is_read_back_in_both_languages() -> None:
    reading = rules.read_nik(nik(), ON)
    assert isinstance(reading, NikReading)
    fault = rules.nik_disagrees(reading, date(1995, 8, 16), "F")
    assert fault == Fault(
        "nik_other_birth_date",
        {
            "nik_id": "15 Agustus 1995", "nik_en": "15 August 1995",
            "said_id": "16 Agustus 1995", "said_en": "16 August 1995",
        },
    )  # fmt: skip
    assert rules.nik_disagrees(reading, date(1995, 8, 15), "M") == Fault("nik_other_woman", {})
    man = rules.read_nik(nik(sex="M"), ON)
    assert isinstance(man, NikReading)
    assert rules.nik_disagrees(man, date(1995, 8, 15), "F") == Fault("nik_other_man", {})


def test_a_hundred_year_old_keeps_the_stated_century() -> None:
    reading = rules.read_nik(nik(born=date(1925, 3, 1)), ON)
    assert isinstance(reading, NikReading)
    assert reading.birth_date == date(2025, 3, 1)
    assert rules.nik_disagrees(reading, date(1925, 3, 1), "F") is None


@pytest.mark.parametrize(
    "typed",
    ["081234567890", "0812-3456-7890", "0812 3456 7890", "+62 812 3456 7890", "6281234567890", "+6281234567890",
     "(0812) 3456.7890", "81234567890"],
)  # fmt: skip
def test_phone_in_any_spelling(typed: str) -> None:
    assert rules.read_phone(typed) == "+6281234567890"


@pytest.mark.parametrize(
    ("typed", "kind"),
    [("", "malformed"), ("???", "malformed"), ("٠٨١٢٣٤٥٦٧٨٩٠", "malformed"), ("0812", "length"),
     ("0" * 10_000, "length"),
     ("0812345678901234", "length"), ("021 555 1234", "start"), ("+1 212 555 0100", "start"),
     ("08x2 3456 7890", "letters"), ("O81234567890", "letters")],
)  # fmt: skip
def test_what_is_no_mobile_number_is_named(typed: str, kind: str) -> None:
    fault = rules.read_phone(typed)
    assert isinstance(fault, Fault)
    assert fault.kind == f"phone_{kind}"


@given(
    st.from_regex(r"\+?(0|62|8|1)?8?[0-9 ().\-]{0,16}\n?", fullmatch=True) | st.text(alphabet="+0628 -1l٣", max_size=45)
)
def test_the_usual_spellings_are_read_as_all_others(typed: str) -> None:
    """The short way through the usual spellings says what the full reading says."""
    full, read = parse_phone(typed[:40]), rules.read_phone(typed)
    assert (read if isinstance(read, str) else None) == (full.e164 if full.type == "mobile" else None)


@pytest.mark.parametrize(
    "name",
    ["A", "Suharto", "I Gusti Ayu Made", "NURUL `AIN", "d'Arc", "Mc. Kenzie-Lee", "Siti A’isyah", "José", "R.M. 2",
     "李", "H. Abdul (Dul)", "K/L", "x" * 200],
)  # fmt: skip
def test_real_names_are_kept_letter_for_letter(name: str) -> None:
    assert rules.read_name(f"  {name} ") == name


@pytest.mark.parametrize(
    ("typed", "kind"),
    [("", "name_missing"), ("  . ", "name_missing"), ("123", "name_number"), ("x" * 201, "name_too_long"),
     ("Siti 😀", "name_sign"), ("a\x00b", "name_sign"), ("a\nb", "name_sign"), ("<b>", "name_sign")],
)  # fmt: skip
def test_what_is_no_name(typed: str, kind: str) -> None:
    fault = rules.read_name(typed)
    assert isinstance(fault, Fault)
    assert fault.kind == kind


@given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.integers(0, 40_000))
def test_age_grows_by_one_on_each_birthday(born: date, days: int) -> None:
    on = min(born + timedelta(days=days), date(2100, 1, 1))
    age = rules.age_on(born, on)
    assert (born.year + age, born.month, born.day) <= (on.year, on.month, on.day)
    assert (born.year + age + 1, born.month, born.day) > (on.year, on.month, on.day)
    assert 0 <= rules.age_on(born, on + timedelta(days=1)) - age <= 1


def test_a_registration_is_read_whole() -> None:
    said = registration(7, nik="3273.1055 0895-0007", name=" Siti ", phone="+62 812-3456-0007")
    details = rules.read_registration(said, ON)
    assert details == Details("3273105508950007", said.family_card, "Siti", "+6281234560007", said)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"nik": "1"}, "nik_length"),
        ({"phone": "1"}, "phone_length"),
        ({"name": ""}, "name_missing"),
        ({"nik": nik(1, born=date(1995, 8, 14))}, "nik_other_birth_date"),
        ({"nik": nik(1, sex="M")}, "nik_other_man"),
        ({"family_card": "12"}, "family_card_length"),
        ({"family_card": "x" * 16}, "family_card_length"),
        ({"family_card": nik()}, "family_card_is_nik"),
        ({"birth_date": date(2010, 8, 15)}, "under_age"),
        ({"birth_date": date(1895, 8, 15)}, "birth_date_impossible"),
        ({"regency_code": "00.00"}, "choice_unknown"),
        ({"schooling": "x"}, "choice_unknown"),
        ({"occupation": "x"}, "choice_unknown"),
        ({"language": "jv"}, "choice_unknown"),
        ({"disability": "A b"}, "choice_unknown"),
        ({"interests": ("😀",)}, "choice_unknown"),
        ({"interests": ("x",) * 51}, "choice_unknown"),
        ({"consents": ("identity_check", "x")}, "choice_unknown"),
        ({"consents": ("research",)}, "consent_missing"),
    ],
)
def test_each_fault_of_a_registration(said: dict[str, object], kind: str) -> None:
    fault = rules.read_registration(registration(1, **said), ON)
    assert isinstance(fault, Fault)
    assert fault.kind == kind


def test_every_fault_is_told_with_its_answer() -> None:
    said = registration(1, nik="1", phone="1", name="", family_card="x", schooling="x", consents=())
    found = rules.read_answers(said, ON)
    assert isinstance(found, list)
    assert [(answer, fault.kind) for answer, fault in found] == [
        ("nik", "nik_length"), ("phone", "phone_length"), ("name", "name_missing"),
        ("family_card", "family_card_length"), ("schooling", "choice_unknown"),
    ]  # fmt: skip
    assert rules.read_registration(said, ON) == found[0][1]


def test_nik_is_masked() -> None:
    assert rules.nik_masked("3273105508950007") == "3273•••••••••007"


def test_usual_consent() -> None:
    assert Registration.__dataclass_fields__["consents"].default == ("identity_check",)
