"""Payments that wait for a person: held ones, and those whose outcome no payer could tell yet."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.languages import say
from bekal.doors.pages import refusal_words, show
from bekal.doors.sessions import actor, leave_word, permission, visitor
from bekal.incentives.actions import drop_order, hold_order, release_order, settle_by_hand
from bekal.incentives.queries import WaitingOrder, waiting_orders

PAGE = "/operator/pencairan/menunggu"


@permission("operator")
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """What is held or unknown, and what this member of staff may do about it."""
    may, key = visitor(request).may, visitor(request).key
    rows = tuple(_row(order, key) for order in waiting_orders())
    return show(
        request, "operator/waiting.html", rows=rows, may_hold="plan_pay_run" in may, may_decide="approve_pay_run" in may
    )


def _row(order: WaitingOrder, key: str) -> dict[str, object]:
    why = say("waiting.contested") if order.why == "contested" else order.why
    return {
        "order": order, "state": say(f"incentives.state_{order.state}"), "kind": say(f"incentives.kind_{order.kind}"),
        "why": why, "own": order.held_by == key,
    }  # fmt: skip


@permission("plan_pay_run")
@require_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Hold the order that is named, with a reason."""
    reference = request.POST.get("reference", "").strip()
    why = request.POST.get("why", "")
    return _acted(request, lambda: hold_order(by=actor(request), at=clock.now(), reference=reference, why=why))


@permission("approve_pay_run")
@require_POST
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """Release or drop a held order, or say what the payer's papers say of an unknown one; the second says the same."""
    by, at, why = actor(request), clock.now(), request.POST.get("why", "")
    if "release" in request.POST:
        return _acted(request, lambda: release_order(by=by, at=at, reference=reference, why=why))
    if "drop" in request.POST:
        return _acted(request, lambda: drop_order(by=by, at=at, reference=reference, why=why))
    if "paid" in request.POST:
        return _acted(request, lambda: settle_by_hand(by=by, at=at, reference=reference, outcome="paid", why=why))
    return _acted(request, lambda: settle_by_hand(by=by, at=at, reference=reference, outcome="refused", why=why))


def _acted(request: HttpRequest, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except Refused as refused:
        leave_word(request, "stop", "desk.refused", why=refusal_words(refused))
    else:
        leave_word(request, "good", "desk.done")
    return HttpResponseRedirect(PAGE)
