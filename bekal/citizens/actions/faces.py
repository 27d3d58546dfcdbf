"""A person's face: the photo, the face match's answer, and where it fell short three times, a human's decision."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from bekal.citizens.actions.refusals import (
    PHOTO_REFUSALS,
    CaseGone,
    DecisionMissing,
    FaceBeforeData,
    FaceSettled,
    PhotoInCheck,
)
from bekal.citizens.models import FACE_MOVES, Citizen, FaceCheck, FacePhoto, FaceState, FaceTry, State
from bekal.citizens.photos import Photo, PhotoFault
from bekal.citizens.ports import FaceAnswer
from bekal.citizens.purposes import Purpose
from bekal.citizens.readings import read_sent_photo, record_reading
from bekal.citizens.rules import FACE_PHOTO, FACE_REFUSALS, IDENTITY_POLICY, face_next, face_passes, promised_day
from bekal.core import events, ids, machine, vault
from bekal.core.atomic import action
from bekal.core.events import Actor

PURPOSE: Purpose = "face_review"
TAKEN = timedelta(minutes=IDENTITY_POLICY.take_minutes)
KEPT = timedelta(days=IDENTITY_POLICY.keep_days)


@action
def submit_photo(*, by: Actor, at: datetime, citizen_id: UUID, photo: Photo | PhotoFault) -> FaceCheck:
    """Keep a photo, sealed, and wait for the face match. Refuses what is no photo, and a second one meanwhile."""
    if isinstance(photo, str):
        raise PHOTO_REFUSALS[photo]
    citizen = Citizen.objects.select_for_update().get(id=citizen_id)
    if citizen.state == State.MISMATCHED:
        raise FaceBeforeData
    check = FaceCheck.objects.filter(citizen_id=citizen_id).first()
    if check is None:
        check = FaceCheck(id=ids.fresh("face", str(citizen_id)), citizen_id=citizen_id, sent_at=at, asked_at=at)
        check.save(force_insert=True)
    else:
        _wait_again(check, at)
    sealed = vault.seal_bytes(photo.jpeg, place=FACE_PHOTO, row=citizen_id)
    FacePhoto.objects.update_or_create(citizen_id=citizen_id, defaults={"jpeg_sealed": sealed, "keep_until": None})
    _record("citizens.photo_submitted", by, at, citizen_id, {"number": check.number, "bytes": len(photo.jpeg)})
    return check


def _wait_again(check: FaceCheck, at: datetime) -> None:
    if check.state in (FaceState.MATCHED, FaceState.CONFIRMED):
        raise FaceSettled
    if check.state != FaceState.OPEN and check.state != FaceState.REFUSED:
        raise PhotoInCheck
    tried = 0 if check.state == FaceState.REFUSED else check.tried
    machine.move(
        check, FaceState.WAITING, moves=FACE_MOVES, number=check.number + 1, tried=tried, sent_at=at, asked_at=at,
        settled_at=None, review_due_on=None, refused_for="",
    )  # fmt: skip


@action
def record_face_answer(*, by: Actor, at: datetime, citizen_id: UUID, number: int, answer: FaceAnswer) -> FaceCheck:
    """Keep the face match's answer to photo `number`: matched, open for another try, or review with a date.

    An answer that came twice, or to an earlier photo, changes nothing.
    """
    check = FaceCheck.objects.select_for_update().get(citizen_id=citizen_id)
    if check.state != FaceState.WAITING or check.number != number:
        events.nothing_changed()
        return check
    _keep_try(check, answer, at)
    tried = check.tried + 1
    state = face_next(face_passes(answer.live, answer.score), tried)
    due = promised_day(at, IDENTITY_POLICY.review_days) if state == FaceState.REVIEW else None
    settled = at if state == FaceState.MATCHED else None
    machine.move(check, state, moves=FACE_MOVES, tried=tried, review_due_on=due, settled_at=settled)
    FacePhoto.objects.filter(citizen_id=citizen_id).update(keep_until=None if due else at + KEPT)
    data = {"number": number, "live": answer.live, "score": answer.score, "state": state}
    _record("citizens.face_compared", by, at, citizen_id, data)
    return check


def _keep_try(check: FaceCheck, answer: FaceAnswer, at: datetime) -> None:
    FaceTry.objects.create(
        id=ids.fresh("face try", str(check.citizen_id), str(check.number)), citizen_id=check.citizen_id,
        number=check.number, live=answer.live, score=answer.score, answered_at=at,
    )  # fmt: skip


@action
def take_face_case(*, by: Actor, at: datetime, role: str) -> FaceCheck | None:
    """The reviewer's own open case, or the next one nobody has, soonest date first; None when there is none.

    Who takes a case reads the person's data, which the event says with role and purpose.
    """
    waiting = FaceCheck.objects.select_for_update(skip_locked=True).filter(state=FaceState.REVIEW)
    held = waiting.filter(taken_at__gt=at - TAKEN)
    free = waiting.filter(Q(taken_at__isnull=True) | Q(taken_at__lte=at - TAKEN))
    check = held.filter(taken_by=by.key).first() or free.order_by("review_due_on", "sent_at", "id").first()
    if check is None:
        events.nothing_changed()
        return None
    check.taken_by, check.taken_at = by.key, at
    check.save(update_fields=["taken_by", "taken_at"])
    seen = ("name", "nik_masked", "birth_date", "face_tries")
    record_reading(by=by, at=at, people=[check.citizen_id], fields=seen, purpose=PURPOSE, role=role)
    return check


@action
def read_case_photo(*, by: Actor, at: datetime, citizen_id: UUID, role: str) -> bytes:
    """The photo (JPEG) of a case the reviewer has taken, in the clear; the reading is recorded."""
    _own_case(by, citizen_id)
    return read_sent_photo(by=by, at=at, citizen_id=citizen_id, purpose=PURPOSE, role=role)


@action
def decide_face_case(*, by: Actor, at: datetime, citizen_id: UUID, decision: str) -> FaceCheck:
    """Confirm ("confirmed") or refuse, with one of `FACE_REFUSALS`, a case the reviewer has taken."""
    if decision != FaceState.CONFIRMED and decision not in FACE_REFUSALS:
        raise DecisionMissing
    check = _own_case(by, citizen_id)
    confirmed = decision == FaceState.CONFIRMED
    state = FaceState.CONFIRMED if confirmed else FaceState.REFUSED
    machine.move(
        check, state, moves=FACE_MOVES, settled_at=at, refused_for="" if confirmed else decision, taken_by="",
        taken_at=None,
    )  # fmt: skip
    FacePhoto.objects.filter(citizen_id=citizen_id).update(keep_until=at + KEPT)
    _record("citizens.face_decided", by, at, citizen_id, {"decision": decision, "number": check.number})
    return check


@action
def forget_photos(*, by: Actor, at: datetime, limit: int) -> int:
    """Delete photos whose time is over; how many."""
    due = FacePhoto.objects.select_for_update(skip_locked=True).filter(keep_until__lte=at).order_by("keep_until")
    people = list(due.values_list("citizen_id", flat=True)[:limit])
    if not people:
        events.nothing_changed()
        return 0
    FacePhoto.objects.filter(citizen_id__in=people).delete()
    events.record_batch(
        kind="citizens.photos_deleted", by=by, at=at, about="photos", key=at.date().isoformat(),
        lines=[(str(person), {}) for person in people], why="kept as long as promised",
    )  # fmt: skip
    return len(people)


def _own_case(by: Actor, citizen_id: UUID) -> FaceCheck:
    check = FaceCheck.objects.select_for_update().filter(citizen_id=citizen_id).first()
    if check is None or check.state != FaceState.REVIEW or check.taken_by != by.key:
        raise CaseGone
    return check


def _record(kind: str, by: Actor, at: datetime, citizen_id: UUID, data: dict[str, Any], why: str = "") -> None:
    key = str(citizen_id)
    events.record(kind=kind, by=by, at=at, about="citizen", key=key, person=citizen_id, why=why, data=data)
