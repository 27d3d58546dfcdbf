"""Three ways side by side: our order, our ledger, the payer's statement; and what it means where they differ. Pure.

A day is a day in the payer's zone. Amounts are whole rupiah.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal

WIB = timezone(timedelta(hours=7))
CUT_OFF = timedelta(hours=1)
"""What we send or hear this close to midnight may be booked on either side of it; house setting."""
WINDOW = timedelta(days=1)
"""A payment missing on its day is looked for in the statements of so many days more."""
LONGEST_REFERENCE = 64

Kind = Literal[
    "missing", "extra", "amount", "twice", "late", "refused_paid", "unknown_paid", "unbooked", "returned",
    "order_without_ledger", "ledger_without_order", "balance", "fee", "gap", "chain", "altered", "broken",
]  # fmt: skip
OWNERS: dict[Kind, tuple[str, int]] = {
    "missing": ("finance_maker", 1),
    "extra": ("finance_maker", 1),
    "amount": ("finance_maker", 1),
    "twice": ("finance_maker", 1),
    "late": ("operator", 5),
    "refused_paid": ("finance_maker", 1),
    "unknown_paid": ("operator", 5),
    "unbooked": ("finance_maker", 1),
    "returned": ("finance_maker", 3),
    "order_without_ledger": ("auditor", 1),
    "ledger_without_order": ("auditor", 1),
    "balance": ("auditor", 1),
    "fee": ("finance_maker", 5),
    "gap": ("operator", 1),
    "chain": ("finance_maker", 1),
    "altered": ("auditor", 1),
    "broken": ("operator", 1),
}
"""Of each class: the role that owns it, and in how many days it is to be resolved; house setting."""
KINDS: tuple[Kind, ...] = tuple(OWNERS)
PASSING: frozenset[Kind] = frozenset(
    ["missing", "amount", "twice", "refused_paid", "unbooked", "returned", "order_without_ledger"]
)
"""Of one reference, and over when the three sides agree again."""
BOOKED_OTHERWISE: frozenset[Kind] = frozenset(["extra", "amount", "twice", "refused_paid", "returned"])
"""The payer booked another sum for this reference than our order says."""
MENDS: dict[str, str] = {
    "unbooked": "refuse", "extra": "claim", "twice": "claim", "amount": "claim", "refused_paid": "accept",
    "fee": "pay_fee", "missing": "take_back",
}  # fmt: skip
"""How money is moved to mend a class, by two people: the order counts as refused; the payer owes us the excess (or we
owe it); the payment counts; the fee is booked; the money comes back, and the payment is due once more."""

BY_STATEMENT, AGREES_NOW = "incentives.why_statement", "incentives.why_agrees"
"""Why a difference is over that nobody had to resolve: keys of texts."""
LEDGER_PHASES = {
    "planned": "pending", "approved": "pending", "held": "pending", "sent": "pending", "unknown": "pending",
    "paid": "post", "returned": "post", "refused": "void", "dropped": "void",
}  # fmt: skip
WAITS = frozenset(["sent", "unknown"])


@dataclass(frozen=True, slots=True)
class OrderSide:
    """Our order. `sent_at`: when its intent was stored; `settled_at`: when its outcome became certain."""

    state: str
    amount: int
    sent_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Booked:
    """What the payer booked for one reference in all its statements: how often, how much, and on which day first."""

    paid: int = 0
    paid_amount: int = 0
    returned: int = 0
    returned_amount: int = 0
    first_on: date | None = None

    @property
    def times(self) -> int:
        return self.paid - self.returned

    @property
    def amount(self) -> int:
        return self.paid_amount - self.returned_amount


@dataclass(frozen=True, slots=True)
class Sides:
    """One reference on all three sides. `ledger`: phase (pending, post, void) and amount; None where none is known."""

    reference: str
    order: OrderSide | None
    ledger: tuple[str, int] | None
    booked: Booked


def day_of(at: datetime) -> date:
    """The payer's day of an instant."""
    return at.astimezone(WIB).date()


def day_starts(day: date) -> datetime:
    """The first instant of a payer's day."""
    return datetime(day.year, day.month, day.day, tzinfo=WIB)


def kinds_of(sides: Sides, covered: Collection[date]) -> Iterator[Kind]:
    """Every class of difference this reference shows; none where the three agree.

    `covered`: days of which a statement is there. What may still be booked in a day to come is no difference yet.
    """
    order, booked = sides.order, sides.booked
    if order is None:
        if booked.paid or booked.returned:
            yield "extra"
        return
    if booked.times > 0:
        yield from _booked_kinds(order, booked)
    elif booked.returned:
        if order.state != "returned":
            yield "returned"
    elif order.sent_at is not None and _is_over(order, order.sent_at, covered):
        if order.state == "paid":
            yield "missing"
        elif order.state in WAITS:
            yield "unbooked"
    if sides.ledger != (LEDGER_PHASES[order.state], order.amount):
        yield "order_without_ledger"


def _booked_kinds(order: OrderSide, booked: Booked) -> Iterator[Kind]:
    if booked.times > 1:
        yield "twice"
    elif booked.amount != order.amount:
        yield "amount"
    if order.state == "paid":
        if booked.first_on is not None and booked.first_on not in _days(order, order.sent_at):
            yield "late"
    elif order.state not in WAITS:
        yield "refused_paid"


def _days(order: OrderSide, sent_at: datetime | None) -> Collection[date]:
    """The days on which a payment may be booked in time: from its sending to its answer, midnights included."""
    if sent_at is None:
        return ()
    first = day_of(sent_at - CUT_OFF)
    last = max(first, day_of((order.settled_at or sent_at) + CUT_OFF))
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def _is_over(order: OrderSide, sent_at: datetime, covered: Collection[date]) -> bool:
    """Whether statements are there for every day on which it could have been booked."""
    days = list(_days(order, sent_at))
    return all(day in covered for day in [*days, *(days[-1] + timedelta(days=n + 1) for n in range(WINDOW.days))])


def at_stake(sides: Sides) -> int:
    """The rupiah a difference is about: what the payer booked less what our order says it should have, or its sum."""
    ordered = sides.order.amount if sides.order is not None else 0
    due = ordered if sides.order is not None and sides.order.state == "paid" else 0
    return abs(sides.booked.amount - due) or ordered


def statement_fault(
    opening: int, closing: int, account: str, known_account: str, entries: Iterable[tuple[str, str, int]]
) -> str:
    """Why a statement is not taken in, as a text key; "" when it can be. Entries: (kind, reference, amount)."""
    total = opening
    for kind, reference, amount in entries:
        if type(amount) is not int or amount <= 0:
            return "incentives.statement_amount"
        if len(reference) > LONGEST_REFERENCE:
            return "incentives.statement_reference"
        total += amount if kind in ("in", "returned") else -amount
    if total != closing:
        return "incentives.statement_sum"
    if known_account and account != known_account:
        return "incentives.statement_account"
    return ""
