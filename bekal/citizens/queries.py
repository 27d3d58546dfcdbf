"""Reading people. Sealed numbers leave masked; in the clear they are read through `readings` only."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min

from bekal.citizens.models import (
    CaseState,
    ChangeState,
    Citizen,
    Consent,
    Draft,
    FaceCheck,
    FacePhoto,
    FaceState,
    FaceTry,
    Holding,
    PhoneChange,
    RecoveryCase,
    State,
)
from bekal.citizens.purposes import stop_hash
from bekal.citizens.readings import SealedIdentity, family_tail_matches, mask_of_phone, masks_of
from bekal.citizens.rules import DRAFT, IDENTITY_POLICY, NIK, PHONE, face_passes, promised_day, read_phone
from bekal.core import marks, vault
from bekal.core.rows import Rows, plain_rows
from bekal.rulebooks.regions import regency_name

LIKENESS = 0.5
"""From which share of common trigrams on (pg_trgm) two names are much alike."""

LIKELY_DUPLICATES = """
    SELECT * FROM (
        SELECT o.id, o.name, similarity(o.name, c.name) AS likeness, o.regency_code = c.regency_code,
            o.family_ref = c.family_ref AS same_family, o.sex = c.sex
        FROM citizens_citizen c JOIN citizens_citizen o ON o.birth_date = c.birth_date AND o.id <> c.id
        WHERE c.id = %s
    ) found WHERE likeness >= %s ORDER BY same_family DESC, likeness DESC, id LIMIT %s
"""
Answers = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class CitizenView:
    """A person as pages show one. `state`: registered, verified or mismatched; `mismatching`: fields
    that differ from the registry."""

    id: UUID
    name: str
    nik_masked: str
    phone_masked: str
    birth_date: date
    sex: str
    regency_code: str
    regency_name: str
    schooling: str
    disability: str | None
    occupation: str
    interests: tuple[str, ...]
    language: str
    state: str
    mismatching: tuple[str, ...]
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentView:
    """`version`: of the text that was shown when it was given."""

    purpose: str
    version: int
    given_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class LikelyDuplicate:
    """Somebody who may be the same person: `likeness` of the names from 0 to 1, and what else is the same."""

    id: UUID
    name: str
    likeness: float
    same_regency: bool
    same_family: bool
    same_sex: bool


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change of phone on its way. `phone`: the new number, masked; `way`: own or recovery."""

    id: UUID
    citizen_id: UUID
    phone: str
    way: str
    asked_at: datetime
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class Traits:
    """What the output test of a draw looks at; `sex`: F or M."""

    sex: str
    birth_date: date


def citizen_view(citizen_id: UUID) -> CitizenView:
    """A person. Raises `Citizen.DoesNotExist`."""
    citizen = Citizen.objects.get(id=citizen_id)
    masks = masks_of(citizen)
    return CitizenView(
        id=citizen.id,
        name=citizen.name,
        nik_masked=masks.nik,
        phone_masked=masks.phone,
        birth_date=citizen.birth_date,
        sex=citizen.sex,
        regency_code=citizen.regency_code,
        regency_name=regency_name(citizen.regency_code),
        schooling=citizen.schooling,
        disability=citizen.disability or None,
        occupation=citizen.occupation,
        interests=tuple(citizen.interests),
        language=citizen.language,
        state=citizen.state,
        mismatching=tuple(citizen.mismatching),
        registered_at=citizen.registered_at,
    )


def citizen_of_phone(phone: str) -> UUID | None:
    """Whose number this is, in any spelling."""
    number = read_phone(phone)
    if not isinstance(number, str):
        return None
    return holder_of(PHONE, number)


def holder_of(place: str, number: str) -> UUID | None:
    """Who holds a NIK or phone number (place NIK or PHONE), if anybody."""
    ref = marks.find([(place, number)]).get((place, number))
    if ref is None:
        return None
    held = Holding.objects.filter(ref=ref, kind__in=("nik", "phone"))
    return held.values_list("citizen_id", flat=True).first()


def same_family(citizen_id: UUID) -> list[UUID]:
    """All people on the person's family card, the person among them."""
    card = Citizen.objects.values_list("family_ref", flat=True).get(id=citizen_id)
    return list(Citizen.objects.filter(family_ref=card).order_by("id").values_list("id", flat=True))


