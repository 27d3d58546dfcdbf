"""One careful way to call other people's systems: time limits, a budget of calls in flight, a circuit breaker, no
second try of what may have worked."""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from bekal.core.atomic import no_transaction
from bekal.core.ports import Busy

Clock = Callable[[], datetime]
Config = Mapping[str, str]
Ticks = Callable[[], float]
LONGEST_HOLD = 600.0
"""Seconds a partner may hold us off at a time: a garbled Retry-After must not silence us for a year."""


class NoAnswer(ConnectionError):
    """No answer that can be trusted came. Rooms catch it as ConnectionError."""


class Unreachable(NoAnswer):
    """Nobody answered. `sent` is False when the request certainly never left."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class BadAnswer(NoAnswer):
    """An answer came that cannot be read, or that does not belong to the question. `status` is its HTTP status."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    retry_after: float = 1.0
    """Seconds; read from a 429 or 503 that names them."""

    def record(self) -> dict[str, Any]:
        """The JSON object in the body; BadAnswer when it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as wrong:
            raise BadAnswer("the answer is not JSON", status=self.status) from wrong
        if not isinstance(value, dict):
            raise BadAnswer("the answer is not a JSON object", status=self.status)
        return value


class Breaker:
    """Stops calling after `failures` in a row; after `rest` lets one call through to see.

    A rehearsal's clock may stand still, so every `probe_every`-th refused call goes through as well.
    """

    def __init__(self, clock: Clock, *, failures: int, rest: timedelta, probe_every: int = 50) -> None:
        self._clock, self._limit, self._rest, self._probe_every = clock, failures, rest, probe_every
        self._lock = threading.Lock()
        self._failed = 0
        self._refused = 0
        self._open_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are being refused now."""
        return self._open_until is not None

    @property
    def rests(self) -> bool:
        """Whether the next call would be refused, were it asked now."""
        return self._open_until is not None and self._clock() < self._open_until

    def admit(self) -> bool:
        """Whether a call may go out now; a probe counts as admitted and holds back the others for another rest."""
        with self._lock:
            if self._open_until is None:
                return True
            now = self._clock()
            self._refused += 1
            if now < self._open_until and self._refused < self._probe_every:
                return False
            self._refused = 0
            self._open_until = now + self._rest
            return True

    def record(self, *, worked: bool) -> None:
        """Note how an admitted call went."""
        with self._lock:
            if worked:
                self._failed, self._refused, self._open_until = 0, 0, None
                return
            self._failed += 1
            if self._failed >= self._limit:
                self._open_until = self._clock() + self._rest


class Pace:
    """At most `per_second` calls a second, one after the other at even distances, so that nothing bursts after a rest.

    0: no limit. `ticks`: seconds that only grow. A partner's Retry-After holds all calls back until it has passed.
    """

    def __init__(self, per_second: float, ticks: Ticks = time.monotonic) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._ticks = ticks
        self._lock = threading.Lock()
        self._next = float("-inf")

    def take(self) -> None:
        """Take the next turn; Busy, with the seconds until it comes, when it is not yet there."""
        with self._lock:
            now = self._ticks()
            if now < self._next:
                raise Busy(self._next - now)
            self._next = now + self._gap

    def hold(self, seconds: float) -> None:
        """Nobody calls for so many seconds."""
        with self._lock:
            self._next = max(self._next, self._ticks() + min(seconds, LONGEST_HOLD))


_pools: dict[tuple[int, str, bool], httpx.Client] = {}
_pools_lock = threading.Lock()


def _pool(origin: str, *, keep_alive: bool) -> httpx.Client:
    key = (os.getpid(), origin, keep_alive)
    with _pools_lock:
        if key not in _pools:
            limits = httpx.Limits(max_connections=64, max_keepalive_connections=16 if keep_alive else 0)
            _pools[key] = httpx.Client(limits=limits, trust_env=False, follow_redirects=False)
        return _pools[key]


def _drop_pool(origin: str, *, keep_alive: bool) -> None:
    with _pools_lock:
        _pools.pop((os.getpid(), origin, keep_alive), None)


class Wire:
    """Calls one outside system. All wires to a host share its connections; breaker and budget are each wire's own.

    Config: url (with the path prefix, if any), timeout_seconds (5), connect_seconds (2), in_flight (16),
    breaker_failures (5), breaker_seconds (20), per_second (0: no limit) of this process. `keep_alive` False gives every
    call a connection of its own, so that an answer can never be another call's.
    """

    def __init__(self, config: Config, clock: Clock, *, keep_alive: bool = True, ticks: Ticks = time.monotonic) -> None:
        parts = urlsplit(config["url"])
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.prefix = parts.path.rstrip("/")
        seconds = float(config.get("timeout_seconds", "5"))
        self._timeout = httpx.Timeout(seconds, connect=float(config.get("connect_seconds", "2")))
        self._patience = seconds
        self._budget = threading.BoundedSemaphore(int(config.get("in_flight", "16")))
        rest = timedelta(seconds=float(config.get("breaker_seconds", "20")))
        self.breaker = Breaker(clock, failures=int(config.get("breaker_failures", "5")), rest=rest)
        self.pace = Pace(float(config.get("per_second", "0")), ticks)
        self._keep_alive = keep_alive

    def target(self, path: str) -> str:
        """The path (and query) as it will be requested, which is what signatures cover."""
        return self.prefix + path

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, repeatable: bool = False
    ) -> Answer:
        """Send one request. Only a `repeatable` one is tried a second time when no answer came.

        Raises Unreachable, or Busy before anything is sent; every HTTP status is an answer.
        """
        try:
            return self._once(method, path, headers, body)
        except Unreachable:
            if not repeatable or self.breaker.is_open:
                raise
            return self._once(method, path, headers, body)

    def distrust(self) -> None:
        """Forget the kept connections: an answer came that belongs to another question."""
        _drop_pool(self.origin, keep_alive=self._keep_alive)

    def _once(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        no_transaction()
        self.pace.take()
        if not self.breaker.admit():
            raise Unreachable(f"{self.origin} failed too often; not called for a while", sent=False)
        if not self._budget.acquire(timeout=self._patience):
            raise Unreachable(f"too many calls to {self.origin} at once", sent=False)
        try:
            answer = self._exchange(method, path, headers, body)
        except Unreachable:
            self.breaker.record(worked=False)
            raise
        finally:
            self._budget.release()
        self.breaker.record(worked=answer.status < 500)
        return answer

    def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        pool = _pool(self.origin, keep_alive=self._keep_alive)
        url = self.origin + self.target(path)
        try:
            reply = pool.request(method, url, headers=dict(headers), content=body or None, timeout=self._timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as wrong:
            raise Unreachable(f"{self.origin} cannot be reached: {wrong}", sent=False) from wrong
        except httpx.HTTPError as wrong:
            raise Unreachable(f"{self.origin} gave no answer: {wrong or type(wrong).__name__}", sent=True) from wrong
        return Answer(reply.status_code, reply.content, retry_seconds(reply.headers.get("Retry-After", "")))


def retry_seconds(retry_after: str) -> float:
    """`Retry-After` in seconds (RFC 9110, 10.2.3); its form as a date, which no partner here uses, counts as one."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 1.0
