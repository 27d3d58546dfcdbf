"""Orders that a person must look at: held and let go, dropped, or settled by two people where no payer can be asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from bekal.access.actions import SameEyes, approve, propose
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.incentives.actions.giving_back import unset_aside
from bekal.incentives.actions.orders import OrderUnknown, close_runs, record_answers
from bekal.incentives.models import ORDER_MOVES, OrderState, PaymentOrder
from bekal.incentives.ports import PayAnswer
from bekal.incentives.queries import contested_orders
from bekal.incentives.rules import settlement_digest

CONTESTED = "contested"
BY_HAND = "payment_order"
_NOT_HELD = {"held_at": None, "held_by": "", "held_why": ""}


class NotToHold(Refused):
    code = "incentives.not_to_hold"


class NotHeld(Refused):
    code = "incentives.not_held"


class OrderLeft(Refused):
    code = "incentives.order_left"


class NotUnknown(Refused):
    code = "incentives.not_unknown"


class NeedsReason(Refused):
    code = "incentives.needs_reason"


@action
def hold_order(*, by: Actor, at: datetime, reference: str, why: str) -> PaymentOrder:
    """Keep an order from going out; its money stays set aside. Held again, nothing changes.

    Raises OrderUnknown, NeedsReason, NotToHold (it is on its way, or its outcome is certain).
    """
    row = _locked(reference)
    if row.state == OrderState.HELD:
        events.nothing_changed()
        return row
    if not why.strip():
        raise NeedsReason()
    if row.state not in (OrderState.PLANNED, OrderState.APPROVED):
        raise NotToHold(reference=reference)
    _hold([row], by=by, at=at, why=why.strip()[:200])
    row.refresh_from_db()
    return row


@action
def hold_contested(*, by: Actor, at: datetime) -> int:
    """Hold what is planned or approved for people whose decision a newer list contests; how many."""
    rows = list(contested_orders().select_for_update(of=("self",)).order_by("id"))
    if not rows:
        events.nothing_changed()
        return 0
    _hold(rows, by=by, at=at, why=CONTESTED)
    return len(rows)


@action
def release_order(*, by: Actor, at: datetime, reference: str, why: str) -> PaymentOrder:
    """Let a held order go on where it stood; whoever held it cannot. Raises OrderUnknown, NotHeld, NeedsReason,
    access.SameEyes."""
    row = _held(reference, by, why)
    stood = OrderState.APPROVED if row.pay_run.approved_by else OrderState.PLANNED
    move(row, stood, moves=ORDER_MOVES, **_NOT_HELD)
    events.record(
        kind="incentives.order_released", by=by, at=at, about="payment_order", key=reference, why=why.strip()[:200]
    )
    return row


@action
def drop_order(*, by: Actor, at: datetime, reference: str, why: str) -> PaymentOrder:
    """Drop a held order for good; the money set aside goes back. Whoever held it cannot.

    Raises OrderUnknown, NotHeld, NeedsReason, OrderLeft (it left the house once), access.SameEyes.
    """
    row = _held(reference, by, why)
    if row.sendings:
        raise OrderLeft(reference=reference)
    move(row, OrderState.DROPPED, moves=ORDER_MOVES, **_NOT_HELD)
    unset_aside(by=by, at=at, rows=[row])
    events.record(
        kind="incentives.order_dropped", by=by, at=at, about="payment_order", key=reference, why=why.strip()[:200]
    )
    close_runs({row.pay_run_id}, at)
    return row


@action
def settle_by_hand(
    *, by: Actor, at: datetime, reference: str, outcome: Literal["paid", "refused"], why: str
) -> PaymentOrder:
    """Settle an unknown order by what two people read in the payer's own papers: one says so, another says the same.

    `why` names the paper. Raises OrderUnknown, NotUnknown, NeedsReason, access.SameEyes.
    """
    row = _locked(reference)
    if row.state != OrderState.UNKNOWN:
        raise NotUnknown(reference=reference)
    if not why.strip():
        raise NeedsReason()
    digest = settlement_digest(reference, row.amount, outcome)
    proposed = propose(by=by, at=at, kind=BY_HAND, key=reference, digest=digest)
    if proposed.maker == by.key:
        return row
    approve(by=by, at=at, kind=BY_HAND, key=reference, digest=digest)
    answer = PayAnswer(outcome, "by_hand", None, why.strip()[:200])
    record_answers(by=by, at=at, asked="statement", answers=[(row.id, answer)])
    row.refresh_from_db()
    return row


def _locked(reference: str) -> PaymentOrder:
    row = PaymentOrder.objects.select_for_update().filter(reference=reference).first()
    if row is None:
        raise OrderUnknown(reference=reference)
    return row


def _held(reference: str, by: Actor, why: str) -> PaymentOrder:
    row = _locked(reference)
    if row.state != OrderState.HELD:
        raise NotHeld(reference=reference)
    if not why.strip():
        raise NeedsReason()
    if row.held_by == by.key:
        raise SameEyes()
    return row


def _hold(rows: Sequence[PaymentOrder], *, by: Actor, at: datetime, why: str) -> None:
    ids: list[UUID] = [row.id for row in rows]
    PaymentOrder.objects.filter(id__in=ids).update(
        state=OrderState.HELD, held_at=at, held_by=by.key, held_why=why, send_after=None
    )
    events.record_batch(
        kind="incentives.orders_held", by=by, at=at, about="payment_orders", key=rows[0].reference, why=why,
        lines=[(row.reference, {"was": row.state}) for row in rows],
    )  # fmt: skip
