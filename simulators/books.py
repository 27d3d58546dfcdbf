"""Every stand-in keeps its own books: one SQLite file, written before an answer leaves, whole again after a kill."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMMON = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clients (client_id TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fault_hits (rule INTEGER, reference TEXT, hits INTEGER NOT NULL, PRIMARY KEY (rule,
reference)) WITHOUT ROWID;
"""


class Books:
    """A SQLite file with write-ahead log; `row`, `rows` read, `run` and `load` write, `booked` makes several writes
    one."""

    def __init__(self, path: Path, schema: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.executescript(COMMON + schema)

    @contextmanager
    def booked(self) -> Iterator[None]:
        """Everything written inside is kept together, or not at all."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def row(self, sql: str, *values: Any) -> Any:
        """The first row, or None."""
        return self.connection.execute(sql, values).fetchone()

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """All rows."""
        return self.connection.execute(sql, values).fetchall()

    def dicts(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """All rows with their column names."""
        cursor = self.connection.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def run(self, sql: str, *values: Any) -> int:
        """Write; how many rows changed."""
        return self.connection.execute(sql, values).rowcount

    def load(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Write many rows as one."""
        with self.booked():
            self.connection.executemany(sql, rows)

    def setting(self, name: str, otherwise: Any = None) -> Any:
        """A kept value, or `otherwise`."""
        row = self.row("SELECT value FROM settings WHERE name = ?", name)
        return otherwise if row is None else json.loads(row[0])

    def keep(self, name: str, value: Any) -> None:
        """Keep a value that JSON can carry."""
        self.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, json.dumps(value))

    def client(self, client_id: str) -> dict[str, Any] | None:
        """Keys of a client, or None when it was never introduced."""
        row = self.row("SELECT value FROM clients WHERE client_id = ?", client_id)
        return None if row is None else dict(json.loads(row[0]))
