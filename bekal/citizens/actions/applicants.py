"""Registering many people at once, from lists of villages, training centres or an earlier system."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from bekal.citizens.models import State
from bekal.citizens.rows import Applicant, CellFault
from bekal.citizens.rules import FAMILY, NIK, PHONE, Details, Fault
from bekal.core import events, ids, marks, vault
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.marks import Number

_HELD = "SELECT ref, citizen_id FROM citizens_holding WHERE ref = ANY(%s)"
_SAID = """
    SELECT c.id, c.name, c.birth_date, c.sex, c.regency_code, c.schooling, c.disability, c.occupation, c.interests,
        c.language, c.family_ref, c.phone_ref
    FROM citizens_citizen c WHERE c.id = ANY(%s)
"""
_TABLES: Mapping[str, tuple[str, ...]] = {
    "citizens_citizen": (
        "id", "nik_sealed", "nik_ref", "family_sealed", "family_ref", "phone_sealed", "phone_ref", "name", "birth_date",
        "sex", "regency_code", "schooling", "disability", "occupation", "interests", "language", "state", "mismatching",
        "registered_at",
    ),
    "citizens_holding": ("ref", "kind", "citizen_id"),
    "citizens_consent": ("id", "citizen_id", "purpose", "given_at", "taken"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of a piece of a list: how many are new, how many were registered with these very answers before, and
    why others cannot be."""

    added: int
    known: int
    faults: list[CellFault]


@dataclass(slots=True)
class _Register:
    """What the register says of the numbers of a piece: the reference of each that has one, who holds it, and what the
    holders said."""

    refs: dict[Number, UUID]
    holders: dict[UUID, UUID]
    said: dict[UUID, tuple[Any, ...]]
    niks: dict[str, Applicant] = field(default_factory=dict)
    phones: dict[str, Applicant] = field(default_factory=dict)

    def take(self, one: Applicant) -> str | list[CellFault]:
        """ "new", "known", or why not; earlier rows of the piece come first."""
        nik, phone = one.details.nik, one.details.phone
        earlier, earlier_phone = self.niks.get(nik), self.phones.get(phone)
        holder, phone_holder = self._holder(NIK, nik), self._holder(PHONE, phone)
        if (earlier and _same(earlier.details, one.details)) or (holder and self.said[holder] == self._answers(one)):
            return "known"
        faults = []
        if earlier or holder:
            faults.append(("nik", _twice("nik", earlier)))
        if earlier_phone or phone_holder:
            faults.append(("phone", _twice("phone", earlier_phone)))
        if faults:
            return [CellFault(one.row, cell, fault) for cell, fault in faults]
        self.niks[nik] = self.phones[phone] = one
        return "new"

    def _holder(self, place: str, value: str) -> UUID | None:
        ref = self.refs.get((place, value))
        return self.holders.get(ref) if ref else None

    def _answers(self, one: Applicant) -> tuple[Any, ...]:
        family, phone = self.refs.get((FAMILY, one.details.family_card)), self.refs.get((PHONE, one.details.phone))
        return (*_plain(one.details), family, phone)


@action
def register_applicants(*, by: Actor, at: datetime, source: str, applicants: Sequence[Applicant]) -> Registered:
    """Register the people of a piece of a list, in the order of the list; `source`: the list's SHA-256.

    Who is registered with the same answers is known, and nothing changes. Whose NIK or phone somebody else has, or an
    earlier row, is told. Raises IntegrityError when somebody registered with one of these numbers in this very
    instant: nothing was changed, and asked again it is told.
    """
    register = _looked_up(applicants)
    outcomes = [(one, register.take(one)) for one in applicants]
    new = [one for one, outcome in outcomes if outcome == "new"]
    known = sum(1 for _, outcome in outcomes if outcome == "known")
    faults = [fault for _, outcome in outcomes if isinstance(outcome, list) for fault in outcome]
    if not new:
        events.nothing_changed()
        return Registered(0, known, faults)
    citizens = _write(new, register.refs, at)
    events.record_batch(
        kind="citizens.applicants_registered", by=by, at=at, about="applicants", key=source,
        lines=((str(citizen_id), {"row": one.row}) for citizen_id, one in zip(citizens, new, strict=True)),
    )  # fmt: skip
    return Registered(len(new), known, faults)


