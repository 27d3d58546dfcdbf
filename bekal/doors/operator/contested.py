"""Decisions that a late list contests: one person a page, the next by itself."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from bekal.citizens.queries import citizen_view
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.languages import say, spoken
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import actor, leave_word, permission, visitor
from bekal.eligibility.actions import ReviewGone, dismiss_review
from bekal.eligibility.models import Review
from bekal.eligibility.queries import open_review_count, register_words, review_for
from bekal.scholarships.actions import confirm_listed
from bekal.scholarships.queries import award_of

REVIEW = "review_list"
PAGE = "/operator/tinjauan"
DECISIONS: dict[str, Callable[..., object]] = {"confirm": confirm_listed, "dismiss": dismiss_review}


@permission(REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def reviews(request: HttpRequest) -> HttpResponse:
    """The case that waits longest and that this member of staff may decide; POST decides it and leads to the next."""
    if request.method != "POST":
        return _page(request)
    try:
        _decide(request)
    except ReviewGone as refused:
        leave_word(request, "care", refused.code)
    except Refused as refused:
        return _page(request, (Fault("why", refusal_words(refused)),))
    return HttpResponseRedirect(PAGE)


def _decide(request: HttpRequest) -> None:
    decide = DECISIONS.get(request.POST.get("decision", ""))
    try:
        review_id = UUID(request.POST.get("case", ""))
    except ValueError:
        raise ReviewGone from None
    if decide is None:
        raise ReviewGone
    decide(by=actor(request), at=clock.now(), review_id=review_id, why=request.POST.get("why", ""))
    leave_word(request, "good", "desk.done")


def _page(request: HttpRequest, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    review = review_for(visitor(request).key)
    facts: dict[str, Any] = _evidence(review) if review else {}
    return show(
        request, "operator/contested.html", faults=faults, waiting=open_review_count(), review=review,
        why=request.POST.get("why", ""), **facts,
    )  # fmt: skip


def _evidence(review: Review) -> dict[str, object]:
    award = award_of(review.citizen_id)
    return {
        "person": citizen_view(review.citizen_id),
        "register": register_words(review.kind)[spoken()],
        "awarded": say("contested.awarded") if award else say("contested.not_awarded"),
    }
