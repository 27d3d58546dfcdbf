"""Pure rules of publication: what is withheld so that nobody is recognised, and the digest of what is published."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

SMALLEST_SHOWN = 5


def withhold(counts: Sequence[int]) -> tuple[int | None, ...]:
    """A column with its cells of 1 to 4 withheld (None).

    Where a single cell would be withheld, the smallest other one that is not 0 goes with it: the column's total is
    public, and one hole alone can be filled by subtraction.
    """
    hidden = {place for place, count in enumerate(counts) if 0 < count < SMALLEST_SHOWN}
    if len(hidden) == 1:
        others = [place for place, count in enumerate(counts) if count > 0 and place not in hidden]
        hidden |= set(sorted(others, key=lambda place: (counts[place], place))[:1])
    return tuple(None if place in hidden else count for place, count in enumerate(counts))


def digest_of(documents: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the RFC 8785 JSON of the documents."""
    return hashlib.sha256(rfc8785.dumps(dict(documents))).hexdigest()


def difference(came_in: Sequence[int], went_out: Sequence[int]) -> int:
    """Rupiah that are not explained; 0 or the books are wrong."""
    return sum(came_in) - sum(went_out)
