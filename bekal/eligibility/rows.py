"""Rows of a list of a register: a NIK, and what is said beside it to check it by. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from bekal.citizens.rows import read_date
from bekal.citizens.rules import Fault, read_nik

Reason = tuple[str, str, Mapping[str, Any]]
"""(column, kind of the text `citizens.<kind>`, facts)."""

_LEAST_ALIKE = 0.6
_WORD = re.compile(r"\w+")


def read_listed(cells: Mapping[str, str], on: date) -> str | list[Reason]:
    """The sixteen digits, or why the row cannot be taken."""
    nik = read_nik(cells["nik"], on)
    if isinstance(nik, Fault):
        return [("nik", nik.kind, nik.facts)]
    said = cells.get("birth_date", "").strip()
    if said:
        born = read_date(said)
        if born is None:
            return [("birth_date", "date_unreadable", {})]
        if (born.day, born.month, born.year % 100) != (
            nik.birth_date.day, nik.birth_date.month, nik.birth_date.year % 100
        ):  # fmt: skip
            return [("birth_date", "listed_other_birth_date", {})]
    return nik.digits


def name_reasons(listed: str, registered: str | None) -> list[Reason]:
    """Why the NIK of a row is probably somebody else's; empty when names are alike or there is nothing to compare."""
    if not listed.strip() or registered is None or _alike(listed, registered):
        return []
    return [("nik", "listed_other_name", {})]


def _alike(one: str, other: str) -> bool:
    """A word in common, or letters much alike: lists shorten names, leave out titles and spell them otherwise."""
    first, second = (_WORD.findall(name.casefold()) for name in (one, other))
    long_words = {word for word in first if len(word) > 2} & {word for word in second if len(word) > 2}
    return bool(long_words) or SequenceMatcher(None, "".join(first), "".join(second)).ratio() >= _LEAST_ALIKE
