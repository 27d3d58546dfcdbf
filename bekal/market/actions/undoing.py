"""Paid purchases that are taken back: by the platform, or because a schedule was cancelled."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bekal.catalogue.actions import close_schedule, release_seats
from bekal.citizens.actions import Word, tell_citizens
from bekal.core.atomic import action
from bekal.core.events import Actor, nothing_changed, record, record_batch
from bekal.core.machine import move
from bekal.core.money import format_rupiah
from bekal.ledger.actions import post_transfers
from bekal.market import rules
from bekal.market.actions.lapsing import lapse
from bekal.market.actions.refusals import (
    AlreadyRedeemed,
    AlreadyVoid,
    SettledAlready,
    TooLateToVoid,
    TransactionUnknown,
)
from bekal.market.models import PURCHASE_MOVES, Purchase, PurchaseState, SettlementLine
from bekal.scholarships.actions import hold_awards, note_purchase_undone, pass_on_ended


@action
def void_purchase(*, by: Actor, at: datetime, platform_id: UUID, invoice_code: str, transaction_code: str) -> Purchase:
    """The platform takes a purchase back: money to the balance, seat to the schedule, the redeem code is dead.

    Refusals: TransactionUnknown, AlreadyVoid, AlreadyRedeemed, TooLateToVoid (the training began), SettledAlready.
    """
    purchase = (
        Purchase.objects.select_for_update()
        .filter(platform_id=platform_id, invoice_code=invoice_code, transaction_code=transaction_code)
        .first()
    )
    if purchase is None:
        raise TransactionUnknown()
    _check_voidable(purchase, at)
    move(purchase, PurchaseState.VOID, moves=PURCHASE_MOVES, ended_at=at)
    release_seats(by=by, at=at, seats={purchase.schedule_id: 1})
    _give_back(by, at, [purchase])
    record(
        kind="market.purchase_voided", by=by, at=at, about="purchase", key=str(purchase.id), person=purchase.citizen_id,
        data={"amount": purchase.amount},
    )  # fmt: skip
    _tell(by, at, purchase, "market.notice_voided")
    return purchase


def _check_voidable(purchase: Purchase, at: datetime) -> None:
    if purchase.state != PurchaseState.PAID:
        raise AlreadyVoid()
    if purchase.redeemed_at is not None:
        raise AlreadyRedeemed()
    if purchase.starts_at <= at:
        raise TooLateToVoid()
    if SettlementLine.objects.filter(purchase=purchase).exists():
        raise SettledAlready()


@action
def cancel_schedule(*, by: Actor, at: datetime, schedule_id: UUID, why: str) -> int:
    """A run does not take place: it is closed, reservations end, every paid purchase of it that is not settled is
    refunded.

    Returns how many were refunded; again is no change.
    """
    close_schedule(by=by, at=at, schedule_id=schedule_id, why=why)
    reserved = Purchase.objects.filter(schedule_id=schedule_id, state=PurchaseState.RESERVED).values_list(
        "pk", flat=True
    )
    lapse(by=by, at=at, purchase_ids=list(reserved))
    paid = Purchase.objects.select_for_update().filter(schedule_id=schedule_id, state=PurchaseState.PAID)
    rows = list(paid.exclude(settlement_lines__isnull=False).order_by("pk"))
    if not rows:
        nothing_changed()
        return 0
    Purchase.objects.filter(pk__in=[row.pk for row in rows]).update(state=PurchaseState.REFUNDED, ended_at=at)
    release_seats(by=by, at=at, seats=Counter(row.schedule_id for row in rows))
    _give_back(by, at, rows)
    record_batch(
        kind="market.purchases_refunded", by=by, at=at, about="schedule", key=str(schedule_id), why=why,
        lines=[(str(row.id), {"amount": row.amount}) for row in rows],
    )  # fmt: skip
    for row in rows:
        _tell(by, at, row, "market.notice_cancelled")
    return len(rows)


def _give_back(by: Actor, at: datetime, rows: Sequence[Purchase]) -> None:
    hold_awards(row.award_id for row in rows)
    postings = [
        posting
        for row in rows
        for posting in rules.refund_postings(
            purchase=str(row.id),
            award=str(row.award_id),
            provider=str(row.provider_id),
            platform=str(row.platform_id),
            split=rules.split_of(row.amount, row.commission),
        )
    ]
    if postings:
        post_transfers(by=by, at=at, transfers=postings)
    pass_on_ended(by=by, at=at, causes={row.award_id: str(row.id) for row in rows})
    for row in rows:
        others = Purchase.objects.filter(award_id=row.award_id, state=PurchaseState.PAID)
        note_purchase_undone(by=by, at=at, award_id=row.award_id, bought_before=others.exists())


def _tell(by: Actor, at: datetime, purchase: Purchase, template: str) -> None:
    facts = {"training": purchase.training_title, "price": format_rupiah(purchase.amount)}
    word = Word(purchase.citizen_id, f"{template}:{purchase.id}", facts)
    tell_citizens(by=by, at=at, template=template, words=[word])
