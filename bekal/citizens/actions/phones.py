"""Another phone number: proven, announced to the old and the new one, in force a day later."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.conf import settings

from bekal.access.actions import end_sessions
from bekal.citizens.actions.refusals import (
    ChangeGone,
    ChangeWaits,
    FreshProofMissing,
    PhoneMalformed,
    PhoneSame,
    PhoneTaken,
)
from bekal.citizens.actions.telling import Word, tell_citizens
from bekal.citizens.models import (
    CASE_MOVES,
    CHANGE_MOVES,
    COOLING,
    CaseState,
    ChangeState,
    Citizen,
    Holding,
    PhoneChange,
    RecoveryCase,
)
from bekal.citizens.purposes import moment_in_words, stop_hash
from bekal.citizens.readings import mask_of_phone, read_contacts, read_new_phone
from bekal.citizens.rules import LANGUAGES, PHONE, read_phone
from bekal.core import events, ids, marks, vault
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.notices.actions import queue_notice

NEW_NUMBER = "new_number"
FRESH_PROOFS = frozenset({"old_number", "passkey", "face", "approval"})
"""What shows, beside the code to the new number, that the person asks: one of these. `approval`: two of the staff."""


@action
def ask_phone_change(
    *, by: Actor, at: datetime, citizen_id: UUID, phone: str, proven: Collection[str], way: str = "own"
) -> PhoneChange:
    """Take in a new number: it is the person's from now on and takes effect in a day; both numbers are told.

    `proven`: NEW_NUMBER and one of FRESH_PROOFS. Raises FreshProofMissing, PhoneMalformed, PhoneSame, PhoneTaken,
    ChangeWaits.
    """
    number = read_phone(phone)
    if not isinstance(number, str):
        raise PhoneMalformed()
    if NEW_NUMBER not in proven or FRESH_PROOFS.isdisjoint(proven):
        raise FreshProofMissing
    citizen = Citizen.objects.select_for_update().get(id=citizen_id)
    waiting = PhoneChange.objects.filter(citizen_id=citizen_id, state=ChangeState.WAITING).first()
    if waiting is not None:
        raise ChangeWaits(**in_words("at", waiting.effective_at))
    ref = marks.refer({(PHONE, number): ids.fresh(PHONE, number)})[PHONE, number]
    if ref == citizen.phone_ref:
        raise PhoneSame
    _reserve(ref, citizen_id)
    token = ids.fresh_secret("phone change", str(citizen_id), at.isoformat()).hex()
    row = _new_change(citizen_id, number, ref, way, token, at)
    events.record(
        kind="citizens.phone_change_asked", by=by, at=at, about="phone_change", key=str(row.id), person=citizen_id,
        why=way, data={"effective_at": row.effective_at.isoformat(), "proven": sorted(proven)},
    )  # fmt: skip
    _announce(by, at, row, number, citizen.language, token)
    return row


@action
def stop_phone_change(*, by: Actor, at: datetime, change_id: UUID) -> None:
    """The old number stays: asked by the signed-in person, or by who holds the link sent to the old number.

    Raises ChangeGone when it is over already.
    """
    row = PhoneChange.objects.select_for_update().filter(pk=change_id).first()
    if row is None or row.state == ChangeState.DONE:
        raise ChangeGone
    if row.state == ChangeState.STOPPED:
        events.nothing_changed()
        return
    move(row, ChangeState.STOPPED, moves=CHANGE_MOVES, closed_at=at, phone_sealed=b"")
    Holding.objects.filter(ref=row.phone_ref, kind="reserved", citizen_id=row.citizen_id).delete()
    let_go([row.phone_ref])
    case = RecoveryCase.objects.select_for_update().filter(change=row, state=CaseState.APPROVED).first()
    if case is not None:
        move(case, CaseState.STOPPED, moves=CASE_MOVES, closed_at=at, phone_sealed=b"")
    events.record(
        kind="citizens.phone_change_stopped", by=by, at=at, about="phone_change", key=str(row.id),
        person=row.citizen_id, why=row.way,
    )  # fmt: skip
    tell_citizens(
        by=by, at=at, template="citizens.phone_change_stopped", words=[Word(row.citizen_id, f"phone_stopped:{row.id}")]
    )


@action
def settle_phone_change(*, by: Actor, at: datetime, change_id: UUID) -> None:
    """Put the new number in force: the old one opens nothing any more, every session ends, both are told.

    Too early, or over already: nothing changes.
    """
    row = PhoneChange.objects.select_for_update().filter(pk=change_id, state=ChangeState.WAITING).first()
    if row is None or row.effective_at > at:
        events.nothing_changed()
        return
    citizen = Citizen.objects.select_for_update().get(id=row.citizen_id)
    old = read_contacts(by=by, at=at, citizen_ids=[citizen.id])[citizen.id]
    number, before = read_new_phone(by=by, at=at, row=row), citizen.phone_ref
    Holding.objects.filter(ref=before, citizen_id=citizen.id).delete()
    Holding.objects.filter(ref=row.phone_ref, citizen_id=citizen.id).update(kind="phone")
    citizen.phone_ref, citizen.phone_sealed = row.phone_ref, vault.seal(number, place=PHONE, row=citizen.id)
    citizen.save(update_fields=["phone_ref", "phone_sealed"])
    let_go([before])
    facts = {"phone": mask_of_phone(row)}
    move(row, ChangeState.DONE, moves=CHANGE_MOVES, closed_at=at, phone_sealed=b"")
    end_sessions(by=by, at=at, principal=Actor.citizen(citizen.id), keys_too=row.way == "recovery")
    events.record(
        kind="citizens.phone_changed", by=by, at=at, about="phone_change", key=str(row.id), person=citizen.id,
        why=row.way,
    )  # fmt: skip
    for where, to in (("old", old.phone), ("new", number)):
        queue_notice(
            by=by, at=at, to=to, template="citizens.phone_changed", language=citizen.language, facts=facts,
            reference=f"phone_changed:{where}:{row.id}",
        )  # fmt: skip


def in_words(name: str, at: datetime) -> dict[str, str]:
    """An instant as the facts `<name>_id` and `<name>_en` of a text."""
    return {f"{name}_{language}": moment_in_words(at, language) for language in LANGUAGES}


def let_go(refs: Collection[UUID]) -> None:
    """Forget which numbers these references stood for, unless somebody holds them."""
    held = set(Holding.objects.filter(ref__in=refs).values_list("ref", flat=True))
    marks.release(ref for ref in refs if ref not in held)


def _reserve(ref: UUID, citizen_id: UUID) -> None:
    Holding.objects.bulk_create([Holding(ref=ref, kind="reserved", citizen_id=citizen_id)], ignore_conflicts=True)
    if not Holding.objects.filter(ref=ref, kind="reserved", citizen_id=citizen_id).exists():
        raise PhoneTaken


def _new_change(citizen_id: UUID, number: str, ref: UUID, way: str, token: str, at: datetime) -> PhoneChange:
    change_id = ids.fresh("phone change", str(citizen_id), at.isoformat())
    return PhoneChange.objects.create(
        id=change_id, citizen_id=citizen_id, phone_sealed=vault.seal(number, place=PHONE, row=change_id),
        phone_ref=ref, way=way, stop_hash=stop_hash(token), asked_at=at, effective_at=at + COOLING,
    )  # fmt: skip


def _announce(by: Actor, at: datetime, row: PhoneChange, number: str, language: str, token: str) -> None:
    facts = {"phone": mask_of_phone(row)} | in_words("at", row.effective_at)
    link = {"link": f"{settings.SITE_URL}/telepon/batal/{token}"}
    words = [Word(row.citizen_id, f"phone_change:old:{row.id}", facts | link)]
    tell_citizens(by=by, at=at, template="citizens.phone_change_old", words=words)
    queue_notice(
        by=by, at=at, to=number, template="citizens.phone_change_new", language=language, facts=facts,
        reference=f"phone_change:new:{row.id}",
    )  # fmt: skip
