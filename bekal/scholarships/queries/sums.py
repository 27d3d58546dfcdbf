"""Granted = spent + left + returned, read from the ledger for any set of awards."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal
from uuid import UUID

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from bekal.ledger import queries as ledger
from bekal.scholarships.models import Award
from bekal.scholarships.queries.purses import incentive_account, training_account
from bekal.scholarships.rules import Flows, Sums, sums_of

Level = Literal["award", "wave", "regency", "programme"]
COLUMNS: dict[Level, str] = {
    "award": "id", "wave": "wave_id", "regency": "regency_code", "programme": "programme_code",
}  # fmt: skip
PER_READ = 5_000
Member = tuple[str, str]


def sums_of_award(award_id: UUID) -> Sums:
    """The four sums of one person's award, from its two statements."""
    keys = (training_account(award_id), incentive_account(award_id))
    flows: Flows = {}
    for line in (line for key in keys for line in ledger.statement(key)):
        _add(flows, line.code, max(line.amount, 0), max(-line.amount, 0))
    held = ledger.balances(keys).values()
    return sums_of(flows, sum(one.available + one.pending_out for one in held))


def sums_by(level: Level, awards: QuerySet[Award]) -> dict[str, Sums]:
    """The four sums of these awards, added up by award, wave, regency or programme (all in text)."""
    flows: dict[str, Flows] = {}
    left: dict[str, int] = {}
    for group, available, moved in _sums_of(members(level, awards)):
        left[group] = left.get(group, 0) + available
        for code, came, went in moved:
            _add(flows.setdefault(group, {}), code, came, went)
    return {group: sums_of(flows.get(group, {}), left[group]) for group in sorted(left)}


def members(level: Level, awards: QuerySet[Award]) -> QuerySet[Award, Member]:
    """Which account belongs to which group: rows of (account key, group), both accounts of every award."""
    training, incentive = (
        awards.order_by().values_list(_text("award:", name), Cast(F(COLUMNS[level]), CharField()))
        for name in (":training", ":incentive")
    )
    return training.union(incentive, all=True)


def _text(before: str, after: str) -> Concat:
    return Concat(Value(before), Cast("id", CharField()), Value(after), output_field=CharField())


def _sums_of(rows: QuerySet[Award, Member]) -> Iterator[tuple[str, int, list[tuple[str, int, int]]]]:
    """Per account: its group, what it holds (reserved money too), and what moved for good as (code, in, out)."""
    out = {code: ledger.sums_by_account(code, "award:", "debit") for code in ledger.sums_by_code("award:")}
    came = {code: ledger.sums_by_account(code, "award:", "credit") for code in out}
    for chunk in _chunks(rows.iterator(chunk_size=PER_READ)):
        held = ledger.balances(key for key, _ in chunk)
        for key, group in chunk:
            balance = held.get(key, ledger.NOTHING)
            moved = [(code, came[code].get(key, 0), out[code].get(key, 0)) for code in out]
            yield group, balance.available + balance.pending_out, moved


def _chunks(rows: Iterator[Member]) -> Iterable[list[Member]]:
    while chunk := list(islice(rows, PER_READ)):
        yield chunk


def _add(flows: Flows, code: str, came: int, went: int) -> None:
    before = flows.get(code, (0, 0))
    flows[code] = (before[0] + came, before[1] + went)
