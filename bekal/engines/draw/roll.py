"""The roll: who is in the draw, as one canonical binary file (docs/draw.md §2)."""

import hashlib
import hmac
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from bekal.engines.draw.fields import Reader, label
from bekal.engines.merkle import leaf_hash, root

MAGIC = b"BKLROLL\x01"
TICKET_ID_SIZE = 16
BLOCK_SIZE = 65_536
PREFIX_SIZE = 32
ORDER_CHUNK = 1 << 20
ONCE_CHUNK = 1 << 17


class RollRefused(ValueError):
    """A roll that cannot be built, or bytes that are not the canonical form of one."""


class RollMember(NamedTuple):
    """One entry: 16-byte ticket id, region code, priority group."""

    ticket_id: bytes
    region: str
    group: str


@dataclass(frozen=True)
class Stratum:
    """One cell of the draw; `people` entries stand in it."""

    region: str
    group: str
    people: int

    @property
    def sort_key(self) -> tuple[bytes, bytes]:
        return self.region.encode(), self.group.encode()


@dataclass(frozen=True)
class Roll:
    """`ticket_ids`: 16 bytes an entry, sorted by stratum, then id; `duplicates` counts entries collapsed before."""

    wave: str
    strata: tuple[Stratum, ...]
    ticket_ids: bytes | memoryview
    duplicates: int = 0

    @property
    def people(self) -> int:
        return len(self.ticket_ids) // TICKET_ID_SIZE

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First position of each stratum, then the number of people."""
        return tuple(firsts(stratum.people for stratum in self.strata))

    @cached_property
    def header(self) -> bytes:
        body = label(self.wave, RollRefused)
        for stratum in self.strata:
            body += label(stratum.region, RollRefused) + label(stratum.group, RollRefused)
            body += stratum.people.to_bytes(8, "big")
        size = -(-(PREFIX_SIZE + len(body)) // TICKET_ID_SIZE) * TICKET_ID_SIZE
        counts = size.to_bytes(4, "big") + len(self.strata).to_bytes(4, "big")
        prefix = MAGIC + counts + self.people.to_bytes(8, "big") + self.duplicates.to_bytes(8, "big")
        return (prefix + body).ljust(size, b"\x00")

    def encode(self) -> bytes:
        """The canonical file."""
        return self.header + self.ticket_ids

    def blocks(self) -> Iterator[memoryview]:
        """The file in blocks of 64 KiB, the last may be shorter."""
        ids = memoryview(self.ticket_ids)
        cut = -len(self.header) % BLOCK_SIZE
        yield from blocks(memoryview(self.header + bytes(ids[:cut])))
        yield from blocks(ids[cut:])

    @cached_property
    def leaves(self) -> tuple[bytes, ...]:
        """Leaf hashes of the blocks."""
        return tuple(leaf_hash(block) for block in self.blocks())

    def root(self) -> bytes:
        """Root of the file."""
        return root(self.leaves)

    def id_at(self, position: int) -> bytes:
        return bytes(self.ticket_ids[position * TICKET_ID_SIZE : (position + 1) * TICKET_ID_SIZE])

    def ids_at(self, positions: Iterable[int]) -> tuple[bytes, ...]:
        return tuple(self.id_at(position) for position in positions)

    @cached_property
    def halves(self) -> npt.NDArray[np.uint64]:
        """Ticket ids as (people, 2) big-endian 64-bit halves, for ordering; a view, not a copy."""
        return np.frombuffer(self.ticket_ids, dtype=">u8").reshape(-1, 2)

    @cached_property
    def rows(self) -> npt.NDArray[np.uint8]:
        """Ticket ids as (people, 16) bytes; a view, not a copy."""
        return np.frombuffer(self.ticket_ids, dtype=np.uint8).reshape(-1, TICKET_ID_SIZE)

    def position(self, ticket_id: bytes) -> int | None:
        """Where an id stands, or None. One binary search a stratum."""
        for start, end in pairwise(self.starts):
            found = find_id(self.id_at, start, end, ticket_id)
            if found is not None:
                return found
        return None

    def stratum_index(self, position: int) -> int:
        """Index of the stratum that holds a position."""
        return int(np.searchsorted(self.starts, position, side="right")) - 1


def blocks(data: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(data), BLOCK_SIZE):
        yield data[start : start + BLOCK_SIZE]


def firsts(people: Iterable[int]) -> list[int]:
    """First position of each stratum of so many people, then the number of all."""
    return [0, *accumulate(people)]


def find_id(id_at: Callable[[int], bytes], start: int, end: int, ticket_id: bytes) -> int | None:
    """Position of an id in start .. end - 1, where ids rise, by about log2(end - start) reads; None when not there."""
    low, high = start, end
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if id_at(middle) < ticket_id else (low, middle)
    return low if low < end and id_at(low) == ticket_id else None


class FileRoot:
    """Root of a file over 64 KiB blocks (the last may be shorter), fed in pieces of any size."""

    def __init__(self) -> None:
        self.size = 0
        self._leaves: list[bytes] = []
        self._rest = bytearray()

    def update(self, piece: bytes | memoryview) -> None:
        self.size += len(piece)
        whole = memoryview(piece)
        if self._rest:
            fill = BLOCK_SIZE - len(self._rest)
            self._rest += whole[:fill]
            whole = whole[fill:]
            if len(self._rest) < BLOCK_SIZE:
                return
            self._leaves.append(leaf_hash(bytes(self._rest)))
            self._rest.clear()
        end = len(whole) - len(whole) % BLOCK_SIZE
        self._leaves += [leaf_hash(block) for block in blocks(whole[:end])]
        self._rest += whole[end:]

    def root(self) -> bytes:
        return root([*self._leaves, leaf_hash(bytes(self._rest))] if self._rest else self._leaves)


def ticket_id(*, wave_key: bytes, person: UUID) -> bytes:
    """HMAC-SHA-256(wave key, 16 bytes of the person's random id), first 16 bytes: the same on every join of a wave."""
    return hmac.digest(wave_key, person.bytes, "sha256")[:TICKET_ID_SIZE]


def ticket_ids(*, wave_key: bytes, people: Iterable[bytes]) -> list[bytes]:
    """`ticket_id` of many, who come as the 16 bytes of their ids: HMAC (RFC 2104) over a key padded once."""
    sha256, padded = hashlib.sha256, wave_key.ljust(64, b"\x00")
    inner, outer = bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)
    return [sha256(outer + sha256(inner + person).digest()).digest()[:TICKET_ID_SIZE] for person in people]


