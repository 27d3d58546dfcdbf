"""The lane's server: HTTP/1.1 on asyncio, and nothing but joining (decision 0013 says why not on Granian)."""

import asyncio
import gc
import signal
from datetime import UTC, datetime

from django.conf import settings

from bekal.core import vault
from bekal.doors.hotlane import answers
from bekal.doors.hotlane.lane import MOST_IN_LINE, Lane
from bekal.doors.hotlane.wire import MOST_BODY, MOST_HEAD, Request, Unreadable, cookie, read_request
from bekal.doors.passes import (
    ADMISSION,
    ADMISSION_COOKIE,
    ADMISSION_LIFE,
    JOIN,
    JOIN_COOKIE,
    Pass,
    cookie_line,
    make_pass,
    read_pass,
)

DOOR, LINE, HEALTH = b"/saya/gelombang", b"/saya/gelombang/masuk", b"/sehat"
TICK, LOOK_EVERY, IDLE_SECONDS = 0.25, 4, 30.0
MOST_CALLERS = 20_000


class Door:
    """What every connection of this process shares: the lane, the answers, the keys."""

    def __init__(self, lane: Lane, site: str, own: str) -> None:
        self.lane, self.site, self.own = lane, site, own
        self.origins = {site.encode(), own.encode()}
        self.join_key, self.admission_key = vault.derived_key(JOIN), vault.derived_key(ADMISSION)
        self.callers: set[Caller] = set()
        page = site + DOOR.decode()
        self.join_name, self.admission_name = JOIN_COOKIE.encode(), ADMISSION_COOKIE.encode()
        self.done, self.ordinary = answers.led_to(page), answers.led_to(page + "?pintu=biasa")
        self.healthy, self.ill = answers.answer(200, b"ok"), answers.refused(503, "lane.busy")
        self.busy = answers.refused(503, "lane.busy", Retry_After=str(answers.RETRY_SECONDS))
        self.no_pass = answers.refused(403, "lane.no_pass")
        self.other_site = answers.refused(403, "lane.other_site")
        self.closed = answers.refused(409, "lane.closed")
        self.nowhere = answers.refused(404, "lane.unreadable")
        self.method = answers.refused(405, "lane.unreadable", Allow="GET, HEAD, POST")
        self.unreadable = {
            status: answers.refused(status, "lane.unreadable", Connection="close")
            for status in (400, 411, 413, 431)
        }  # fmt: skip
        self.renew_page()

    def renew_page(self) -> None:
        """The waiting page, with the closing date of the open wave."""
        closes = max((wave.closes for wave in self.lane.waves.values()), default=None)
        self.waiting = answers.waiting_page(self.own + LINE.decode(), closes)

    def join_pass(self, request: Request) -> Pass | None:
        found = read_pass(self.join_key, cookie(request.headers, self.join_name))
        return found if found and found.until > self.lane.now else None

    def admitted(self, request: Request, card: Pass) -> bool:
        """Whether this person was let in before, and not long ago."""
        text = cookie(request.headers, self.admission_name)
        found = read_pass(self.admission_key, text) if text else None
        return found is not None and found.citizen == card.citizen and found.until > self.lane.now

    def admission(self, card: Pass) -> str:
        """The cookie with which this person is never sent away again."""
        until = datetime.fromtimestamp(self.lane.now, UTC) + ADMISSION_LIFE
        text = make_pass(self.admission_key, citizen=card.citizen, wave=card.wave, until=until)
        return cookie_line(ADMISSION_COOKIE, text, secure=self.site.startswith("https://"))

    def from_here(self, request: Request) -> bool:
        """Whether a page of this site sent the form (browsers say so themselves); silence is no yes."""
        origin = request.headers.get(b"origin")
        if origin is not None:
            return origin in self.origins
        return request.headers.get(b"sec-fetch-site") in (b"same-origin", b"none")


_RECEIVED = memoryview(bytearray(65_536))
"""Where every connection receives: what came is copied out before the next receives."""


