"""The one file that opens people's sealed numbers. Whoever wants one in the clear says what for, and that is recorded.

What a person or a partner gets to see is one event a person, found under that person. What only our own machines use
(a message to many telephones) is one event a batch, with a count. A mask leaves without an event: the number does not.
"""

import hmac
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from bekal.citizens.models import Citizen, FacePhoto, PhoneChange, RecoveryCase
from bekal.citizens.purposes import FIELDS, READING_PURPOSES, Masks, Purpose, phone_masked
from bekal.citizens.rules import FACE_PHOTO, FAMILY, NIK, PHONE, nik_masked
from bekal.core import events, vault
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.rows import among

KIND = "citizens.data_read"
MACHINE: tuple[Purpose, ...] = ("notice",)
"""Purposes under which no person and no partner is shown the number by us."""

_PLACES = {"nik": NIK, "family_card": FAMILY, "phone": PHONE}
_COLUMNS = {"nik": "nik_sealed", "family_card": "family_sealed", "phone": "phone_sealed"}


@dataclass(frozen=True, slots=True)
class SealedIdentity:
    """What the civil registry is asked about, in the clear. Never kept, shown or logged."""

    nik: str
    family_card: str
    name: str
    birth_date: date


@dataclass(frozen=True, slots=True)
class Contact:
    """Where and in which language to write to a person."""

    phone: str
    language: str


@action
def read_numbers(
    *, by: Actor, at: datetime, citizen_id: UUID, fields: Collection[str], purpose: Purpose, to: str = ""
) -> Mapping[str, str]:
    """Some of a person's numbers (nik, family_card, phone). `to`: who outside is told them, such as "civil_registry".

    Raises `Citizen.DoesNotExist`.
    """
    row = Citizen.objects.values(*(_COLUMNS[name] for name in fields)).get(id=citizen_id)
    record_reading(by=by, at=at, people=[citizen_id], fields=fields, purpose=purpose, to=to)
    return {name: vault.unseal(row[_COLUMNS[name]], place=_PLACES[name], row=citizen_id) for name in fields}


@action
def read_identity(*, by: Actor, at: datetime, citizen_id: UUID, purpose: Purpose, to: str = "") -> SealedIdentity:
    """What the civil registry is asked about. Raises `Citizen.DoesNotExist`."""
    numbers = read_numbers(by=by, at=at, citizen_id=citizen_id, fields=("nik", "family_card"), purpose=purpose, to=to)
    name, birth_date = Citizen.objects.values_list("name", "birth_date").get(id=citizen_id)
    return SealedIdentity(numbers["nik"], numbers["family_card"], name, birth_date)


@action
def read_contacts(*, by: Actor, at: datetime, citizen_ids: Iterable[UUID]) -> dict[UUID, Contact]:
    """Telephone and language of many people at once, for messages. Who was forgotten is not in it."""
    rows = Citizen.objects.filter(id__in=among(citizen_ids)).values_list("id", "phone_sealed", "language")
    contacts = {
        citizen_id: Contact(vault.unseal(phone, place=PHONE, row=citizen_id), language)
        for citizen_id, phone, language in rows
    }
    record_reading(by=by, at=at, people=list(contacts), fields=("phone",), purpose="notice")
    return contacts


@action
def record_reading(
    *, by: Actor, at: datetime, people: Collection[UUID], fields: Collection[str], purpose: Purpose, to: str = "",
    role: str = "",
) -> None:  # fmt: skip
    """Record that these people's data were read; called by whichever file opens them, in the same transaction.

    `role`: in which the member of staff looked, where it is known.
    """
    if purpose not in READING_PURPOSES or not set(fields) <= set(FIELDS):
        raise ValueError(f"no such purpose or field: {purpose} {sorted(fields)}")
    data = {"fields": sorted(fields), "to": to, "role": role}
    if not people:
        events.nothing_changed()
    elif purpose in MACHINE:
        one = next(iter(people)) if len(people) == 1 else None
        counted = data | {"people": len(people)}
        events.record(
            kind=KIND, by=by, at=at, about="citizen", key=str(one or "batch"), person=one, why=purpose, data=counted
        )
    else:
        events.record_each(kind=KIND, by=by, at=at, about="citizen", people=people, why=purpose, data=data)


@action
def read_sent_photo(
    *, by: Actor, at: datetime, citizen_id: UUID, purpose: Purpose, to: str = "", role: str = ""
) -> bytes:
    """The photo a person sent (JPEG). Raises `FacePhoto.DoesNotExist`."""
    sealed = FacePhoto.objects.values_list("jpeg_sealed", flat=True).get(citizen_id=citizen_id)
    record_reading(by=by, at=at, people=[citizen_id], fields=("face_photo",), purpose=purpose, to=to, role=role)
    return vault.unseal_bytes(sealed, place=FACE_PHOTO, row=citizen_id)


@action
def read_new_phone(*, by: Actor, at: datetime, row: PhoneChange | RecoveryCase) -> str:
    """The number that a change or a recovery is about, to write to it or to put it in its place."""
    record_reading(by=by, at=at, people=[row.citizen_id], fields=("phone",), purpose="notice")
    return vault.unseal(row.phone_sealed, place=PHONE, row=row.id)


def mask_of_phone(row: PhoneChange | RecoveryCase) -> str:
    """The mask of the number that a change or a recovery is about; "" once it was wiped."""
    return phone_masked(vault.unseal(row.phone_sealed, place=PHONE, row=row.id)) if row.phone_sealed else ""


def masks_of(citizen: Citizen) -> Masks:
    """The masks of a person's numbers; the numbers themselves do not leave this function."""
    return Masks(
        nik=nik_masked(vault.unseal(citizen.nik_sealed, place=NIK, row=citizen.id)),
        phone=phone_masked(vault.unseal(citizen.phone_sealed, place=PHONE, row=citizen.id)),
    )


def family_tail_matches(citizen: Citizen, tail: str) -> bool:
    """Whether the family card ends in these four digits; compared here, shown to nobody."""
    number = vault.unseal(citizen.family_sealed, place=FAMILY, row=citizen.id)
    return hmac.compare_digest(number[-4:].encode(), tail.encode())
