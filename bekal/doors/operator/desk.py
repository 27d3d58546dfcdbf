"""The operators' desk: waves, signatures under a draw, pay runs with four eyes, and counts."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from bekal.access.queries import StaffView, staff_view
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.languages import say
from bekal.doors.pages import refusal_words, show
from bekal.doors.public import figures
from bekal.doors.sessions import actor, leave_word, permission, visitor
from bekal.engines.draw.annulment import Reason
from bekal.engines.draw.commitment import NEEDED
from bekal.engines.draw.source import Drand, read_source
from bekal.incentives.actions import approve_pay_run, reject_pay_run
from bekal.incentives.queries import RunView, open_orders, pay_runs
from bekal.incentives.tasks import begin_due
from bekal.learning.queries import issue_due_count, learning_figures
from bekal.ledger.queries import imbalance
from bekal.market.queries import market_figures
from bekal.notices.queries import notice_count
from bekal.scholarships.queries import administration_room
from bekal.waves.actions import (
    announce_wave,
    close_wave,
    open_wave,
    propose_annulment,
    sign_annulment,
    sign_commitment,
)
from bekal.waves.queries import DrawView, WaveView, counts_by_state, draw_of, wave_list, wave_view
from bekal.waves.tasks import end_silent

NEXT_MOVE = {"planned": "open", "open": "close", "drawn": "announce"}


def _staff(request: HttpRequest) -> StaffView | None:
    return staff_view(UUID(visitor(request).key)) if visitor(request).kind == "staff" else None


@permission("operator")
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, and counts read now."""
    staff, may = _staff(request), visitor(request).may
    name = staff.name if staff else ""
    waves = tuple(_wave_row(wave, name) for wave in wave_list())
    runs = tuple(_run_row(run, visitor(request).key, may) for run in pay_runs(20))
    return show(
        request, "operator/desk.html", staff=name, at=clock.now(), waves=waves, runs=runs, figures=_figures(),
        may_plan_waves="plan_wave" in may, may_sign="sign_draw" in may, may_plan_runs="plan_pay_run" in may,
        money=_money(), imbalance=imbalance(), may_review="review_identity" in may, may_contest="review_list" in may,
        may_recover="recover_account" in may, may_reconcile="reconcile" in may,
    )  # fmt: skip


def _money() -> tuple[dict[str, object], ...]:
    """Of each programme: the four sums, what administration may still cost, and revenue that is to be passed on."""
    codes = sorted({wave.programme_code for wave in wave_list()})
    found = ((code, figures.money_statement(code)) for code in codes)
    return tuple(
        {
            "code": code, "one": one, "room": administration_room(code),
            "waiting": sum(line.amount for line in one.revenue if line.code == "pnbp_waiting"),
        }
        for code, one in found
    )  # fmt: skip


def _wave_row(wave: WaveView, name: str) -> dict[str, object]:
    draw = draw_of(wave.number)
    people = tuple((say(f"applicants.{state}"), count) for state, count in counts_by_state(wave.id).items())
    return {
        **_annulling(draw, name), "wave": wave, "state": say(f"wave.{wave.state}"), "draw": draw, "people": people,
        "move": NEXT_MOVE.get(wave.state, ""), "to_sign": _to_sign(wave, draw, name),
    }  # fmt: skip


def _to_sign(wave: WaveView, draw: DrawView | None, name: str) -> bool:
    return wave.state == "committed" and draw is not None and name not in {one.name for one in draw.endorsements}


def _annulling(draw: DrawView | None, name: str) -> dict[str, object]:
    """What may be done to end a draw without a result: the reason that holds now, or a proposal to sign."""
    if draw is None or draw.state not in ("committed", "failed"):
        return {}
    if draw.annulment is not None:
        return {
            "annulment": say(f"draw.annulled_{draw.annulment['reason']}"),
            "annulment_signed": tuple(one.name for one in draw.annulment_signed),
            "annulment_to_sign": name not in {one.name for one in draw.annulment_signed},
        }
    return {"reason": _reason(draw)}


