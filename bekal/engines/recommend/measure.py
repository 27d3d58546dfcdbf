"""How good a recommender is: metrics of Liang et al. 2018 (arXiv 1802.05814) and splits that respect time."""

from collections.abc import Collection, Sequence
from math import log2
from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def recall_at(recommended: Sequence[Sequence[int]], held_out: Sequence[Collection[int]], k: int) -> float:
    """Mean over people with held-out items of hits in the first k / min(k, held-out items); 0.0 for nobody."""
    shares = [
        len(set(shown[:k]) & set(wanted)) / min(k, len(wanted))
        for shown, wanted in zip(recommended, held_out, strict=True)
        if wanted
    ]
    return sum(shares) / len(shares) if shares else 0.0


def ndcg_at(recommended: Sequence[Sequence[int]], held_out: Sequence[Collection[int]], k: int) -> float:
    """Mean normalised discounted cumulative gain of the first k, binary relevance; 0.0 for nobody."""
    shares = []
    for shown, wanted in zip(recommended, held_out, strict=True):
        if wanted:
            gain = sum(1 / log2(place + 2) for place, item in enumerate(shown[:k]) if item in wanted)
            shares.append(gain / sum(1 / log2(place + 2) for place in range(min(k, len(wanted)))))
    return sum(shares) / len(shares) if shares else 0.0


def temporal_split(times: npt.NDArray[Any], cut: Any) -> tuple[Mask, Mask]:
    """Masks of what happened before `cut`, and from `cut` on."""
    before: Mask = times < cut
    return before, ~before


def leave_last(people: npt.NDArray[Any], times: npt.NDArray[Any]) -> Mask:
    """Mask of each person's latest interaction (the last listed among equal times)."""
    order = np.lexsort((np.arange(len(people)), times, people))
    ends = np.ones(len(order), dtype=np.bool_)
    ends[:-1] = people[order][1:] != people[order][:-1]
    mask = np.zeros(len(order), dtype=np.bool_)
    mask[order[ends]] = True
    return mask
