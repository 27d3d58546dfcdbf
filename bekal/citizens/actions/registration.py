"""Registering a person, and correcting what they said."""

from datetime import datetime
from typing import Any
from uuid import UUID

from bekal.citizens import rules
from bekal.citizens.actions.consents import give_consents
from bekal.citizens.actions.refusals import REFUSALS, IdentitySettled, NikTaken, PhoneNotHere, PhoneTaken
from bekal.citizens.actions.traces import record
from bekal.citizens.models import MOVES, Citizen, Holding, State
from bekal.citizens.rules import FAMILY, NIK, PHONE, Details, Fault, Registration
from bekal.core import ids, machine, marks, vault
from bekal.core.atomic import action
from bekal.core.events import Actor

SETTLED = ("nik_ref", "family_ref", "phone_ref", "name", "birth_date")
"""What the registry has confirmed no longer changes by typing."""


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
    citizen_id = ids.fresh("citizen", details.nik)
    citizen = Citizen(id=citizen_id, registered_at=at, **_columns(citizen_id, details))
    _hold(citizen)
    citizen.save(force_insert=True)
    give_consents(by=by, at=at, citizen_id=citizen.id, purposes=registration.consents)
    data = {"regency": citizen.regency_code, "occupation": citizen.occupation}
    record("citizens.citizen_registered", by, at, citizen, data)
    return citizen


@action
def correct_details(*, by: Actor, at: datetime, citizen_id: UUID, registration: Registration) -> Citizen:
    """Replace what a person said. A mismatched person is asked about again; a verified one keeps identity and phone.

    The phone changes only with a fresh proof and a day's notice (`ask_phone_change`); consents only on their own.
    """
    details = check_registration(registration, at)
    citizen = Citizen.objects.select_for_update().get(id=citizen_id)
    columns = _columns(citizen.id, details)
    changed = any(getattr(citizen, name) != columns[name] for name in SETTLED)
    if changed and citizen.state == State.VERIFIED:
        raise IdentitySettled
    if columns["phone_ref"] != citizen.phone_ref:
        raise PhoneNotHere
    if citizen.state == State.MISMATCHED:
        machine.move(citizen, State.REGISTERED, moves=MOVES, mismatching=[])
    for name, value in columns.items():
        setattr(citizen, name, value)
    if changed:
        Holding.objects.filter(citizen_id=citizen.id).exclude(kind="reserved").delete()
        _hold(citizen)
    citizen.save(update_fields=list(columns))
    record("citizens.details_corrected", by, at, citizen, {"identity_changed": changed})
    return citizen


def _columns(citizen_id: UUID, details: Details) -> dict[str, Any]:
    said = details.said
    numbers = {NIK: details.nik, FAMILY: details.family_card, PHONE: details.phone}
    refs = marks.refer({(place, value): ids.fresh(place, value) for place, value in numbers.items()})
    sealed = {place: vault.seal(value, place=place, row=citizen_id) for place, value in numbers.items()}
    return {
        "nik_sealed": sealed[NIK],
        "nik_ref": refs[NIK, details.nik],
        "family_sealed": sealed[FAMILY],
        "family_ref": refs[FAMILY, details.family_card],
        "phone_sealed": sealed[PHONE],
        "phone_ref": refs[PHONE, details.phone],
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


def _hold(citizen: Citizen) -> None:
    """Make NIK and phone the person's own; the primary key decides who was first."""
    refs = {citizen.nik_ref: "nik", citizen.phone_ref: "phone"}
    rows = [Holding(ref=ref, kind=kind, citizen_id=citizen.id) for ref, kind in sorted(refs.items())]
    Holding.objects.bulk_create(rows, ignore_conflicts=True)
    held = set(Holding.objects.filter(citizen_id=citizen.id).values_list("kind", flat=True))
    if "nik" not in held:
        raise NikTaken
    if "phone" not in held:
        raise PhoneTaken
