"""Where each stratum is cut: thresholds and a bitmap of the winners, from tickets alone (docs/draw.md §7).

One pass over the prefixes, in ranges that any number of workers share: a range says who is surely in (prefix below the
window of its stratum) and who lies in the window; together they give the exact cut. The order and size of ranges never
matter, so that one process, several, or a cluster give the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bekal.engines.draw.tickets import CHUNK, Positions, Prefixes, Tickets, prefix_chunks, tickets, tickets_at

PREFIXES = 1 << 16
SIGMAS, NEAR = 3.5, 9
ALIKE = 1.5
RANGE = 1 << 24

Bitmap = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Window:
    """For each stratum: who has a prefix below `low` is in, who has one up to `high` may be."""

    starts: Positions
    low: Prefixes
    high: Prefixes


@dataclass(frozen=True, eq=False)
class Part:
    """What a range says: a bit a person (least first) for the sure ones; positions and prefixes in the window."""

    sure: Bitmap
    positions: Positions
    prefixes: Prefixes


@dataclass(frozen=True, eq=False)
class Cut:
    """`thresholds`, `lasts`: ticket and position of the last one in, of each stratum; 0 where nobody is.

    `chosen`: a bit a person, least significant first.
    """

    thresholds: Tickets
    lasts: Positions
    chosen: Bitmap

    def bits(self, end: int, start: int = 0) -> npt.NDArray[np.bool_]:
        """Whether each of start .. end - 1 is chosen (start a multiple of 8)."""
        part = self.chosen[start // 8 : -(-end // 8)]
        return np.unpackbits(part, bitorder="little", count=end - start).view(np.bool_)

    def positions(self, start: int, end: int) -> Positions:
        """Positions chosen in start .. end - 1 (start a multiple of 8), ascending."""
        return np.flatnonzero(self.bits(end, start)) + start


class Share(NamedTuple):
    """The work of one worker: positions start .. end - 1."""

    key: bytes
    start: int
    end: int
    window: Window


Spread = Callable[[Callable[[Share], Part], Sequence[Share]], Iterable[Part]]


def shares(key: bytes, window: Window, size: int = RANGE) -> list[Share]:
    """Work of `size` positions each (a multiple of 8)."""
    people = int(window.starts[-1])
    return [Share(key, at, min(at + size, people), window) for at in range(0, people, size)]


def window_for(starts: Positions, wanted: Positions) -> Window:
    """Where the cut lies with near certainty: the quota share, some standard deviations of its order statistic, and the
    span of NEAR people, since a quota of everybody deviates by the last one's ticket alone."""
    people = np.diff(starts).astype(np.float64)
    share = wanted / people
    spread = SIGMAS * np.sqrt(share * (1 - share) / people) + NEAR / people
    low = np.clip(np.floor((share - spread) * PREFIXES), 0, PREFIXES - 1)
    high = np.clip(np.ceil((share + spread) * PREFIXES), 0, PREFIXES - 1)
    return Window(starts, low.astype(np.uint16), high.astype(np.uint16))


def _spans(window: Window, at: int, length: int) -> Iterator[tuple[int, int, Prefixes, Prefixes]]:
    """(left, right, low, high) of the runs of positions at .. at + length - 1 that one comparison serves: a stratum
    each, or all together where their windows are so alike that a common one holds little more."""
    first = int(np.searchsorted(window.starts, at, side="right")) - 1
    stop = int(np.searchsorted(window.starts, at + length))
    low, high = window.low[first:stop], window.high[first:stop]
    edges = np.clip(window.starts[first : stop + 1] - at, 0, length)
    apart = int((high - low).astype(np.int64) @ np.diff(edges))
    if (int(high.max()) - int(low.min())) * length <= ALIKE * apart:
        yield 0, length, low.min(), high.max()
        return
    ends = edges.tolist()
    for i, (left, right) in enumerate(pairwise(ends)):
        yield left, right, low[i, ...], high[i, ...]


def scan(share: Share) -> Part:
    """One range of the pass."""
    sure, positions, prefixes = [], [], []
    inside, maybe = np.empty(CHUNK, dtype=np.bool_), np.empty(CHUNK, dtype=np.bool_)
    for at, piece in prefix_chunks(share.key, share.start, share.end):
        for left, right, low, high in _spans(share.window, at, len(piece)):
            cell = piece[left:right]
            np.less(cell, low, out=inside[left:right])
            np.less_equal(cell, high, out=maybe[left:right])
        sure.append(np.packbits(inside[: len(piece)], bitorder="little"))
        np.greater(maybe, inside, out=maybe)
        found = np.flatnonzero(maybe[: len(piece)])
        positions.append(found + at)
        prefixes.append(piece[found])
    return Part(np.concatenate(sure), np.concatenate(positions), np.concatenate(prefixes))


