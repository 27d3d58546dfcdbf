"""The draw itself: in each stratum the smallest tickets win, ties by ticket id (docs/draw.md §7)."""

from collections import deque
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bekal.engines.draw.commitment import ALGORITHM, commitment_hash
from bekal.engines.draw.roll import Roll, Stratum, roll_root
from bekal.engines.draw.tickets import ticket_key, tickets

RESULT_MAGIC = b"BKLRSLT\x01"
CHUNK = 1 << 16
WHOLE = 1 << 64

Positions = npt.NDArray[np.int64]
Tickets = npt.NDArray[np.uint64]


class DrawRefused(ValueError):
    """Roll, commitment and randomness do not belong together."""


class WaitingEntry(NamedTuple):
    """One person on the waiting list."""

    ticket_id: bytes
    region: str
    group: str


@dataclass(frozen=True, eq=False)
class StratumResult:
    """`threshold` and `last`: ticket and ticket id of the last winner (None without winners); who has
    (ticket, id) <= (threshold, last) wins. `selected`: positions, ascending. `waiting`: positions in drawn order."""

    stratum: Stratum
    places: int
    threshold: int | None
    last: bytes | None
    selected: Positions
    waiting: Positions
    waiting_tickets: Tickets


@dataclass(frozen=True, eq=False)
class DrawResult:
    """What a draw says. Ids come in roll order for winners, in drawn order for those who wait."""

    roll: Roll
    strata: tuple[StratumResult, ...]

    @cached_property
    def selected(self) -> tuple[bytes, ...]:
        """Ticket ids of the winners, in roll order."""
        return self.roll.ids_at(int(p) for s in self.strata for p in s.selected)

    @cached_property
    def _overall(self) -> Positions:
        positions = np.concatenate([s.waiting for s in self.strata])
        drawn = np.concatenate([s.waiting_tickets for s in self.strata])
        halves = self.roll.halves[positions]
        ordered: Positions = positions[np.lexsort((halves[:, 1], halves[:, 0], drawn))]
        return ordered

    @cached_property
    def waiting(self) -> tuple[bytes, ...]:
        """Ticket ids of everybody on the waiting list, in the overall order: by ticket, then by id."""
        return self.roll.ids_at(int(p) for p in self._overall)

    @property
    def waiting_entries(self) -> tuple[WaitingEntry, ...]:
        """The overall order with stratum, as `WaitingLine` reads it."""
        cells = [self.roll.strata[i] for i in np.searchsorted(self.roll.starts, self._overall, side="right") - 1]
        return tuple(WaitingEntry(t, s.region, s.group) for t, s in zip(self.waiting, cells, strict=True))

    def encode(self) -> bytes:
        """Canonical result file: magic, counts of winners and waiting (8 bytes each), then their ids in order."""
        counts = len(self.selected).to_bytes(8, "big") + len(self.waiting).to_bytes(8, "big")
        return b"".join((RESULT_MAGIC, counts, *self.selected, *self.waiting))

    def root(self) -> bytes:
        """RFC 9162 root of the result file over 64 KiB blocks."""
        return roll_root(self.encode())


class WaitingLine:
    """Who is next when a place comes free: of the same stratum, else of the same region, else of all, in drawn order.

    `gone`: ticket ids that no longer wait (already awarded, or out for another reason).
    """

    def __init__(self, entries: Iterable[WaitingEntry], gone: Container[bytes] = ()) -> None:
        self._gone: set[bytes] = set()
        self._lines: dict[tuple[str, ...], deque[bytes]] = {}
        for entry in entries:
            if entry.ticket_id in gone:
                continue
            for line in self._line_names(entry.region, entry.group):
                self._lines.setdefault(line, deque()).append(entry.ticket_id)

    @staticmethod
    def _line_names(region: str, group: str) -> tuple[tuple[str, ...], ...]:
        return (region, group), (region,), ()

    def take(self, region: str, group: str) -> bytes | None:
        """Ticket id of the next in line for a place of this stratum, or None when nobody waits any more."""
        for name in self._line_names(region, group):
            line = self._lines.get(name, deque())
            while line:
                ticket_id = line.popleft()
                if ticket_id not in self._gone:
                    self._gone.add(ticket_id)
                    return ticket_id
        return None


