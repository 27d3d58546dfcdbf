"""Recording what happened, in the transaction in which it happened."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from bekal.core.atomic import note_event

_INSERT = """
    INSERT INTO core_event (kind, actor_kind, actor_key, about, key, person_id, why, data, at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
"""
_LINES = "COPY core_eventline (event_id, key, data) FROM STDIN"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a kind (citizen, staff, partner, system) and the key of one of that kind."""

    kind: str
    key: str

    @classmethod
    def system(cls, task: str) -> "Actor":
        return cls("system", task)

    @classmethod
    def citizen(cls, citizen_id: UUID) -> "Actor":
        return cls("citizen", str(citizen_id))

    @classmethod
    def staff(cls, staff_id: UUID | str) -> "Actor":
        return cls("staff", str(staff_id))

    @classmethod
    def partner(cls, client_code: str) -> "Actor":
        return cls("partner", client_code)


def record(
    *,
    kind: str,
    by: Actor,
    at: datetime,
    about: str,
    key: str,
    person: UUID | None = None,
    why: str = "",
    data: Mapping[str, Any] | None = None,
) -> int:
    """Write one event of the running action and return its number. `kind` reads "room.verb_past"."""
    values: list[Any] = [kind, by.kind, by.key, about, key, person, why, Jsonb(dict(data or {})), at]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        number = cursor.fetchone()[0]
    note_event()
    return int(number)


_INSERT_EACH = """
    INSERT INTO core_event (kind, actor_kind, actor_key, about, key, person_id, why, data, at)
    SELECT %s, %s, %s, %s, person::text, person, %s, %s, %s FROM unnest(%s::uuid[]) AS person
"""


def record_each(
    *,
    kind: str,
    by: Actor,
    at: datetime,
    about: str,
    people: Iterable[UUID],
    why: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Write the same event once for each of many people, in one statement; each finds it under their own key."""
    values: list[Any] = [kind, by.kind, by.key, about, why, Jsonb(dict(data or {})), at, list(people)]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_EACH, values)
    note_event()


def record_person(
    *, kind: str, by: Actor, at: datetime, person: UUID, why: str = "", data: Mapping[str, Any] | None = None
) -> None:
    """`record` of something that is about one citizen and nothing else."""
    record(kind=kind, by=by, at=at, about="citizen", key=str(person), person=person, why=why, data=data)


def record_batch(
    *,
    kind: str,
    by: Actor,
    at: datetime,
    about: str,
    key: str,
    lines: Iterable[tuple[str, Mapping[str, Any]]],
    why: str = "",
) -> int:
    """Write one event for a set-based action, with a line (key, data) for each thing it changed."""
    number = record(kind=kind, by=by, at=at, about=about, key=key, why=why)
    add_lines(number, lines)
    return number


def add_lines(number: int, lines: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Add lines (key, data) to an event that this transaction recorded."""
    rows = [(number, key, json.dumps(dict(data))) for key, data in lines]
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(_LINES) as copy:
        for row in rows:
            copy.write_row(row)


def nothing_changed() -> None:
    """Said by an action that was asked again for what is already done."""
    note_event()
