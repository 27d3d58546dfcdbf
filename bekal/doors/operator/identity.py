"""The reviewers' queue: photos that the face match could not decide, one case a page, the next by itself."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_safe

from bekal.citizens.actions import CaseGone, read_case_photo, take_face_case
from bekal.citizens.queries import TryView, citizen_view, face_cases, face_of
from bekal.citizens.rules import FACE_REFUSALS, IDENTITY_POLICY
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.languages import say
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import actor, leave_word, permission
from bekal.eligibility.actions import decide_face
from bekal.rulebooks.queries import rulebook_of

ROLE = "identity_reviewer"
REVIEW = "review_identity"
PAGE = "/operator/identitas"


@permission(REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def cases(request: HttpRequest) -> HttpResponse:
    """The next case, taken for this reviewer; POST decides it and leads to the one after it."""
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            _decide(request)
        except CaseGone as refused:
            leave_word(request, "care", refused.code)
        except Refused as refused:
            faults = (Fault("decision-1", refusal_words(refused)),)
        if not faults:
            return HttpResponseRedirect(PAGE)
    return _next_case(request, faults)


def _decide(request: HttpRequest) -> None:
    try:
        citizen_id = UUID(request.POST.get("case", ""))
    except ValueError:
        raise CaseGone from None
    decide_face(
        by=actor(request), at=clock.now(), citizen_id=citizen_id, decision=request.POST.get("decision", ""),
        rulebook_id=rulebook_of(settings.PROGRAMME).id,
    )  # fmt: skip


def _next_case(request: HttpRequest, faults: tuple[Fault, ...]) -> HttpResponse:
    taken = take_face_case(by=actor(request), at=clock.now(), role=ROLE)
    waiting, due_on = face_cases()
    if taken is None:
        return show(request, "operator/identity.html", waiting=waiting, due_on=due_on, person=None)
    check = face_of(taken.citizen_id)
    return show(
        request, "operator/identity.html", faults=faults, waiting=waiting, due_on=due_on,
        person=citizen_view(taken.citizen_id), case_due_on=taken.review_due_on, needed=IDENTITY_POLICY.threshold,
        tries=tuple(_try_words(number, one) for number, one in enumerate(check.tries if check else (), 1)),
        decisions=(("confirmed", say("review.confirmed")), *((code, _reason(code)) for code in FACE_REFUSALS)),
    )  # fmt: skip


def _try_words(number: int, one: TryView) -> tuple[str, str]:
    words = say("review.live" if one.live else "review.not_live", score=one.score)
    return say("review.try", number=number), words


def _reason(code: str) -> str:
    return say("review.not_live_photo" if code == "not_live" else f"review.{code}")


@permission(REVIEW)
@require_safe
def photo(request: HttpRequest, citizen_id: UUID) -> HttpResponse:
    """The photo of the case this reviewer has open."""
    try:
        jpeg = read_case_photo(by=actor(request), at=clock.now(), citizen_id=citizen_id, role=ROLE)
    except CaseGone:
        return HttpResponse(status=404)
    return HttpResponse(jpeg, content_type="image/jpeg")
