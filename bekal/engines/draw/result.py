"""The draw itself: in each stratum the smallest tickets win, ties by position (docs/draw.md §7)."""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from bekal.engines.draw.commitment import commitment_hash, strata_root, strata_rows
from bekal.engines.draw.cut import Cut, Spread, cut, one_process
from bekal.engines.draw.roll import FileRoot, Roll
from bekal.engines.draw.tickets import Positions, Tickets, ticket_key, tickets_at
from bekal.engines.merkle import leaf_hash, root

RESULT_MAGIC = b"BKLRSLT\x01"
PIECE = 1 << 20

WaitingLength = int | Literal["all"]


class DrawRefused(ValueError):
    """Roll, commitment and randomness do not belong together."""


class WaitingEntry(NamedTuple):
    """One person on the waiting list."""

    ticket_id: bytes
    region: str
    group: str


@dataclass(frozen=True, eq=False)
class DrawResult:
    """What a draw says. `cut`: thresholds and winners; `waiting`: positions of those who wait, in the overall order."""

    roll: Roll
    places: tuple[int, ...]
    cut: Cut
    waiting_counts: tuple[int, ...]
    waiting_positions: Positions

    def _winners(self) -> Iterator[Positions]:
        for start in range(0, self.roll.people, PIECE):
            yield self.cut.positions(start, min(start + PIECE, self.roll.people))

    @cached_property
    def selected(self) -> tuple[bytes, ...]:
        """Ticket ids of the winners, in roll order."""
        return tuple(self.roll.id_at(p) for piece in self._winners() for p in piece.tolist())

    @cached_property
    def waiting(self) -> tuple[bytes, ...]:
        """Ticket ids of everybody on the waiting list, in the overall order: by ticket, then by position."""
        return self.roll.ids_at(self.waiting_positions.tolist())

    @property
    def waiting_entries(self) -> tuple[WaitingEntry, ...]:
        """The overall order with stratum, as `WaitingLine` reads it."""
        cells = np.searchsorted(self.roll.starts, self.waiting_positions, side="right") - 1
        strata = [self.roll.strata[i] for i in cells.tolist()]
        return tuple(WaitingEntry(t, s.region, s.group) for t, s in zip(self.waiting, strata, strict=True))

    def pieces(self) -> Iterator[bytes]:
        """The canonical result file in pieces: magic, counts of winners and waiting (8 bytes each), their ids."""
        yield RESULT_MAGIC + sum(self.places).to_bytes(8, "big") + len(self.waiting_positions).to_bytes(8, "big")
        for piece in self._winners():
            yield self.roll.rows[piece].tobytes()
        for at in range(0, len(self.waiting_positions), PIECE):
            yield self.roll.rows[self.waiting_positions[at : at + PIECE]].tobytes()

    def encode(self) -> bytes:
        """The result file."""
        return b"".join(self.pieces())

    def threshold_leaves(self) -> list[bytes]:
        """Leaf hashes of the thresholds tree."""
        return [leaf_hash(row) for row in threshold_rows(self.cut.thresholds, self.cut.lasts)]

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The bundle's `result`: counts, size and root of the result file, root of the thresholds."""
        file = FileRoot()
        for piece in self.pieces():
            file.update(piece)
        return {
            "winners": sum(self.places),
            "waiting": len(self.waiting_positions),
            "bytes": file.size,
            "root": file.root().hex(),
            "thresholds": root(self.threshold_leaves()).hex(),
        }

    def rows(self) -> list[dict[str, Any]]:
        """The bundle's `strata`."""
        cuts = zip(self.cut.thresholds.tolist(), self.cut.lasts.tolist(), strict=True)
        return [
            {
                **row,
                "threshold": f"{threshold:016x}" if row["places"] else None,
                "last": last if row["places"] else None,
                "waiting": waiting,
            }
            for row, (threshold, last), waiting in zip(
                strata_rows(self.roll, self.places), cuts, self.waiting_counts, strict=True
            )
        ]


def threshold_rows(thresholds: Tickets, lasts: Positions) -> list[bytes]:
    """Leaf data of the thresholds tree: 8 bytes threshold, 8 bytes last."""
    packed = np.column_stack((thresholds, lasts.astype(np.uint64))).astype(">u8").tobytes()
    return [packed[at : at + 16] for at in range(0, len(packed), 16)]


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


def waiting_counts(people: Sequence[int], places: Sequence[int], length: WaitingLength) -> tuple[int, ...]:
    """How many of each stratum wait."""
    rest = (total - won for total, won in zip(people, places, strict=True))
    return tuple(rest) if length == "all" else tuple(min(count, length) for count in rest)


def draw_waiting(key: bytes, people: Sequence[int], drawn: Cut, up_to: Sequence[int], spread: Spread) -> Positions:
    """Positions of those among the `up_to` smallest of each stratum that `drawn` left out, by (ticket, position)."""
    chosen = cut(key, people, up_to, spread).chosen & ~drawn.chosen
    whole = Cut(drawn.thresholds, drawn.lasts, chosen)
    end = sum(people)
    found = np.concatenate([whole.positions(at, min(at + PIECE, end)) for at in range(0, end, PIECE)])
    ordered: Positions = found[np.argsort(tickets_at(key, found), kind="stable")]
    return ordered


def _check(roll: Roll, commitment: Mapping[str, Any], places: Sequence[int]) -> None:
    if roll.root().hex() != commitment["roll"]["root"]:
        raise DrawRefused("the roll is not the one committed to")
    if len(places) != len(roll.strata) or any(
        not 0 <= won <= stratum.people for won, stratum in zip(places, roll.strata, strict=True)
    ):
        raise DrawRefused("a stratum has more places than people, or none are named")
    if strata_root(strata_rows(roll, places)).hex() != commitment["strata"]["root"]:
        raise DrawRefused("strata and places are not those committed to")


def draw(
    *,
    roll: Roll,
    commitment: Mapping[str, Any],
    places: Sequence[int],
    randomness: bytes,
    spread: Spread = one_process,
) -> DrawResult:
    """Draws a committed roll with 32 bytes of randomness; `places` of each stratum in the order of the roll.

    Same arguments, same result, byte for byte, however the work is spread. Raises DrawRefused when roll, places and
    commitment do not belong together, ValueError for randomness of another length.
    """
    _check(roll, commitment, places)
    return select(roll=roll, commitment=commitment, places=places, randomness=randomness, spread=spread)


def select(
    *,
    roll: Roll,
    commitment: Mapping[str, Any],
    places: Sequence[int],
    randomness: bytes,
    spread: Spread = one_process,
) -> DrawResult:
    """`draw` for a roll that was already checked against the commitment."""
    key = ticket_key(randomness, commitment_hash(commitment))
    people = [stratum.people for stratum in roll.strata]
    counts = waiting_counts(people, places, commitment["waiting_list"])
    drawn = cut(key, people, places, spread)
    up_to = [won + waiting for won, waiting in zip(places, counts, strict=True)]
    nobody = np.zeros(0, dtype=np.int64)
    waiting = draw_waiting(key, people, drawn, up_to, spread) if any(counts) else nobody
    return DrawResult(roll, tuple(places), drawn, counts, waiting)
