"""What citizens, partners, staff and the public see of incentives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from bekal.core.rows import Rows, plain_rows
from bekal.incentives.models import (
    OPEN,
    OrderState,
    PayeeAccount,
    PaymentOrder,
    PayRun,
)


@dataclass(frozen=True, slots=True)
class PayeeView:
    """Where a citizen is paid. `tail`: the last four digits; `holder`: masked name at the payer."""

    id: UUID
    channel: str
    tail: str
    holder: str
    state: str
    refused_code: str
    linked_at: datetime
    pays_from: datetime


@dataclass(frozen=True, slots=True)
class OrderView:
    """One payment order as its payee sees it.

    `state` never calls an unknown outcome refused. `replaces`: reference of the dead one.
    """

    reference: str
    kind: str
    number: int
    amount: int
    channel: str
    state: str
    attempt: int
    replaces: str | None
    partner_code: str
    partner_reference: str
    planned_at: datetime
    intent_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunView:
    """A pay run as staff sees it. `states`: how many orders stand in each state."""

    id: UUID
    channel: str
    state: str
    digest: str
    orders: int
    amount: int
    planned_by: str
    approved_by: str
    halted_code: str
    planned_at: datetime
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WaitingOrder:
    """An order that a person may have to decide. `why`: of a hold, else empty; `since`: when it was held or sent;
    `asks`: how often its payer was asked in vain."""

    reference: str
    kind: str
    channel: str
    amount: int
    state: str
    why: str
    held_by: str
    since: datetime
    asks: int


@dataclass(frozen=True, slots=True)
class PayoutFigure:
    """Orders and whole rupiah of one kind, channel and state."""

    kind: str
    channel: str
    state: str
    orders: int
    amount: int


def payee_of(citizen_id: UUID) -> PayeeView | None:
    """The account a citizen linked last, in whatever state it is."""
    row = PayeeAccount.objects.filter(citizen_id=citizen_id).first()
    if row is None:
        return None
    return PayeeView(
        row.id,
        row.channel,
        row.account_tail,
        row.holder_masked,
        row.state,
        row.refused_code,
        row.linked_at,
        row.pays_from,
    )


def orders_of(citizen_id: UUID) -> list[OrderView]:
    """A citizen's payment orders, oldest first."""
    return _order_views(PaymentOrder.objects.filter(citizen_id=citizen_id))


def settlement_orders(organisation_id: UUID, number: int) -> list[OrderView]:
    """The payment orders for one settlement of a provider or platform, oldest first."""
    return _order_views(PaymentOrder.objects.filter(organisation_id=organisation_id, number=number))


def orders_of_organisation(organisation_id: UUID) -> list[OrderView]:
    """The payment orders of a provider's or platform's settlements, oldest first."""
    return _order_views(PaymentOrder.objects.filter(organisation_id=organisation_id))


def pay_runs(limit: int = 50) -> list[RunView]:
    """The latest pay runs, with their orders counted by state."""
    runs = list(PayRun.objects.order_by("-planned_at", "-id")[:limit])
    counted: dict[UUID, dict[str, int]] = {}
    rows = PaymentOrder.objects.filter(pay_run__in=runs).values_list("pay_run_id", "state").annotate(Count("id"))
    for run_id, state, count in rows:
        counted.setdefault(run_id, {})[state] = count
    return [
        RunView(
            id=run.id,
            channel=run.channel,
            state=run.state,
            digest=run.digest,
            orders=run.orders_count,
            amount=run.total_amount,
            planned_by=run.planned_by,
            approved_by=run.approved_by,
            halted_code=run.halted_code,
            planned_at=run.planned_at,
            states=counted.get(run.id, {}),
        )
        for run in runs
    ]


def waiting_orders(limit: int = 100) -> list[WaitingOrder]:
    """Orders that are held, then those whose outcome is unknown, longest waiting first."""
    held = PaymentOrder.objects.filter(state=OrderState.HELD).order_by("held_at", "id")[:limit]
    unknown = PaymentOrder.objects.filter(state=OrderState.UNKNOWN).order_by("intent_at", "id")[:limit]
    return [
        WaitingOrder(
            reference=row.reference, kind=row.kind, channel=row.channel, amount=row.amount, state=row.state,
            why=row.held_why, held_by=row.held_by, since=row.held_at or row.intent_at or row.planned_at, asks=row.asks,
        )
        for row in [*held, *unknown]
    ]  # fmt: skip


def payout_figures() -> list[PayoutFigure]:
    """Orders and amounts by kind, channel and state."""
    rows = (
        PaymentOrder.objects.values_list("kind", "channel", "state")
        .annotate(orders=Count("id"), amount=Sum("amount"))
        .order_by("kind", "channel", "state")
    )
    return [PayoutFigure(*row) for row in rows]


def paid_citizens() -> int:
    """People who received at least one incentive."""
    paid = PaymentOrder.objects.filter(state=OrderState.PAID, citizen_id__isnull=False)
    return paid.values("citizen_id").distinct().count()


def _order_views(rows: QuerySet[PaymentOrder]) -> list[OrderView]:
    return [
        OrderView(
            reference=row.reference,
            kind=row.kind,
            number=row.number,
            amount=row.amount,
            channel=row.channel,
            state=row.state,
            attempt=row.attempt,
            replaces=row.replaces.reference if row.replaces else None,
            partner_code=row.partner_code,
            partner_reference=row.partner_reference,
            planned_at=row.planned_at,
            intent_at=row.intent_at,
            settled_at=row.settled_at,
        )
        for row in rows.select_related("replaces").order_by("planned_at", "attempt", "id")
    ]


def unsettled_orders(citizen_id: UUID) -> int:
    """Payments to a person that are planned or on their way."""
    return PaymentOrder.objects.filter(citizen_id=citizen_id, state__in=OPEN).count()


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table; account numbers are added by who may read them."""
    return {
        "payee_accounts": plain_rows(PayeeAccount.objects.filter(citizen_id=citizen_id), without=("account_ref",)),
        "payment_orders": plain_rows(PaymentOrder.objects.filter(citizen_id=citizen_id), without=("account_ref",)),
    }
