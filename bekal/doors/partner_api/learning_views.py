"""What providers call: redeem codes, attendance, assignments, completion (paths of `urls.py`).

Paths, fields and status numbers of the first six calls are those of developer.prakerja.go.id and of its known clients;
`attendance/confirm` and `completion/report` are the house's own, in the same style.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from bekal.core.texts import text
from bekal.doors.partner_api.errors import FieldMalformed
from bekal.doors.partner_api.fields import optional_int, optional_text, required_int, required_text
from bekal.doors.partner_api.wire import Answer, Call, partner_call
from bekal.learning.actions import (
    CodeOfAnother,
    CodeUnknown,
    CodeVoided,
    give_feedback,
    open_attendance,
    redeem,
    report_completion,
    submit_assignment,
    vouch_attendance,
)
from bekal.learning.queries import AssignmentView, CodeStatus, assignment_view, status_by_code
from bekal.learning.rules import POST_TEST, instant

_COURSE_TYPES = {"self_paced": 1, "webinar": 2, "offline": 3, "blended": 4}
_METHODS = {"self_paced": "SPL", "webinar": "webinar", "offline": "offline", "blended": "blended"}
_LABELS = {
    "self_paced": "Self-Paced Learning", "webinar": "Webinar", "offline": "Luring", "blended": "Luring dan daring",
}  # fmt: skip
_NOT_SUBMITTED = 0
_ASSIGNMENT_STATUS = {"submitted": 1, "accepted": 2, "returned": 3}
_FEEDBACK_GIVEN = 2
_LONGEST_URL = 500


@partner_call("provider", changes=False)
def redeem_status(call: Call) -> Answer:
    """State of a redeem code, and of attendance for one sequence."""
    return Answer(_status(_found(call, _redeem_code(call), _sequence(call))))


@partner_call("provider", changes=True)
def redeem_commit(call: Call) -> Answer:
    """Mark a redeem code used, as the flow of 2022 did; attendance is proved by `url_generate`."""
    enrolment = redeem(by=call.by, at=call.at, provider_id=call.partner.organisation_id, redeem_code=_redeem_code(call))
    return Answer({"redeem_code": enrolment.redeem_code, "course_code": enrolment.training_code, "status": 1})


@partner_call("provider", changes=True)
def url_generate(call: Call) -> Answer:
    """The address where the learner proves presence in one session."""
    link = open_attendance(
        by=call.by,
        at=call.at,
        provider_id=call.partner.organisation_id,
        redeem_code=_redeem_code(call),
        sequence=_sequence(call),
        redirect_uri=_address(call, "redirect_uri"),
        email=required_text(call.body, "email", longest=254),
    )
    course = {"type": _COURSE_TYPES[link.mode], "learning_method": _METHODS[link.mode]}
    return Answer({"url": link.url, "state": link.state, "course": course})


@partner_call("provider", changes=True)
def attendance_confirm(call: Call) -> Answer:
    """The provider's word for a session whose check fell short; `reason` is kept."""
    code, sequence = _redeem_code(call), _sequence(call)
    page = vouch_attendance(
        by=call.by,
        at=call.at,
        provider_id=call.partner.organisation_id,
        redeem_code=code,
        sequence=sequence,
        why=required_text(call.body, "reason", longest=500),
    )
    return Answer({"redeem_code": code, "sequence": sequence, "attendance_status": int(page.state == "present")})


@partner_call("provider", changes=True)
def tpm_submission(call: Call) -> Answer:
    """Deliver a learner's assignment."""
    view = submit_assignment(
        by=call.by,
        at=call.at,
        provider_id=call.partner.organisation_id,
        redeem_code=_redeem_code(call),
        scope=_scope(call),
        sequence=_task(call),
        url_file=required_text(call.body, "url_file", longest=_LONGEST_URL),
    )
    return Answer({**_assignment(view), "id": str(view.id), "task_id": str(view.id), "url_file": view.url_file})


