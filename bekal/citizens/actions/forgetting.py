"""Dropping who somebody was; what they did stays under a key that leads nowhere."""

from datetime import datetime
from uuid import UUID

from bekal.citizens.actions.phones import let_go
from bekal.citizens.models import (
    Citizen,
    Consent,
    Draft,
    FaceCheck,
    FacePhoto,
    FaceTry,
    Forgotten,
    Holding,
    PhoneChange,
    RecoveryCase,
)
from bekal.citizens.rules import DRAFT
from bekal.core import events, marks
from bekal.core.atomic import action
from bekal.core.events import Actor


@action
def forget_identity(
    *, by: Actor, at: datetime, citizen_id: UUID, phone: str, keep_nik_mark: bool, keep_family_mark: bool
) -> None:
    """Delete the person's row with all sealed numbers, consents, photos, cases and holdings, and their numbers' marks.

    `phone`: the person's (E.164), under which unsent answers may rest. A mark is kept where the caller says that a fact
    or a household limit rests on it; it tells nothing without our key. Raises `Citizen.DoesNotExist`.
    """
    citizen = Citizen.objects.select_for_update().get(id=citizen_id)
    family = Citizen.objects.filter(family_ref=citizen.family_ref).exclude(id=citizen_id)
    keep_family_mark = keep_family_mark or family.exists()
    recoveries = RecoveryCase.objects.filter(citizen_id=citizen_id)
    changes = PhoneChange.objects.filter(citizen_id=citizen_id)
    numbers = {citizen.phone_ref, *recoveries.values_list("phone_ref", flat=True)}
    numbers |= set(changes.values_list("phone_ref", flat=True))
    recoveries.delete()
    changes.delete()
    for table in (Consent, FaceCheck, FaceTry, FacePhoto):
        table.objects.filter(citizen_id=citizen_id).delete()
    Holding.objects.filter(citizen_id=citizen_id).delete()
    drafts = list(marks.find([(DRAFT, phone)]).values())
    Draft.objects.filter(pk__in=drafts).delete()
    marks.release(drafts)
    Forgotten.objects.create(
        citizen_id=citizen_id, regency_code=citizen.regency_code, registered_at=citizen.registered_at,
        verified_at=citizen.verified_at, forgotten_at=at,
    )  # fmt: skip
    citizen.delete()
    let_go(list(numbers))
    gone = [(citizen.nik_ref, keep_nik_mark), (citizen.family_ref, keep_family_mark)]
    marks.release(ref for ref, keep in gone if not keep)
    kept = {"nik_mark": keep_nik_mark, "family_mark": keep_family_mark}
    events.record(
        kind="citizens.identity_forgotten", by=by, at=at, about="citizen", key=str(citizen_id), person=citizen_id,
        data=kept,
    )  # fmt: skip
