"""Taking in a list of a register. One that comes after a decision contests it, and a person looks first.

A list is read in pieces: `gather_people` puts each into a temporary table of this connection, so that a national list
fits and locks nothing; `bring_into_force` then brings all of it into force at once. `tasks.take_in_list` does both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import connection

from bekal.citizens.rules import NIK
from bekal.core import events, ids, marks
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.eligibility.actions.contests import contest_decisions, decide_again
from bekal.eligibility.models import RegisterList
from bekal.eligibility.queries import importable, only_grows
from bekal.rulebooks.rules import day_in_words

EASTERNMOST = timedelta(hours=9)
"""Ahead of UTC; a day begins first in Papua."""


class ListTooOld(Refused):
    """A newer list of this register is in force."""

    code: ClassVar[str] = "eligibility.list_too_old"


class ListFromTheFuture(Refused):
    """The list says to be of a day that has not come."""

    code: ClassVar[str] = "eligibility.list_from_the_future"


class RegisterUnknown(Refused):
    """No programme looks into this register."""

    code: ClassVar[str] = "eligibility.register_unknown"


class RegisterOnlyGrows(Refused):
    """Nobody is taken off this register by a list: it gives a right, or this system itself writes it."""

    code: ClassVar[str] = "eligibility.register_only_grows"


@dataclass(frozen=True, slots=True)
class ImportedList:
    """What a list did. `people`: on it; `added`, `ended`: who came to stand in the register, and who no longer does;
    `contested`: people whose decisions one must look at again. `known`: it was taken in before; nothing changed."""

    id: UUID
    people: int
    added: int = 0
    ended: int = 0
    contested: int = 0
    known: bool = False


_TABLES = """
    CREATE TEMP TABLE IF NOT EXISTS eligibility_listed (ref uuid NOT NULL);
    CREATE TEMP TABLE IF NOT EXISTS eligibility_freed (citizen_id uuid NOT NULL);
"""
_COUNT = "SELECT count(DISTINCT ref) FROM eligibility_listed"
_ADD = """
    INSERT INTO eligibility_fact AS f (nik_ref, kind, standing, source, as_of, recorded_at)
    SELECT DISTINCT n.ref, %s, 'stands', %s, %s::date, %s::timestamptz FROM eligibility_listed n
    ON CONFLICT (nik_ref, kind) DO UPDATE SET
        standing = CASE WHEN f.standing = 'ended' THEN 'stands' ELSE f.standing END,
        source = excluded.source, as_of = excluded.as_of, recorded_at = excluded.recorded_at
        WHERE f.as_of <= excluded.as_of
            AND (f.standing = 'ended' OR (f.source, f.as_of) <> (excluded.source, excluded.as_of))
"""
_NEW = """
    SELECT count(DISTINCT n.ref) FROM eligibility_listed n
    LEFT JOIN eligibility_fact f ON f.nik_ref = n.ref AND f.kind = %s
    WHERE f.nik_ref IS NULL OR (f.standing = 'ended' AND f.as_of <= %s)
"""
_END = """
    WITH gone AS (
        UPDATE eligibility_fact f SET standing = 'ended', as_of = %s, source = %s, recorded_at = %s
        WHERE f.kind = %s AND f.standing <> 'ended' AND f.as_of <= %s
            AND NOT EXISTS (SELECT FROM eligibility_listed n WHERE n.ref = f.nik_ref)
        RETURNING f.nik_ref
    ), freed AS (
        INSERT INTO eligibility_freed SELECT c.id FROM gone JOIN citizens_citizen c ON c.nik_ref = gone.nik_ref
    ), closed AS (
        UPDATE eligibility_review r SET state = 'dismissed', closed_at = %s, closed_by = %s, why = %s
        FROM gone JOIN citizens_citizen c ON c.nik_ref = gone.nik_ref
        WHERE r.citizen_id = c.id AND r.kind = %s AND r.state = 'open'
    )
    SELECT count(*) FROM gone
