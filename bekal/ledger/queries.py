"""Balances, statements, sums and proofs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from bekal.core import vault
from bekal.engines import merkle
from bekal.engines.merkle import seal
from bekal.ledger.models import Account, Phase, Seal, Transfer
from bekal.ledger.rules import leaf_document


@dataclass(frozen=True, slots=True)
class Balance:
    """Whole rupiah. `available` = credits - debits - pending_out."""

    available: int
    pending_out: int
    pending_in: int
    credits: int
    debits: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    at: datetime
    code: str
    reference: str
    amount: int
    other: str
    phase: str


@dataclass(frozen=True, slots=True)
class SealView:
    number: int
    size: int
    root: str
    previous: str
    chain: str
    at: datetime


NOTHING = Balance(0, 0, 0, 0, 0)


def balance(key: str) -> Balance:
    """The balance of one account; nothing where it was never opened."""
    return balances([key]).get(key, NOTHING)


def balances(keys: Iterable[str]) -> dict[str, Balance]:
    """Balances of the accounts among `keys` that exist."""
    return {row.key: _balance(row) for row in Account.objects.filter(key__in=list(keys))}


def balances_by_kind() -> dict[str, Balance]:
    """The accounts of each kind, added up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, sum(credits_posted - debits_posted - debits_pending)::bigint, sum(debits_pending)::bigint,"
            " sum(credits_pending)::bigint, sum(credits_posted)::bigint, sum(debits_posted)::bigint"
            " FROM ledger_account GROUP BY kind ORDER BY kind"
        )
        return {kind: Balance(*numbers) for kind, *numbers in cursor.fetchall()}


def statement(key: str) -> list[StatementLine]:
    """Every transfer that touched an account, oldest first; money in is positive. Voids carry 0."""
    rows = Transfer.objects.filter(Q(debit_id=key) | Q(credit_id=key)).order_by("number")
    return [_line(row, key) for row in rows]


def sums_by_code(prefix: str = "") -> dict[str, int]:
    """Money moved for good, by code, over debit or credit accounts whose key begins with `prefix`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, sum(amount)::bigint FROM ledger_transfer WHERE phase IN ('single', 'post')"
            " AND (starts_with(debit_id, %s) OR starts_with(credit_id, %s)) GROUP BY code ORDER BY code",
            [prefix, prefix],
        )
        return dict(cursor.fetchall())


def sums_by_account(code: str, prefix: str, side: str = "debit") -> dict[str, int]:
    """Money moved for good under `code`, per account of that side whose key begins with `prefix`."""
    column = {"debit": "debit_id", "credit": "credit_id"}[side]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column}, sum(amount)::bigint FROM ledger_transfer WHERE phase IN ('single', 'post')"  # noqa: S608
            f" AND code = %s AND starts_with({column}, %s) GROUP BY {column} ORDER BY {column}",
            [code, prefix],
        )
        return dict(cursor.fetchall())


_PHASES = """
    SELECT t.reference, coalesce(r.phase, t.phase), t.amount
    FROM ledger_transfer t LEFT JOIN ledger_transfer r ON r.pending_id = t.key
    WHERE t.reference = ANY(%s) AND t.pending_id IS NULL
"""


def phases_of(references: Sequence[str]) -> dict[str, tuple[str, int]]:
    """How far each of these transfers has come, and its amount: pending, post, void or single. In one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_PHASES, [list(references)])
        return {reference: (phase, amount) for reference, phase, amount in cursor.fetchall()}


