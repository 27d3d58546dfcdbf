"""Payment orders on their way: the intent is stored before the call, the answer after it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce

from bekal.citizens.actions import Word, tell_citizens
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.faults import at_fault
from bekal.core.machine import move
from bekal.core.money import format_rupiah
from bekal.core.rows import among
from bekal.incentives.actions.giving_back import book_return, unset_aside
from bekal.incentives.models import (
    IN_FLIGHT,
    OPEN,
    ORDER_MOVES,
    OrderState,
    PayeeAccount,
    PayeeState,
    PaymentOrder,
    PayRun,
    RunState,
)
from bekal.incentives.ports import PayAnswer
from bekal.incentives.queries import ask_budget, past_window, sendable, terms_of, to_ask
from bekal.incentives.rules import (
    Asked,
    Settled,
    ask_after,
    award_account,
    paid_account,
    payable_account,
    send_again_after,
    settled,
    settled_account,
)
from bekal.ledger.actions import resolve_pending
from bekal.ledger.rules import Posting
from bekal.market.actions import note_returned, note_settled

CALLERS_WAIT = timedelta(minutes=2)
"""A sent order without an answer is asked about after this at the earliest: longer than any call is allowed to take."""
_ASKING = 0xA5C


class OrderUnknown(Refused):
    code = "incentives.order_unknown"


class OrderNotPaid(Refused):
    code = "incentives.order_not_paid"


class ReturnDiffers(Refused):
    code = "incentives.return_differs"


@action
def take_orders(*, by: Actor, at: datetime, channel: str, limit: int, batch: str = "") -> list[PaymentOrder]:
    """Mark up to `limit` approved orders of a channel as sent, before anybody calls the payer.

    `batch` names the file they travel in. Others skip what one has taken.
    """
    rows = list(
        sendable(at, channel).select_for_update(skip_locked=True, of=("self",)).order_by("planned_at", "id")[:limit]
    )
    if not rows:
        events.nothing_changed()
        return []
    ask = at + max(CALLERS_WAIT, terms_of(channel).first_ask)
    PaymentOrder.objects.filter(id__in=among(row.id for row in rows)).update(
        state=OrderState.SENT, sendings=F("sendings") + 1, intent_at=Coalesce("intent_at", at), asked_at=at,
        send_after=None, asks=0, ask_after=ask, batch=batch,
    )  # fmt: skip
    for row in rows:
        row.state, row.sendings, row.intent_at, row.asked_at = (
            OrderState.SENT,
            row.sendings + 1,
            row.intent_at or at,
            at,
        )
        row.send_after, row.asks, row.ask_after, row.batch = None, 0, ask, batch
    events.record_batch(
        kind="incentives.orders_sent", by=by, at=at, about="payment_orders", key=channel, why=batch,
        lines=[(row.reference, {"sending": row.sendings}) for row in rows],
    )  # fmt: skip
    at_fault("payouts.before_claim_commit")
    return rows


@action
def take_enquiries(*, by: Actor, at: datetime, channel: str, limit: int) -> list[PaymentOrder]:
    """Mark orders whose outcome is to be asked for as asked, before anybody asks; no more than the payer's budget
    leaves to all our workers in this minute."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_ASKING, channel])
    left = min(limit, ask_budget(at, channel))
    rows = list(to_ask(at, channel).select_for_update(skip_locked=True).order_by("ask_after", "id")[:left])
    if not rows:
        events.nothing_changed()
        return []
    first = terms_of(channel).first_ask
    for asks in sorted({row.asks for row in rows}):
        PaymentOrder.objects.filter(id__in=[row.id for row in rows if row.asks == asks]).update(
            asks=asks + 1, asked_at=at, ask_after=ask_after(at, asks + 1, first)
        )
    events.record_batch(
        kind="incentives.orders_asked", by=by, at=at, about="payment_orders", key=channel,
        lines=[(row.reference, {"ask": row.asks + 1}) for row in rows],
    )  # fmt: skip
    at_fault("payouts.before_ask_commit")
    return rows


@action
def wait_for_report(*, by: Actor, at: datetime, batch: str) -> None:
    """Look for the report on a file again later."""
    waiting = PaymentOrder.objects.filter(batch=batch, state__in=IN_FLIGHT)
    channel = waiting.values_list("channel", flat=True).first()
    if channel is None:
        events.nothing_changed()
        return
    waiting.update(asks=F("asks") + 1, asked_at=at, ask_after=at + terms_of(channel).first_ask)
    events.record(kind="incentives.report_awaited", by=by, at=at, about="payment_file", key=batch)


