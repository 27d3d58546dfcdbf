"""Attendance: a link for each session, the face check behind it, and the provider's word where the check fell short."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from bekal.citizens.ports import FaceAnswer
from bekal.core import events, ids, vault
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.learning.actions.completion import verify_if_reported
from bekal.learning.actions.enrolment import mark_redeemed, opened_enrolment, used_enrolment
from bekal.learning.models import ATTENDANCE_MOVES, Attendance, AttendanceState, Enrolment, EnrolmentState, Proof
from bekal.learning.queries import AttendancePage, view_of_attendance
from bekal.learning.rules import attendance_result, may_attend, sequence_exists


class SequenceUnknown(Refused):
    code = "learning.sequence_unknown"


class OutsideSession(Refused):
    code = "learning.outside_session"


class LinkUnknown(Refused):
    code = "learning.link_unknown"


class AttendanceOfAnother(Refused):
    code = "learning.attendance_of_another"


class NothingToConfirm(Refused):
    code = "learning.nothing_to_confirm"


@dataclass(frozen=True, slots=True)
class AttendanceLink:
    """`url`: where the learner proves presence; `state`: comes back with the browser on `redirect_uri`."""

    url: str
    token: str
    state: str
    mode: str


@action
def open_attendance(
    *, by: Actor, at: datetime, provider_id: UUID, redeem_code: str, sequence: int, redirect_uri: str, email: str
) -> AttendanceLink:
    """The link for one session; the first one shows the code for the first time. Asked again, it is the same link.

    One e-mail stands for one learner of a training: another code of that training with it is refused (`EmailUsed`).
    Raises CodeUnknown, CodeOfAnother, CodeVoided, SequenceUnknown, OutsideSession.
    """
    index = vault.fingerprint(email.strip().lower(), place="learning.email")
    enrolment = opened_enrolment(at=at, provider_id=provider_id, redeem_code=redeem_code, email_index=index)
    if not sequence_exists(sequence, enrolment.sessions):
        raise SequenceUnknown(sequence=sequence, sessions=enrolment.sessions)
    _check_time(enrolment, at)
    row = Attendance.objects.filter(enrolment=enrolment, sequence=sequence).first()
    if row is None:
        row = _new_attendance(enrolment, sequence, redirect_uri, at)
        row.save(force_insert=True)
        _note(row, enrolment, "learning.attendance_opened", by=by, at=at)
    elif row.redirect_uri != redirect_uri:
        Attendance.objects.filter(pk=row.pk).update(redirect_uri=redirect_uri)
        _note(row, enrolment, "learning.attendance_opened", by=by, at=at)
    else:
        events.nothing_changed()
    return AttendanceLink(f"{settings.SITE_URL}/hadir/{row.token}", row.token, row.id.hex, enrolment.mode)


@action
def confirm_attendance(
    *, by: Actor, at: datetime, token: str, citizen_id: UUID, face: FaceAnswer | None
) -> AttendancePage:
    """Record the face check of a session; one that falls short, or brought no answer (None), waits for the provider.

    The first confirmed session puts the redeem code to use. Asked again for a session already attended, nothing
    changes. Raises LinkUnknown, AttendanceOfAnother, OutsideSession.
    """
    row = _attendance(token, citizen_id)
    enrolment = row.enrolment
    if row.state == AttendanceState.PRESENT:
        events.nothing_changed()
        return view_of_attendance(row)
    _check_time(enrolment, at)
    if enrolment.state == EnrolmentState.OPENED:
        mark_redeemed(by=by, at=at, enrolment=enrolment)
    score = face.score if face else None
    if attendance_result(face) == "present":
        _mark_present(row, enrolment, proof=Proof.FACE, score=score, by=by, at=at)
    elif row.state == AttendanceState.OPENED:
        move(row, AttendanceState.TO_CONFIRM, moves=ATTENDANCE_MOVES, checked_at=at, score=score)
        _note(row, enrolment, "learning.attendance_left_to_confirm", by=by, at=at)
    else:
        events.nothing_changed()
    return view_of_attendance(row)


@action
def vouch_attendance(
    *, by: Actor, at: datetime, provider_id: UUID, redeem_code: str, sequence: int, why: str
) -> AttendancePage:
    """The provider's word, with its reason, that a session waiting for confirmation was attended.

    Only a session whose check fell short can be vouched for: nobody is made present who never came to the link.
    Raises CodeUnknown, CodeOfAnother, NotRedeemed, NothingToConfirm.
    """
    enrolment = used_enrolment(provider_id=provider_id, redeem_code=redeem_code)
    row = Attendance.objects.select_for_update().filter(enrolment=enrolment, sequence=sequence).first()
    if row is None or row.state == AttendanceState.OPENED or not why.strip():
        raise NothingToConfirm(sequence=sequence)
    row.enrolment = enrolment
    if row.state == AttendanceState.PRESENT:
        events.nothing_changed()
        return view_of_attendance(row)
    _mark_present(row, enrolment, proof=Proof.PROVIDER, score=row.score, by=by, at=at, why=why.strip())
    return view_of_attendance(row)


def _attendance(token: str, citizen_id: UUID) -> Attendance:
    row = Attendance.objects.select_for_update().select_related("enrolment").filter(token=token).order_by("id").first()
    if row is None:
        raise LinkUnknown()
    if row.enrolment.citizen_id != citizen_id:
        raise AttendanceOfAnother()
    return row


def _mark_present(
    row: Attendance, enrolment: Enrolment, *, proof: str, score: int | None, by: Actor, at: datetime, why: str = ""
) -> None:
    move(row, AttendanceState.PRESENT, moves=ATTENDANCE_MOVES, proof=proof, score=score, checked_at=at, verified_at=at)
    _note(row, enrolment, "learning.attendance_confirmed", by=by, at=at, why=why)
    verify_if_reported(by=by, at=at, enrolment=enrolment)


def _check_time(enrolment: Enrolment, at: datetime) -> None:
    if not may_attend(at, mode=enrolment.mode, starts_at=enrolment.starts_at, ends_at=enrolment.ends_at):
        raise OutsideSession(starts_at=enrolment.starts_at, ends_at=enrolment.ends_at)


def _new_attendance(enrolment: Enrolment, sequence: int, redirect_uri: str, at: datetime) -> Attendance:
    name = (enrolment.redeem_code, str(sequence))
    return Attendance(
        id=ids.fresh("attendance", *name),
        enrolment=enrolment,
        sequence=sequence,
        token=ids.fresh_secret("attendance link", *name).hex()[:40],
        redirect_uri=redirect_uri,
        state=AttendanceState.OPENED,
        opened_at=at,
    )


def _note(row: Attendance, enrolment: Enrolment, kind: str, *, by: Actor, at: datetime, why: str = "") -> None:
    events.record(
        kind=kind,
        by=by,
        at=at,
        about="attendance",
        key=str(row.id),
        person=enrolment.citizen_id,
        why=why,
        data={"sequence": row.sequence, "proof": row.proof},
    )
