"""Renewing keys while everything runs: sealed columns under the column key in use, marks under the newest index key.

Every step takes a few rows, skips those that somebody else holds, and commits; killed anywhere, it is run again.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models

from bekal.core import events, marks, vault
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.fields import SealedField
from bekal.core.models import Mark

BATCH = 2_000


def sealed_columns() -> Iterator[tuple[type[models.Model], SealedField]]:
    """Every sealed column of every table."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, SealedField):
                yield model, field


def left_to_renew() -> dict[str, int]:
    """Table and column, or `core_mark` -> how many values are not under the newest key yet, where there are any."""
    left = {}
    with connection.cursor() as cursor:
        for model, field in sealed_columns():
            table, column = model._meta.db_table, field.column
            cursor.execute(
                f"SELECT count(*) FROM {table} WHERE length({column}) > 0 AND get_byte({column}, 0) <> %s",  # noqa: S608
                [settings.COLUMN_KEY],
            )
            left[f"{table}.{column}"] = cursor.fetchone()[0]
    first, last = vault.index_versions()[0], vault.index_versions()[-1]
    known = Mark.objects.filter(version=last).count()
    left["core_mark"] = Mark.objects.filter(version=first).count() - known if first != last else 0
    return {name: count for name, count in left.items() if count}


def renew_everything(*, by: Actor, at: datetime) -> int:
    """Renew until nothing is left that is not held by somebody else; how many values."""
    done = 0
    for model, field in sealed_columns():
        after = None
        while (step := renew_column(by=by, at=at, model=model, field=field, after=after))[0]:
            done, after = done + step[0], step[1]
    while count := renew_marks(by=by, at=at):
        done += count
    return done


@action
def renew_column(
    *, by: Actor, at: datetime, model: type[models.Model], field: SealedField, after: Any = None
) -> tuple[int, Any]:
    """Seal the next values after a primary key anew; how many, and the last primary key."""
    table, column, key = model._meta.db_table, field.column, model._meta.pk
    where = f"length({column}) > 0 AND get_byte({column}, 0) <> %s" + (f" AND {key.column} > %s" if after else "")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key.column}, {column} FROM {table} WHERE {where} "  # noqa: S608
            f"ORDER BY {key.column} LIMIT {field.batch} FOR UPDATE SKIP LOCKED",
            [settings.COLUMN_KEY, after] if after else [settings.COLUMN_KEY],
        )
        rows = cursor.fetchall()
        if not rows:
            events.nothing_changed()
            return 0, after
        fresh = [field.sealed_anew(bytes(blob), row) for row, blob in rows]
        cursor.execute(
            f"UPDATE {table} t SET {column} = n.blob "  # noqa: S608
            f"FROM unnest(%s::{key.db_type(connection)}[], %s::bytea[]) AS n(key, blob) WHERE t.{key.column} = n.key",
            [[row for row, _ in rows], fresh],
        )
    data = {"key": settings.COLUMN_KEY, "values": len(rows)}
    events.record(kind="core.column_renewed", by=by, at=at, about="column", key=f"{table}.{column}", data=data)
    return len(rows), rows[-1][0]


@action
def renew_marks(*, by: Actor, at: datetime) -> int:
    """Write marks under the newest index key; how many."""
    count = marks.renew(BATCH)
    _note("core.marks_renewed", by, at, count)
    return count


@action
def retire_marks(*, by: Actor, at: datetime) -> int:
    """Delete marks under index keys that are no longer looked up; how many."""
    count = marks.retire(BATCH)
    _note("core.marks_retired", by, at, count)
    return count


def _note(kind: str, by: Actor, at: datetime, count: int) -> None:
    if not count:
        events.nothing_changed()
        return
    versions = list(vault.index_versions())
    events.record(kind=kind, by=by, at=at, about="marks", key="batch", data={"versions": versions, "marks": count})
