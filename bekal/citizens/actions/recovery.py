"""The way back without the old number: what somebody knows, four eyes, and a day in which the owner can stop it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from bekal.access.actions import approve, propose
from bekal.citizens.actions.phones import NEW_NUMBER, ask_phone_change, let_go
from bekal.citizens.actions.refusals import RecoveryChanged, RecoveryGone, RecoveryNeedsReason
from bekal.citizens.models import CASE_MOVES, CaseState, Citizen, Holding, RecoveryCase
from bekal.citizens.queries import holder_of
from bekal.citizens.readings import family_tail_matches, read_new_phone
from bekal.citizens.rules import NIK, PHONE, only_digits, read_phone
from bekal.core import events, ids, marks, vault
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.core.models import Event
from bekal.notices.actions import queue_notice

APPROVAL = "recovery"
TRIES_A_DAY = 5
LAPSES_AFTER = timedelta(days=7)
_ASKED = "citizens.recovery_asked"


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says who lost their number. `family_tail`: last four digits of the family card; `phone`: the new
    number, already proven by a code."""

    nik: str
    birth_date: date
    family_tail: str
    phone: str


@action
def open_recovery(*, by: Actor, at: datetime, claim: Claim) -> None:
    """Take a claim in. Says nothing about whether it fits: a case is made only when all of it does.

    A number of claims a day for one NIK are looked at; further ones are not. A second case for a person waits for the
    first.
    """
    nik = only_digits(claim.nik)
    tried = _tried(nik)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [tried])
    tries = Event.objects.filter(about="recovery_try", key=tried, at__gt=at - timedelta(days=1)).count()
    found = _fitting(nik, claim) if tries < TRIES_A_DAY else None
    events.record(kind=_ASKED, by=by, at=at, about="recovery_try", key=tried)
    if found is not None:
        _lapse(found.id, at)
        if not RecoveryCase.objects.filter(citizen_id=found.id, state=CaseState.OPEN).exists():
            _open_case(by, at, found, claim)


@action
def propose_recovery(*, by: Actor, at: datetime, case_id: UUID, digest: str) -> None:
    """The first pair of eyes stands behind exactly what the page showed. Raises RecoveryGone, RecoveryChanged."""
    row = _waiting(case_id, at, digest)
    propose(by=by, at=at, kind=APPROVAL, key=str(row.id), digest=digest)


@action
def approve_recovery(*, by: Actor, at: datetime, case_id: UUID, digest: str) -> None:
    """The second pair of eyes; the new number takes effect a day later unless the old number's owner stops it.

    Raises RecoveryGone, RecoveryChanged, access.NotProposed, access.SameEyes, PhoneTaken, ChangeWaits.
    """
    row = _waiting(case_id, at, digest)
    approve(by=by, at=at, kind=APPROVAL, key=str(row.id), digest=digest)
    number = read_new_phone(by=by, at=at, row=row)
    change = ask_phone_change(
        by=by, at=at, citizen_id=row.citizen_id, phone=number, proven={NEW_NUMBER, "approval"}, way="recovery"
    )
    move(row, CaseState.APPROVED, moves=CASE_MOVES, closed_at=at, change_id=change.id, phone_sealed=b"")
    _record("citizens.recovery_approved", by, at, row)


@action
def refuse_recovery(*, by: Actor, at: datetime, case_id: UUID, why: str) -> None:
    """Close a case with a reason; the number that asked is told. Raises RecoveryGone, RecoveryNeedsReason."""
    if not why.strip():
        raise RecoveryNeedsReason
    row = _waiting(case_id, at, None)
    number = read_new_phone(by=by, at=at, row=row)
    language = Citizen.objects.values_list("language", flat=True).get(id=row.citizen_id)
    move(row, CaseState.REFUSED, moves=CASE_MOVES, closed_at=at, why=why.strip(), phone_sealed=b"")
    _release(row)
    queue_notice(
        by=by, at=at, to=number, template="citizens.recovery_refused", language=language, facts={},
        reference=f"recovery_refused:{row.id}",
    )  # fmt: skip
    _record("citizens.recovery_refused", by, at, row, why=why.strip())


def _tried(nik: str) -> str:
    return vault.fingerprint(nik, place="citizens.recovery").hex()


def _fitting(nik: str, claim: Claim) -> Citizen | None:
    """The person behind the NIK, if birth date and family card fit too and the new number is nobody else's."""
    holder, phone = holder_of(NIK, nik), read_phone(claim.phone)
    citizen = Citizen.objects.select_for_update().filter(id=holder).first() if holder else None
    if citizen is None or not isinstance(phone, str) or citizen.birth_date != claim.birth_date:
        return None
    if not family_tail_matches(citizen, only_digits(claim.family_tail)):
        return None
    ref = marks.find([(PHONE, phone)]).get((PHONE, phone))
    taken = ref is not None and Holding.objects.filter(ref=ref).exists()
    return None if taken else citizen


def _open_case(by: Actor, at: datetime, citizen: Citizen, claim: Claim) -> None:
    number = read_phone(claim.phone)
    assert isinstance(number, str)
    case_id = ids.fresh("recovery", str(citizen.id), at.isoformat())
    ref = marks.refer({(PHONE, number): ids.fresh(PHONE, number)})[PHONE, number]
    row = RecoveryCase.objects.create(
        id=case_id, citizen_id=citizen.id, phone_sealed=vault.seal(number, place=PHONE, row=case_id), phone_ref=ref,
        digest=_digest(case_id, citizen.id, ref, at), asked_at=at, lapses_at=at + LAPSES_AFTER,
    )  # fmt: skip
    _record("citizens.recovery_opened", by, at, row)


def _digest(case_id: UUID, citizen_id: UUID, ref: UUID, asked_at: datetime) -> str:
    line = json.dumps([str(case_id), str(citizen_id), str(ref), asked_at.isoformat()])
    return hashlib.sha256(line.encode()).hexdigest()


def _waiting(case_id: UUID, at: datetime, digest: str | None) -> RecoveryCase:
    row = RecoveryCase.objects.select_for_update(of=("self",)).filter(pk=case_id, state=CaseState.OPEN).first()
    if row is None or row.lapses_at <= at:
        raise RecoveryGone
    asked = _digest(row.id, row.citizen_id, row.phone_ref, row.asked_at)
    if digest is not None and not digest == row.digest == asked:
        raise RecoveryChanged
    return row


def _lapse(citizen_id: UUID, at: datetime) -> None:
    for row in RecoveryCase.objects.select_for_update(of=("self",)).filter(
        citizen_id=citizen_id, state=CaseState.OPEN, lapses_at__lte=at
    ):
        move(row, CaseState.LAPSED, moves=CASE_MOVES, closed_at=at, phone_sealed=b"")
        _release(row)


def _release(row: RecoveryCase) -> None:
    others = RecoveryCase.objects.filter(phone_ref=row.phone_ref, state=CaseState.OPEN).exclude(pk=row.pk)
    if not others.exists():
        let_go([row.phone_ref])


def _record(kind: str, by: Actor, at: datetime, row: RecoveryCase, why: str = "") -> None:
    events.record(
        kind=kind, by=by, at=at, about="recovery", key=str(row.id), person=row.citizen_id, why=why,
        data={"digest": row.digest},
    )  # fmt: skip
