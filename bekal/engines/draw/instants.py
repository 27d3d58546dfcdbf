"""Instants as a draw's documents write them (docs/draw.md §4)."""

import re
from datetime import UTC, datetime

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z")


def instant_text(at: datetime) -> str:
    """RFC 3339 in UTC with `Z`; microseconds only when there are some. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("an aware time is needed")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """Reads what `instant_text` writes, and nothing else. Raises ValueError."""
    at = datetime.fromisoformat(text) if INSTANT.fullmatch(text) else None
    if at is None or instant_text(at) != text:
        raise ValueError(f"not an instant: {text!r}")
    return at