"""


def check_register(kind: str) -> None:
    """Raises RegisterUnknown for a code that no programme asks for: it was probably written wrong."""
    registers = importable()
    if kind not in registers:
        raise RegisterUnknown(register=kind, known=", ".join(sorted(registers)) or "-")


def check_list(*, at: datetime, kind: str, as_of: date, whole: bool) -> None:
    """Raises what `import_list` would refuse before it looks at anybody."""
    if whole and only_grows(kind):
        raise RegisterOnlyGrows(register=kind)
    if as_of > (at + EASTERNMOST).date():
        raise ListFromTheFuture(day_id=day_in_words(as_of, "id"), day_en=day_in_words(as_of, "en"))
    newest = RegisterList.objects.filter(kind=kind).order_by("-as_of").first()
    if newest is not None and newest.as_of > as_of:
        raise ListTooOld(newest_id=day_in_words(newest.as_of, "id"), newest_en=day_in_words(newest.as_of, "en"))


def known_list(kind: str, as_of: date, sha256: str, whole: bool) -> ImportedList | None:
    """This very list, if it was taken in before."""
    row = RegisterList.objects.filter(kind=kind, as_of=as_of, sha256=sha256, whole=whole).first()
    return ImportedList(row.id, row.people, known=True) if row else None


@action
def gather_people(*, by: Actor, at: datetime, niks: Sequence[str], first: bool) -> None:
    """Put people (sixteen digits each, registered or not) on the list that is being read; `first`: a new one."""
    refs = _refs(niks)
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        if first:
            cursor.execute("TRUNCATE eligibility_listed, eligibility_freed")
        cursor.execute("INSERT INTO eligibility_listed SELECT unnest(%s::uuid[])", [refs])
    events.nothing_changed()


@action
def import_list(
    *, by: Actor, at: datetime, kind: str, as_of: date, source: str, sha256: str, whole: bool, niks: Sequence[str]
) -> ImportedList:
    """Take in a short list at once; `niks`: sixteen digits each. Raises what `check_list` raises."""
    gather_people(by=by, at=at, niks=niks, first=True)
    return bring_into_force(by=by, at=at, kind=kind, as_of=as_of, source=source, sha256=sha256, whole=whole)


@action
def bring_into_force(
    *, by: Actor, at: datetime, kind: str, as_of: date, source: str, sha256: str, whole: bool, refused_rows: int = 0
) -> ImportedList:
    """Bring the gathered list into force: who stands in a register on a day. The same list again changes nothing.

    `whole`: who is not on it no longer stands in the register, unless something newer says so. Whoever a favourable
    decision was given to is contested, not refused: `reviews` decide. Raises what `check_list` raises.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"eligibility.list:{kind}"])
    known = known_list(kind, as_of, sha256, whole)
    if known is not None:
        events.nothing_changed()
        return known
    check_list(at=at, kind=kind, as_of=as_of, whole=whole)
    row = RegisterList.objects.create(
        id=ids.fresh("register list", kind, as_of.isoformat(), sha256, str(whole)), kind=kind, as_of=as_of,
        source=source, sha256=sha256, whole=whole, people=_people(), refused_rows=refused_rows, imported_at=at,
        imported_by=by.key,
    )  # fmt: skip
    added, ended = _write(by, at, row)
    contested = contest_decisions(by=by, at=at, kind=kind)
    for freed in _freed():
        decide_again(by, at, freed)
    done = ImportedList(row.id, row.people, added, ended, contested)
    events.record(
        kind="eligibility.list_imported", by=by, at=at, about="register", key=kind,
        data={"list": str(row.id), "as_of": as_of.isoformat(), "people": done.people, "added": added,
              "ended": ended, "contested": contested, "refused_rows": refused_rows},
    )  # fmt: skip
    return done


def _refs(niks: Sequence[str]) -> list[UUID]:
    numbers = [(NIK, nik) for nik in dict.fromkeys(niks)]
    known = marks.find(numbers)
    fresh = {number: ids.fresh(*number) for number in numbers if number not in known}
    return [*known.values(), *(marks.refer(fresh).values() if fresh else ())]


def _people() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        cursor.execute("ANALYZE eligibility_listed")
        cursor.execute(_COUNT)
        return int(cursor.fetchone()[0])


def _write(by: Actor, at: datetime, row: RegisterList) -> tuple[int, int]:
    """How many came to stand in the register, and how many no longer do."""
    ended = 0
    with connection.cursor() as cursor:
        if row.whole:
            why = f"{row.source}, {row.as_of}"
            cursor.execute(
                _END, [row.as_of, row.source, at, row.kind, row.as_of, at, by.key, why, row.kind],
            )  # fmt: skip
            ended = cursor.fetchone()[0]
        cursor.execute(_NEW, [row.kind, row.as_of])
        added = cursor.fetchone()[0]
        cursor.execute(_ADD, [row.kind, row.source, row.as_of, at])
    return added, ended


def _freed() -> Iterator[list[UUID]]:
    """Registered people whom the list took off the register, some thousands at a time."""
    last = UUID(int=0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT citizen_id FROM eligibility_freed WHERE citizen_id > %s ORDER BY citizen_id LIMIT 10000", [last]
            )
            found = [citizen_id for (citizen_id,) in cursor.fetchall()]
        if not found:
            return
        yield found
        last = found[-1]
