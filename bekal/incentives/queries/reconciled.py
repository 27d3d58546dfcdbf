"""What staff sees of reconciliation: statements taken in, differences by class, one difference with its three sides."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Q, Sum

from bekal.incentives.differences import KINDS, MENDS
from bekal.incentives.models import (
    UNRESOLVED,
    Channel,
    Difference,
    OrderKind,
    OrderState,
    PayerStatement,
    PaymentOrder,
    StatementState,
)
from bekal.incentives.rules import paid_account, settled_account
from bekal.ledger.queries import sums_by_account

COUNTED = (OrderState.PAID, OrderState.RETURNED)
"""States of orders whose transfer stands in the ledger for good."""


@dataclass(frozen=True, slots=True)
class ClassFigure:
    """Differences of one class: how many wait, how many of those too long, whole rupiah at stake, how many are over."""

    kind: str
    owner: str
    waiting: int
    overdue: int
    stake: int
    resolved: int


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """One difference with its three sides as they were found. `digest` covers its mending; `mend`: "" or its name."""

    id: UUID
    kind: str
    channel: str
    day: date
    reference: str
    owner: str
    due_on: date
    state: str
    order_state: str
    order_amount: int | None
    ledger_phase: str
    ledger_amount: int | None
    payer_amount: int | None
    stake: int
    statement: str
    told: str
    why: str
    proposed_by: str
    resolved_by: str
    found_at: datetime
    resolved_at: datetime | None
    mend: str
    digest: str


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement as a line of a list."""

    channel: str
    number: str
    day: date
    state: str
    entries: int
    paid: int
    returned: int
    closing: int


def difference_classes(on: date) -> list[ClassFigure]:
    """Every class that was ever found, in the order of the classes, counted on a day."""
    waits, late = Q(state__in=UNRESOLVED), Q(state__in=UNRESOLVED, due_on__lt=on)
    rows = Difference.objects.values_list("kind", "owner").annotate(
        waiting=Count("id", filter=waits), overdue=Count("id", filter=late),
        stake=Sum("stake_amount", filter=waits, default=0), resolved=Count("id", filter=~waits),
    )  # fmt: skip
    return sorted((ClassFigure(*row) for row in rows), key=lambda figure: KINDS.index(figure.kind))


def waiting_differences(kind: str, *, limit: int = 50) -> list[DifferenceView]:
    """Differences of a class that nobody has resolved, the most urgent first."""
    rows = Difference.objects.filter(kind=kind, state__in=UNRESOLVED).order_by("due_on", "id")
    return [_view(row) for row in rows.select_related("statement")[:limit]]


def difference_view(difference_id: UUID) -> DifferenceView | None:
    row = Difference.objects.select_related("statement").filter(pk=difference_id).first()
    return _view(row) if row is not None else None


def statement_list(limit: int = 14) -> list[StatementRow]:
    """The latest statements, of every payer."""
    rows = PayerStatement.objects.order_by("-day", "channel")[:limit]
    return [
        StatementRow(
            row.channel, row.number, row.day, row.state, row.entries_count, row.paid_amount, row.returned_amount,
            row.closing,
        )
        for row in rows
    ]  # fmt: skip


def to_compare() -> list[UUID]:
    """Statements taken in and not yet laid beside our books, oldest day first."""
    return list(
        PayerStatement.objects.filter(state=StatementState.TAKEN)
        .order_by("day", "channel")
        .values_list("id", flat=True)
    )


def last_day(channel: str) -> date | None:
    """The last day of which a payer's statement is there."""
    return PayerStatement.objects.filter(channel=channel).order_by("-day").values_list("day", flat=True).first()


def missing_days(channel: str) -> list[date]:
    """Days for which a payer laid down nothing so far."""
    rows = Difference.objects.filter(channel=channel, kind="gap", state__in=UNRESOLVED)
    return list(rows.order_by("day").values_list("day", flat=True))


def first_intent(channel: str) -> datetime | None:
    """When the first payment over a channel left the house."""
    sent = PaymentOrder.objects.filter(channel=channel, intent_at__isnull=False).order_by("intent_at")
    return sent.values_list("intent_at", flat=True).first()


def orphan_amounts(channel: str) -> Iterator[tuple[str, int, int]]:
    """Accounts on which the ledger has paid another sum than orders say: (account, by orders, by ledger).

    An order that the ledger has not, or has otherwise, is a difference of its own and left out on both sides.
    """
    odd = Difference.objects.filter(channel=channel, kind="order_without_ledger")
    counted = PaymentOrder.objects.filter(channel=channel, state__in=COUNTED).exclude(id__in=odd.values("order_id"))
    people = counted.exclude(kind=OrderKind.SETTLEMENT).aggregate(total=Sum("amount", default=0))["total"]
    orders = {paid_account(channel): people}
    ledger = sums_by_account("incentive", paid_account(channel), side="credit")
    if channel == Channel.BANK:
        rows = counted.filter(kind=OrderKind.SETTLEMENT).values_list("organisation_id").annotate(Sum("amount"))
        orders |= {settled_account(key): amount for key, amount in rows}
        ledger |= sums_by_account("settlement", settled_account(""), side="credit")
    for row in odd.filter(ledger_phase="post"):
        order = PaymentOrder.objects.get(reference=row.reference)
        account = settled_account(order.organisation_id) if order.organisation_id else paid_account(channel)
        ledger[account] = ledger.get(account, 0) - (row.ledger_amount or 0)
    for account in sorted({*orders, *ledger}):
        if orders.get(account, 0) != ledger.get(account, 0):
            yield account, orders.get(account, 0), ledger.get(account, 0)


def mending_digest(row: Difference) -> str:
    """Hexadecimal SHA-256 over what a mending would move, and who proposes it."""
    said = [str(row.id), row.kind, row.reference, row.order_state, row.payer_amount, row.stake_amount, row.proposed_by]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _view(row: Difference) -> DifferenceView:
    return DifferenceView(
        id=row.id, kind=row.kind, channel=row.channel, day=row.day, reference=row.reference, owner=row.owner,
        due_on=row.due_on, state=row.state, order_state=row.order_state, order_amount=row.order_amount,
        ledger_phase=row.ledger_phase, ledger_amount=row.ledger_amount, payer_amount=row.payer_amount,
        stake=row.stake_amount, statement=row.statement.number if row.statement else "", told=row.told, why=row.why,
        proposed_by=row.proposed_by, resolved_by=row.resolved_by, found_at=row.found_at, resolved_at=row.resolved_at,
        mend=MENDS.get(row.kind, ""), digest=mending_digest(row),
    )  # fmt: skip
