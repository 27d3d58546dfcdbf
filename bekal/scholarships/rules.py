"""Deadlines of an award, and what a wave must set aside."""

from datetime import UTC, datetime, time, timedelta, timezone

WIB = timezone(timedelta(hours=7))


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
