"""Dates as people read them: `17 Maret 2026`, `17 Maret 2026, 14.30 WIB`, in the time of the reader's province."""

from datetime import date, datetime, timedelta, timezone

MONTHS = {
    "id": [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
WIB, WITA, WIT = (timezone(timedelta(hours=7 + step), name) for step, name in enumerate(("WIB", "WITA", "WIT")))
# Keputusan Presiden 41/1987: central and eastern time by province; all others keep western time.
CENTRAL = frozenset(["51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"])
EASTERN = frozenset(["81", "82", "91", "92", "93", "94", "95", "96"])


def zone_of(regency_code: str) -> timezone:
    """The time zone of a regency code "32.73" or province code "32"; western time when unknown."""
    province = regency_code[:2]
    return WITA if province in CENTRAL else WIT if province in EASTERN else WIB


def day_words(day: date, language: str) -> str:
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def moment_words(moment: datetime, language: str, zone: timezone = WIB) -> str:
    there = moment.astimezone(zone)
    return f"{day_words(there.date(), language)}, {there:%H.%M} {zone.tzname(None)}"