def build_roll(*, wave: str, members: Iterable[RollMember], collapsed: int = 0) -> Roll:
    """Canonical roll, whatever the order of `members`; the same entry twice is one entry. About 100 bytes a person.

    `collapsed`: entries that the caller has already counted as duplicates and left out.

    Raises RollRefused for nobody, an id that is not 16 bytes, a bad label, or one id in two strata.
    """
    ids, cells, numbers = bytearray(), dict[tuple[str, str], int](), array("I")
    for member in members:
        if len(member.ticket_id) != TICKET_ID_SIZE:
            raise RollRefused(f"ticket id of {len(member.ticket_id)} bytes, {TICKET_ID_SIZE} needed")
        ids += member.ticket_id
        numbers.append(cells.setdefault((member.region, member.group), len(cells)))
    if not numbers:
        raise RollRefused("nobody is on the roll")
    ordered = sorted(cells, key=lambda cell: (cell[0].encode(), cell[1].encode()))
    rank = np.empty(len(cells), dtype=np.int64)
    rank[[cells[cell] for cell in ordered]] = np.arange(len(cells))
    halves = np.frombuffer(ids, dtype=">u8").reshape(-1, 2).astype(np.uint64)
    strata = rank[np.frombuffer(numbers, dtype=np.uint32)]
    order = np.lexsort((halves[:, 1], halves[:, 0], strata))
    sorted_halves, sorted_strata = halves[order], strata[order]
    again = np.zeros(len(order), dtype=np.bool_)
    again[1:] = np.all(sorted_halves[1:] == sorted_halves[:-1], axis=1) & (sorted_strata[1:] == sorted_strata[:-1])
    kept = np.flatnonzero(~again)
    counts = np.bincount(sorted_strata[kept], minlength=len(cells)).tolist()
    roll = Roll(
        wave=wave,
        strata=tuple(Stratum(*cell, people) for cell, people in zip(ordered, counts, strict=True)),
        ticket_ids=sorted_halves[kept].astype(">u8").tobytes(),
        duplicates=collapsed + len(order) - len(kept),
    )
    _ = roll.header
    _check_once(roll)
    return roll