def _looked_up(applicants: Sequence[Applicant]) -> _Register:
    numbers = [number for one in applicants for number in _numbers(one.details)]
    refs = marks.find(numbers)
    held = [ref for (place, _), ref in refs.items() if place != FAMILY]
    holders: dict[UUID, UUID] = {}
    said: dict[UUID, tuple[Any, ...]] = {}
    if held:
        with connection.cursor() as cursor:
            cursor.execute(_HELD, [held])
            holders = dict(cursor.fetchall())
            cursor.execute(_SAID, [list(set(holders.values()))])
            said = {row[0]: (*row[1:8], tuple(row[8]), *row[9:]) for row in cursor.fetchall()}
    return _Register(refs, holders, said)


def _write(new: Sequence[Applicant], refs: dict[Number, UUID], at: datetime) -> list[UUID]:
    """Write the people with their numbers, holdings and consents; their ids."""
    lacking = dict.fromkeys(number for one in new for number in _numbers(one.details) if number not in refs)
    if lacking:
        refs |= marks.refer({number: ids.fresh(*number) for number in lacking})
    people = [ids.fresh("citizen", one.details.nik) for one in new]
    holdings = sorted(
        row
        for citizen_id, one in zip(people, new, strict=True)
        for row in (
            (refs[NIK, one.details.nik], "nik", citizen_id),
            (refs[PHONE, one.details.phone], "phone", citizen_id),
        )
    )
    _copy("citizens_holding", holdings)
    _copy("citizens_citizen", _citizen_rows(new, people, refs, at))
    _copy("citizens_consent", (
        (ids.fresh("consent", str(citizen_id), purpose), citizen_id, purpose, at, one.taken)
        for citizen_id, one in zip(people, new, strict=True)
        for purpose in sorted(one.details.said.consents)
    ))  # fmt: skip
    return people


def _citizen_rows(
    new: Sequence[Applicant], people: Sequence[UUID], refs: Mapping[Number, UUID], at: datetime
) -> Iterable[tuple[Any, ...]]:
    niks = vault.seal_many((one.details.nik for one in new), place=NIK, rows=people)
    cards = vault.seal_many((one.details.family_card for one in new), place=FAMILY, rows=people)
    phones = vault.seal_many((one.details.phone for one in new), place=PHONE, rows=people)
    for one, citizen_id, nik, card, phone in zip(new, people, niks, cards, phones, strict=True):
        details = one.details
        name, born, sex, regency, schooling, disability, occupation, interests, language = _plain(details)
        yield (
            citizen_id, nik, refs[NIK, details.nik], card, refs[FAMILY, details.family_card], phone,
            refs[PHONE, details.phone], name, born, sex, regency, schooling, disability, occupation,
            f"{{{','.join(interests)}}}", language, State.REGISTERED.value, "{}", at,
        )  # fmt: skip


def _copy(table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(_TABLES[table])}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _numbers(details: Details) -> tuple[Number, Number, Number]:
    return (NIK, details.nik), (FAMILY, details.family_card), (PHONE, details.phone)


def _plain(details: Details) -> tuple[Any, ...]:
    """The answers that stand in columns of their own, in the order of `_SAID`."""
    said = details.said
    return (
        details.name, said.birth_date, said.sex, said.regency_code, said.schooling, said.disability or "",
        said.occupation, said.interests, said.language,
    )  # fmt: skip


def _same(one: Details, other: Details) -> bool:
    return (_numbers(one), _plain(one)) == (_numbers(other), _plain(other))


def _twice(cell: str, earlier: Applicant | None) -> Fault:
    return Fault(f"{cell}_twice", {"row": earlier.row}) if earlier else Fault(f"{cell}_taken", {})
