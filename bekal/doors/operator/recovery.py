"""Recovery of accounts by two of the staff: what was asked, what fits, and one decision each."""

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from bekal.access.queries import proposed_by
from bekal.citizens.actions import approve_recovery, propose_recovery, refuse_recovery
from bekal.citizens.queries import citizen_view, open_recoveries, recovery_case
from bekal.citizens.readings import mask_of_phone, record_reading
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.pages import refusal_words, show
from bekal.doors.sessions import actor, leave_word, permission, visitor
from bekal.incentives.rules import masked
from bekal.scholarships.queries import award_of

APPROVAL = "recovery"


@permission("recover_account")
@require_safe
def cases_page(request: HttpRequest) -> HttpResponse:
    """Requests that wait, longest waiting first, without a word about who they are of."""
    cases = tuple(
        {"id": row.id, "asked_at": row.asked_at, "lapses_at": row.lapses_at,
         "proposed": bool(proposed_by(APPROVAL, str(row.id), row.digest))}
        for row in open_recoveries(clock.now())
    )  # fmt: skip
    return show(request, "operator/recoveries.html", cases=cases)


@permission("recover_account")
@require_safe
def case_page(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """One request with its masked evidence; that somebody of the staff looked is recorded for the person to see."""
    row = recovery_case(case_id)
    if row is None or row.state != "open":
        raise Http404
    record_reading(
        by=actor(request),
        at=clock.now(),
        people=[row.citizen_id],
        fields=("name", "nik_masked"),
        purpose="recovery",
        role="recovery_officer",
    )
    person, maker = citizen_view(row.citizen_id), proposed_by(APPROVAL, str(row.id), row.digest)
    return show(
        request, "operator/recovery.html", case=row, person=person, name=masked(person.name),
        new_phone=mask_of_phone(row), award=award_of(person.id) is not None, proposed=bool(maker),
        own=maker == visitor(request).key,
    )  # fmt: skip


@permission("recover_account")
@require_POST
def decide(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Propose, approve what another proposed, or refuse with a reason."""
    by, at, digest = actor(request), clock.now(), request.POST.get("digest", "")
    if "refuse" in request.POST:
        why = request.POST.get("why", "")
        return _acted(request, lambda: refuse_recovery(by=by, at=at, case_id=case_id, why=why))
    if "approve" in request.POST:
        return _acted(request, lambda: approve_recovery(by=by, at=at, case_id=case_id, digest=digest))
    return _acted(request, lambda: propose_recovery(by=by, at=at, case_id=case_id, digest=digest))


def _acted(request: HttpRequest, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except Refused as refused:
        leave_word(request, "stop", "desk.refused", why=refusal_words(refused))
    else:
        leave_word(request, "good", "desk.done")
    return HttpResponseRedirect("/operator/pemulihan")