def likely_duplicates(citizen_id: UUID, limit: int = 20) -> list[LikelyDuplicate]:
    """People born on the same day whose name is much like this one's, likeliest first. For a person to look at: twins,
    namesakes and different people are among them, and nothing is refused by it."""
    with connection.cursor() as cursor:
        cursor.execute(LIKELY_DUPLICATES, [citizen_id, LIKENESS, limit])
        return [LikelyDuplicate(*row) for row in cursor.fetchall()]


def names_by_nik(niks: Iterable[str]) -> dict[str, str]:
    """NIK -> name of those who are registered."""
    refs = {ref: nik for (_, nik), ref in marks.find((NIK, nik) for nik in niks).items()}
    rows = Citizen.objects.filter(nik_ref__in=list(refs)).values_list("nik_ref", "name")
    return {refs[ref]: name for ref, name in rows}


def consents_of(citizen_id: UUID) -> dict[str, datetime]:
    """Purpose -> since when it is allowed; withdrawn ones are not in it."""
    given = Consent.objects.filter(citizen_id=citizen_id, withdrawn_at=None)
    return dict(given.values_list("purpose", "given_at"))


def consent_history(citizen_id: UUID) -> dict[str, ConsentView]:
    """Every purpose a person ever allowed, withdrawn or not."""
    rows = Consent.objects.filter(citizen_id=citizen_id).order_by("purpose")
    return {row.purpose: ConsentView(row.purpose, row.version, row.given_at, row.withdrawn_at) for row in rows}


def who_allow(citizen_ids: Iterable[UUID], purpose: str) -> set[UUID]:
    """Those of many people who allow a purpose today."""
    rows = Consent.objects.filter(citizen_id__in=list(citizen_ids), purpose=purpose, withdrawn_at=None)
    return set(rows.values_list("citizen_id", flat=True))


def waiting_change(citizen_id: UUID) -> ChangeView | None:
    """The change of phone that waits to take effect, if there is one."""
    row = PhoneChange.objects.filter(citizen_id=citizen_id, state=ChangeState.WAITING).first()
    return _change_view(row) if row else None


def change_of_link(token: str) -> ChangeView | None:
    """The waiting change of phone that a link sent to the old number can stop."""
    row = PhoneChange.objects.filter(stop_hash=stop_hash(token), state=ChangeState.WAITING).first()
    return _change_view(row) if row else None


def changes_due(at: datetime, limit: int) -> list[UUID]:
    """Changes of phone whose day is over."""
    rows = PhoneChange.objects.filter(state=ChangeState.WAITING, effective_at__lte=at).order_by("effective_at", "id")
    return list(rows.values_list("id", flat=True)[:limit])


def open_recoveries(at: datetime, limit: int = 100) -> list[RecoveryCase]:
    """Cases that wait for two of the staff, longest waiting first."""
    rows = RecoveryCase.objects.filter(state=CaseState.OPEN, lapses_at__gt=at).order_by("asked_at", "id")
    return list(rows[:limit])


def recovery_case(case_id: UUID) -> RecoveryCase | None:
    return RecoveryCase.objects.filter(pk=case_id).first()


def _change_view(row: PhoneChange) -> ChangeView:
    return ChangeView(row.id, row.citizen_id, mask_of_phone(row), row.way, row.asked_at, row.effective_at)


def unchecked(limit: int) -> list[UUID]:
    """People the registry has not been asked about since they last spoke, longest waiting first."""
    waiting = Citizen.objects.filter(state=State.REGISTERED).order_by("registered_at", "id")
    return list(waiting.values_list("id", flat=True)[:limit])


