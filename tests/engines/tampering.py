"""Every small lie about published data, for tests that say all of them are caught."""

from collections.abc import Iterator
from typing import Any


def edits(value: Any) -> Iterator[Any]:
    """Copies of JSON data with one thing changed: a leaf becomes another of its own or of another kind; a member or an
    item is left out, added or moved."""
    if isinstance(value, dict):
        yield {**value, "more": 1}
        for name, inside in value.items():
            yield {other: kept for other, kept in value.items() if other != name}
            yield from ({**value, name: changed} for changed in edits(inside))
    elif isinstance(value, list):
        yield [*value, *(value[-1:] or [None])]
        if value[::-1] != value:
            yield value[::-1]
        for place, inside in enumerate(value):
            yield [*value[:place], *value[place + 1 :]]
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in edits(inside))
    elif isinstance(value, str):
        yield from (f"{value}0", value[:-1] if value else None, [value])
        if value.upper() != value:
            yield value.upper()
    elif isinstance(value, bool):
        yield from (not value, int(value))
    elif isinstance(value, int):
        yield from (value + 1, -1 - value, bool(value), str(value), value + 0.5)
    else:
        yield from (0, "", False)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
