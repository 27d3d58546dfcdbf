"""Who may buy what when, and how a price is split. Times are aware; days are counted in western Indonesian time."""

import string
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

from bekal.citizens.rules import working_days_after
from bekal.ledger.rules import Posting
from bekal.rulebooks.rules import Scholarship

WIB = timezone(timedelta(hours=7))
REDEEM_LETTERS = string.ascii_uppercase + string.digits
REDEEM_LENGTH = 12
TRANSACTION_LENGTH = 16
CLOSES_EVERY = timedelta(days=7)
PAID_WITHIN_DAYS = 5
"""How often statements close, and within how many working days one is paid; house settings."""
CODES_PER_RESERVATION = 3
"""How many one-time codes one reservation may send; more would let a platform flood a telephone."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a platform asks to buy for the holder of a card. `amount`: the price it showed, whole rupiah."""

    platform_id: UUID
    card_number: str
    course_code: str
    schedule_code: str
    amount: int
    platform_user: str


@dataclass(frozen=True, slots=True)
class Split:
    """A price split in whole rupiah: `share` is the provider's, `commission` the platform's."""

    share: int
    commission: int


def split_of(amount: int, commission: int) -> Split:
    """Nothing is lost between the two parts."""
    return Split(amount - commission, commission)


def may_buy(
    scholarship: Scholarship, *, granted_at: datetime, due_at: datetime | None, bought_before: bool, at: datetime
) -> bool:
    """Whether an active award may buy now.

    Never after the year's last day. The first purchase within its window. A later one freely when the file sets no
    window for it, else only inside the window that finishing the training before has opened.
    """
    last = scholarship.end_in(granted_at.astimezone(WIB).year)
    if last is not None and at.astimezone(WIB).date() > last:
        return False
    if bought_before and scholarship.next_purchase_days is None:
        return True
    if due_at is None:
        return not bought_before
    return at <= due_at


def purchase_postings(*, purchase: str, award: str, provider: str, platform: str, split: Split) -> list[Posting]:
    """The pending transfers of a reservation, award to both payables. Arguments are ids as text."""
    source = f"award:{award}:training"
    return _without_nothing(
        Posting(source, f"payable:{provider}", split.share, "purchase", f"purchase:{purchase}", "pending"),
        Posting(source, f"payable:{platform}", split.commission, "commission", f"commission:{purchase}", "pending"),
    )


def refund_postings(*, purchase: str, award: str, provider: str, platform: str, split: Split) -> list[Posting]:
    """The transfers that give a paid purchase back to the award."""
    target = f"award:{award}:training"
    return _without_nothing(
        Posting(f"payable:{provider}", target, split.share, "refund", f"refund:{purchase}:share"),
        Posting(f"payable:{platform}", target, split.commission, "refund", f"refund:{purchase}:commission"),
    )


def closing_before(at: datetime) -> datetime:
    """The last instant at which statements closed, at or before `at`: midnight before a Monday in Jakarta."""
    there = at.astimezone(WIB)
    monday = there.date() - timedelta(days=there.weekday())
    return datetime(monday.year, monday.month, monday.day, tzinfo=WIB).astimezone(UTC)


def closing_after(at: datetime) -> datetime:
    """The next instant at which statements close, after `at`."""
    return closing_before(at) + CLOSES_EVERY


def pay_by(closed_at: datetime) -> date:
    """The day by which a closed statement is to be paid, in Jakarta."""
    return working_days_after(closed_at.astimezone(WIB).date(), PAID_WITHIN_DAYS)


def _without_nothing(*postings: Posting) -> list[Posting]:
    return [posting for posting in postings if posting.amount > 0]
