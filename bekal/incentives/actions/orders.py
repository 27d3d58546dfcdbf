"""Payment orders on their way: the intent is stored before the call, the answer after it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce

from bekal.citizens.actions import Word, tell_citizens
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.money import format_rupiah
from bekal.incentives.models import (
    IN_FLIGHT,
    ORDER_MOVES,
    OrderState,
    PayeeAccount,
    PayeeState,
    PaymentOrder,
    PayRun,
    RunState,
)
from bekal.incentives.ports import PayAnswer
from bekal.incentives.queries import sendable
from bekal.incentives.rules import Asked, Settled, send_again_after, settled
from bekal.ledger.actions import resolve_pending
from bekal.market.actions import note_settled


@action
def take_orders(*, by: Actor, at: datetime, channel: str, limit: int) -> list[PaymentOrder]:
    """Mark up to `limit` approved orders of a channel as sent, before anybody calls the payer.

    Others skip what one has taken.
    """
    rows = list(
        sendable(at)
        .filter(channel=channel)
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("planned_at", "id")[:limit]
    )
    if not rows:
        events.nothing_changed()
        return []
    taken = [row.id for row in rows]
    PaymentOrder.objects.filter(id__in=taken).update(
        state=OrderState.SENT,
        sendings=F("sendings") + 1,
        intent_at=Coalesce("intent_at", at),
        asked_at=at,
        send_after=None,
    )
    events.record_batch(
        kind="incentives.orders_sent", by=by, at=at, about="payment_orders", key=channel,
        lines=[(row.reference, {"sending": row.sendings + 1}) for row in rows],
    )  # fmt: skip
    return list(PaymentOrder.objects.filter(id__in=taken).order_by("planned_at", "id"))


@action
def record_answers(
    *, by: Actor, at: datetime, asked: Asked, answers: Sequence[tuple[UUID, PayAnswer]]
) -> dict[str, int]:
    """Keep what the payer said to `pay` or `status` calls and settle what is certain; returns orders by new state.

    Paid posts the money set aside, refused gives it back and asks the citizen for another account. An answer to an
    order that is settled already changes nothing; if it contradicts, that is kept as an event for people to look at.
    """
    said = dict(answers)
    rows = list(PaymentOrder.objects.select_for_update().filter(id__in=list(said)).order_by("id"))
    lines: list[tuple[str, dict[str, str]]] = []
    moved: dict[str, list[PaymentOrder]] = {}
    for row in rows:
        answer = said[row.id]
        if row.state in IN_FLIGHT:
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
    blocked = _block_accounts(at=at, refused=moved.get(OrderState.REFUSED, []))
    _tell(by=by, at=at, rows=blocked, template="incentives.notice_refused")
    _tell(by=by, at=at, rows=moved.get(OrderState.PAID, []), template="incentives.notice_paid")
    _mind_runs(rows, [row for row in rows if said[row.id].outcome == "stop"], said, at)
    events.record_batch(
        kind="incentives.answers_recorded", by=by, at=at, about="payment_orders", key=asked, lines=lines
    )
    return {state: len(group) for state, group in moved.items()}


_KEEP = """
    UPDATE incentives_payment_order AS o SET
        state = n.state, last_outcome = n.last_outcome, partner_code = n.partner_code,
        partner_reference = n.partner_reference, asked_at = n.asked_at, send_after = n.send_after,
        settled_at = n.settled_at
    FROM unnest(
        %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
        %s::timestamptz[]
    ) AS n(id, state, last_outcome, partner_code, partner_reference, asked_at, send_after, settled_at)
    WHERE o.id = n.id
"""


def _keep(rows: Sequence[PaymentOrder]) -> None:
    columns = zip(
        *(
            (
                row.id, str(row.state), row.last_outcome, row.partner_code, row.partner_reference, row.asked_at,
                row.send_after, row.settled_at,
            )
            for row in rows
        ),
        strict=True,
    )  # fmt: skip
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [list(column) for column in columns])


def _apply(row: PaymentOrder, answer: PayAnswer, asked: Asked, at: datetime) -> Settled:
    after = settled(answer.outcome, asked=asked, sendings=row.sendings, last_pay_outcome=row.last_outcome)
    assert after == row.state or after in ORDER_MOVES[row.state]
    row.state, row.asked_at, row.partner_code = after, at, answer.code[:16]
    row.partner_reference = (answer.partner_reference or row.partner_reference)[:64]
    if asked == "pay":
        row.last_outcome = answer.outcome
    if after in ("paid", "refused"):
        row.settled_at = at
    if after == "approved":
        row.send_after = send_again_after(at)
    return after


def _contradicts(row: PaymentOrder, answer: PayAnswer) -> bool:
    settled_otherwise = {OrderState.PAID: "refused", OrderState.REFUSED: "paid"}
    return settled_otherwise.get(OrderState(row.state)) == answer.outcome


def _move_money(*, by: Actor, at: datetime, moved: dict[str, list[PaymentOrder]]) -> None:
    paid, refused = moved.get(OrderState.PAID, []), moved.get(OrderState.REFUSED, [])
    if paid:
        resolve_pending(by=by, at=at, references=[row.reference for row in paid], into="post")
    if refused:
        resolve_pending(by=by, at=at, references=[row.reference for row in refused], into="void")
    for row in paid:
        if row.settlement_id is not None:
            note_settled(by=by, at=at, settlement_id=row.settlement_id)


def _block_accounts(*, at: datetime, refused: Sequence[PaymentOrder]) -> list[PaymentOrder]:
    """Mark the accounts of refused orders, unless the citizen has linked another meanwhile; those orders."""
    return [
        row
        for row in refused
        if row.citizen_id is not None
        and PayeeAccount.objects.filter(
            citizen_id=row.citizen_id, account_ref=row.account_ref, state=PayeeState.LINKED
        ).update(state=PayeeState.REFUSED, refused_code=row.partner_code, ended_at=at)
    ]


def _tell(*, by: Actor, at: datetime, rows: Sequence[PaymentOrder], template: str) -> None:
    words = [
        Word(row.citizen_id, f"{template}:{row.reference}", {"amount": format_rupiah(row.amount)})
        for row in rows
        if row.citizen_id is not None
    ]
    if words:
        tell_citizens(by=by, at=at, template=template, words=words)


def _mind_runs(
    rows: Sequence[PaymentOrder], stopped: Sequence[PaymentOrder], said: dict[UUID, PayAnswer], at: datetime
) -> None:
    for row in stopped:
        PayRun.objects.filter(pk=row.pay_run_id, state=RunState.APPROVED).update(
            state=RunState.HALTED, halted_code=said[row.id].code[:16] or "stop"
        )
    open_runs = PaymentOrder.objects.exclude(state__in=[OrderState.PAID, OrderState.REFUSED]).values("pay_run_id")
    PayRun.objects.filter(pk__in={row.pay_run_id for row in rows}, state=RunState.APPROVED).exclude(
        pk__in=open_runs.filter(pay_run_id__in={row.pay_run_id for row in rows})
    ).update(state=RunState.CLOSED, closed_at=at)
