"""Granted = spent + left + returned, read from the ledger for any set of awards."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from bekal.ledger import queries as ledger
from bekal.scholarships.models import Award
from bekal.scholarships.queries.purses import incentive_account, training_account
from bekal.scholarships.rules import Purse, Sums

Level = Literal["id", "wave_id", "regency_code", "programme_code"]
Group = tuple[str, ...]
PARTS = ("training", "incentive")
PER_READ = 5_000


def sums_of_award(award_id: UUID) -> Sums:
    """The four sums of one person's award, from its two statements."""
    purse = Purse(awards=1)
    for key in (training_account(award_id), incentive_account(award_id)):
        held = ledger.balance(key)
        purse.hold(key.rsplit(":", 1)[1], held.available, held.pending_out)
        for line in ledger.statement(key):
            purse.move(line.code, max(line.amount, 0), max(-line.amount, 0))
    return purse.sums


def sums_by(level: Level, awards: QuerySet[Award]) -> dict[str, Sums]:
    """The four sums of these awards, by one column, as text."""
    return {group[0]: purse.sums for group, purse in purses_by((level,), awards).items()}


def purses_by(levels: tuple[Level, ...], awards: QuerySet[Award]) -> dict[Group, Purse]:
    """The money of these awards by columns of the award, as text."""
    found: dict[Group, Purse] = {}
    for part, group, held, moved in _read(members(levels, awards)):
        purse = found.setdefault(group, Purse())
        purse.awards += part == PARTS[0]
        purse.hold(part, held.available, held.pending_out)
        for code, came, went in moved:
            purse.move(code, came, went)
    return dict(sorted(found.items()))


def members(levels: tuple[Level, ...], awards: QuerySet[Award]) -> QuerySet[Award, tuple[Any, ...]]:
    """Which account belongs to which group: rows of (account key, part, *group), both accounts of every award."""
    columns = [Cast(F(level), CharField()) for level in levels]
    training, incentive = (
        awards.order_by().values_list(_key(part), Value(part, output_field=CharField()), *columns) for part in PARTS
    )
    return training.union(incentive, all=True)


def _key(part: str) -> Concat:
    return Concat(Value("award:"), Cast("id", CharField()), Value(f":{part}"), output_field=CharField())


Moved = list[tuple[str, int, int]]


def _read(rows: QuerySet[Award, tuple[Any, ...]]) -> Iterator[tuple[str, Group, ledger.Balance, Moved]]:
    """Per account: its part, its group, its balance, and what moved for good as (code, in, out)."""
    out = {code: ledger.sums_by_account(code, "award:", "debit") for code in ledger.sums_by_code("award:")}
    came = {code: ledger.sums_by_account(code, "award:", "credit") for code in out}
    for chunk in _chunks(rows.iterator(chunk_size=PER_READ)):
        held = ledger.balances(row[0] for row in chunk)
        for key, part, *group in chunk:
            moved = [
                (code, came[code].get(key, 0), out[code].get(key, 0))
                for code in out
                if key in came[code] or key in out[code]
            ]
            yield part, tuple(group), held.get(key, ledger.NOTHING), moved


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterable[list[tuple[Any, ...]]]:
    while chunk := list(islice(rows, PER_READ)):
        yield chunk
