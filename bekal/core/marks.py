"""Numbers that identify (NIK, family card, phone, account), each standing for one reference, known by blind index only.

Used inside actions. A number is (place of the vault, digits). Every mark is written under all `vault.index_versions()`,
so that a number keeps one reference under the old and the new key while keys are renewed.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection

from bekal.core import vault
from bekal.core.models import Mark

Number = tuple[str, str]

_FIND = "SELECT index, ref FROM core_mark WHERE index = ANY(%s::bytea[])"
_INSERT = """
    INSERT INTO core_mark (index, place, version, ref)
    SELECT t.* FROM unnest(%s::bytea[], %s::text[], %s::smallint[], %s::uuid[]) AS t(index, place, version, ref)
    ORDER BY t.index ON CONFLICT (index) DO NOTHING
"""
_LACKING = """
    SELECT m.index, m.place, m.ref FROM core_mark m
    WHERE m.version = %s AND NOT EXISTS (SELECT FROM core_mark n WHERE n.ref = m.ref AND n.version = %s) LIMIT %s
"""


def find(numbers: Iterable[Number]) -> dict[Number, UUID]:
    """The references of those numbers that have one."""
    return _found(list(dict.fromkeys(numbers)), vault.index_versions()[0])


def refer(offered: Mapping[Number, UUID]) -> dict[Number, UUID]:
    """The reference of each number: the one it has, or else the one offered here, which it has from now on."""
    known = find(offered)
    fresh = {number: ref for number, ref in offered.items() if number not in known}
    return known | _enter(fresh) if fresh else known


def release(refs: Iterable[UUID]) -> None:
    """Forget which numbers these references stood for."""
    Mark.objects.filter(ref__in=list(refs)).delete()


def renew(limit: int) -> int:
    """Write the newest version of marks that lack it, at most `limit`; how many. Safe to repeat."""
    first, last = vault.index_versions()[0], vault.index_versions()[-1]
    if first == last:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_LACKING, [first, last, limit])
        rows = cursor.fetchall()
        for place in sorted({row[1] for row in rows}):
            own = [(bytes(index), ref) for index, its, ref in rows if its == place]
            indexes = vault.renewed((index for index, _ in own), place=place, since=first, version=last)
            cursor.execute(_INSERT, [indexes, [place] * len(own), [last] * len(own), [ref for _, ref in own]])
    return len(rows)


def retire(limit: int) -> int:
    """Delete marks of versions that are no longer looked up, at most `limit`; how many."""
    old = Mark.objects.filter(version__lt=vault.index_versions()[0]).values_list("index", flat=True)[:limit]
    return Mark.objects.filter(index__in=list(old)).delete()[0]


def _enter(fresh: Mapping[Number, UUID]) -> dict[Number, UUID]:
    """Write new marks. Whoever else wrote one of these numbers in the same instant, under any version, came first."""
    standing = {**fresh}
    if _write(fresh):
        return standing
    for version in vault.index_versions():
        standing |= {number: ref for number, ref in _found(fresh, version).items() if ref != fresh[number]}
    lost = {number: ref for number, ref in standing.items() if ref != fresh[number]}
    if lost:
        release(fresh[number] for number in lost)
        _write(lost)
    return standing


def _write(marks: Mapping[Number, UUID]) -> bool:
    """Write marks that are not there yet; whether none was."""
    rows = [
        (index, number[0], version, ref)
        for version in vault.index_versions()
        for index, (number, ref) in zip(_indexes(marks, version), marks.items(), strict=True)
    ]
    with connection.cursor() as cursor:
        indexes, *others = zip(*rows, strict=True)
        cursor.execute(_INSERT, [_array(indexes), *map(list, others)])
        return bool(cursor.rowcount == len(rows))


def _found(numbers: Iterable[Number], version: int) -> dict[Number, UUID]:
    wanted = list(numbers)
    indexes = _indexes(wanted, version)
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [_array(indexes)])
        refs = {bytes(index): ref for index, ref in cursor.fetchall()}
    return {number: refs[index] for number, index in zip(wanted, indexes, strict=True) if index in refs}


def _array(indexes: Iterable[bytes]) -> str:
    """An array of bytea as PostgreSQL writes it: for thousands, a tenth of the cost of a list of parameters."""
    return "{" + ",".join([f'"\\\\x{index.hex()}"' for index in indexes]) + "}"


def _indexes(numbers: Iterable[Number], version: int) -> list[bytes]:
    """In the order of the numbers; one place at a time costs least."""
    wanted = list(numbers)
    found: dict[Number, bytes] = {}
    for place in dict.fromkeys(place for place, _ in wanted):
        own = [number for number in wanted if number[0] == place]
        indexes = vault.blind_indexes((value for _, value in own), place=place, version=version)
        found |= dict(zip(own, indexes, strict=True))
    return [found[number] for number in wanted]
