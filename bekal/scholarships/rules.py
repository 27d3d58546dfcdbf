"""Deadlines of an award, what a wave must set aside, and how awards add up."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone

WIB = timezone(timedelta(hours=7))
GRANTS = ("grant_training", "grant_incentive")
RETURN = "return_award"


def end_of_day(day: datetime) -> datetime:
    """The last second of that day in Jakarta, in UTC: a deadline is never midnight of an unnamed zone."""
    local = day.astimezone(WIB).date()
    return datetime.combine(local, time(23, 59, 59), WIB).astimezone(UTC)


def year_end(at: datetime, ends_on: str) -> datetime:
    """The programme's last day of the year of `at`; `ends_on` reads "12-15"."""
    month, day = (int(part) for part in ends_on.split("-"))
    return end_of_day(datetime(at.astimezone(WIB).year, month, day, 12, tzinfo=WIB))


def purchase_due(since: datetime, days: int | None, ends_on: str | None) -> datetime | None:
    """Until when to buy: the end of the last day of the window, never beyond the programme's year; None: for ever."""
    window = None if days is None else end_of_day(since + timedelta(days=days))
    last = None if ends_on is None else year_end(since, ends_on)
    return min((limit for limit in (window, last) if limit is not None), default=None)


def allocation(places: int, total_benefit: int) -> int:
    """Rupiah a wave needs so that every award is covered in full."""
    return places * total_benefit


def share_of(amount: int, percent: int) -> int:
    """So many per cent of an amount, whole rupiah, rounded down."""
    return amount * percent // 100


SOURCES = ("interest", "fine", "repaid")
"""Where non-tax revenue comes from: the bank's interest on the fund, fines, money claimed back."""
CATEGORIES = ("staff", "systems", "outreach", "oversight", "office")
"""What administration is spent on."""

Flows = dict[str, tuple[int, int]]
"""What moved for good into and out of a set of awards, rupiah, by the ledger's code."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one award or of many, whole rupiah: granted = spent + left + returned. `left`: reserved money included."""

    granted: int = 0
    spent: int = 0
    left: int = 0
    returned: int = 0

    @property
    def difference(self) -> int:
        """Rupiah that are not explained; 0 or the books are wrong."""
        return self.granted - self.spent - self.left - self.returned

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.granted + other.granted, self.spent + other.spent, self.left + other.left,
            self.returned + other.returned,
        )  # fmt: skip


def sums_of(flows: Flows, left: int) -> Sums:
    """The four sums. Granted: what the wave gave. Returned: what went back to it. Spent: whatever else went out, less
    what of it came back (a cancelled training, a payment that the bank gave back)."""
    granted = sum(came - went for code, (came, went) in flows.items() if code in GRANTS)
    returned = sum(went - came for code, (came, went) in flows.items() if code == RETURN)
    spent = sum(went - came for code, (came, went) in flows.items() if code not in GRANTS and code != RETURN)
    return Sums(granted, spent, left, returned)


@dataclass(slots=True)
class Purse:
    """The money of a set of awards, whole rupiah: what moved, and by part (training, incentive) what is held free and
    what is held for a reservation or a payment on its way."""

    awards: int = 0
    flows: Flows = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)
    reserved: dict[str, int] = field(default_factory=dict)

    @property
    def sums(self) -> Sums:
        return sums_of(self.flows, sum(self.free.values()) + sum(self.reserved.values()))

    def came(self, *codes: str) -> int:
        return sum(self.flows.get(code, (0, 0))[0] for code in codes)

    def went(self, *codes: str) -> int:
        return sum(self.flows.get(code, (0, 0))[1] for code in codes)

    def hold(self, part: str, free: int, reserved: int) -> None:
        self.free[part] = self.free.get(part, 0) + free
        self.reserved[part] = self.reserved.get(part, 0) + reserved

    def move(self, code: str, came: int, went: int) -> None:
        before = self.flows.get(code, (0, 0))
        self.flows[code] = (before[0] + came, before[1] + went)

    def take(self, other: "Purse") -> None:
        """Add another set of awards to this one."""
        self.awards += other.awards
        for code, (came, went) in other.flows.items():
            self.move(code, came, went)
        for part in other.free:
            self.hold(part, other.free[part], other.reserved[part])
