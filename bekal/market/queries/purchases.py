"""What others may read of purchases."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet, Sum

from bekal.core import vault
from bekal.core.rows import Rows, plain_rows
from bekal.market.models import Purchase, PurchaseState
from bekal.partners.queries import organisation_names


@dataclass(frozen=True, slots=True)
class PurchaseView:
    """One purchase. `amount` and `commission`: whole rupiah; the provider's share is the difference."""

    id: UUID
    award_id: UUID
    citizen_id: UUID
    rulebook_id: UUID
    training_id: UUID
    training_code: str
    training_title: str
    schedule_id: UUID
    schedule_code: str
    provider_id: UUID
    provider_name: str
    platform_id: UUID
    platform_name: str
    amount: int
    commission: int
    state: str
    redeem_code: str | None
    invoice_code: str | None
    invoice_url: str
    transaction_code: str | None
    mode: str
    sessions: int
    starts_at: datetime
    ends_at: datetime
    reserved_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    redeemed_at: datetime | None
    ended_at: datetime | None


def payment_token(purchase_id: UUID) -> str:
    """The bearer token of a reservation: the purchase's id and a keyed code that nobody can make for another one."""
    return purchase_id.hex + vault.fingerprint(purchase_id.hex, place="market.payment_token").hex()[:32]


def purchase_of_token(token: str) -> UUID | None:
    """The purchase a payment token opens; None when we did not make it."""
    try:
        purchase_id = UUID(hex=token[:32])
    except ValueError:
        return None
    return purchase_id if hmac.compare_digest(payment_token(purchase_id).encode(), token.encode()) else None


def purchase_view(purchase_id: UUID) -> PurchaseView | None:
    return _first(Purchase.objects.filter(pk=purchase_id))


def purchase_of_redeem_code(code: str) -> PurchaseView | None:
    return _first(Purchase.objects.filter(redeem_code=code))


def purchase_of_invoice(platform_id: UUID, invoice_code: str) -> PurchaseView | None:
    return _first(Purchase.objects.filter(platform_id=platform_id, invoice_code=invoice_code))


def purchase_views(purchase_ids: Iterable[UUID]) -> Mapping[UUID, PurchaseView]:
    return {view.id: view for view in _views(list(Purchase.objects.filter(pk__in=set(purchase_ids))))}


def purchases_of(citizen_id: UUID) -> list[PurchaseView]:
    """What a citizen bought or is buying, latest first; reservations that lapsed are left out."""
    rows = Purchase.objects.filter(citizen_id=citizen_id).exclude(state=PurchaseState.LAPSED)
    return _views(list(rows.order_by("-reserved_at", "-id")))


def purchases_of_award(award_id: UUID) -> list[PurchaseView]:
    """Every purchase of an award, earliest first."""
    return _views(list(Purchase.objects.filter(award_id=award_id).order_by("reserved_at", "id")))


def paid_awards(award_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these awards have a paid purchase."""
    rows = Purchase.objects.filter(award_id__in=award_ids, state=PurchaseState.PAID)
    return set(rows.values_list("award_id", flat=True))


def market_figures() -> Mapping[str, int]:
    """Paid purchases and what they cost, in whole rupiah."""
    paid = Purchase.objects.filter(state=PurchaseState.PAID)
    sums = paid.aggregate(amount=Sum("amount"), commission=Sum("commission"))
    return {
        "purchases": paid.count(),
        "buyers": paid.values("citizen_id").distinct().count(),
        "amount": sums["amount"] or 0,
        "commission": sums["commission"] or 0,
    }


def _first(rows: QuerySet[Purchase]) -> PurchaseView | None:
    found = rows.first()
    return _views([found])[0] if found else None


def _views(rows: Sequence[Purchase]) -> list[PurchaseView]:
    names = organisation_names({key for row in rows for key in (row.provider_id, row.platform_id)})
    return [_view(row, names) for row in rows]


def _view(row: Purchase, names: Mapping[UUID, str]) -> PurchaseView:
    copied = {name: getattr(row, name) for name in _COPIED}
    return PurchaseView(provider_name=names[row.provider_id], platform_name=names[row.platform_id], **copied)


_COPIED = tuple(name for name in PurchaseView.__dataclass_fields__ if name not in ("provider_name", "platform_name"))


def reserved_until(citizen_id: UUID) -> datetime | None:
    """Until when a purchase of this person is held, if one is."""
    rows = Purchase.objects.filter(citizen_id=citizen_id, state=PurchaseState.RESERVED)
    return rows.values_list("expires_at", flat=True).first()


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    return {"purchases": plain_rows(Purchase.objects.filter(citizen_id=citizen_id))}
