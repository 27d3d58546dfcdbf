"""HTTP as the players use it: kept-alive connections, a cookie jar, and the partners' signed calls.

Written against the published protocol, with nothing of the product: it is what a partner would write.
"""

import hashlib
import hmac
import http.client
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

_CONNECTIONS = threading.local()
_TRIES = 3
Headers = dict[str, str]


class Unserved(Exception):
    """The site does not answer: the server is gone."""


class Surprise(Exception):
    """The site answered something that the story does not expect."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    path: str

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def leads_to(self) -> str:
        """The path a redirect names; empty for a page that stays."""
        return urlsplit(self.header("location")).path

    @property
    def text(self) -> str:
        return self.body.decode()


def request(site: str, method: str, path: str, body: bytes = b"", headers: Headers | None = None) -> Page:
    """One request over this thread's connection to `site`. Raises Unserved after three broken connections."""
    for _ in range(_TRIES):
        connection = _connection(site)
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            return Page(answer.status, answer.getheaders(), answer.read(), path)
        except (OSError, http.client.HTTPException):
            _CONNECTIONS.by_site.pop(site).close()
    raise Unserved(f"{method} {path}")


def _connection(site: str) -> http.client.HTTPConnection:
    pool: dict[str, http.client.HTTPConnection] = _CONNECTIONS.__dict__.setdefault("by_site", {})
    if site not in pool:
        pool[site] = http.client.HTTPConnection(urlsplit(site).netloc, timeout=60)
    return pool[site]


@dataclass
class Browser:
    """A person's browser without JavaScript: cookies and forms. Redirects are told, not followed."""

    site: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Page:
        return self._send("GET", path)

    def post(self, path: str, **fields: str | list[str] | bytes) -> Page:
        """Send a form; a field of bytes makes it a multipart form with that file. Redirects are not followed."""
        values: dict[str, Any] = {"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **fields}
        if any(isinstance(value, bytes) for value in values.values()):
            kind, body = _multipart(values)
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode(values, doseq=True).encode()
        return self._send("POST", path, body, {"Content-Type": kind})

    def _send(self, method: str, path: str, body: bytes = b"", headers: Headers | None = None) -> Page:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        page = request(self.site, method, path, body, {**(headers or {}), "Cookie": jar} if jar else headers)
        for name, value in page.headers:
            if name.lower() == "set-cookie":
                cookie, _, content = value.split(";", 1)[0].partition("=")
                self.cookies[cookie] = content
        return page


def _multipart(values: Mapping[str, Any]) -> tuple[str, bytes]:
    edge = "bekal-form-edge"
    parts = []
    for name, value in values.items():
        file = '; filename="foto.jpg"\r\nContent-Type: image/jpeg' if isinstance(value, bytes) else ""
        content = value if isinstance(value, bytes) else str(value).encode()
        parts.append(
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"
        )
    return f"multipart/form-data; boundary={edge}", b"".join(parts) + f"--{edge}--\r\n".encode()


@dataclass(frozen=True)
class Partner:
    """A platform or a training institution calling the programme's interface, signed as published."""

    site: str
    client_code: str
    sign_key: str

    def call(self, path: str, now: int, body: Mapping[str, Any], *, authorization: str = "") -> dict[str, Any]:
        """One signed call at `now` (Unix seconds); returns `data`. Raises Surprise with the refusal."""
        answer = self.try_call(path, now, body, authorization=authorization)
        if not answer.get("success"):
            raise Surprise(f"{path}: {answer}")
        return dict(answer.get("data") or {})

    def try_call(self, path: str, now: int, body: Mapping[str, Any], *, authorization: str = "") -> dict[str, Any]:
        """As `call`, but the whole answer, refusals too."""
        full = f"/api/v1/integration/{path}"
        text = json.dumps(body, separators=(",", ":"))
        message = f"{self.client_code}{now}POST{full}{text}"
        headers = {
            "Content-Type": "application/json",
            "client_code": self.client_code,
            "timestamp": str(now),
            "signature": hmac.new(self.sign_key.encode(), message.encode(), hashlib.sha1).hexdigest(),
        }
        if authorization:
            headers["Authorization"] = authorization
        page = request(self.site, "POST", full, text.encode(), headers)
        try:
            return dict(json.loads(page.body))
        except ValueError:
            raise Surprise(f"{path}: HTTP {page.status} {page.text[:200]}") from None
