"""Kept HTTP/1.1 connections for one event loop, on which an answer can never be taken for another question's.

One question at a time on a line. Bytes that nobody asked for, or more bytes than the answer has, end the line; so does
anything that is not a plain answer with a length. Measured against a general client in docs/decisions/0017.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from bekal.outside.wire import Answer, BadAnswer, Config, Unreachable, retry_seconds

LONGEST_HEAD, LONGEST_BODY = 32_768, 1_048_576
IDLE_SECONDS = 4.0
"""A line that rested longer is not used again: the other side may be about to hang up."""


class Line(asyncio.Protocol):
    """One connection. `used`: questions put on it."""

    def __init__(self) -> None:
        self.used = 0
        self.rested_at = 0.0
        self.gone = False
        self._buffer = bytearray()
        self._waiter: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line stands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits learns that no answer will come."""
        self.gone = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Unreachable("the connection broke before the answer", sent=True))

    def data_received(self, data: bytes) -> None:
        """Collect an answer; what nobody asked for ends the line."""
        if self._waiter is None or self._waiter.done():
            self.drop()
            return
        self._buffer += data
        try:
            found = read(self._buffer)
        except BadAnswer as wrong:
            self._waiter.set_exception(wrong)
            self.drop()
            return
        if found is not None:
            answer, length, keeps = found
            if length != len(self._buffer) or not keeps:
                self.drop()
            self._buffer.clear()
            self._waiter.set_result(answer)

    async def ask(self, question: bytes, seconds: float) -> Answer:
        """Put one question. Raises Unreachable or BadAnswer; afterwards the line is good only if it is not `gone`."""
        assert self._transport is not None
        self._waiter = asyncio.get_running_loop().create_future()
        self.used += 1
        try:
            async with asyncio.timeout(seconds):
                self._transport.write(question)
                answer = await self._waiter
        except TimeoutError as late:
            self.drop()
            raise Unreachable(f"no answer within {seconds:g} s", sent=True) from late
        except BaseException:
            self.drop()
            raise
        finally:
            self._waiter = None
        return answer

    def drop(self) -> None:
        """Hang up."""
        self.gone = True
        if self._transport is not None:
            self._transport.abort()


class Lines:
    """The lines to one system. Config: url, timeout_seconds (5), connect_seconds (2)."""

    def __init__(self, config: Config) -> None:
        parts = urlsplit(config["url"])
        self.host, self.prefix = parts.netloc, parts.path.rstrip("/")
        self._address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        self._tls = _newest() if parts.scheme == "https" else None
        self._seconds = float(config.get("timeout_seconds", "5"))
        self._connect_seconds = float(config.get("connect_seconds", "2"))
        self._idle: list[Line] = []

    async def post(
        self, path: str, headers: dict[str, str], body: bytes, *, trusts: Callable[[Answer], bool] | None
    ) -> tuple[Answer, bool]:
        """The answer, and whether the line had carried another question before.

        The line is kept only if `trusts` says that the answer is certainly that of this question; None: a line of its
        own, so that it can be no other's. Raises Unreachable or BadAnswer.
        """
        line = (self._rested() if trusts else None) or await self._connected()
        answer, used = await line.ask(self._question(path, headers, body), self._seconds), line.used > 1
        if trusts is None or not trusts(answer):
            line.drop()
        elif not line.gone:
            line.rested_at = time.monotonic()
            self._idle.append(line)
        return answer, used

    def close(self) -> None:
        """Hang up every line that rests."""
        while self._idle:
            self._idle.pop().drop()

    def _question(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {self.prefix}{path} HTTP/1.1\r\nHost: {self.host}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        return head.encode("latin-1") + body

    def _rested(self) -> Line | None:
        while self._idle:
            line = self._idle.pop()
            if not line.gone and time.monotonic() - line.rested_at < IDLE_SECONDS:
                return line
            line.drop()
        return None

    async def _connected(self) -> Line:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, line = await loop.create_connection(Line, *self._address, ssl=self._tls)
        except (OSError, TimeoutError) as wrong:
            raise Unreachable(f"{self.host} cannot be reached: {wrong or 'too slow'}", sent=False) from wrong
        return line


def read(buffer: bytearray) -> tuple[Answer, int, bool] | None:
    """An answer at the beginning of `buffer`, how many bytes it takes, and whether the line stays open; None while it
    is not whole. Raises BadAnswer when it is no plain answer with a length."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > LONGEST_HEAD:
            raise BadAnswer("the answer's head is too long")
        return None
    status, headers = _head(bytes(buffer[:end]).decode("latin-1"))
    if status < 200 or status in (204, 304):
        raise BadAnswer(f"HTTP {status} answers no question", status=status)
    if headers.get("transfer-encoding", "").lower() == "chunked":
        found = _chunks(buffer, end + 4)
    elif (length := headers.get("content-length", "")).isdigit() and "transfer-encoding" not in headers:
        until = end + 4 + int(length)
        found = (bytes(buffer[end + 4 : until]), until) if len(buffer) >= until else None
    else:
        raise BadAnswer("the answer has no length", status=status)
    if len(buffer) > LONGEST_HEAD + LONGEST_BODY:
        raise BadAnswer("the answer is too long", status=status)
    if found is None:
        return None
    body, until = found
    return Answer(status, body, retry_seconds(headers.get("retry-after", ""))), until, headers["connection"] != "close"


def _head(text: str) -> tuple[int, dict[str, str]]:
    first, *rest = text.split("\r\n")
    version, _, told = first.partition(" ")
    if not version.startswith("HTTP/1.") or not told[:3].isdigit():
        raise BadAnswer("the answer is not HTTP/1.1")
    headers = {"connection": "" if version == "HTTP/1.1" else "close"}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadAnswer("the answer's head cannot be read")
        headers[name.strip().lower()] = value.strip()
    headers["connection"] = headers["connection"].lower()
    return int(told[:3]), headers


def _chunks(buffer: bytearray, start: int) -> tuple[bytes, int] | None:
    """The body in chunks (RFC 9112, 7.1) from `start`, and where it ends; trailers are not taken."""
    body = bytearray()
    while (end := buffer.find(b"\r\n", start)) >= 0:
        size = bytes(buffer[start:end]).partition(b";")[0].strip()
        try:
            length = int(size, 16)
        except ValueError as wrong:
            raise BadAnswer("a chunk has no length") from wrong
        after = end + 2 + length
        if len(buffer) < after + 2:
            return None
        if buffer[after : after + 2] != b"\r\n":
            raise BadAnswer("a chunk is not what it says")
        if not length:
            return bytes(body), after + 2
        body += buffer[end + 2 : after]
        start = after + 2
    return None


def _newest() -> ssl.SSLContext:
    """TLS 1.3 alone, as SNAP asks for."""
    trusted = ssl.create_default_context()
    trusted.minimum_version = ssl.TLSVersion.TLSv1_3
    return trusted
