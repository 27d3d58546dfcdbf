"""What organisations earned, closed into statements."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from bekal.core import ids
from bekal.core.atomic import action
from bekal.core.events import Actor, nothing_changed, record
from bekal.core.machine import move
from bekal.market.models import SETTLEMENT_MOVES, Purchase, Settlement, SettlementLine, SettlementState
from bekal.market.queries import unsettled_commissions, unsettled_shares


@action
def close_settlement(*, by: Actor, at: datetime, organisation_id: UUID, until: datetime) -> Settlement | None:
    """Close a statement over everything that became due to an organisation by `until`; None when there is nothing.

    The money stays in `payable:<organisation>` until a payment order moves it (code settlement).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [str(organisation_id)])
    lines = _due_lines(organisation_id, until)
    if not lines:
        nothing_changed()
        return None
    number = Settlement.objects.filter(organisation_id=organisation_id).count() + 1
    settlement = Settlement.objects.create(
        id=ids.fresh("settlement", str(organisation_id), str(number)),
        organisation_id=organisation_id,
        number=number,
        until=until,
        amount=sum(line.amount for line in lines),
        closed_at=at,
    )
    for line in lines:
        line.settlement = settlement
    SettlementLine.objects.bulk_create(lines, batch_size=5_000)
    record(
        kind="market.settlement_closed", by=by, at=at, about="settlement", key=str(settlement.id),
        data={"organisation": str(organisation_id), "number": number, "amount": settlement.amount},
    )  # fmt: skip
    return settlement


def _due_lines(organisation_id: UUID, until: datetime) -> list[SettlementLine]:
    shares = (
        unsettled_shares(organisation_id).filter(settles_at__lte=until).select_for_update(of=("self",)).order_by("pk")
    )
    commissions = (
        unsettled_commissions(organisation_id)
        .filter(settles_at__lte=until)
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    return [_line(row, "share", row.amount - row.commission) for row in shares] + [
        _line(row, "commission", row.commission) for row in commissions
    ]


def _line(purchase: Purchase, part: str, amount: int) -> SettlementLine:
    return SettlementLine(purchase=purchase, part=part, amount=amount)


@action
def note_settled(*, by: Actor, at: datetime, settlement_id: UUID) -> Settlement:
    """The payment order of a settlement was paid; again is no change."""
    settlement = Settlement.objects.select_for_update().get(pk=settlement_id)
    if settlement.state == SettlementState.PAID:
        nothing_changed()
        return settlement
    move(settlement, SettlementState.PAID, moves=SETTLEMENT_MOVES, paid_at=at)
    record(
        kind="market.settlement_paid",
        by=by,
        at=at,
        about="settlement",
        key=str(settlement.id),
        data={"amount": settlement.amount},
    )
    return settlement


@action
def note_returned(*, by: Actor, at: datetime, settlement_id: UUID) -> Settlement:
    """The bank gave back what a settlement was paid with: it is owed again; again is no change."""
    settlement = Settlement.objects.select_for_update().get(pk=settlement_id)
    if settlement.state == SettlementState.CLOSED:
        nothing_changed()
        return settlement
    move(settlement, SettlementState.CLOSED, moves=SETTLEMENT_MOVES, paid_at=None)
    record(
        kind="market.settlement_returned",
        by=by,
        at=at,
        about="settlement",
        key=str(settlement.id),
        data={"amount": settlement.amount},
    )
    return settlement