def _counts(bitmap: Bitmap, starts: Positions) -> Positions:
    """Bits set between each start and the next; `bitmap` ends at a multiple of 8 bytes, at least 8 beyond the last."""
    words = bitmap.view("<u8")
    first, bit = starts // 64, (starts % 64).astype(np.uint64)
    before = np.bitwise_count(words[first] & ((np.uint64(1) << bit) - np.uint64(1))).astype(np.int64)
    whole = np.add.reduceat(np.bitwise_count(words), first, dtype=np.int64)[:-1]
    whole[first[1:] == first[:-1]] = 0
    found: Positions = whole + np.diff(before)
    return found


def _set_bits(bitmap: Bitmap, positions: Positions) -> None:
    np.bitwise_or.at(bitmap, positions >> 3, np.uint8(1) << (positions & 7).astype(np.uint8))


class _Cutting:
    """The exact cut from the parts; strata whose window missed it are drawn anew in full, which is rare."""

    def __init__(self, key: bytes, window: Window, wanted: Positions, parts: Iterable[Part]) -> None:
        found = list(parts)
        self.key, self.window, self.starts, self.wanted = key, window, window.starts, wanted
        people = int(self.starts[-1])
        self.chosen = np.concatenate([*(part.sure for part in found), np.zeros(16 - -(-people // 8) % 8, np.uint8)])
        self.positions = np.concatenate([part.positions for part in found])
        self.prefixes = np.concatenate([part.prefixes for part in found])
        self.thresholds = np.zeros(len(wanted), dtype=np.uint64)
        self.lasts = np.zeros(len(wanted), dtype=np.int64)

    def run(self) -> Cut:
        """The `need` smallest of each window win; prefixes decide for all but those that share the last one's."""
        cuts = np.searchsorted(self.positions, self.starts)
        there, need = np.diff(cuts), self.wanted - _counts(self.chosen, self.starts)
        wide = np.uint32 if len(there) < PREFIXES else np.uint64
        keys = np.repeat((np.arange(len(there)) * PREFIXES).astype(wide), there) | self.prefixes
        ordered, drawn = np.sort(keys), np.flatnonzero((need >= 1) & (need <= there))
        last = np.zeros(len(there), dtype=wide)
        last[drawn] = ordered[cuts[drawn] + need[drawn] - 1]
        drawn = drawn[self._inside(drawn, last[drawn].astype(np.uint16))]
        missed = self.wanted > 0
        missed[drawn] = False
        last[missed] = 0
        bounds = np.repeat(last, there)
        _set_bits(self.chosen, self.positions[keys < bounds])
        tied = np.flatnonzero(keys == bounds)
        left = np.zeros(len(there), dtype=np.int64)
        left[drawn] = need[drawn] - (np.searchsorted(ordered, last[drawn]) - cuts[drawn])
        self._break_ties(self.positions[tied], (keys[tied] // wide(PREFIXES)).astype(np.int64), left)
        for stratum in np.flatnonzero(missed).tolist():
            self._draw_in_full(stratum)
        return Cut(self.thresholds, self.lasts, self.chosen)

    def _inside(self, strata: Positions, prefixes: Prefixes) -> npt.NDArray[np.bool_]:
        """Whether each prefix lies in the stratum's own window, which every comparison of it held: only then is the
        order complete there."""
        found: npt.NDArray[np.bool_] = (self.window.low[strata] <= prefixes) & (prefixes <= self.window.high[strata])
        return found

    def _break_ties(self, positions: Positions, of: Positions, left: Positions) -> None:
        """Of those who share the last prefix the `left` smallest tickets; equal tickets keep the order of the roll."""
        drawn = tickets_at(self.key, positions)
        order = np.lexsort((drawn, of))
        positions, of, drawn = positions[order], of[order], drawn[order]
        rank = np.arange(len(of)) - np.searchsorted(of, of)
        _set_bits(self.chosen, positions[rank < left[of]])
        ends = rank == left[of] - 1
        self.thresholds[of[ends]], self.lasts[of[ends]] = drawn[ends], positions[ends]

    def _draw_in_full(self, stratum: int) -> None:
        start, end = int(self.starts[stratum]), int(self.starts[stratum + 1])
        drawn = tickets(self.key, start, end - start)
        order = np.argsort(drawn, kind="stable")[: self.wanted[stratum]]
        self._clear(start, end)
        _set_bits(self.chosen, order + start)
        self.thresholds[stratum], self.lasts[stratum] = drawn[order[-1]], order[-1] + start

    def _clear(self, start: int, end: int) -> None:
        sure = np.arange(start, end)
        np.bitwise_and.at(self.chosen, sure >> 3, ~(np.uint8(1) << (sure & 7).astype(np.uint8)))


def one_process(work: Callable[[Share], Part], tasks: Sequence[Share]) -> Iterable[Part]:
    """The plain way to spread the work: here, one after the other."""
    return map(work, tasks)


def cut(key: bytes, people: Sequence[int], wanted: Sequence[int], spread: Spread = one_process) -> Cut:
    """The `wanted` smallest (ticket, position) of each stratum of `people`; 0 <= wanted <= people, people >= 1."""
    starts = np.concatenate(([0], np.cumsum(np.array(people, dtype=np.int64))))
    counts = np.array(wanted, dtype=np.int64)
    window = window_for(starts, counts)
    return _Cutting(key, window, counts, spread(scan, shares(key, window))).run()
