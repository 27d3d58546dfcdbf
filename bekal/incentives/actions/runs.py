"""Pay runs: planned by one member of staff, approved by another over the digest of their orders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from bekal.access.actions import approve, propose
from bekal.core import events, ids, vault
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.faults import at_fault
from bekal.core.machine import move
from bekal.incentives.actions.accounts import account_refs
from bekal.incentives.actions.giving_back import unset_aside
from bekal.incentives.models import (
    ORDER_MOVES,
    RUN_MOVES,
    Channel,
    OrderKind,
    OrderState,
    PaymentOrder,
    PayRun,
    RunState,
)
from bekal.incentives.queries import Due, draft_of, due_chunk, due_settlements, run_digest, with_attempts
from bekal.incentives.rules import (
    HOLDER_PLACE,
    PLACE,
    award_account,
    paid_account,
    payable_account,
    settled_account,
)
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.rules import Opening, Posting
from bekal.partners.queries import payout_account

APPROVAL = "pay_run"
_PLANNING = 0x9A11


class RunUnknown(Refused):
    code = "incentives.run_unknown"


class RunDecided(Refused):
    code = "incentives.run_decided"


class RunChanged(Refused):
    code = "incentives.run_changed"


@action
def plan_pay_run(*, by: Actor, at: datetime, channel: str) -> PayRun | None:
    """Plan the next piece of a channel's run, and set its money aside: one order for every payment due.

    A run stays `drafting` until no account is left to look at: call again, after a crash too. Then its digest is laid
    before a second pair of eyes, in the name of whoever began it. Settlements go by bank. None when nothing is due.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PLANNING])
    run = draft_of(channel).select_for_update().first()
    chunk = due_chunk(at, channel=channel, after=run.drafted_to if run else None)
    settlements = with_attempts(_settlements()) if run is None and channel == Channel.BANK else []
    orders = [_order(due, at) for due in settlements + chunk.dues]
    if run is None and not orders:
        events.nothing_changed()
        return None
    run = _with_orders(run or _draft(channel, by, at), orders)
    if orders:
        _set_aside(by=by, at=at, channel=channel, orders=orders)
    events.record_batch(
        kind="incentives.pay_run_drafted", by=by, at=at, about="pay_run", key=str(run.id),
        lines=[
            (order.reference, {"kind": order.kind, "number": order.number, "amount": order.amount})
            for order in orders
        ],
    )  # fmt: skip
    if chunk.until is not None:
        PayRun.objects.filter(pk=run.pk).update(drafted_to=chunk.until)
    else:
        move(run, RunState.PLANNED, moves=RUN_MOVES, digest=run_digest(run.id), drafted_to=None)
        propose(by=Actor.staff(run.planned_by), at=at, kind=APPROVAL, key=str(run.id), digest=run.digest)
        _note(run, "incentives.pay_run_planned", by=by, at=at)
    at_fault("payouts.before_plan_commit")
    return run


@action
def approve_pay_run(*, by: Actor, at: datetime, pay_run_id: UUID, digest: str) -> PayRun:
    """Approve exactly the orders that `digest` covers; its planner cannot. Approved again, nothing changes.

    Orders that are held wait for another to release them, approved with the rest.

    Raises RunUnknown, RunDecided (rejected), RunChanged (the orders are not those of the digest), access.SameEyes.
    """
    run = _locked(pay_run_id)
    if run.state == RunState.REJECTED:
        raise RunDecided()
    if digest != run.digest or run_digest(run.id) != run.digest:
        raise RunChanged()
    approve(by=by, at=at, kind=APPROVAL, key=str(run.id), digest=digest)
    if run.state != RunState.PLANNED:
        events.nothing_changed()
        return run
    move(run, RunState.APPROVED, moves=RUN_MOVES, approved_by=by.key, decided_at=at)
    _move_orders(run, OrderState.PLANNED, OrderState.APPROVED)
    _note(run, "incentives.pay_run_approved", by=by, at=at)
    return run


@action
def reject_pay_run(*, by: Actor, at: datetime, pay_run_id: UUID, why: str) -> PayRun:
    """Drop a planned run with its orders; the money set aside goes back.

    Raises RunUnknown, RunDecided, RunChanged (it is still being planned).
    """
    run = _locked(pay_run_id)
    if run.state == RunState.DRAFTING:
        raise RunChanged()
    if run.state == RunState.REJECTED:
        events.nothing_changed()
        return run
    if run.state != RunState.PLANNED:
        raise RunDecided()
    waiting = run.orders.filter(state__in=(OrderState.PLANNED, OrderState.HELD))
    dropped = list(waiting.order_by("reference"))
    move(run, RunState.REJECTED, moves=RUN_MOVES, decided_at=at)
    _move_orders(run, OrderState.PLANNED, OrderState.DROPPED)
    _move_orders(run, OrderState.HELD, OrderState.DROPPED)
    if dropped:
        unset_aside(by=by, at=at, rows=dropped)
    _note(run, "incentives.pay_run_rejected", by=by, at=at, why=why)
    return run


