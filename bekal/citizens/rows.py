"""Applicants as rows of a list: the same answers as on the pages, read by the same rules. Pure.

Cells are text. A date may be 1995-08-15 or 15/08/1995, a sex F, M, P or L, a regency 32.73 or 3273; several interests
or consents are separated by "|". `consent_taken` says how the person consented.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from bekal.citizens.rules import (
    LANGUAGES,
    Details,
    Fault,
    NikReading,
    Registration,
    read_answers,
    read_nik,
)

NEEDED = (
    "nik", "family_card", "name", "birth_date", "sex", "regency", "phone", "schooling", "occupation", "consents",
    "consent_taken",
)  # fmt: skip
OPTIONAL = ("disability", "interests", "language")
TAKEN = ("signature", "thumbprint", "spoken", "online")
"""On paper, signed or with a thumb; aloud before a witness; by the person on a screen."""
_SEXES = {"F": "F", "P": "F", "M": "M", "L": "M"}
_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)", re.ASCII)
_LOCAL = re.compile(r"(\d\d?)[/.-](\d\d?)[/.-](\d{4})", re.ASCII)
_REGENCY = re.compile(r"(\d\d)\.?(\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Applicant:
    """A row that can be taken; `row`: its number in the list, `taken`: how the person consented."""

    row: int
    details: Details
    taken: str


@dataclass(frozen=True, slots=True)
class CellFault:
    """Why a row cannot be taken: the column, and the text `citizens.<kind>`."""

    row: int
    cell: str
    fault: Fault


def read_row(row: int, cells: Mapping[str, str], on: date) -> Applicant | list[CellFault]:
    """An applicant, or every reason why the row cannot be taken, by column."""
    born, sex = read_date(cells["birth_date"]), _SEXES.get(cells["sex"].strip().upper())
    taken = cells["consent_taken"].strip()
    faults: list[tuple[str, Fault]] = []
    if born is None:
        faults.append(("birth_date", Fault("date_unreadable", {})))
    if sex is None:
        faults.append(("sex", Fault("choice_unknown", {"field": "sex"})))
    if taken not in TAKEN:
        faults.append(("consent_taken", Fault("consent_not_taken", {"ways": ", ".join(TAKEN)})))
    if faults:
        return _faults(row, faults, read_answers(_readable(cells, born, sex, on), on))
    assert born
    assert sex
    found = read_answers(_said(cells, born, sex), on)
    return Applicant(row, found, taken) if isinstance(found, Details) else _faults(row, [], found)


@lru_cache(maxsize=65_536)
def read_date(typed: str) -> date | None:
    """A day as 1995-08-15 or 15/08/1995, with midnight after it or not."""
    day = typed.strip().removesuffix(" 00:00:00").removesuffix("T00:00:00")
    whole, local = _ISO.fullmatch(day), _LOCAL.fullmatch(day)
    parts = whole.groups() if whole else local.groups()[::-1] if local else ()
    try:
        return date(*map(int, parts)) if parts else None
    except ValueError:
        return None


def _faults(row: int, own: list[tuple[str, Fault]], others: Details | list[tuple[str, Fault]]) -> list[CellFault]:
    named = {cell for cell, _ in own}
    more = [] if isinstance(others, Details) else [pair for pair in others if pair[0] not in named]
    return [CellFault(row, cell, fault) for cell, fault in own + more]


def _readable(cells: Mapping[str, str], born: date | None, sex: str | None, on: date) -> Registration:
    """With what the NIK says in place of what cannot be read, so that the other cells can be told about too."""
    nik = read_nik(cells["nik"], on)
    if isinstance(nik, NikReading):
        born, sex = born or nik.birth_date, sex or nik.sex
    return _said(cells, born or date(2000, 1, 1), sex or "F")


def _said(cells: Mapping[str, str], born: date, sex: str) -> Registration:
    get = cells.get
    return Registration(
        cells["nik"], cells["family_card"], cells["name"], born, sex,  # type: ignore[arg-type]
        _regency(cells["regency"]), cells["phone"], cells["schooling"].strip(), get("disability", "").strip() or None,
        cells["occupation"].strip(), _several(get("interests", "")),
        get("language", "").strip() or LANGUAGES[0],  # type: ignore[arg-type]
        _several(cells["consents"]),
    )  # fmt: skip


@lru_cache(maxsize=16_384)
def _regency(typed: str) -> str:
    found = _REGENCY.fullmatch(typed.strip())
    return f"{found[1]}.{found[2]}" if found else typed.strip()


@lru_cache(maxsize=16_384)
def _several(typed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in typed.split("|") if part.strip()))
