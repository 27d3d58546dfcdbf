"""A small HTTP/1.1 server: requests with a Content-Length, keep-alive, and the power to break a connection on
purpose."""

import asyncio
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

MAX_BODY = 64 * 1024 * 1024
PHRASES = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    425: "Too Early",
    429: "Too Many Requests",
    500: "Internal Server Error",
    504: "Gateway Timeout",
}


@dataclass(slots=True)
class Reply:
    """What to answer; `headers` beyond content type and length. A body of bytes is a file and names its type itself."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The whole answer on the wire, body as JSON."""
        is_file = isinstance(self.body, bytes)
        body = self.body if is_file else json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = self.headers if is_file else {"Content-Type": "application/json", **self.headers}
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {self.status} {PHRASES.get(self.status, 'Status')}\r\n{extra}"
        return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


@dataclass
class Request:
    """One request. `target` is path and query as received; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    lie: bool = False
    accept: bool = False

    @cached_property
    def path(self) -> str:
        """Path without the query."""
        return self.target.partition("?")[0]

    @cached_property
    def query(self) -> dict[str, str]:
        """Last value of each query parameter."""
        return {name: values[-1] for name, values in parse_qs(self.target.partition("?")[2]).items()}

    @cached_property
    def data(self) -> dict[str, Any]:
        """The JSON object in the body; empty when the body is none."""
        try:
            value = json.loads(self.body) if self.body else {}
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(slots=True)
class Plan:
    """How an answer leaves: wait, work, wait again, then write it `copies` times; 0 copies drops the connection."""

    work: Callable[[], Reply]
    wait_before: float = 0.0
    wait_after: float = 0.0
    copies: int = 1


def parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Method, target and headers of a request head; ValueError when it is none."""
    lines = head.decode("latin-1").split("\r\n")
    method, target, _version = lines[0].split(" ")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(line)
        headers[name.strip().lower()] = value.strip()
    return method, target, headers


class Connection(asyncio.Protocol):
    """One client's connection; requests on it are answered one after the other."""

    def __init__(self, plan: Callable[[Request], Plan]) -> None:
        self.plan = plan
        self.buffer = bytearray()
        self.busy = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect bytes and answer as soon as a request is whole."""
        self.buffer += data
        self.advance()

    def advance(self) -> None:
        """Answer the next whole request, if there is one and none is under way."""
        end = -1 if self.busy else self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        try:
            method, target, headers = parse_head(bytes(self.buffer[:end]))
            length = int(headers.get("content-length", "0"))
        except ValueError:
            self.refuse(400)
            return
        if length > MAX_BODY or "transfer-encoding" in headers:
            self.refuse(413)
        elif len(self.buffer) >= end + 4 + length:
            body = bytes(self.buffer[end + 4 : end + 4 + length])
            del self.buffer[: end + 4 + length]
            self.start(self.plan(Request(method, target, headers, body)))

    def start(self, plan: Plan) -> None:
        """Follow the plan: now, or after its waiting time."""
        self.busy = True
        if plan.wait_before:
            asyncio.get_running_loop().call_later(plan.wait_before, self.work, plan)
        else:
            self.work(plan)

    def work(self, plan: Plan) -> None:
        """Have the answer made; its effect is booked when this returns."""
        try:
            answer = plan.work().encode()
        except Exception:  # noqa: BLE001  a broken stand-in must still answer its client
            traceback.print_exc()
            answer = Reply(500, {"error": "the stand-in itself is broken; see its output"}).encode()
        if plan.wait_after:
            asyncio.get_running_loop().call_later(plan.wait_after, self.finish, answer, plan.copies)
        else:
            self.finish(answer, plan.copies)

    def finish(self, answer: bytes, copies: int) -> None:
        """Write the answer, or break the connection instead."""
        if self.transport is None or self.transport.is_closing():
            return
        if copies == 0:
            self.transport.close()
            return
        self.transport.write(answer * copies)
        self.busy = False
        self.advance()

    def refuse(self, status: int) -> None:
        """Answer what cannot be read, and hang up."""
        if self.transport is not None:
            self.transport.write(Reply(status, {"error": PHRASES[status]}).encode())
            self.transport.close()