def families_of(citizen_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The reference of the family card of many people at once."""
    return dict(Citizen.objects.filter(id__in=list(citizen_ids)).values_list("id", "family_ref"))


def language_of(citizen_id: UUID) -> str:
    """The language a person chose."""
    return Citizen.objects.values_list("language", flat=True).get(id=citizen_id)


def traits_of(citizen_ids: Iterable[UUID]) -> dict[UUID, Traits]:
    """Sex and birth date of many people at once."""
    rows = Citizen.objects.filter(id__in=list(citizen_ids)).values_list("id", "sex", "birth_date")
    return {citizen_id: Traits(sex, birth_date) for citizen_id, sex, birth_date in rows}


def citizen_place(citizen_id: UUID) -> str:
    """The regency code a person lives in."""
    return Citizen.objects.values_list("regency_code", flat=True).get(id=citizen_id)


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table; numbers are added by who may read them."""
    return {
        "citizens": plain_rows(Citizen.objects.filter(id=citizen_id), without=("nik_ref", "family_ref", "phone_ref")),
        "consents": plain_rows(Consent.objects.filter(citizen_id=citizen_id)),
        "phone_changes": plain_rows(PhoneChange.objects.filter(citizen_id=citizen_id), without=("phone_ref",)),
        "face_checks": plain_rows(FaceCheck.objects.filter(citizen_id=citizen_id), without=("taken_by",)),
        "face_tries": plain_rows(FaceTry.objects.filter(citizen_id=citizen_id)),
        "face_photos": plain_rows(FacePhoto.objects.filter(citizen_id=citizen_id)),
        "recoveries": plain_rows(RecoveryCase.objects.filter(citizen_id=citizen_id), without=("phone_ref", "digest")),
    }


@dataclass(frozen=True, slots=True)
class TryView:
    """One answer of the face match. `passed`: a living face that is alike enough."""

    live: bool
    score: int
    passed: bool


@dataclass(frozen=True, slots=True)
class FaceView:
    """A person's face check as pages show it. `tries`: of this round, in order; `left`: tries before a human looks."""

    citizen_id: UUID
    state: str
    number: int
    tries: tuple[TryView, ...]
    left: int
    sent_at: datetime
    review_due_on: date | None
    refused_for: str


def face_of(citizen_id: UUID) -> FaceView | None:
    """A person's face check; None before the first photo."""
    check = FaceCheck.objects.filter(citizen_id=citizen_id).first()
    if check is None:
        return None
    rows = FaceTry.objects.filter(citizen_id=citizen_id).order_by("-number")[: check.tried]
    tries = tuple(TryView(row.live, row.score, face_passes(row.live, row.score)) for row in reversed(rows))
    return FaceView(
        citizen_id, check.state, check.number, tries, max(IDENTITY_POLICY.tries - check.tried, 0), check.sent_at,
        check.review_due_on, check.refused_for,
    )  # fmt: skip


def face_cases() -> tuple[int, date | None]:
    """How many cases wait for a human, and the day the first of them is due."""
    found = FaceCheck.objects.filter(state=FaceState.REVIEW).aggregate(count=Count("id"), due=Min("review_due_on"))
    return found["count"], found["due"]


def answer_promised(citizen_id: UUID, at: datetime) -> date:
    """The day by which the civil registry's answer about a waiting person is promised; never a day that has passed."""
    since, last = Citizen.objects.values_list("registered_at", "checked_at").get(id=citizen_id)
    return max(promised_day(last or since, IDENTITY_POLICY.registry_days), promised_day(at, 1))


def question_state(citizen_id: UUID, said: SealedIdentity) -> bytes:
    """What tells one question to the civil registry from the next: a keyed digest of what the person says and of the
    last answer's time. As long as no answer came, it stays."""
    checked_at = Citizen.objects.values_list("checked_at", flat=True).get(id=citizen_id)
    told = (said.nik, said.family_card, said.name, said.birth_date, checked_at)
    return vault.fingerprint("\n".join(map(str, told)), place="citizens.question")


def draft_answers(phone: str, at: datetime) -> Answers:
    """What was answered under a proven phone (E.164) and is not sent yet: question -> what was typed."""
    ref = marks.find([(DRAFT, phone)]).get((DRAFT, phone))
    row = Draft.objects.filter(pk=ref, updated_at__gt=at - Draft.LIFE).first() if ref else None
    return answers_in(row) if row else {}


def answers_in(row: Draft) -> Answers:
    return json.loads(vault.unseal(row.answers_sealed, place=DRAFT, row=row.id))  # type: ignore[no-any-return]


def knows_birth_and_card(citizen_id: UUID, birth_date: date, card_end: str) -> bool:
    """Whether somebody knows a person's birth date and the last four digits of their family card."""
    citizen = Citizen.objects.get(id=citizen_id)
    return citizen.birth_date == birth_date and family_tail_matches(citizen, card_end)
