"""Scores of items for a person, from interactions and from skills."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Interactions = npt.NDArray[Any]

CELLS_AT_ONCE = 1 << 24


def _as_blocks(interactions: Interactions, item_count: int) -> Iterator[Floats]:
    """Dense 0/1 blocks (some people x items). Integers in two columns are (person, item) pairs, all else a matrix."""
    if interactions.ndim != 2:
        raise ValueError(f"interactions of {interactions.ndim} dimensions")
    rows = max(1, CELLS_AT_ONCE // max(1, item_count))
    if interactions.shape[1] == 2 and interactions.dtype.kind in "iu":
        yield from _pair_blocks(interactions, item_count, rows)
        return
    if interactions.shape[1] != item_count:
        raise ValueError(f"{interactions.shape[1]} columns for {item_count} items")
    for start in range(0, len(interactions), rows):
        yield (interactions[start : start + rows] > 0).astype(np.float64)


def _pair_blocks(pairs: Interactions, item_count: int, rows: int) -> Iterator[Floats]:
    if len(pairs) and not 0 <= pairs[:, 1].min() <= pairs[:, 1].max() < item_count:
        raise ValueError(f"an item outside 0 .. {item_count - 1}")
    _, person = np.unique(pairs[:, 0], return_inverse=True)
    order = np.argsort(person, kind="stable")
    person, items = person[order], pairs[order, 1]
    for start in range(0, int(person[-1]) + 1 if len(person) else 0, rows):
        low, high = np.searchsorted(person, (start, start + rows))
        block = np.zeros((rows, item_count))
        block[person[low:high] - start, items[low:high]] = 1.0
        yield block


def ease(interactions: Interactions, item_count: int, ridge: float) -> Floats:
    """Item-to-item weights B (items x items, zero diagonal) of EASE, in closed form (Steck 2019, arXiv 1905.03375).

    `interactions`: 0/1 matrix (people x items), or integer pairs (n x 2) of person and item; repeated pairs count once.
    A 0/1 matrix of two items must be of type bool. `ridge` > 0. Memory: items^2, nothing per person. Raises ValueError.
    """
    if ridge <= 0:
        raise ValueError(f"ridge {ridge}: more than 0 needed")
    gram = np.eye(item_count) * ridge
    for block in _as_blocks(interactions, item_count):
        gram += block.T @ block
    inverse = np.linalg.inv(gram)
    weights: Floats = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def popularity(interactions: Interactions, item_count: int) -> Floats:
    """People per item. `interactions` as for `ease`."""
    counts = np.zeros(item_count)
    for block in _as_blocks(interactions, item_count):
        counts += block.sum(axis=0)
    return counts


def score(history: Sequence[int], weights: Floats) -> Floats:
    """EASE scores of all items for a person who took the items of `history` (indexes; each counts once)."""
    total: Floats = weights[sorted(set(history))].sum(axis=0)
    return total


def content_scores(person_skills: AbstractSet[str], item_skills: Sequence[frozenset[str]]) -> Floats:
    """Cosine of skill sets: shared / sqrt(skills of the person x skills of the item), 0 where either has none."""
    mine = len(person_skills)
    return np.array(
        [len(person_skills & skills) / sqrt(mine * len(skills)) if mine and skills else 0.0 for skills in item_skills]
    )
