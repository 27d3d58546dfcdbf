"""Reading people. Sealed numbers leave masked; in the clear they are read through `readings` only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from bekal.citizens.models import Citizen, Consent, Holding, State
from bekal.citizens.readings import masks_of
from bekal.citizens.rules import PHONE, read_phone
from bekal.core import marks
from bekal.rulebooks.regions import regency_name


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
    return Holding.objects.filter(ref=ref).values_list("citizen_id", flat=True).first() if ref else None


def same_family(citizen_id: UUID) -> list[UUID]:
    """All people on the person's family card, the person among them."""
    card = Citizen.objects.values_list("family_ref", flat=True).get(id=citizen_id)
    return list(Citizen.objects.filter(family_ref=card).order_by("id").values_list("id", flat=True))


def consents_of(citizen_id: UUID) -> dict[str, datetime]:
    """Purpose -> when it was allowed."""
    return dict(Consent.objects.filter(citizen_id=citizen_id).values_list("purpose", "given_at"))


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
