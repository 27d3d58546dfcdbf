"""Who is in line, and in groups into the table: nobody gets a receipt before the group's COMMIT (docs/joining.md)."""

import asyncio
import logging
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, Protocol
from uuid import UUID

from psycopg import pq
from psycopg.pq.abc import PGresult

from bekal.core import clock, vault
from bekal.doors.hotlane.intake import BYTES_TYPE, INT_TYPE, UUID_TYPE, Intake, array_of
from bekal.engines.draw.instants import instant_text
from bekal.engines.draw.roll import ticket_ids
from bekal.engines.joining import joined_leaf, sign_group
from bekal.waves.actions import JOIN
from bekal.waves.queries import OPEN_WAVES, RECEIPTS, wave_key

log = logging.getLogger(__name__)
MOST_IN_LINE, MOST_IN_GROUP = 2_048, 1_000
LONGEST_GROUP = 2.0
"""Seconds after which a group that is still being written means: the database hangs, let nobody else wait."""
_EPOCH = 946_684_800
_MILLION = 1_000_000


class Caller(Protocol):
    """A request that waits for its answer."""

    def joined(self, receipt: bytes) -> None: ...
    def closed(self) -> None: ...
    def wait(self) -> None: ...


class OpenWave(NamedTuple):
    """`name`: "code/number"; `form`: as the page's form names it; instants in seconds since 1970."""

    id: bytes
    form: bytes
    name: str
    opens: float
    closes: float
    key: bytes


class Group(NamedTuple):
    """People about to be written: each with the callers that wait for it."""

    wave: OpenWave
    people: list[bytes]
    callers: list[list[Caller]]
    tickets: list[bytes]
    second: int


