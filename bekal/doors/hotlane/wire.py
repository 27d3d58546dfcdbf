"""The little of HTTP/1.1 (RFC 9112) that the hot lane reads. What it does not know it refuses and hangs up."""

import re
from typing import NamedTuple

MOST_HEAD, MOST_BODY = 8_192, 1_024
_HEAD = re.compile(
    rb"([A-Z]{3,7}) (/[^\s?]*)(?:\?\S*)? HTTP/1\.([01])"  # request line
    rb"((?:\r\n[!#-'*+.^_`|~0-9A-Za-z-]+:[^\r\n\x00]*)*)\r\n\r\n"  # field lines
)
_FIELD = re.compile(
    rb"\r\n(accept|connection|content-length|cookie|origin|sec-fetch-site|transfer-encoding):[ \t]*([^\r\n]*)", re.I
)
_REPEATABLE = frozenset((b"accept", b"connection", b"cookie"))


class Unreadable(Exception):
    """A request that is answered with `status`, after which the connection ends."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Request(NamedTuple):
    """`path` without the query; `headers` that the lane reads, by lower-case name; `size`: bytes that it took."""

    method: bytes
    path: bytes
    headers: dict[bytes, bytes]
    body: bytes
    size: int
    keep: bool


def read_request(data: bytes) -> Request | None:
    """The first request in `data`; None while it is not all there. Raises Unreadable."""
    found = _HEAD.match(data)
    if found is None or found.end() > MOST_HEAD:
        if b"\r\n\r\n" in data[:MOST_HEAD]:
            raise Unreadable(400)
        if len(data) > MOST_HEAD:
            raise Unreadable(431)
        return None
    method, path, version, fields = found.groups()
    headers: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(fields):
        name = name.lower()
        if name in headers and name not in _REPEATABLE:
            raise Unreadable(400)
        headers[name] = value
    size = found.end() + _length(headers)
    if len(data) < size:
        return None
    keep = version == b"1" and headers.get(b"connection", b"").lower() != b"close"
    return Request(method, path, headers, data[found.end() : size], size, keep)


def cookie(headers: dict[bytes, bytes], name: bytes) -> bytes:
    """The value of a cookie, or nothing."""
    whole = headers.get(b"cookie", b"")
    at = 0
    while (at := whole.find(name + b"=", at)) >= 0:
        if at == 0 or whole[at - 1 : at] in (b" ", b";"):
            return whole[at + len(name) + 1 :].partition(b";")[0].rstrip()
        at += 1
    return b""


def _length(headers: dict[bytes, bytes]) -> int:
    if b"transfer-encoding" in headers:
        raise Unreadable(411)
    text = headers.get(b"content-length", b"0").rstrip()
    if not text.isdigit() or len(text) > 12:
        raise Unreadable(400)
    length = int(text)
    if length > MOST_BODY:
        raise Unreadable(413)
    return length
