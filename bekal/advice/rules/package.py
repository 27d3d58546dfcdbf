"""The set of trainings that teaches most of a goal within a balance: exact, by dynamic programming over skill sets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_BITS = 16
_COUNT_BITS = 12
_NEVER = 2**62


class GoalTooWide(ValueError):
    """A goal whose skills fall into more than sixteen groups that different trainings teach."""


@dataclass(frozen=True, slots=True)
class Option:
    """A training that could be bought. `code`: unique; `price`: whole rupiah >= 0."""

    code: str
    price: int
    skills: frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """`positions` into the options, in order of code; `gained`: skills of the goal, in order of name; `price`: whole
    rupiah.
    """

    positions: tuple[int, ...]
    gained: tuple[str, ...]
    price: int


def best_package(options: Sequence[Option], wanted: Iterable[str], balance: int) -> Choice:
    """The options that teach most of the `wanted` skills for at most `balance`; of those the cheapest, of those the
    fewest.

    Remaining ties fall by order of code. Optimal by construction: the table holds the least price of every set of
    skills.
    Raises GoalTooWide beyond sixteen groups of skills that the same options teach.
    """
    order = sorted(range(len(options)), key=lambda position: options[position].code)
    useful = [position for position in order if options[position].price <= balance]
    groups = _groups([options[position] for position in useful], frozenset(wanted))
    if len(groups) > MOST_BITS:
        raise GoalTooWide(f"{len(groups)} groups of skills")
    masks = [_mask(options[position], groups) for position in useful]
    costs, taken = _table(masks, [options[position].price for position in useful], len(groups))
    target = _best_target(costs, [len(group) for group in groups], balance)
    positions = tuple(useful[row] for row in sorted(_walk_back(target, masks, taken)))
    gained = {skill for place, group in enumerate(groups) if target >> place & 1 for skill in group}
    return Choice(positions, tuple(sorted(gained)), sum(options[position].price for position in positions))


def _groups(options: Sequence[Option], wanted: frozenset[str]) -> list[tuple[str, ...]]:
    """Wanted skills that exactly the same options teach, in order of name; skills that none teaches are left out."""
    teachers: dict[tuple[int, ...], list[str]] = {}
    for skill in sorted(wanted):
        teaching = tuple(row for row, option in enumerate(options) if skill in option.skills)
        if teaching:
            teachers.setdefault(teaching, []).append(skill)
    return [tuple(skills) for skills in teachers.values()]


def _mask(option: Option, groups: Sequence[tuple[str, ...]]) -> int:
    return sum(1 << place for place, group in enumerate(groups) if group[0] in option.skills)


def _table(masks: Sequence[int], prices: Sequence[int], bits: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """costs[s]: least (price, number of options) that teaches at least the set s, as one number; taken[o, s]: whether
    option o lowered it.
    """
    sets = np.arange(1 << bits)
    costs = np.full(1 << bits, _NEVER, dtype=np.int64)
    costs[0] = 0
    taken = np.zeros((len(masks), 1 << bits), dtype=np.bool_)
    for row, (mask, price) in enumerate(zip(masks, prices, strict=True)):
        offered = np.minimum(costs[sets & ~mask] + (price << _COUNT_BITS) + 1, _NEVER)
        taken[row] = offered < costs
        costs = np.where(taken[row], offered, costs)
    return costs, taken


def _best_target(costs: NDArray[np.int64], sizes: Sequence[int], balance: int) -> int:
    sets = np.arange(len(costs))
    worth = sum((((sets >> place) & 1) * size for place, size in enumerate(sizes)), start=np.zeros_like(sets))
    worth = np.where(costs >> _COUNT_BITS <= balance, worth, -1)
    best = np.flatnonzero(worth == worth.max())
    return int(best[np.argmin(costs[best])])


def _walk_back(target: int, masks: Sequence[int], taken: NDArray[np.bool_]) -> list[int]:
    rows = []
    for row in reversed(range(len(masks))):
        if taken[row, target]:
            rows.append(row)
            target &= ~masks[row]
    return rows
