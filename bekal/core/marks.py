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
    SELECT t.index, %s, %s, t.ref FROM unnest(%s::bytea[], %s::uuid[]) AS t(index, ref)
    ORDER BY t.index ON CONFLICT DO NOTHING
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
    return known | enter(fresh) if fresh else known


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
            cursor.execute(_INSERT, [place, last, indexes, [ref for _, ref in own]])
    return len(rows)


def retire(limit: int) -> int:
    """Delete marks of versions that are no longer looked up, at most `limit`; how many."""
    old = Mark.objects.filter(version__lt=vault.index_versions()[0]).values_list("index", flat=True)[:limit]
    return Mark.objects.filter(index__in=list(old)).delete()[0]


def enter(fresh: Mapping[Number, UUID]) -> dict[Number, UUID]:
    """`refer` for numbers that `find` did not know a moment ago.

    Whoever else wrote one of these numbers in the same instant, under any version, came first.
    """
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
    written = 0
    with connection.cursor() as cursor:
        for version in vault.index_versions():
            for place, own in _by_place(marks).items():
                indexes = vault.blind_indexes((value for _, value in own), place=place, version=version)
                refs = "{" + ",".join([marks[number].hex for number in own]) + "}"
                cursor.execute(_INSERT, [place, version, _array(indexes), refs])
                written += cursor.rowcount
    return written == len(marks) * len(vault.index_versions())


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


def _by_place(numbers: Iterable[Number]) -> dict[str, list[Number]]:
    found: dict[str, list[Number]] = {}
    for number in numbers:
        found.setdefault(number[0], []).append(number)
    return dict(sorted(found.items()))


def _indexes(numbers: Iterable[Number], version: int) -> list[bytes]:
    """In the order of the numbers; one place at a time costs least."""
    wanted = list(numbers)
    found: dict[Number, bytes] = {}
    for place, own in _by_place(wanted).items():
        indexes = vault.blind_indexes((value for _, value in own), place=place, version=version)
        found |= zip(own, indexes, strict=True)
    return [found[number] for number in wanted]
