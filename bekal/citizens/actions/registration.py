"""Registering a person, and correcting what they said."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from bekal.citizens import rules
from bekal.citizens.actions.refusals import REFUSALS, IdentitySettled, NikTaken, PhoneTaken
from bekal.citizens.actions.traces import record
from bekal.citizens.models import MOVES, Citizen, Consent, IdentityMark, State
from bekal.citizens.rules import Details, Fault, Registration
from bekal.core import ids, machine, vault
from bekal.core.atomic import action
from bekal.core.events import Actor


def check_registration(registration: Registration, at: datetime) -> Details:
    """The registration, read; raises the refusal that names its first fault. Asks no register and no table."""
    found = rules.read_registration(registration, at.date())
    if isinstance(found, Fault):
        raise REFUSALS[found.kind](**found.facts)
    return found


@action
def register_citizen(*, by: Actor, at: datetime, registration: Registration) -> Citizen:
    """Register a person. Refuses what cannot be, and a NIK or phone number that is registered already."""
    details = check_registration(registration, at)
    citizen = Citizen(id=ids.fresh("citizen", details.nik), registered_at=at, **_columns(details))
    marks = _marks(citizen, details)
    _check_free(marks, citizen.id)
    _claim(marks)
    citizen.save(force_insert=True)
    _consent(citizen.id, registration.consents, at)
    data = {"regency": citizen.regency_code, "occupation": citizen.occupation}
    record("citizens.citizen_registered", by, at, citizen, data)
    return citizen


@action
def correct_details(*, by: Actor, at: datetime, citizen_id: UUID, registration: Registration) -> Citizen:
    """Replace what a person said. A mismatched person is asked about again; a verified one keeps identity and phone."""
    details = check_registration(registration, at)
    citizen = Citizen.objects.select_for_update().get(id=citizen_id)
    columns = _columns(details)
    marks = _marks(citizen, details)
    changed = _identity_changes(citizen, columns, marks)
    if changed and citizen.state == State.VERIFIED:
        raise IdentitySettled
    if changed:
        _check_free(marks, citizen.id)
        IdentityMark.objects.filter(citizen_id=citizen.id).delete()
        _claim(marks)
    if citizen.state == State.MISMATCHED:
        machine.move(citizen, State.REGISTERED, moves=MOVES, mismatching=[])
    for name, value in columns.items():
        setattr(citizen, name, value)
    citizen.save(update_fields=list(columns))
    Consent.objects.filter(citizen_id=citizen.id).exclude(purpose__in=registration.consents).delete()
    _consent(citizen.id, registration.consents, at)
    record("citizens.details_corrected", by, at, citizen, {"identity_changed": changed})
    return citizen


def _columns(details: Details) -> dict[str, Any]:
    said = details.said
    return {
        "nik_sealed": vault.seal(details.nik, place="citizens.nik"),
        "nik_index": vault.blind_index(details.nik, place="citizens.nik"),
        "family_sealed": vault.seal(details.family_card, place="citizens.family_card"),
        "family_index": vault.blind_index(details.family_card, place="citizens.family_card"),
        "phone_sealed": vault.seal(details.phone, place="citizens.phone"),
        "name": details.name,
        "birth_date": said.birth_date,
        "sex": said.sex,
        "regency_code": said.regency_code,
        "schooling": said.schooling,
        "disability": said.disability or "",
        "occupation": said.occupation,
        "interests": list(said.interests),
        "language": said.language,
    }


def _marks(citizen: Citizen, details: Details) -> list[IdentityMark]:
    values = {"nik": details.nik, "phone": details.phone}
    return [
        IdentityMark(index=vault.blind_index(value, place=f"citizens.{kind}"), kind=kind, citizen_id=citizen.id)
        for kind, value in values.items()
    ]


def _check_free(marks: list[IdentityMark], citizen_id: UUID) -> None:
    taken = IdentityMark.objects.filter(index__in=[mark.index for mark in marks]).exclude(citizen_id=citizen_id)
    kinds = set(taken.values_list("kind", flat=True))
    if "nik" in kinds:
        raise NikTaken
    if kinds:
        raise PhoneTaken


def _claim(marks: list[IdentityMark]) -> None:
    try:
        IdentityMark.objects.bulk_create(marks)
    except IntegrityError as collision:  # somebody else was faster than the look-up
        nik_taken = bytes(marks[0].index).hex() in str(collision)
        raise (NikTaken if nik_taken else PhoneTaken) from None


def _identity_changes(citizen: Citizen, columns: dict[str, Any], marks: list[IdentityMark]) -> bool:
    settled = ("nik_index", "family_index", "name", "birth_date")
    same = all(_plain(getattr(citizen, name)) == columns[name] for name in settled)
    known = IdentityMark.objects.filter(citizen_id=citizen.id, index__in=[mark.index for mark in marks]).count()
    return not same or known != len(marks)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _consent(citizen_id: UUID, purposes: tuple[str, ...], at: datetime) -> None:
    consents = [
        Consent(id=ids.fresh("consent", str(citizen_id), purpose), citizen_id=citizen_id, purpose=purpose, given_at=at)
        for purpose in sorted(set(purposes))
    ]
    Consent.objects.bulk_create(consents, ignore_conflicts=True)
