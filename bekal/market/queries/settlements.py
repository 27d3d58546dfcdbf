"""What organisations earned: statements, their lines, and what is not due yet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, TruncWeek

from bekal.market import rules
from bekal.market.models import Purchase, PurchaseState, Settlement, SettlementLine, SettlementState
from bekal.partners.queries import organisation_names

AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class SettlementView:
    """A closed statement of what an organisation is owed. `pay_by`: when its payment is to have arrived."""

    id: UUID
    organisation_id: UUID
    organisation_name: str
    number: int
    amount: int
    until: datetime
    state: str
    closed_at: datetime
    paid_at: datetime | None
    pay_by: date


@dataclass(frozen=True, slots=True)
class SettlementLineView:
    """One purchase in a statement. `amount`: the provider's share of `price`, or the platform's `commission`."""

    purchase_id: UUID
    transaction_code: str
    training_code: str
    training_title: str
    schedule_code: str
    part: str
    price: int
    commission: int
    amount: int
    bought_at: datetime
    ended_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class MoneyDue:
    """What an organisation earned and has not been settled.

    `later`: its training ended too short a while ago. Whole rupiah.
    """

    now: int
    later: int


@dataclass(frozen=True, slots=True)
class ClosingDue:
    """What the statement that closes at `closes_at` will hold, as far as is known now; paid by `pay_by`."""

    closes_at: datetime
    pay_by: date
    parts: int
    amount: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why so many purchases are not in a statement yet: `running`, `checking` (the training ended a short while ago) or
    `closing` (they wait for the next statement). Whole rupiah."""

    why: str
    parts: int
    amount: int


def settlements_due() -> list[SettlementView]:
    """Closed settlements that no payment order has paid yet, earliest first."""
    return _views(Settlement.objects.filter(state=SettlementState.CLOSED).order_by("closed_at", "id"))


def settlements_of(organisation_id: UUID) -> list[SettlementView]:
    """Every settlement of an organisation, latest first."""
    return _views(Settlement.objects.filter(organisation_id=organisation_id).order_by("-number"))


def settlement_of(organisation_id: UUID, number: int) -> SettlementView | None:
    """One settlement of an organisation by its number."""
    found = _views(Settlement.objects.filter(organisation_id=organisation_id, number=number))
    return found[0] if found else None


def settlement_size(settlement_id: UUID) -> int:
    """How many lines a settlement has."""
    return SettlementLine.objects.filter(settlement_id=settlement_id).count()


def settlement_lines(settlement_id: UUID, *, start: int = 0, limit: int | None = None) -> Iterator[SettlementLineView]:
    """The lines of a settlement in their order; all of them, read a part at a time, or `limit` from `start` on."""
    rows = SettlementLine.objects.filter(settlement_id=settlement_id).select_related("purchase").order_by("id")
    chosen = rows[start:] if limit is None else rows[start : start + limit]
    return (_line(row) for row in chosen.iterator(chunk_size=AT_ONCE))


def money_due(organisation_id: UUID, at: datetime) -> MoneyDue:
    """What is not settled yet, split by whether it may be settled at `at`."""
    now = later = 0
    for rows, amount in _parts(organisation_id):
        sums = rows.aggregate(now=_sum(amount, Q(settles_at__lte=at)), later=_sum(amount, Q(settles_at__gt=at)))
        now, later = now + sums["now"], later + sums["later"]
    return MoneyDue(now, later)


def calendar(organisation_id: UUID, at: datetime) -> list[ClosingDue]:
    """The closings to come that will hold something, earliest first; what is overdue comes with the next."""
    next_one = rules.closing_after(at)
    found: dict[datetime, tuple[int, int]] = {}
    for rows, amount in _parts(organisation_id):
        weeks = rows.annotate(week=TruncWeek(F("settles_at") - timedelta(microseconds=1), tzinfo=rules.WIB))
        for week, parts, rupiah in weeks.values_list("week").annotate(parts=Count("id"), rupiah=Sum(amount)):
            closes_at = max(rules.closing_after(week), next_one)
            before = found.get(closes_at, (0, 0))
            found[closes_at] = (before[0] + parts, before[1] + rupiah)
    return [ClosingDue(day, rules.pay_by(day), *found[day]) for day in sorted(found)]


def not_yet_settled(organisation_id: UUID, at: datetime) -> list[Waiting]:
    """What is in no statement yet, by why."""
    reasons = {
        "running": Q(ends_at__gt=at),
        "checking": Q(ends_at__lte=at, settles_at__gt=at),
        "closing": Q(ends_at__lte=at, settles_at__lte=at),
    }
    found = []
    for why, fits in reasons.items():
        parts = rupiah = 0
        for rows, amount in _parts(organisation_id):
            sums = rows.aggregate(parts=Count("id", filter=fits), rupiah=_sum(amount, fits))
            parts, rupiah = parts + sums["parts"], rupiah + sums["rupiah"]
        found.append(Waiting(why, parts, rupiah))
    return found


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


def _parts(organisation_id: UUID) -> tuple[tuple[QuerySet[Purchase], F], ...]:
    shares = unsettled_shares(organisation_id).annotate(part=F("amount") - F("commission"))
    commissions = unsettled_commissions(organisation_id).annotate(part=F("commission"))
    return (shares.order_by(), F("part")), (commissions.order_by(), F("part"))


def _sum(amount: F, fits: Q) -> Coalesce:
    return Coalesce(Sum(amount, filter=fits), Value(0), output_field=IntegerField())


def _settled(part: str) -> Exists:
    return Exists(SettlementLine.objects.filter(purchase_id=OuterRef("pk"), part=part))


def _views(rows: QuerySet[Settlement]) -> list[SettlementView]:
    found = list(rows)
    names: Mapping[UUID, str] = organisation_names(row.organisation_id for row in found)
    return [
        SettlementView(
            row.id, row.organisation_id, names[row.organisation_id], row.number, row.amount, row.until, row.state,
            row.closed_at, row.paid_at, rules.pay_by(row.closed_at),
        )
        for row in found
    ]  # fmt: skip


def _line(row: SettlementLine) -> SettlementLineView:
    one = row.purchase
    assert one.transaction_code is not None
    assert one.paid_at is not None
    assert one.settles_at is not None
    return SettlementLineView(
        one.id, one.transaction_code, one.training_code, one.training_title, one.schedule_code, row.part, one.amount,
        one.commission, row.amount, one.paid_at, one.ends_at, one.settles_at,
    )  # fmt: skip
