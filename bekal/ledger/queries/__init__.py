"""Balances, statements, sums and proofs."""

from bekal.ledger.queries.books import (
    NOTHING,
    Balance,
    Standing,
    StatementLine,
    balance,
    balance_at,
    balances,
    balances_by_kind,
    imbalance,
    standings,
    statement,
    sums_by_account,
    sums_by_code,
)
from bekal.ledger.queries.seals import (
    SealView,
    books_in_order,
    journal_export,
    leaves_between,
    seals,
    settled_number,
)

__all__ = [
    "NOTHING",
    "Balance",
    "SealView",
    "Standing",
    "StatementLine",
    "balance",
    "balance_at",
    "balances",
    "balances_by_kind",
    "books_in_order",
    "imbalance",
    "journal_export",
    "leaves_between",
    "seals",
    "settled_number",
    "standings",
    "statement",
    "sums_by_account",
    "sums_by_code",
]
