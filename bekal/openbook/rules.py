"""Pure rules of publication: what is withheld so that nobody is recognised, and the digest of what is published."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
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


def withhold_places(
    counts: Mapping[str, int], parent_of: Callable[[str], str]
) -> tuple[dict[str, int | None], dict[str, int | None]]:
    """People by place inside larger places, both published: (larger places, places), cells withheld so that neither
    a small number nor the difference between the two levels tells one. Inside a larger place that is withheld, every
    place with anybody is withheld too.
    """
    inside: dict[str, list[str]] = {}
    for place in sorted(counts):
        inside.setdefault(parent_of(place), []).append(place)
    totals = {parent: sum(counts[place] for place in places) for parent, places in inside.items()}
    parents = dict(zip(totals, withhold(list(totals.values())), strict=True))
    shown: dict[str, int | None] = {}
    for parent, places in inside.items():
        own = [counts[place] for place in places]
        cells = withhold(own) if parents[parent] is not None else [None if count else 0 for count in own]
        shown.update(zip(places, cells, strict=True))
    return parents, shown


def digest_of(documents: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the RFC 8785 JSON of the documents."""
    return hashlib.sha256(rfc8785.dumps(dict(documents))).hexdigest()


def difference(came_in: Sequence[int], went_out: Sequence[int]) -> int:
    """Rupiah that are not explained; 0 or the books are wrong."""
    return sum(came_in) - sum(went_out)
