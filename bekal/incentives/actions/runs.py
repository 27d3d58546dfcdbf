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
from bekal.incentives.queries import Due, due_entitlements, due_settlements, run_digest, with_attempts
from bekal.incentives.rules import (
    HOLDER_PLACE,
    PLACE,
    OrderFacts,
    award_account,
    digest,
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
    """Plan one order for every payment due over `channel` (settlements go by bank), and set the money aside.

    The run's digest is laid before a second pair of eyes. None when nothing is due.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PLANNING])
    dues = due_entitlements(at, channel=channel)
    if channel == Channel.BANK:
        dues += _settlements()
    if not dues:
        events.nothing_changed()
        return None
    orders = [_order(due, at) for due in with_attempts(dues)]
    run = _run(orders, channel, by, at)
    PayRun.objects.bulk_create([run])
    for order in orders:
        order.pay_run_id = run.id
    PaymentOrder.objects.bulk_create(orders, batch_size=1_000)
    _set_aside(by=by, at=at, channel=channel, orders=orders)
    propose(by=by, at=at, kind=APPROVAL, key=str(run.id), digest=run.digest)
    events.record_batch(
        kind="incentives.pay_run_planned", by=by, at=at, about="pay_run", key=str(run.id),
        lines=[
            (order.reference, {"kind": order.kind, "number": order.number, "amount": order.amount})
            for order in orders
        ],
    )  # fmt: skip
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
    """Drop a planned run with its orders; the money set aside goes back. Raises RunUnknown, RunDecided."""
    run = _locked(pay_run_id)
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


def _run(orders: Sequence[PaymentOrder], channel: str, by: Actor, at: datetime) -> PayRun:
    found = digest(OrderFacts(order.reference, order.amount, order.account_ref.hex) for order in orders)
    return PayRun(
        id=ids.fresh("pay run", channel, found, str(PayRun.objects.filter(digest=found).count())),
        channel=channel,
        state=RunState.PLANNED,
        digest=found,
        orders_count=len(orders),
        total_amount=sum(order.amount for order in orders),
        planned_by=by.key,
        planned_at=at,
    )


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
