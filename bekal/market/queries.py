"""What others may read of purchases and settlements."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from bekal.core import vault
from bekal.core.rows import Rows, plain_rows
from bekal.market.models import Purchase, PurchaseState, Settlement, SettlementLine, SettlementState
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


@dataclass(frozen=True, slots=True)
class SettlementLineView:
    purchase_id: UUID
    training_code: str
    part: str
    amount: int


@dataclass(frozen=True, slots=True)
class SettlementView:
    """A statement of what an organisation is owed."""

    id: UUID
    organisation_id: UUID
    organisation_name: str
    number: int
    amount: int
    until: datetime
    state: str
    closed_at: datetime
    lines: tuple[SettlementLineView, ...]


@dataclass(frozen=True, slots=True)
class MoneyDue:
    """What an organisation earned and has not been settled.

    `later`: its training ended too short a while ago. Whole rupiah.
    """

    now: int
    later: int


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


def settlements_due() -> list[SettlementView]:
    """Closed settlements that no payment order has paid yet, earliest first, with their lines."""
    return _settlements(Settlement.objects.filter(state=SettlementState.CLOSED).order_by("closed_at", "id"))


def settlements_of(organisation_id: UUID) -> list[SettlementView]:
    """Every settlement of an organisation, latest first, with its lines."""
    return _settlements(Settlement.objects.filter(organisation_id=organisation_id).order_by("-number"))


def money_due(organisation_id: UUID, at: datetime) -> MoneyDue:
    """What is not settled yet, split by whether it may be settled at `at`."""
    rows = unsettled_shares(organisation_id).values_list("settles_at", F("amount") - F("commission"))
    rows_of_platform = unsettled_commissions(organisation_id).values_list("settles_at", F("commission"))
    parts = [*rows, *rows_of_platform]
    return MoneyDue(
        now=sum(amount for settles_at, amount in parts if settles_at <= at),
        later=sum(amount for settles_at, amount in parts if settles_at > at),
    )


def organisations_to_settle(at: datetime) -> list[UUID]:
    """Organisations with something that may be settled at `at`."""
    due = Purchase.objects.filter(state=PurchaseState.PAID, settles_at__lte=at)
    providers = due.filter(amount__gt=F("commission")).exclude(_settled("share")).values_list("provider_id", flat=True)
    platforms = due.filter(commission__gt=0).exclude(_settled("commission")).values_list("platform_id", flat=True)
    return sorted({*providers.distinct(), *platforms.distinct()})


def unsettled_shares(organisation_id: UUID) -> QuerySet[Purchase]:
    """Paid purchases whose provider's share stands in no settlement."""
    rows = Purchase.objects.filter(provider_id=organisation_id, state=PurchaseState.PAID, amount__gt=F("commission"))
    return rows.exclude(_settled("share"))


def unsettled_commissions(organisation_id: UUID) -> QuerySet[Purchase]:
    """Paid purchases whose platform's commission stands in no settlement."""
    rows = Purchase.objects.filter(platform_id=organisation_id, state=PurchaseState.PAID, commission__gt=0)
    return rows.exclude(_settled("commission"))


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


def _settled(part: str) -> Exists:
    return Exists(SettlementLine.objects.filter(purchase_id=OuterRef("pk"), part=part))


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


def _settlements(rows: QuerySet[Settlement]) -> list[SettlementView]:
    found = list(rows.prefetch_related("lines__purchase"))
    names = organisation_names(row.organisation_id for row in found)
    return [
        SettlementView(
            id=row.id,
            organisation_id=row.organisation_id,
            organisation_name=names[row.organisation_id],
            number=row.number,
            amount=row.amount,
            until=row.until,
            state=row.state,
            closed_at=row.closed_at,
            lines=tuple(
                SettlementLineView(line.purchase_id, line.purchase.training_code, line.part, line.amount)
                for line in sorted(row.lines.all(), key=lambda line: line.id)
            ),
        )
        for row in found
    ]


def reserved_until(citizen_id: UUID) -> datetime | None:
    """Until when a purchase of this person is held, if one is."""
    rows = Purchase.objects.filter(citizen_id=citizen_id, state=PurchaseState.RESERVED)
    return rows.values_list("expires_at", flat=True).first()


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    return {"purchases": plain_rows(Purchase.objects.filter(citizen_id=citizen_id))}