@action
def close_windows(*, by: Actor, at: datetime, channel: str) -> int:
    """Orders that left once and whose reference the payer may have forgotten go out no more: only a statement or two
    people settle them. How many."""
    rows = list(past_window(at, channel).select_for_update(of=("self",)).order_by("id"))
    if not rows:
        events.nothing_changed()
        return 0
    PaymentOrder.objects.filter(id__in=[row.id for row in rows]).update(
        state=OrderState.UNKNOWN, send_after=None, ask_after=at
    )
    events.record_batch(
        kind="incentives.windows_closed", by=by, at=at, about="payment_orders", key=channel,
        lines=[(row.reference, {"sendings": row.sendings}) for row in rows],
    )  # fmt: skip
    return len(rows)


@action
def record_answers(
    *, by: Actor, at: datetime, asked: Asked, answers: Sequence[tuple[UUID, PayAnswer]]
) -> dict[str, int]:
    """Keep what the payer said to `pay` or `status` calls (a report on a file is one), or in a `statement`, and settle
    what is certain; returns orders by new state.

    Paid posts the money set aside, refused gives it back and asks the citizen for another account. What a statement
    does not name changes nothing: leave it out. An answer to an order that is settled already changes nothing; if it
    contradicts, that is kept as an event for people to look at.
    """
    said = dict(answers)
    rows = list(PaymentOrder.objects.select_for_update(of=("self",)).filter(id__in=among(said)).order_by("id"))
    lines: list[tuple[str, dict[str, str]]] = []
    moved: dict[str, list[PaymentOrder]] = {}
    for row in rows:
        answer = said[row.id]
        if _concerns(row, answer):
            moved.setdefault(_apply(row, answer, asked, at), []).append(row)
            lines.append(
                (row.reference, {"asked": asked, "outcome": answer.outcome, "code": answer.code, "state": row.state})
            )
        elif _contradicts(row, answer):
            lines.append((row.reference, {"asked": asked, "contradicts": row.state, "code": answer.code}))
    if not lines:
        events.nothing_changed()
        return {}
    _keep([row for group in moved.values() for row in group])
    _move_money(by=by, at=at, moved=moved)
    blocked = block_accounts(at=at, dead=moved.get(OrderState.REFUSED, []), code=lambda row: row.partner_code)
    tell_payees(by=by, at=at, rows=blocked, template="incentives.notice_refused")
    tell_payees(by=by, at=at, rows=moved.get(OrderState.PAID, []), template="incentives.notice_paid")
    _halt_runs({row.pay_run_id: said[row.id].code for row in rows if said[row.id].outcome == "stop"})
    close_runs({row.pay_run_id for group in moved.values() for row in group}, at)
    events.record_batch(
        kind="incentives.answers_recorded", by=by, at=at, about="payment_orders", key=asked, lines=lines
    )
    at_fault("payouts.before_answers_commit")
    return {state: len(group) for state, group in moved.items()}


@action
def return_order(*, by: Actor, at: datetime, reference: str, partner_reference: str, amount: int) -> PaymentOrder:
    """The payer gave a paid order's money back: it stands in the award again (or is owed again), the account is
    blocked, and the entitlement is due once more. Told again, nothing changes.

    `partner_reference`: the payer's own name for the return. Raises OrderUnknown, OrderNotPaid (record first what the
    statement says was paid), ReturnDiffers (not the whole amount).
    """
    row = PaymentOrder.objects.select_for_update().filter(reference=reference).first()
    if row is None:
        raise OrderUnknown(reference=reference)
    if row.amount != amount:
        raise ReturnDiffers(reference=reference, amount=format_rupiah(amount), ordered=format_rupiah(row.amount))
    if row.state == OrderState.RETURNED:
        events.nothing_changed()
        return row
    if row.state != OrderState.PAID:
        raise OrderNotPaid(reference=reference)
    move(row, OrderState.RETURNED, moves=ORDER_MOVES, returned_at=at)
    book_return(by=by, at=at, row=row, posting=_back(row))
    if row.settlement_id is not None:
        note_returned(by=by, at=at, settlement_id=row.settlement_id)
    block_accounts(at=at, dead=[row], code=lambda _: "returned")
    tell_payees(by=by, at=at, rows=[row], template="incentives.notice_returned")
    events.record(
        kind="incentives.order_returned", by=by, at=at, about="payment_order", key=row.reference,
        data={"amount": amount, "partner_reference": partner_reference[:64]},
    )  # fmt: skip
    return row


def _back(row: PaymentOrder) -> Posting:
    if row.award_id is not None:
        ends, code = (paid_account(row.channel), award_account(row.award_id)), "incentive_returned"
    else:
        ends, code = (settled_account(row.organisation_id), payable_account(row.organisation_id)), "settlement_returned"
    return Posting(*ends, amount=row.amount, code=code, reference=f"{row.reference}:returned")


