"""The roll: who is in the draw, as one canonical binary file (docs/draw.md §2)."""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from bekal.engines.merkle import leaf_hash, root

MAGIC = b"BKLROLL\x01"
TICKET_ID_SIZE = 16
BLOCK_SIZE = 65_536
PREFIX_SIZE = 32
LABEL_LIMIT = 255
ORDER_CHUNK = 1 << 20
LARGE_PARTS = 16


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
        return (0, *accumulate(stratum.people for stratum in self.strata))

    @cached_property
    def header(self) -> bytes:
        body = _label(self.wave) + b"".join(
            _label(s.region) + _label(s.group) + s.people.to_bytes(8, "big") for s in self.strata
        )
        size = -(-(PREFIX_SIZE + len(body)) // TICKET_ID_SIZE) * TICKET_ID_SIZE
        counts = size.to_bytes(4, "big") + len(self.strata).to_bytes(4, "big")
        prefix = MAGIC + counts + self.people.to_bytes(8, "big") + self.duplicates.to_bytes(8, "big")
        return (prefix + body).ljust(size, b"\x00")

    def encode(self) -> bytes:
        """The canonical file."""
        return self.header + self.ticket_ids

    def root(self) -> bytes:
        """`roll_root` of the file, without building it."""
        ids = memoryview(self.ticket_ids)
        cut = -len(self.header) % BLOCK_SIZE
        first = self.header + ids[:cut]
        return root([leaf_hash(block) for part in (memoryview(first), ids[cut:]) for block in blocks(part)])

    def id_at(self, position: int) -> bytes:
        return bytes(self.ticket_ids[position * TICKET_ID_SIZE : (position + 1) * TICKET_ID_SIZE])

    def ids_at(self, positions: Iterable[int]) -> tuple[bytes, ...]:
        return tuple(self.id_at(position) for position in positions)

    @cached_property
    def halves(self) -> npt.NDArray[np.uint64]:
        """Ticket ids as (people, 2) big-endian 64-bit halves, for ordering; a view, not a copy."""
        return np.frombuffer(self.ticket_ids, dtype=">u8").reshape(-1, 2)

    def position(self, ticket_id: bytes) -> int | None:
        """Where an id stands, or None. One binary search a stratum."""
        for start, end in pairwise(self.starts):
            low, high = start, end
            while low < high:
                middle = (low + high) // 2
                low, high = (middle + 1, high) if self.id_at(middle) < ticket_id else (low, middle)
            if low < end and self.id_at(low) == ticket_id:
                return low
        return None

    def stratum_index(self, position: int) -> int:
        """Index of the stratum that holds a position."""
        return int(np.searchsorted(self.starts, position, side="right")) - 1


def _label(text: str) -> bytes:
    raw = text.encode()
    if not 0 < len(raw) <= LABEL_LIMIT:
        raise RollRefused(f"label of {len(raw)} bytes: 1 to {LABEL_LIMIT} needed")
    return bytes([len(raw)]) + raw


def blocks(data: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(data), BLOCK_SIZE):
        yield data[start : start + BLOCK_SIZE]


def roll_root(encoded: bytes | memoryview) -> bytes:
    """RFC 9162 root over blocks of 64 KiB (the last may be shorter)."""
    return root([leaf_hash(block) for block in blocks(memoryview(encoded))])


def ticket_id(*, wave_key: bytes, person: UUID) -> bytes:
    """HMAC-SHA-256(wave key, 16 bytes of the person's random id), first 16 bytes: the same on every join of a wave."""
    return hmac.digest(wave_key, person.bytes, "sha256")[:TICKET_ID_SIZE]


def build_roll(*, wave: str, members: Iterable[RollMember]) -> Roll:
    """Canonical roll, whatever the order of `members`; the same entry twice is one entry.

    Raises RollRefused for nobody, an id that is not 16 bytes, a bad label, or one id in two strata.
    """
    places: dict[bytes, tuple[str, str]] = {}
    joined = 0
    for member in members:
        joined += 1
        if len(member.ticket_id) != TICKET_ID_SIZE:
            raise RollRefused(f"ticket id of {len(member.ticket_id)} bytes, {TICKET_ID_SIZE} needed")
        cell = (member.region, member.group)
        if places.setdefault(member.ticket_id, cell) != cell:
            raise RollRefused(f"ticket {member.ticket_id.hex()} stands in two strata")
    if not places:
        raise RollRefused("nobody is on the roll")
    cells: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)
    for ticket, cell in places.items():
        cells[cell].append(ticket)
    strata = sorted((Stratum(*cell, len(ids)) for cell, ids in cells.items()), key=lambda s: s.sort_key)
    ids = b"".join(b"".join(sorted(cells[s.region, s.group])) for s in strata)
    roll = Roll(wave=wave, strata=tuple(strata), ticket_ids=ids, duplicates=joined - len(places))
    _ = roll.header
    return roll


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self.data, self.place = data, 0

    def take(self, size: int) -> bytes:
        if self.place + size > len(self.data):
            raise RollRefused("the roll is truncated")
        self.place += size
        return bytes(self.data[self.place - size : self.place])

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def label(self) -> str:
        try:
            return self.take(self.number(1)).decode()
        except UnicodeDecodeError as error:
            raise RollRefused("a label is not UTF-8") from error


def decode_roll(encoded: bytes | memoryview) -> Roll:
    """Reads the canonical file; ids stay a view of `encoded`. Raises RollRefused for anything but canonical bytes."""
    data = memoryview(encoded)
    reader = _Reader(data)
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
    if not roll.people or roll.starts[-1] != roll.people:
        raise RollRefused(f"strata count {roll.starts[-1]} people, the file {roll.people}")


def _check_order(roll: Roll) -> None:
    fresh = np.zeros(roll.people + 1, dtype=np.bool_)
    fresh[list(roll.starts)] = True
    for start in range(0, roll.people - 1, ORDER_CHUNK):
        part = roll.halves[start : start + ORDER_CHUNK + 1].astype(np.uint64)
        high, low = part[:, 0], part[:, 1]
        rising = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
        if not np.all(rising | fresh[start + 1 : start + len(part)]):
            raise RollRefused("ticket ids are not in order, or one stands twice in a stratum")


def _check_once(roll: Roll) -> None:
    """No id in two strata. Sorts first halves, of large rolls a part at a time; equal ones are compared whole."""
    first, leading = roll.halves[:, 0], np.frombuffer(roll.ticket_ids, np.uint8)[::TICKET_ID_SIZE]
    parts = 1 if roll.people <= ORDER_CHUNK else LARGE_PARTS
    for part in range(parts):
        inside = first if parts == 1 else first[leading // (256 // parts) == part]
        found = np.sort(inside.astype(np.uint64))
        same = found[1:][found[1:] == found[:-1]]
        if len(same):
            ids = roll.ids_at(int(position) for position in np.flatnonzero(np.isin(first, same)))
            if len(set(ids)) < len(ids):
                raise RollRefused("a ticket id stands in two strata")