def decode_roll(encoded: bytes | memoryview) -> Roll:
    """Reads the canonical file; ids stay a view of `encoded`. Raises RollRefused for anything but canonical bytes."""
    data = memoryview(encoded)
    reader = Reader(data, "the roll is", RollRefused)
    if reader.take(len(MAGIC)) != MAGIC:
        raise RollRefused("not a roll of version 1")
    size, count, people, duplicates = reader.number(4), reader.number(4), reader.number(8), reader.number(8)
    wave = reader.label()
    strata = tuple(Stratum(reader.label(), reader.label(), reader.number(8)) for _ in range(count))
    roll = Roll(wave=wave, strata=strata, ticket_ids=data[size:], duplicates=duplicates)
    if len(data) != size + people * TICKET_ID_SIZE:
        raise RollRefused(f"{len(data)} bytes do not hold {people} entries")
    _check_strata(roll)
    if roll.header != bytes(data[:size]):
        raise RollRefused("the header is not canonical")
    _check_order(roll)
    _check_once(roll)
    return roll


def _check_strata(roll: Roll) -> None:
    keys = [stratum.sort_key for stratum in roll.strata]
    if any(left >= right for left, right in pairwise(keys)):
        raise RollRefused("strata are not in order, or one stands twice")
    if any(stratum.people < 1 for stratum in roll.strata):
        raise RollRefused("a stratum is empty")
    if not roll.people:
        raise RollRefused("nobody is on the roll")
    if roll.starts[-1] != roll.people:
        raise RollRefused(f"strata count {roll.starts[-1]} people, the file {roll.people}")


def _check_order(roll: Roll) -> None:
    """Ids rise in each stratum: by their first halves; whole ids only where those do not rise."""
    begins = set(roll.starts)
    for start in range(0, roll.people - 1, ORDER_CHUNK):
        heads = roll.halves[start : start + ORDER_CHUNK + 1, 0].astype(np.uint64)
        for place in (np.flatnonzero(heads[1:] <= heads[:-1]) + start + 1).tolist():
            if place not in begins and roll.id_at(place - 1) >= roll.id_at(place):
                raise RollRefused("ticket ids are not in order, or one stands twice in a stratum")


def _check_once(roll: Roll) -> None:
    """No id in two strata. Since ids rise in a stratum, those that begin alike lie together: many small sorts of the
    32 bits that follow, and whole ids only where these are equal."""
    first, heads = roll.rows[:, 0], roll.halves[:, 0]
    bits = min(8, (roll.people // ONCE_CHUNK).bit_length())
    limits = np.arange(0, 256, 256 >> bits, dtype=np.uint8)
    bounds = np.array(
        [[*(start + np.searchsorted(first[start:end], limits)), end] for start, end in pairwise(roll.starts)]
    )
    for begin, end in pairwise(bounds.T):
        alike = np.concatenate([heads[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)])
        inside = (alike.astype(np.uint64) >> np.uint64(32 - bits)).astype(np.uint32)
        ordered = np.sort(inside)
        same = ordered[1:][ordered[1:] == ordered[:-1]]
        if len(same):
            _check_alike(roll, np.flatnonzero(np.isin(inside, same)), begin, end)


def _check_alike(roll: Roll, places: npt.NDArray[np.int64], begin: Any, end: Any) -> None:
    """Whole ids of `places` in the run of all begin .. end - 1, one pair a stratum, are different."""
    after = np.cumsum(end - begin)
    of = np.searchsorted(after, places, side="right")
    ids = roll.ids_at((places - after[of] + end[of]).tolist())
    for ticket_id, again in pairwise(sorted(ids)):
        if ticket_id == again:
            raise RollRefused(f"ticket {ticket_id.hex()} stands in two strata")
