"""The lane's one connection to the database: one statement at a time, and nobody waits for it in the loop.

libpq's own asynchronous calls through psycopg's wrapper: a thread or a driver's adaptation would cost more than the
whole rest of a join.
"""

import asyncio
import logging
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from django.conf import settings
from psycopg import pq
from psycopg.pq.abc import PGresult

log = logging.getLogger(__name__)
Done = Callable[[PGresult | None], None]
UUID_TYPE, BYTES_TYPE, INT_TYPE = 2950, 17, 23
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
_OPTIONS = "-c timezone=UTC -c synchronous_commit=on -c lock_timeout=5s -c statement_timeout=10s"


def array_of(kind: int, items: Sequence[bytes]) -> bytes:
    """PostgreSQL's binary form of an array of items of one length, at least one."""
    return struct.pack(">I", len(items[0])).join([struct.pack(">5I", 1, 0, kind, len(items), 1), *items])


class Intake:
    """`run` one statement, then the next. `done` gets the result; None when the connection broke: nobody knows."""

    def __init__(self, statements: dict[bytes, str], on_ready: Callable[[], None]) -> None:
        self._statements, self._on_ready = statements, on_ready
        self._connection: psycopg.Connection[Any] | None = None
        self._done: Done | None = None
        self._loop = asyncio.get_running_loop()
        self._connecting: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        return self._connection is not None

    @property
    def idle(self) -> bool:
        """Whether a statement may be run."""
        return self._connection is not None and self._done is None

    def connect(self) -> None:
        """Begin to connect, and go on until it works; `on_ready` is called then."""
        self._connecting = self._loop.create_task(self._connect())

    def run(self, name: bytes, parameters: Sequence[bytes], done: Done) -> None:
        """Send one of the prepared statements, binary both ways; only while `idle`."""
        assert self._connection
        self._done = done
        try:
            self._connection.pgconn.send_query_prepared(name, parameters, [1] * len(parameters), result_format=1)
            self._flush()
        except psycopg.Error:
            self._lost()

    async def _connect(self) -> None:
        pause = FIRST_PAUSE
        while self._connection is None:
            try:
                fresh = await asyncio.to_thread(self._prepared)
            except psycopg.Error as problem:
                log.warning("the lane has no database: %s", problem)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            self._connection = fresh
            self._loop.add_reader(fresh.pgconn.socket, self._readable)
        self._on_ready()

    def _prepared(self) -> psycopg.Connection[Any]:
        known = settings.DATABASES["default"]
        connection = psycopg.connect(
            dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"], host=known["HOST"],
            port=known["PORT"] or None, options=_OPTIONS, connect_timeout=5, autocommit=True,
        )  # fmt: skip
        for name, text in self._statements.items():
            result = connection.pgconn.prepare(name, text.encode())
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise psycopg.OperationalError(result.error_message.decode(errors="replace"))
        connection.pgconn.nonblocking = 1
        return connection

    def _flush(self) -> None:
        assert self._connection
        if self._connection.pgconn.flush():
            self._loop.add_writer(self._connection.pgconn.socket, self._writable)

    def _writable(self) -> None:
        assert self._connection
        self._loop.remove_writer(self._connection.pgconn.socket)
        try:
            self._flush()
        except psycopg.Error:
            self._lost()

    def _readable(self) -> None:
        assert self._connection
        connection, result = self._connection.pgconn, None
        try:
            connection.consume_input()
            if connection.is_busy():
                return None
            while (found := connection.get_result()) is not None:
                result = found
        except psycopg.Error:
            return self._lost()
        if connection.status != pq.ConnStatus.OK:
            return self._lost()
        if result is not None and self._done is not None:
            done, self._done = self._done, None
            done(result)
        return None

    def _lost(self) -> None:
        """The connection broke: a statement under way may have been committed or not."""
        assert self._connection
        broken, self._connection = self._connection, None
        with suppress(OSError, ValueError, psycopg.Error):
            self._loop.remove_reader(broken.pgconn.socket)
            self._loop.remove_writer(broken.pgconn.socket)
        broken.close()
        done, self._done = self._done, None
        self.connect()
        if done is not None:
            done(None)