class Caller(asyncio.BufferedProtocol):
    """One connection: one request at a time, each answered in full before the next is read."""

    __slots__ = ("buffer", "busy", "card", "door", "keep", "program", "seen", "transport")

    def __init__(self, door: Door) -> None:
        self.door, self.buffer, self.busy, self.keep, self.program = door, b"", False, True, False
        self.seen, self.card = door.lane.ticks, None

    transport: asyncio.Transport
    card: Pass | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.door.callers.add(self)
        if len(self.door.callers) > MOST_CALLERS:
            self.keep = False
            self._send(self.door.waiting)

    def connection_lost(self, _: Exception | None) -> None:
        self.door.callers.discard(self)

    def get_buffer(self, _: int) -> memoryview:
        return _RECEIVED

    def buffer_updated(self, size: int) -> None:
        data = bytes(_RECEIVED[:size])
        self.buffer = self.buffer + data if self.buffer else data
        if not self.busy:
            self._read()
        elif len(self.buffer) > MOST_HEAD + MOST_BODY:
            self.transport.abort()

    def pause_writing(self) -> None:
        """Who does not read our answers is not worth our memory."""
        self.transport.abort()

    def joined(self, receipt: bytes) -> None:
        if self.program:
            self._send(answers.receipt_answer(receipt))
        elif self.card is not None:
            page = self.door.site + DOOR.decode()
            self._send(answers.led_to(page, self.door.admission(self.card)))
        else:
            self._send(self.door.done)

    def closed(self) -> None:
        self._send(self.door.closed if self.program else self.door.done)

    def wait(self) -> None:
        self._send(self.door.busy if self.program else self.door.waiting)

    def _read(self) -> None:
        try:
            request = read_request(self.buffer)
        except Unreadable as fault:
            self.keep = False
            self._send(self.door.unreadable[fault.status])
            return
        if request is None:
            return
        self.buffer = self.buffer[request.size :]
        self.busy, self.keep, self.seen = True, request.keep, self.door.lane.ticks
        self.program = b"application/json" in request.headers.get(b"accept", b"")
        if request.method == b"POST" and request.path == DOOR:
            self._join(request)
        else:
            found = self._other(request)
            self._send(found[: found.index(b"\r\n\r\n") + 4] if request.method == b"HEAD" else found)

    def _join(self, request: Request) -> None:
        door, lane = self.door, self.door.lane
        if not door.from_here(request):
            return self._send(door.other_site if self.program else door.ordinary)
        card = door.join_pass(request)
        if card is None:
            return self._send(door.no_pass if self.program else door.ordinary)
        if not lane.up or lane.open_wave(card.wave):
            return self._stand_in_line(request, card)
        return lane.look(lambda: self._stand_in_line(request, card))

    def _stand_in_line(self, request: Request, card: Pass) -> None:
        door, lane = self.door, self.door.lane
        wave = lane.open_wave(card.wave)
        if not lane.up:
            return self.wait()
        if wave is None:
            return self.closed()
        if b"wave=" in request.body and wave.form not in request.body:
            return self._send(door.no_pass if self.program else door.ordinary)
        admitted = door.admitted(request, card)
        if not lane.room(admitted=admitted):
            return self.wait()
        self.card = None if admitted else card
        return lane.join(wave, card.citizen, self)

    def _other(self, request: Request) -> bytes:
        door = self.door
        if request.method not in (b"GET", b"HEAD"):
            return door.method
        if request.path == HEALTH:
            return door.healthy if door.lane.up else door.ill
        if request.path not in (LINE, DOOR):
            return door.nowhere
        if not door.lane.room(admitted=False):
            return door.waiting
        card = door.join_pass(request)
        return answers.led_to(door.site + DOOR.decode(), door.admission(card)) if card else door.done

    def _send(self, answer: bytes) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(answer)
        self.busy = False
        if not self.keep:
            self.transport.close()
        elif self.buffer:
            asyncio.get_running_loop().call_soon(self._read)


async def serve(port: int, *, host: str = "127.0.0.1", most_in_line: int = MOST_IN_LINE) -> None:
    """Serve until SIGTERM or SIGINT; several processes may share a port."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    lane = Lane(most_in_line=most_in_line)
    door = Door(lane, settings.SITE_URL, settings.LANE_URL or settings.SITE_URL)
    lane.on_waves = door.renew_page
    lane.begin()
    gc.freeze()
    gc.set_threshold(50_000)
    server = await loop.create_server(lambda: Caller(door), host, port, reuse_port=True, backlog=4_096)
    async with server:
        ticking = loop.create_task(_tick(door))
        await ended.wait()
        ticking.cancel()


async def _tick(door: Door) -> None:
    count = 0
    while True:
        await asyncio.sleep(TICK)
        count += 1
        door.lane.tick(TICK, look=count % LOOK_EVERY == 0)
        if count % 20 == 0:
            _hang_up(door.callers, door.lane.ticks - IDLE_SECONDS)


def _hang_up(callers: set[Caller], before: float) -> None:
    """Connections that sit there without a request make room."""
    for caller in [one for one in callers if not one.busy and one.seen < before]:
        caller.transport.abort()