def _guess(people: int, wanted: int) -> int:
    """A ticket above the `wanted` smallest of `people` with near certainty: the share and six standard deviations."""
    return min(WHOLE - 1, (wanted + 6 * isqrt(wanted) + 16) * WHOLE // people)


def _candidates(key: bytes, starts: Positions, limits: Tickets) -> tuple[Positions, Tickets]:
    """Positions and tickets, in roll order, of all whose ticket is at most the limit of their stratum.

    `starts`: first position of each stratum, then the end. One pass in pieces that fit the cache.
    """
    places, drawn = [], []
    for at in range(int(starts[0]), int(starts[-1]), CHUNK):
        end = min(at + CHUNK, int(starts[-1]))
        part = tickets(key, at, end - at)
        first, last = np.searchsorted(starts, at, side="right") - 1, np.searchsorted(starts, end)
        lengths = np.clip(starts[first + 1 : last + 1], at, end) - np.clip(starts[first:last], at, end)
        low = np.flatnonzero(part <= (limits[first] if len(lengths) == 1 else np.repeat(limits[first:last], lengths)))
        places.append(low + at)
        drawn.append(part[low])
    return np.concatenate(places), np.concatenate(drawn)


def smallest(key: bytes, start: int, people: int, wanted: int) -> tuple[Positions, Tickets]:
    """Positions and tickets of the `wanted` smallest tickets from `start` on, in drawn order (wanted <= people).

    Equal tickets keep the order of the roll, which inside a stratum is the order of ids.
    """
    drawn = tickets(key, start, people)
    order = np.argsort(drawn, kind="stable")[:wanted]
    return order + start, drawn[order]


def _draw_stratum(
    key: bytes, roll: Roll, index: int, row: tuple[int, int], found: tuple[Positions, Tickets]
) -> StratumResult:
    """`row`: places and how many to draw in all; `found`: the candidates of this stratum."""
    places, wanted = row
    order = np.argsort(found[1], kind="stable")[:wanted]
    positions, drawn = found[0][order], found[1][order]
    if len(positions) < wanted:
        positions, drawn = smallest(key, roll.starts[index], roll.strata[index].people, wanted)
    return StratumResult(
        stratum=roll.strata[index],
        places=places,
        threshold=int(drawn[places - 1]) if places else None,
        last=roll.id_at(int(positions[places - 1])) if places else None,
        selected=np.sort(positions[:places]),
        waiting=positions[places:],
        waiting_tickets=drawn[places:],
    )


def _check(roll: Roll, commitment: Mapping[str, Any]) -> None:
    rows = commitment["strata"]
    if commitment["algorithm"] != ALGORITHM:
        raise DrawRefused(f"algorithm {commitment['algorithm']!r} is not {ALGORITHM!r}")
    if roll.root().hex() != commitment["roll"]["root"]:
        raise DrawRefused("the roll is not the one committed to")
    if [Stratum(row["region"], row["group"], row["people"]) for row in rows] != list(roll.strata):
        raise DrawRefused("the strata are not those of the roll")
    if any(not 0 <= row["places"] <= row["people"] for row in rows):
        raise DrawRefused("a stratum has more places than people")


def draw(*, roll: Roll, commitment: Mapping[str, Any], randomness: bytes) -> DrawResult:
    """Draws a committed roll with 32 bytes of randomness. Same arguments, same result, byte for byte.

    Raises DrawRefused when roll and commitment do not belong together, ValueError for randomness of another length.
    """
    _check(roll, commitment)
    return select(roll=roll, commitment=commitment, randomness=randomness)


def select(*, roll: Roll, commitment: Mapping[str, Any], randomness: bytes) -> DrawResult:
    """`draw` for a roll that was already checked against the commitment."""
    key = ticket_key(randomness, commitment_hash(commitment))
    length = commitment["waiting_list"]
    waiting = roll.people if length == "all" else length
    rows = [(row["places"], min(row["people"], row["places"] + waiting)) for row in commitment["strata"]]
    starts = np.array(roll.starts)
    limits = np.array([_guess(s.people, wanted) for s, (_, wanted) in zip(roll.strata, rows, strict=True)], np.uint64)
    positions, drawn = _candidates(key, starts, limits)
    cuts = np.searchsorted(positions, starts)
    return DrawResult(
        roll,
        tuple(
            _draw_stratum(key, roll, i, row, (positions[cuts[i] : cuts[i + 1]], drawn[cuts[i] : cuts[i + 1]]))
            for i, row in enumerate(rows)
        ),
    )