class Lane:
    """The line of people who join. `on_waves` is called when the table of open waves was read."""

    on_waves: Callable[[], None]

    def __init__(self, *, most_in_line: int = MOST_IN_LINE) -> None:
        self.waves: dict[bytes, OpenWave] = {}
        self.now = clock.now().timestamp()
        self._most = most_in_line
        self._line: dict[bytes, tuple[OpenWave, dict[bytes, list[Caller]]]] = {}
        self._in_line = 0
        self._writing: float | None = None
        self.ticks = 0.0
        self._look = True
        self._unsure: list[Callable[[], None]] = []
        self._sign = vault.signing_key(RECEIPTS)
        self._loop = asyncio.get_running_loop()
        self._intake = Intake({b"join": JOIN, b"waves": OPEN_WAVES}, self._go_on)

    @property
    def up(self) -> bool:
        """Whether the database answers."""
        return self._intake.up and (self._writing is None or self.ticks - self._writing < LONGEST_GROUP)

    def begin(self) -> None:
        self._intake.connect()

    def room(self, *, admitted: bool) -> bool:
        """Whether one more may stand in line; who was admitted before always may, unless the database is away."""
        return self.up and (admitted or self._in_line < self._most)

    def open_wave(self, wave: bytes) -> OpenWave | None:
        """The wave, if it can be joined now."""
        found = self.waves.get(wave)
        return found if found and found.opens <= self.now < found.closes else None

    def look(self, then: Callable[[], None]) -> None:
        """Read the open waves now, then go on: what is closed to us may have been opened a moment ago."""
        self._unsure.append(then)
        self._look = True
        self._loop.call_soon(self._go_on)

    def join(self, wave: OpenWave, citizen: bytes, caller: Caller) -> None:
        """Stand in line; the answer comes with the group."""
        if not self._in_line:
            self._loop.call_soon(self._go_on)
        self._line.setdefault(wave.id, (wave, {}))[1].setdefault(citizen, []).append(caller)
        self._in_line += 1

    def tick(self, seconds: float, *, look: bool) -> None:
        """Told a few times a second: the time that passed; `look`: read the open waves again."""
        self.ticks += seconds
        self.now = clock.now().timestamp()
        self._look = self._look or look
        if not self.up:
            self._send_away()
        self._go_on()

    def _go_on(self) -> None:
        """The next statement, if none is under way."""
        if not self._intake.idle:
            return
        if self._look:
            self._look = False
            self._intake.run(b"waves", (), self._looked)
        elif self._line:
            self._write()

    def _looked(self, result: PGresult | None) -> None:
        if result is None or result.status != pq.ExecStatus.TUPLES_OK:
            log.warning("the open waves could not be read")
        else:
            self.waves = {wave.id: wave for wave in _waves(result)}
            self.on_waves()
        self.now = clock.now().timestamp()
        unsure, self._unsure = self._unsure, []
        for then in unsure:
            then()
        self._go_on()

    def _write(self) -> None:
        wave, line = self._line.pop(next(iter(self._line)))
        if len(line) > MOST_IN_GROUP:
            self._line[wave.id] = wave, dict(islice(line.items(), MOST_IN_GROUP, None))
            line = dict(islice(line.items(), MOST_IN_GROUP))
        people = sorted(line)
        callers = [line[person] for person in people]
        self._in_line -= sum(map(len, callers))
        second = int(clock.now().timestamp())
        tickets = ticket_ids(wave_key=wave.key, people=people)
        group = Group(wave, people, callers, tickets, second)
        self._writing = self.ticks
        self._intake.run(
            b"join",
            (
                wave.id, struct.pack(">q", (second - _EPOCH) * _MILLION), array_of(UUID_TYPE, people),
                array_of(BYTES_TYPE, tickets),
                array_of(INT_TYPE, [struct.pack(">I", len(those)) for those in callers]),
            ),
            lambda result: self._written(group, result),
        )  # fmt: skip

    def _written(self, group: Group, result: PGresult | None) -> None:
        """Answer a group, after the next one is on its way."""
        self._writing = None
        self._go_on()
        if result is None or result.status != pq.ExecStatus.TUPLES_OK:
            reason = result.error_message.decode(errors="replace") if result else "the connection broke"
            log.warning("a group of %d was not acknowledged: %s", len(group.people), reason)
            for callers in group.callers:
                for caller in callers:
                    caller.wait()
        elif not result.ntuples:
            for callers in group.callers:
                for caller in callers:
                    caller.closed()
        else:
            self._acknowledge(group, result)

    def _acknowledge(self, group: Group, result: PGresult) -> None:
        first = _text(group.second)
        before = {
            person: _text(_EPOCH + int.from_bytes(since or b"", "big", signed=True) // _MILLION)
            for row in range(result.ntuples)
            if (person := result.get_value(row, 1)) is not None and (since := result.get_value(row, 2)) is not None
        }
        leaves = [
            joined_leaf(wave=group.wave.name, ticket_id=ticket.hex(), joined_at=before.get(person, first))
            for person, ticket in zip(group.people, group.tickets, strict=True)
        ]
        for receipt, callers in zip(sign_group(leaves, self._sign), group.callers, strict=True):
            for caller in callers:
                caller.joined(receipt)

    def _send_away(self) -> None:
        """Nobody in line was written yet: all may come again later, and lose nothing."""
        unsure, self._unsure = self._unsure, []
        for then in unsure:
            then()
        line, self._line, self._in_line = self._line, {}, 0
        for _, people in line.values():
            for callers in people.values():
                for caller in callers:
                    caller.wait()


def _text(second: int) -> str:
    return instant_text(datetime.fromtimestamp(second, UTC))


def _waves(result: PGresult) -> list[OpenWave]:
    """Rows of OPEN_WAVES."""
    waves = []
    for row in range(result.ntuples):
        wave_id, name, opens, closes = (result.get_value(row, column) or b"" for column in range(4))
        number = UUID(bytes=wave_id)
        first, last = struct.unpack(">dd", opens + closes)
        waves.append(OpenWave(wave_id, f"wave={number}".encode(), name.decode(), first, last, wave_key(number)))
    return waves
