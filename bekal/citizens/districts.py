"""The districts that a NIK or family card of these years can begin with, dissolved ones among them."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path


def is_known_district(region: str) -> bool:
    """Whether six digits were the code of a district at any time from 2016 on; earlier ones are not known here."""
    return region in _districts()


@cache
def _districts() -> frozenset[str]:
    lines = (Path(__file__).parent / "districts.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines if not line.startswith("#")][1:]
    return frozenset(f"{regency}{number:02}" for regency, ranges in rows for number in _numbers(ranges))


def _numbers(ranges: str) -> Iterator[int]:
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
