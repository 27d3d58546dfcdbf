"""One ranked list from several scores, with a reason for each item and room for small providers."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bekal.engines.recommend.model import Floats

DECIMALS = 9


class Reason(StrEnum):
    """Why an item stands where it stands: its largest share of the score."""

    TAKEN_TOGETHER = "taken_together"
    FITS_SKILLS = "fits_skills"
    POPULAR = "popular"


@dataclass(frozen=True)
class Blend:
    """Weight of each score, after each was scaled to at most 1."""

    taken_together: float = 1.0
    fits_skills: float = 0.6
    popular: float = 0.2


@dataclass(frozen=True)
class Recommendation:
    """`item`: index. `score`: blended, comparable within one list only."""

    item: int
    score: float
    reason: Reason


def _scaled(scores: Floats) -> Floats:
    low = np.maximum(scores, 0.0)
    top = low.max(initial=0.0)
    scaled: Floats = low / top if top > 0 else low
    return scaled


def rank(
    *,
    taken_together: Floats,
    fits_skills: Floats,
    popular: Floats,
    providers: Sequence[str],
    seen: Collection[int] = (),
    count: int = 10,
    per_provider: int = 3,
    blend: Blend = Blend(),
) -> list[Recommendation]:
    """The `count` best items that were not `seen`. All arrays and `providers` have one entry an item.

    A provider gets at most `per_provider` places as long as others have items; then the best left fill up. Scores are
    compared to nine decimals, ties go to the lower index, so that the list is the same on every machine.
    """
    parts = np.stack(
        [
            blend.taken_together * _scaled(taken_together),
            blend.fits_skills * _scaled(fits_skills),
            blend.popular * _scaled(popular),
        ]
    )
    total = np.round(parts.sum(axis=0), DECIMALS)
    reasons = tuple(Reason)
    order = [int(i) for i in np.lexsort((np.arange(len(total)), -total)) if int(i) not in set(seen)]
    chosen = _spread(order, providers, count, per_provider)
    return [Recommendation(i, float(total[i]), reasons[int(np.argmax(parts[:, i]))]) for i in chosen]


def _spread(order: Sequence[int], providers: Sequence[str], count: int, per_provider: int) -> list[int]:
    first, later, taken = [], [], Counter[str]()
    for item in order:
        if taken[providers[item]] < per_provider:
            taken[providers[item]] += 1
            first.append(item)
        else:
            later.append(item)
    return (first + later)[:count]
