"""Practice tasks and skill demonstrations: handed in, answered by the trainer."""

from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.learning.actions.completion import verify_if_reported
from bekal.learning.actions.enrolment import used_enrolment
from bekal.learning.models import ASSIGNMENT_MOVES, Assignment, AssignmentState, Enrolment
from bekal.learning.queries import AssignmentView, view_of_assignment
from bekal.learning.rules import task_exists

LONGEST_URL = 500


class TaskUnknown(Refused):
    code = "learning.task_unknown"


class FileUnreachable(Refused):
    code = "learning.file_unreachable"


class AssignmentUnknown(Refused):
    code = "learning.assignment_unknown"


class AssignmentClosed(Refused):
    code = "learning.assignment_closed"


@action
def submit_assignment(
    *, by: Actor, at: datetime, provider_id: UUID, redeem_code: str, scope: str, sequence: int, url_file: str
) -> AssignmentView:
    """Hand in an assignment (`scope` tpm or uk) by the address of its file; the same address again changes nothing.

    Raises CodeUnknown, CodeOfAnother, NotRedeemed, TaskUnknown, FileUnreachable, AssignmentClosed (already accepted).
    """
    if not task_exists(scope, sequence):
        raise TaskUnknown(scope=scope, sequence=sequence)
    _check_address(url_file)
    enrolment = used_enrolment(provider_id=provider_id, redeem_code=redeem_code)
    row = Assignment.objects.filter(enrolment=enrolment, scope=scope, sequence=sequence).first()
    if row is None:
        row = Assignment(
            id=ids.fresh("assignment", redeem_code, scope, str(sequence)),
            scope=scope,
            sequence=sequence,
            url_file=url_file,
            state=AssignmentState.SUBMITTED,
            submitted_at=at,
        )
        row.enrolment = enrolment
        row.save(force_insert=True)
    elif row.url_file == url_file:
        row.enrolment = enrolment
        events.nothing_changed()
        return view_of_assignment(row)
    else:
        row.enrolment = enrolment
        _hand_in_again(row, url_file, at)
    _note(row, enrolment, "learning.assignment_submitted", by=by, at=at)
    return view_of_assignment(row)


@action
def give_feedback(
    *,
    by: Actor,
    at: datetime,
    provider_id: UUID,
    redeem_code: str,
    scope: str,
    sequence: int,
    notes: str,
    url_file: str = "",
    accepted: bool = True,
) -> AssignmentView:
    """The trainer's words on an assignment, which accept it or give it back. The same words again change nothing.

    Raises CodeUnknown, CodeOfAnother, NotRedeemed, AssignmentUnknown, FileUnreachable, AssignmentClosed.
    """
    if url_file:
        _check_address(url_file)
    enrolment = used_enrolment(provider_id=provider_id, redeem_code=redeem_code)
    row = Assignment.objects.select_for_update().filter(enrolment=enrolment, scope=scope, sequence=sequence).first()
    if row is None:
        raise AssignmentUnknown(scope=scope, sequence=sequence)
    row.enrolment = enrolment
    verdict = AssignmentState.ACCEPTED if accepted else AssignmentState.RETURNED
    if row.state == verdict:
        events.nothing_changed()
        return view_of_assignment(row)
    if row.state != AssignmentState.SUBMITTED:
        raise AssignmentClosed(scope=scope, sequence=sequence)
    move(row, verdict, moves=ASSIGNMENT_MOVES, notes=notes, feedback_url=url_file, feedback_at=at)
    _note(row, enrolment, "learning.assignment_accepted" if accepted else "learning.assignment_returned", by=by, at=at)
    verify_if_reported(by=by, at=at, enrolment=enrolment)
    return view_of_assignment(row)


def _hand_in_again(row: Assignment, url_file: str, at: datetime) -> None:
    if row.state == AssignmentState.ACCEPTED:
        raise AssignmentClosed(scope=row.scope, sequence=row.sequence)
    if row.state == AssignmentState.RETURNED:
        move(row, AssignmentState.SUBMITTED, moves=ASSIGNMENT_MOVES, url_file=url_file, submitted_at=at)
        return
    Assignment.objects.filter(pk=row.pk).update(url_file=url_file, submitted_at=at)
    row.url_file = url_file


def _check_address(url_file: str) -> None:
    parts = urlsplit(url_file)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url_file) > LONGEST_URL:
        raise FileUnreachable(longest=LONGEST_URL)


def _note(row: Assignment, enrolment: Enrolment, kind: str, *, by: Actor, at: datetime) -> None:
    events.record(
        kind=kind,
        by=by,
        at=at,
        about="assignment",
        key=str(row.id),
        person=enrolment.citizen_id,
        data={"scope": row.scope, "sequence": row.sequence},
    )