def _reason(draw: DrawView) -> Reason | None:
    """The one reason for which this draw could be annulled now, as far as the desk knows."""
    source, now = read_source(draw.commitment["source"]), clock.now()
    if draw.state == "failed":
        return "output_test_failed"
    if now < source.due_at:
        return "withdrawn"
    roles = [one.role for one in draw.endorsements]
    if any(roles.count(role) < needed for role, needed in NEEDED.items()):
        return "unsigned"
    if now >= source.wait_until:
        return "beacon_silent" if isinstance(source, Drand) else "reveal_withheld"
    return None


def _run_row(run: RunView, key: str, may: frozenset[str]) -> dict[str, object]:
    states = tuple((say(f"incentives.state_{state}"), count) for state, count in sorted(run.states.items()))
    own = run.planned_by == key
    waits = run.state == "planned"
    return {
        "run": run, "state": say(f"run.{run.state}"), "states": states, "own": own and waits,
        "may_approve": waits and not own and "approve_pay_run" in may,
    }  # fmt: skip


def _figures() -> tuple[tuple[str, int], ...]:
    learning, market, notices = learning_figures(), market_figures(), notice_count()
    counts = {
        "purchases": market["purchases"], "redeemed": learning.redeemed, "completed": learning.completed,
        "certified": learning.certified, "to_confirm": learning.to_confirm, "to_issue": issue_due_count(),
        "orders_open": open_orders(), "notices_queued": notices["queued"], "notices_sent": notices["sent"],
    }  # fmt: skip
    return tuple((say(f"figure.{code}"), count) for code, count in counts.items())


@permission("plan_wave")
@require_POST
def move_wave(request: HttpRequest, wave_number: int) -> HttpResponse:
    """Open, close or announce a wave: the one move that its state allows."""
    wave = wave_view(wave_number)
    moves = {"open": open_wave, "close": close_wave, "announce": announce_wave}
    move = moves.get(NEXT_MOVE.get(wave.state, ""))
    if move is None or request.POST.get("move") != NEXT_MOVE.get(wave.state):
        return HttpResponseRedirect("/operator")
    return _acted(request, lambda: move(by=actor(request), at=clock.now(), wave_id=wave.id))


@permission("sign_draw")
@require_POST
def sign(request: HttpRequest, wave_number: int) -> HttpResponse:
    """Stand behind the commitment of a draw."""
    staff, wave = _staff(request), wave_view(wave_number)
    name = staff.name if staff else ""
    return _acted(request, lambda: sign_commitment(by=actor(request), at=clock.now(), wave_id=wave.id, name=name))


@permission("sign_draw")
@require_POST
def annul(request: HttpRequest, wave_number: int) -> HttpResponse:
    """Propose to end the draw of a wave without a result, or sign that proposal; a silent source is asked once more."""
    staff, wave, draw = _staff(request), wave_view(wave_number), draw_of(wave_number)
    name, reason = staff.name if staff else "", _reason(draw) if draw else None
    by, at, why = actor(request), clock.now(), request.POST.get("why", "").strip()
    if draw is not None and draw.annulment is not None:
        return _acted(request, lambda: sign_annulment(by=by, at=at, wave_id=wave.id, name=name))
    if reason in ("beacon_silent", "reveal_withheld"):
        return _acted(request, lambda: end_silent(wave.id))
    return _acted(request, lambda: propose_annulment(
        by=by, at=at, wave_id=wave.id, reason=reason or "unsigned", why=why
    ))  # fmt: skip


@permission("plan_pay_run")
@require_POST
def plan_runs(request: HttpRequest) -> HttpResponse:
    """Plan a pay run over every channel that has something due."""
    return _acted(request, lambda: begin_due(actor(request)))


@permission("approve_pay_run")
@require_POST
def decide_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Approve exactly what the page showed (its digest), or reject it with a reason. The planner cannot approve."""
    by, at = actor(request), clock.now()
    if "reject" in request.POST:
        why = request.POST.get("why", "")
        return _acted(request, lambda: reject_pay_run(by=by, at=at, pay_run_id=run_id, why=why))
    digest = request.POST.get("digest", "")
    return _acted(request, lambda: approve_pay_run(by=by, at=at, pay_run_id=run_id, digest=digest))


def _acted(request: HttpRequest, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except Refused as refused:
        leave_word(request, "stop", "desk.refused", why=refusal_words(refused))
    else:
        leave_word(request, "good", "desk.done")
    return HttpResponseRedirect("/operator")
