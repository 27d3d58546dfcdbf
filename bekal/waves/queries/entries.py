"""Everybody in a wave, in the order of the roll, read once in batches: ticket ids and what the output test watches."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import Sum
from django.db.models.functions import Collate

from bekal.citizens.queries import Traits, traits_of
from bekal.engines.draw.roll import RollMember
from bekal.engines.draw.watch import Attribute
from bekal.waves import rules
from bekal.waves.models import Application, ApplicationState

BATCH = 10_000


class _Entry(NamedTuple):
    citizen_id: UUID
    regency_code: str
    joined_at: datetime


class Entries:
    """`people` and `collapsed`: entries, and how many more times they joined."""

    def __init__(self, wave_id: UUID) -> None:
        self._rows = Application.objects.filter(wave_id=wave_id).exclude(state=ApplicationState.EXCLUDED)
        self.people = self._rows.count()
        self.collapsed = (self._rows.aggregate(all=Sum("attempts"))["all"] or 0) - self.people

    def _in_order(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        rows = self._rows.order_by(Collate("region", "C"), Collate("group", "C"), "ticket_id")
        return rows.values_list(*columns).iterator(chunk_size=BATCH)

    def members(self) -> Iterator[RollMember]:
        """Entries of the roll, already in its order."""
        for ticket, region, group in self._in_order("ticket_id", "region", "group"):
            yield RollMember(bytes(ticket), region, group)

    def attributes(self, at: datetime) -> list[Attribute]:
        """What the output test watches, by position of the roll: day of joining, regency, sex and age group at `at`."""
        names = ("joined_on", "regency", "sex", "age")
        numbers: dict[str, dict[str, int]] = {name: {} for name in names}
        codes: dict[str, list[int]] = {name: [] for name in names}
        rows = self._in_order("citizen_id", "regency_code", "joined_at")
        while entries := [_Entry(*row) for row in islice(rows, BATCH)]:
            traits = traits_of(entry.citizen_id for entry in entries)
            for entry in entries:
                for name, value in _values(entry, traits[entry.citizen_id], at).items():
                    codes[name].append(numbers[name].setdefault(value, len(numbers[name])))
        return [_attribute(name, numbers[name], codes[name]) for name in names]


def _values(entry: _Entry, person: Traits, at: datetime) -> dict[str, str]:
    return {
        "joined_on": entry.joined_at.astimezone(rules.OFFICE_TIME).date().isoformat(),
        "regency": entry.regency_code,
        "sex": person.sex,
        "age": rules.age_group(person.birth_date, at.astimezone(rules.OFFICE_TIME).date()),
    }


def _attribute(name: str, numbers: dict[str, int], codes: list[int]) -> Attribute:
    """Values in their natural order, which is that of their texts."""
    values = sorted(numbers)
    rank = np.empty(len(values), dtype=np.uint16)
    rank[[numbers[value] for value in values]] = np.arange(len(values))
    return Attribute(name, tuple(values), rank[np.array(codes, dtype=np.int64)])