def imbalance() -> int:
    """The sum over all accounts of credits less debits, recomputed from the transfers too; 0 or the books are wrong."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(credits_posted - debits_posted), 0)::bigint FROM ledger_account")
        by_accounts = int(cursor.fetchone()[0])
        cursor.execute(
            """
            SELECT count(*) FROM ledger_account a LEFT JOIN (
                SELECT key, sum(d) AS d, sum(c) AS c FROM (
                    SELECT debit_id AS key, amount AS d, 0 AS c FROM ledger_transfer WHERE phase IN ('single', 'post')
                    UNION ALL
                    SELECT credit_id, 0, amount FROM ledger_transfer WHERE phase IN ('single', 'post')
                ) legs GROUP BY key
            ) t USING (key)
            WHERE a.debits_posted <> coalesce(t.d, 0) OR a.credits_posted <> coalesce(t.c, 0)
            """
        )
        return abs(by_accounts) + int(cursor.fetchone()[0])


def books_in_order() -> list[str]:
    """Problems of the books, recomputed from the transfers: counters, difference, seals and their chain."""
    problems = []
    if imbalance():
        problems.append("accounts and transfers do not agree")
    previous = seal.CHAIN_START
    for row in Seal.objects.order_by("number"):
        leaves = sealed_leaves(_sealed(row))
        if len(leaves) != row.size or merkle.root(leaves) != bytes(row.root):
            problems.append(f"seal {row.number}: the transfers under it are not those that were sealed")
        if bytes(row.previous) != previous or seal.chain(previous, bytes(row.root), row.size) != bytes(row.chain):
            problems.append(f"seal {row.number}: the chain is broken")
        previous = bytes(row.chain)
    return problems


def seals() -> list[SealView]:
    """Every seal, oldest first."""
    return [_seal_view(row) for row in Seal.objects.order_by("number")]


def journal_export(references: Sequence[str] | None = None) -> dict[str, Any]:
    """Seals, and an inclusion proof for each sealed transfer among `references` (all when None).

    The shape is that of `tools/verify_ledger.py`. A proof opens its own leaf and nobody else's.
    """
    wanted = None if references is None else set(references)
    proofs = []
    for row in Seal.objects.order_by("number"):
        transfers = list(_sealed(row))
        tree = merkle.Tree(sealed_leaves(transfers))
        proofs += [
            {
                "seal": row.number, "index": index, "leaf": leaf_of(t), "salt": salt_of(t.key).hex(),
                "path": [step.hex() for step in tree.path(index)],
            }
            for index, t in enumerate(transfers)
            if wanted is None or t.reference in wanted
        ]  # fmt: skip
    return {
        "seals": [
            {
                "number": s.number, "size": s.size, "root": s.root, "previous": s.previous, "chain": s.chain,
                "at": s.at.isoformat(),
            }
            for s in seals()
        ],
        "proofs": proofs,
    }  # fmt: skip


def sealed_leaves(rows: Iterable[Transfer]) -> list[bytes]:
    """The leaf hashes of these transfers, in their order."""
    return [seal.seal_leaf(leaf_of(row), salt_of(row.key)) for row in rows]


def leaf_of(row: Transfer) -> dict[str, Any]:
    """What a seal's leaf says of this transfer."""
    return leaf_document(
        key=row.key, debit=row.debit_id, credit=row.credit_id, amount=row.amount, code=row.code, phase=row.phase,
        reference=row.reference, at=row.at,
    )  # fmt: skip


def salt_of(key: UUID) -> bytes:
    """The 32 secret bytes that keep a sealed leaf from being guessed."""
    return vault.fingerprint(str(key), place="ledger.leaf")


def _sealed(row: Seal) -> QuerySet[Transfer]:
    return Transfer.objects.filter(number__gte=row.first, number__lte=row.last).order_by("key")


def _balance(row: Account) -> Balance:
    return Balance(
        available=row.credits_posted - row.debits_posted - row.debits_pending,
        pending_out=row.debits_pending,
        pending_in=row.credits_pending,
        credits=row.credits_posted,
        debits=row.debits_posted,
    )


def _line(row: Transfer, key: str) -> StatementLine:
    outgoing = row.debit_id == key
    sign = 0 if row.phase in (Phase.VOID, Phase.PENDING) else -1 if outgoing else 1
    other = row.credit_id if outgoing else row.debit_id
    return StatementLine(row.at, row.code, row.reference, sign * row.amount, other, row.phase)


def _seal_view(row: Seal) -> SealView:
    return SealView(
        row.number, row.size, bytes(row.root).hex(), bytes(row.previous).hex(), bytes(row.chain).hex(), row.at
    )