@action
def resume_pay_run(*, by: Actor, at: datetime, pay_run_id: UUID, why: str) -> PayRun:
    """Let a run go on that the payer had told us to stop. Raises RunUnknown."""
    run = _locked(pay_run_id)
    if run.state != RunState.HALTED:
        events.nothing_changed()
        return run
    move(run, RunState.APPROVED, moves=RUN_MOVES, halted_code="")
    _note(run, "incentives.pay_run_resumed", by=by, at=at, why=why)
    return run


def _locked(pay_run_id: UUID) -> PayRun:
    run = PayRun.objects.select_for_update().filter(pk=pay_run_id).first()
    if run is None:
        raise RunUnknown()
    return run


def _move_orders(run: PayRun, before: OrderState, after: OrderState) -> None:
    assert after in ORDER_MOVES[before]
    PaymentOrder.objects.filter(pay_run=run, state=before).update(state=after, held_at=None, held_by="", held_why="")


def _settlements() -> list[Due]:
    dues = []
    for settlement_id, organisation_id, name, number, amount in due_settlements():
        account = payout_account(organisation_id)
        if account is not None:
            dues.append(
                Due(
                    kind=OrderKind.SETTLEMENT,
                    number=number,
                    amount=amount,
                    channel=Channel.BANK,
                    account_sealed=vault.seal(account, place=PLACE),
                    account_ref=account_refs([(Channel.BANK, account)])[0],
                    holder_sealed=vault.seal(name, place=HOLDER_PLACE),
                    organisation_id=organisation_id,
                    settlement_id=settlement_id,
                )
            )
    return dues


def _order(due: Due, at: datetime) -> PaymentOrder:
    name = (str(due.award_id or due.settlement_id), due.kind, str(due.number), str(due.attempt), at.isoformat())
    order_id = ids.fresh("payment order", *name)
    return PaymentOrder(
        id=order_id,
        kind=due.kind,
        number=due.number,
        award_id=due.award_id,
        citizen_id=due.citizen_id,
        organisation_id=due.organisation_id,
        settlement_id=due.settlement_id,
        reference=order_id.hex,
        attempt=due.attempt,
        replaces_id=due.replaces_id,
        amount=due.amount,
        channel=due.channel,
        account_sealed=due.account_sealed,
        account_ref=due.account_ref,
        holder_sealed=due.holder_sealed,
        state=OrderState.PLANNED,
        planned_at=at,
    )


def _draft(channel: str, by: Actor, at: datetime) -> PayRun:
    """A run that is not stored yet."""
    before = PayRun.objects.filter(channel=channel).count()
    return PayRun(
        id=ids.fresh("pay run", channel, str(before)), channel=channel, state=RunState.DRAFTING, orders_count=0,
        total_amount=0, planned_by=by.key, planned_at=at,
    )  # fmt: skip


def _with_orders(run: PayRun, orders: Sequence[PaymentOrder]) -> PayRun:
    """Store these orders under their run, and count them in it."""
    run.orders_count += len(orders)
    run.total_amount += sum(order.amount for order in orders)
    run.save()
    for order in orders:
        order.pay_run_id = run.id
    columns = [field.attname for field in PaymentOrder._meta.concrete_fields]
    copying = f"COPY incentives_payment_order ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(copying) as copy:
        for order in orders:
            copy.write_row([getattr(order, column) for column in columns])
    return run


def _set_aside(*, by: Actor, at: datetime, channel: str, orders: Sequence[PaymentOrder]) -> None:
    organisations = sorted({str(order.organisation_id) for order in orders if order.organisation_id})
    accounts = [
        Opening(paid_account(channel), "paid", limit="none"),
        *(Opening(settled_account(key), "settled", limit="none", owner=key) for key in organisations),
    ]
    open_accounts(by=by, at=at, accounts=accounts)
    post_transfers(by=by, at=at, transfers=[_posting(order) for order in orders])


def _posting(order: PaymentOrder) -> Posting:
    if order.award_id is not None:
        ends, code = (award_account(order.award_id), paid_account(order.channel)), "incentive"
    else:
        ends, code = (payable_account(order.organisation_id), settled_account(order.organisation_id)), "settlement"
    return Posting(*ends, amount=order.amount, code=code, reference=order.reference, phase="pending")


def _note(run: PayRun, kind: str, *, by: Actor, at: datetime, why: str = "") -> None:
    events.record(
        kind=kind, by=by, at=at, about="pay_run", key=str(run.id), why=why,
        data={"digest": run.digest, "orders": run.orders_count, "amount": run.total_amount},
    )  # fmt: skip
