"""Reconciliation: differences by class, one difference with its three sides, and what two people decide about it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from bekal.access.queries import staff_view
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.core.texts import table
from bekal.doors.languages import say
from bekal.doors.pages import refusal_words, show
from bekal.doors.sessions import actor, leave_word, permission, visitor
from bekal.incentives.actions import approve_mending, explain_difference, propose_mending, withdraw_mending
from bekal.incentives.differences import day_of
from bekal.incentives.queries import (
    ClassFigure,
    DifferenceView,
    difference_classes,
    difference_view,
    statement_list,
    waiting_differences,
)

PAGE = "/operator/rekonsiliasi"
TONES = {"open": "care", "proposed": "info", "explained": "", "mended": "good"}


@permission("reconcile")
@require_safe
def differences_page(request: HttpRequest) -> HttpResponse:
    """Every class with its counts and rupiah; the waiting ones of the class that was chosen; the latest statements."""
    figures = difference_classes(day_of(clock.now()))
    chosen = request.GET.get("jenis", "")
    chosen = chosen if chosen in {figure.kind for figure in figures} else _first(figures)
    statements = tuple(
        {
            "row": row,
            "channel": say(f"reconcile.channel_{row.channel}"),
            "state": say(f"reconcile.statement_{row.state}"),
        }
        for row in statement_list()
    )
    return show(
        request, "operator/differences.html", statements=statements, chosen=chosen,
        classes=tuple(_class(figure) for figure in figures),
        chosen_words=say(f"difference.{chosen}") if chosen else "",
        waiting=sum(figure.waiting for figure in figures), overdue=sum(figure.overdue for figure in figures),
        stake=sum(figure.stake for figure in figures),
        rows=tuple(_row(view) for view in waiting_differences(chosen)) if chosen else (),
    )  # fmt: skip


@permission("reconcile")
@require_safe
def difference_page(request: HttpRequest, difference_id: UUID) -> HttpResponse:
    """One difference: what it means, the three sides beside each other, and what may be done about it."""
    view = difference_view(difference_id)
    if view is None:
        raise Http404
    who = visitor(request)
    waits = view.state in ("open", "proposed")
    return show(
        request, "operator/difference.html", **_row(view), sides=_sides(view), act=say(f"difference.{view.kind}.act"),
        told=_words(view.told), why=_words(view.why), proposed_by=_name(view.proposed_by),
        resolved_by=_name(view.resolved_by), waits=waits,
        mend=say(f"reconcile.mend_{view.mend}") if view.mend and view.state == "open" else "",
        may_approve=view.state == "proposed" and view.proposed_by != who.key and "approve_pay_run" in who.may,
        own=view.state == "proposed" and view.proposed_by == who.key,
    )  # fmt: skip


@permission("reconcile")
@require_POST
def decide(request: HttpRequest, difference_id: UUID) -> HttpResponse:
    """Explain, propose a mending, or withdraw it, each with a reason."""
    decisions = {"explain": explain_difference, "propose": propose_mending, "withdraw": withdraw_mending}
    chosen = next((act for name, act in decisions.items() if name in request.POST), None)
    if chosen is None:
        return HttpResponseRedirect(f"{PAGE}/{difference_id}")
    by, why = actor(request), request.POST.get("why", "")
    return _acted(request, difference_id, lambda: chosen(by=by, at=clock.now(), difference_id=difference_id, why=why))


@permission("approve_pay_run")
@require_POST
def approve(request: HttpRequest, difference_id: UUID) -> HttpResponse:
    """Carry out exactly what the page showed (its digest). Who proposed it cannot."""
    by, digest = actor(request), request.POST.get("digest", "")
    return _acted(
        request, difference_id,
        lambda: approve_mending(by=by, at=clock.now(), difference_id=difference_id, digest=digest),
    )  # fmt: skip


def _acted(request: HttpRequest, difference_id: UUID, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except Refused as refused:
        leave_word(request, "stop", "desk.refused", why=refusal_words(refused))
    else:
        leave_word(request, "good", "desk.done")
    return HttpResponseRedirect(f"{PAGE}/{difference_id}")


def _first(figures: list[ClassFigure]) -> str:
    return next((figure.kind for figure in figures if figure.waiting), "")


def _class(figure: ClassFigure) -> dict[str, object]:
    return {"figure": figure, "words": say(f"difference.{figure.kind}"), "owner": say(f"role.{figure.owner}")}


def _row(view: DifferenceView) -> dict[str, Any]:
    return {
        "view": view, "words": say(f"difference.{view.kind}"), "channel": say(f"reconcile.channel_{view.channel}"),
        "owner": say(f"role.{view.owner}"), "state": say(f"difference.state_{view.state}"), "tone": TONES[view.state],
        "overdue": view.state in ("open", "proposed") and view.due_on < day_of(clock.now()),
    }  # fmt: skip


def _sides(view: DifferenceView) -> tuple[tuple[str, str, int | None], ...]:
    """(side, what it says, whole rupiah)."""
    nothing = say("reconcile.nothing")
    return (
        (say("reconcile.side_order"), say(f"incentives.state_{view.order_state}") if view.order_state else nothing,
         view.order_amount),
        (say("reconcile.side_ledger"), say(f"reconcile.phase_{view.ledger_phase}") if view.ledger_phase else nothing,
         view.ledger_amount),
        (say("reconcile.side_payer"), say("reconcile.booked_by_payer") if view.payer_amount else nothing,
         view.payer_amount or None),
    )  # fmt: skip


def _words(told: str) -> str:
    return say(told) if told in table() else told


def _name(key: str) -> str:
    if not key:
        return ""
    try:
        staff = staff_view(UUID(key))
    except ValueError:
        return say("reconcile.system")
    return staff.name if staff else key