def _concerns(row: PaymentOrder, answer: PayAnswer) -> bool:
    """Whether an answer may still settle this order: it left the house, and nothing certain is known of it."""
    waits = row.state in (OrderState.APPROVED, OrderState.HELD) and row.sendings > 0
    return row.state in IN_FLIGHT or (waits and answer.outcome == "paid")


_KEEP = """
    UPDATE incentives_payment_order AS o SET
        state = n.state, last_outcome = n.last_outcome, partner_code = n.partner_code,
        partner_reference = n.partner_reference, asked_at = n.asked_at, send_after = n.send_after,
        ask_after = n.ask_after, settled_at = n.settled_at, held_at = NULL, held_by = '', held_why = ''
    FROM unnest(
        %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
        %s::timestamptz[], %s::timestamptz[]
    ) AS n(id, state, last_outcome, partner_code, partner_reference, asked_at, send_after, ask_after, settled_at)
    WHERE o.id = n.id
"""


def _keep(rows: Sequence[PaymentOrder]) -> None:
    columns = zip(
        *(
            (
                row.id, str(row.state), row.last_outcome, row.partner_code, row.partner_reference, row.asked_at,
                row.send_after, row.ask_after, row.settled_at,
            )
            for row in rows
        ),
        strict=True,
    )  # fmt: skip
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [list(column) for column in columns])


def _apply(row: PaymentOrder, answer: PayAnswer, asked: Asked, at: datetime) -> Settled:
    terms = terms_of(row.channel)
    assert row.intent_at is not None
    after = settled(
        answer.outcome, asked=asked, sendings=row.sendings, last_pay_outcome=row.last_outcome,
        in_window=at < row.intent_at + terms.window,
    )  # fmt: skip
    assert after == row.state or after in ORDER_MOVES[row.state]
    row.state, row.asked_at, row.partner_code = after, at, answer.code[:16]
    row.partner_reference = (answer.partner_reference or row.partner_reference)[:64]
    if asked == "pay":
        row.last_outcome = answer.outcome
    if after != "unknown":
        row.ask_after = None
    elif asked == "pay":
        row.ask_after = at + terms.first_ask
    if after in ("paid", "refused"):
        row.settled_at = at
    if after == "approved":
        row.send_after = send_again_after(at)
    return after


def _contradicts(row: PaymentOrder, answer: PayAnswer) -> bool:
    settled_otherwise = {OrderState.PAID: "refused", OrderState.REFUSED: "paid", OrderState.DROPPED: "paid"}
    return settled_otherwise.get(OrderState(row.state)) == answer.outcome


def _move_money(*, by: Actor, at: datetime, moved: dict[str, list[PaymentOrder]]) -> None:
    paid, refused = moved.get(OrderState.PAID, []), moved.get(OrderState.REFUSED, [])
    if paid:
        resolve_pending(by=by, at=at, references=[row.reference for row in paid], into="post")
    if refused:
        unset_aside(by=by, at=at, rows=refused)
    for row in paid:
        if row.settlement_id is not None:
            note_settled(by=by, at=at, settlement_id=row.settlement_id)


def block_accounts(
    *, at: datetime, dead: Sequence[PaymentOrder], code: Callable[[PaymentOrder], str]
) -> list[PaymentOrder]:
    """Mark the accounts of dead orders, unless the citizen has linked another meanwhile; the first order of each."""
    blocked = []
    for row in dead:
        if row.citizen_id is not None:
            linked = PayeeAccount.objects.filter(
                citizen_id=row.citizen_id, account_ref=row.account_ref, state=PayeeState.LINKED
            )
            if linked.update(state=PayeeState.REFUSED, refused_code=code(row), ended_at=at):
                blocked.append(row)
    return blocked


def tell_payees(*, by: Actor, at: datetime, rows: Sequence[PaymentOrder], template: str) -> None:
    """A message about each of these orders to the citizen it is for."""
    words = [
        Word(row.citizen_id, f"{template}:{row.reference}", {"amount": format_rupiah(row.amount)})
        for row in rows
        if row.citizen_id is not None
    ]
    if words:
        tell_citizens(by=by, at=at, template=template, words=words)


def _halt_runs(codes: dict[UUID, str]) -> None:
    for run_id, code in codes.items():
        PayRun.objects.filter(pk=run_id, state=RunState.APPROVED).update(
            state=RunState.HALTED, halted_code=code[:16] or "stop"
        )


def close_runs(run_ids: set[UUID], at: datetime) -> None:
    """Close those approved runs whose every order is certain."""
    unsure = PaymentOrder.objects.filter(pay_run_id__in=run_ids, state__in=OPEN).values("pay_run_id")
    PayRun.objects.filter(pk__in=run_ids, state=RunState.APPROVED).exclude(pk__in=unsure).update(
        state=RunState.CLOSED, closed_at=at
    )