@partner_call("provider", changes=True)
def tpm_feedback(call: Call) -> Answer:
    """Deliver the trainer's words; `accepted` (true unless said otherwise) takes the assignment or gives it back."""
    accepted = call.body.get("accepted", True)
    if not isinstance(accepted, bool):
        raise FieldMalformed(field="accepted")
    view = give_feedback(
        by=call.by,
        at=call.at,
        provider_id=call.partner.organisation_id,
        redeem_code=_redeem_code(call),
        scope=_scope(call),
        sequence=_task(call),
        notes=required_text(call.body, "notes", longest=4_000),
        url_file=optional_text(call.body, "url_file", longest=_LONGEST_URL),
        accepted=accepted,
    )
    return Answer(
        {**_assignment(view), "id": str(view.id), "url_file": view.feedback_url, "notes": view.notes,
         "status": _FEEDBACK_GIVEN}
    )  # fmt: skip


@partner_call("provider", changes=False)
def tpm_status(call: Call) -> Answer:
    """State of an assignment and of its feedback."""
    code, scope, sequence = _redeem_code(call), _scope(call), _task(call)
    _found(call, code, 1)
    view = assignment_view(code, scope, sequence)
    named = {"redeem_code": code, "scope": scope, "sequence": sequence}
    given = _FEEDBACK_GIVEN if view and view.feedback_at else _NOT_SUBMITTED
    assignment = _assignment(view) if view else {**named, "status": _NOT_SUBMITTED}
    return Answer({"assignment": assignment, "feedback": {**named, "status": given}})


@partner_call("provider", changes=True)
def completion_report(call: Call) -> Answer:
    """Report a finished learner with the post-test score; the answer names what is still missing."""
    done = report_completion(
        by=call.by,
        at=call.at,
        provider_id=call.partner.organisation_id,
        redeem_code=_redeem_code(call),
        post_test_score=required_int(call.body, "post_test_score", low=0, high=100),
    )
    missing = [{"code": gap.code, "message": text(gap.code, "id", **dict(gap.facts))} for gap in done.gaps]
    number = done.number if done.state != "reported" else ""
    return Answer(
        {"redeem_code": done.redeem_code, "status": done.state, "certificate_number": number, "missing": missing}
    )


def _redeem_code(call: Call) -> str:
    return required_text(call.body, "redeem_code", longest=32).upper()


def _sequence(call: Call) -> int:
    return optional_int(call.body, "sequence", low=1, high=POST_TEST, default=1) or 1


def _task(call: Call) -> int:
    return required_int(call.body, "sequence", low=1, high=POST_TEST)


def _scope(call: Call) -> str:
    return required_text(call.body, "scope", longest=8).lower()


def _address(call: Call, field: str) -> str:
    value = required_text(call.body, field, longest=_LONGEST_URL)
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FieldMalformed(field=field)
    return value


def _found(call: Call, redeem_code: str, sequence: int) -> CodeStatus:
    status = status_by_code(redeem_code, sequence)
    if status is None:
        raise CodeUnknown(code=redeem_code)
    if status.purchase.provider_id != call.partner.organisation_id:
        raise CodeOfAnother(code=redeem_code)
    if status.purchase.state != "paid":
        raise CodeVoided(code=redeem_code)
    return status


def _status(found: CodeStatus) -> Mapping[str, object]:
    purchase = found.purchase
    return {
        "redeem_code": purchase.redeem_code,
        "course_code": purchase.training_code,
        "invoice_code": purchase.invoice_code,
        "schedule_code": purchase.schedule_code,
        "status": int(found.used),
        "attendance_status": int(found.attended),
        "redeem_at": instant(found.redeemed_at) if found.redeemed_at else "",
        "dp_platform": purchase.platform_name,
        "schedule_start_end": f"{instant(purchase.starts_at)} - {instant(purchase.ends_at)}",
        "course_type": _COURSE_TYPES[purchase.mode],
        "course_type_label": _LABELS[purchase.mode],
        "course_learning_method": _METHODS[purchase.mode],
        "is_online_attendance": found.online,
        "sequence": found.sequence,
    }


def _assignment(view: AssignmentView) -> dict[str, object]:
    return {
        "redeem_code": view.redeem_code,
        "scope": view.scope,
        "sequence": view.sequence,
        "status": _ASSIGNMENT_STATUS[view.state],
    }
