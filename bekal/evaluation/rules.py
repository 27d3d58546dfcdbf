"""Pure decisions of an impact study: whom to ask."""

import hashlib
from collections.abc import Iterable
from uuid import UUID

LARGEST_INCOME = 1_000_000_000


def chosen(people: Iterable[UUID], wave_id: UUID, places: int) -> list[UUID]:
    """The first `places` people in the order of SHA-256(wave id, person id), 16 bytes each: an order that nobody
    chose.
    """
    return sorted(people, key=lambda person: hashlib.sha256(wave_id.bytes + person.bytes).digest())[: max(0, places)]


def sides(size: int, winners: int, losers: int) -> tuple[int, int]:
    """How many of each side to ask: half and half; a side too small is asked whole and the other makes up for it."""
    half = size // 2
    ask_winners = min(winners, max(half, size - losers))
    return ask_winners, min(losers, size - ask_winners)


def income_fault(monthly_income: int) -> bool:
    """Whether an income cannot be true."""
    return not 0 <= monthly_income <= LARGEST_INCOME


def stratum_of(region: str, group: str) -> str:
    """The stratum of the draw: its region and its group."""
    return f"{region}|{group}"
