"""The institution's desk: trainings, learners, what waits for it, and money due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from bekal.catalogue.queries import trainings_of
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.languages import say
from bekal.doors.listings import training_row
from bekal.doors.pages import refusal_words, show
from bekal.doors.sessions import actor, leave_word, permission, visitor
from bekal.learning.actions import report_completion, vouch_attendance
from bekal.learning.models import AttendanceState, Enrolment
from bekal.learning.queries import provider_enrolments
from bekal.market.queries import money_due
from bekal.partners.queries import OrganisationView, organisation_of_code

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Learner:
    """One enrolment as its institution sees it: by redeem code, without the person's name or number."""

    redeem_code: str
    training: str
    state: str
    starts_at: datetime
    sessions: int
    attended: int
    to_confirm: tuple[int, ...]
    assignments: int
    score: int | None
    certificate: str
    may_report: bool


def institution_of(request: HttpRequest) -> OrganisationView:
    found = organisation_of_code(visitor(request).key)
    if found is None:
        raise PermissionDenied
    return found


@permission("provider", "platform")
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Everything at a glance, with the time it was read. A platform's desk is its statements."""
    if "provider" not in visitor(request).may:
        return HttpResponseRedirect("/lembaga/pembayaran")
    institution, at = institution_of(request), clock.now()
    learners = tuple(_learner(row) for row in provider_enrolments(institution.id, limit=SHOWN))
    return show(
        request, "provider/desk.html", institution=institution, at=at, learners=learners,
        trainings=tuple((training_row(card), card.next_schedule) for card in trainings_of(institution.id)),
        waiting=sum(bool(one.to_confirm) or one.may_report for one in learners),
        due=money_due(institution.id, at),
    )  # fmt: skip


def _learner(row: Enrolment) -> Learner:
    attendances = row.attendances.all()
    found = getattr(row, "certificate", None)
    present = [
        one.sequence for one in attendances if one.state == AttendanceState.PRESENT and one.sequence <= row.sessions
    ]
    return Learner(
        row.redeem_code, row.training_title, say(f"learning.state_{row.state}"), row.starts_at, row.sessions,
        len(present), tuple(one.sequence for one in attendances if one.state == AttendanceState.TO_CONFIRM),
        len(row.assignments.all()), row.post_test_score,
        say(f"desk.certificate_{found.state if found else 'none'}"),
        row.redeemed_at is not None and row.completed_at is None,
    )  # fmt: skip


@permission("provider")
@require_POST
def vouch(request: HttpRequest) -> HttpResponse:
    """Confirm a session whose photo check fell short, with a reason."""
    institution = institution_of(request)
    return _acted(request, "desk.vouched", lambda: vouch_attendance(
        by=actor(request), at=clock.now(), provider_id=institution.id, redeem_code=request.POST.get("code", ""),
        sequence=_whole(request, "sequence"), why=request.POST.get("why", ""),
    ))  # fmt: skip


@permission("provider")
@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """Report that a learner finished, with the post-test score."""
    institution = institution_of(request)
    return _acted(request, "desk.reported", lambda: report_completion(
        by=actor(request), at=clock.now(), provider_id=institution.id, redeem_code=request.POST.get("code", ""),
        post_test_score=_whole(request, "score"),
    ))  # fmt: skip


def _acted(request: HttpRequest, done: str, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except Refused as refused:
        leave_word(request, "stop", "desk.refused", why=refusal_words(refused))
    else:
        leave_word(request, "good", done)
    return HttpResponseRedirect("/lembaga")


def _whole(request: HttpRequest, name: str) -> int:
    given = request.POST.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else -1
