"""Reservations that end without a purchase, one or a thousand."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bekal.catalogue.actions import release_seats
from bekal.core.atomic import action
from bekal.core.events import Actor, nothing_changed, record_batch
from bekal.ledger.actions import resolve_pending
from bekal.ledger.rules import Posting
from bekal.market import rules
from bekal.market.models import Purchase, PurchaseState
from bekal.scholarships.actions import hold_awards, pass_on_ended


@action
def lapse(*, by: Actor, at: datetime, purchase_ids: Sequence[UUID]) -> int:
    """End these reservations: seats and money go back.

    Those no longer reserved, or held by another transaction, are left; returns how many ended.
    """
    rows = Purchase.objects.select_for_update(skip_locked=True).filter(
        pk__in=purchase_ids, state=PurchaseState.RESERVED
    )
    return _end(by, at, list(rows.order_by("pk")))


@action
def lapse_expired(*, by: Actor, at: datetime, limit: int) -> int:
    """End up to `limit` reservations whose time is over; returns how many."""
    rows = Purchase.objects.select_for_update(skip_locked=True).filter(state=PurchaseState.RESERVED, expires_at__lte=at)
    return _end(by, at, list(rows.order_by("expires_at", "pk")[:limit]))


@action
def lapse_reservation(*, by: Actor, at: datetime, purchase_id: UUID) -> bool:
    """End one reservation; False when it was none."""
    return lapse(by=by, at=at, purchase_ids=[purchase_id]) == 1


def _end(by: Actor, at: datetime, rows: Sequence[Purchase]) -> int:
    if not rows:
        nothing_changed()
        return 0
    hold_awards(row.award_id for row in rows)
    Purchase.objects.filter(pk__in=[row.pk for row in rows]).update(state=PurchaseState.LAPSED, ended_at=at)
    release_seats(by=by, at=at, seats=Counter(row.schedule_id for row in rows))
    references = [posting.reference for row in rows for posting in held_postings(row)]
    if references:
        resolve_pending(by=by, at=at, references=references, into="void")
    pass_on_ended(by=by, at=at, causes={row.award_id: str(row.id) for row in rows})
    record_batch(
        kind="market.reservations_lapsed", by=by, at=at, about="purchases", key="batch",
        lines=[(str(row.id), {"schedule": row.schedule_code, "amount": row.amount}) for row in rows],
    )  # fmt: skip
    return len(rows)


def held_postings(purchase: Purchase) -> list[Posting]:
    """The pending transfers of a reservation."""
    return rules.purchase_postings(
        purchase=str(purchase.id),
        award=str(purchase.award_id),
        provider=str(purchase.provider_id),
        platform=str(purchase.platform_id),
        split=rules.split_of(purchase.amount, purchase.commission),
    )
