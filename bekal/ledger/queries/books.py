"""What is where, what moved when, and whether it adds up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from bekal.ledger.rules import key_of


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
    """One transfer as an account sees it: `amount` whole rupiah, in positive, out negative, 0 while pending or void."""

    at: datetime
    code: str
    reference: str
    amount: int
    other: str
    phase: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a transfer: `phase` single, pending, post or void; `amount` whole rupiah."""

    phase: str
    amount: int


@dataclass(frozen=True, slots=True)
class Book:
    """The accounts of one kind and book added up: what they hold, and what moved for good by code (in, out)."""

    kind: str
    book: str
    accounts: int
    balance: Balance
    flows: Mapping[str, tuple[int, int]]


NOTHING = Balance(0, 0, 0, 0, 0)
_SUMS = """
    sum(credits_posted - debits_posted - debits_pending)::bigint, sum(debits_pending)::bigint,
    sum(credits_pending)::bigint, sum(credits_posted)::bigint, sum(debits_posted)::bigint
"""
_MOVED = "phase IN ('single', 'post')"


def balance(key: str) -> Balance:
    """The balance of one account; nothing where it was never opened."""
    return balances([key]).get(key, NOTHING)


def balances(keys: Iterable[str]) -> dict[str, Balance]:
    """Balances of the accounts among `keys` that exist."""
    sql = f"SELECT key, {_SUMS} FROM ledger_standing WHERE key = ANY(%s) GROUP BY key"  # noqa: S608
    return {key: Balance(*numbers) for key, *numbers in _rows(sql, [list(keys)])}


def balances_by_kind() -> dict[str, Balance]:
    """The accounts of each kind, added up."""
    sql = f"SELECT kind, {_SUMS} FROM ledger_standing GROUP BY kind ORDER BY kind"  # noqa: S608
    return {kind: Balance(*numbers) for kind, *numbers in _rows(sql)}


def balance_at(key: str, at: datetime) -> Balance:
    """The balance of one account as it stood at a past instant, from the transfers effective by then."""
    rows = _rows(
        """
        SELECT t.credit_id = a.id, t.phase, sum(t.amount)::bigint
        FROM ledger_account a JOIN ledger_transfer t ON t.debit_id = a.id OR t.credit_id = a.id
        WHERE a.key = %s AND t.at <= %s GROUP BY 1, 2
        """,
        [key, at],
    )
    moved = {(bool(incoming), phase): amount for incoming, phase, amount in rows}

    def side(incoming: bool) -> tuple[int, int]:
        """Posted and pending money of one side."""
        single, pending, post, void = (
            moved.get((incoming, phase), 0) for phase in ("single", "pending", "post", "void")
        )
        return single + post, pending - post - void

    (credits, pending_in), (debits, pending_out) = side(True), side(False)
    return Balance(credits - debits - pending_out, pending_out, pending_in, credits, debits)


def statement(key: str, until: datetime | None = None) -> list[StatementLine]:
    """Every transfer that touched an account by `until`, oldest first; money in is positive."""
    rows = _rows(
        """
        SELECT t.at, t.code, t.reference, t.amount, t.phase, t.debit_id = a.id, other.key
        FROM ledger_account a JOIN ledger_transfer t ON t.debit_id = a.id OR t.credit_id = a.id
        JOIN ledger_account other ON other.id = CASE WHEN t.debit_id = a.id THEN t.credit_id ELSE t.debit_id END
        WHERE a.key = %s AND (%s::timestamptz IS NULL OR t.at <= %s) ORDER BY t.number
        """,
        [key, until, until],
    )
    return [
        StatementLine(at, code, reference, _signed(amount, phase, outgoing), other, phase)
        for at, code, reference, amount, phase, outgoing, other in rows
    ]


def standings(references: Sequence[str]) -> dict[str, Standing]:
    """What became of the transfers with these references; those never posted are missing."""
    rows = _rows(
        """
        SELECT p.reference, coalesce(r.phase, p.phase), p.amount
        FROM ledger_transfer p LEFT JOIN ledger_transfer r ON r.key = ledger_resolution(p.key)
        WHERE p.key = ANY(%s)
        """,
        [[key_of(reference) for reference in references]],
    )
    return {reference: Standing(phase, amount) for reference, phase, amount in rows}


def sums_by_code(prefix: str = "") -> dict[str, int]:
    """Money moved for good, by code, over debit or credit accounts whose key begins with `prefix`."""
    sql = f"""
        WITH own AS MATERIALIZED (SELECT id FROM ledger_account WHERE starts_with(key, %s))
        SELECT code, sum(amount)::bigint FROM ledger_transfer
        WHERE {_MOVED} AND (debit_id IN (SELECT id FROM own) OR credit_id IN (SELECT id FROM own))
        GROUP BY code ORDER BY code
    """  # noqa: S608
    return dict(_rows(sql, [prefix]))


def sums_by_account(code: str, prefix: str, side: str = "debit") -> dict[str, int]:
    """Money moved for good under `code`, per account of that side whose key begins with `prefix`."""
    column = {"debit": "debit_id", "credit": "credit_id"}[side]
    sql = f"""
        SELECT a.key, sum(t.amount)::bigint FROM ledger_transfer t JOIN ledger_account a ON a.id = t.{column}
        WHERE t.{_MOVED} AND t.code = %s AND starts_with(a.key, %s) GROUP BY a.key ORDER BY a.key
    """  # noqa: S608
    return dict(_rows(sql, [code, prefix]))


def books_of(kinds: Sequence[str], prefix: str = "") -> list[Book]:
    """The accounts of these kinds by kind and book, of books that begin with `prefix`; two statements."""
    held = _rows(
        f"SELECT kind, book, count(*), {_SUMS} FROM ledger_standing"  # noqa: S608
        " WHERE kind = ANY(%s) AND starts_with(book, %s) AND book <> '' GROUP BY kind, book ORDER BY kind, book",
        [list(kinds), prefix],
    )
    moved = _rows(
        f"""
        WITH own AS MATERIALIZED (
            SELECT id, kind, book FROM ledger_account WHERE kind = ANY(%s) AND starts_with(book, %s) AND book <> ''
        )
        SELECT kind, book, code, sum(came)::bigint, sum(went)::bigint FROM (
            SELECT a.kind, a.book, t.code, t.amount AS came, 0 AS went
            FROM own a JOIN ledger_transfer t ON t.credit_id = a.id WHERE {_MOVED}
            UNION ALL
            SELECT a.kind, a.book, t.code, 0, t.amount
            FROM own a JOIN ledger_transfer t ON t.debit_id = a.id WHERE {_MOVED}
        ) sides GROUP BY kind, book, code ORDER BY code
        """,  # noqa: S608
        [list(kinds), prefix],
    )
    flows: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for kind, book, code, came, went in moved:
        flows.setdefault((kind, book), {})[code] = (came, went)
    return [
        Book(kind, book, accounts, Balance(*numbers), flows.get((kind, book), {}))
        for kind, book, accounts, *numbers in held
    ]


def imbalance() -> int:
    """Credits less debits over all accounts, and accounts whose counters are not those of the transfers; 0 or the books
    are wrong."""
    by_accounts = _rows("SELECT coalesce(sum(credits_posted - debits_posted), 0)::bigint FROM ledger_standing")
    differing = _rows(
        """
        SELECT count(*) FROM ledger_standing a LEFT JOIN (
            SELECT id, sum(d) AS d, sum(dp) AS dp, sum(c) AS c, sum(cp) AS cp FROM (
                SELECT debit_id AS id,
                    CASE WHEN phase IN ('single', 'post') THEN amount ELSE 0 END AS d,
                    CASE phase WHEN 'single' THEN 0 WHEN 'pending' THEN amount ELSE -amount END AS dp, 0 AS c, 0 AS cp
                FROM ledger_transfer
                UNION ALL
                SELECT credit_id, 0, 0, CASE WHEN phase IN ('single', 'post') THEN amount ELSE 0 END,
                    CASE phase WHEN 'single' THEN 0 WHEN 'pending' THEN amount ELSE -amount END
                FROM ledger_transfer
            ) legs GROUP BY id
        ) t USING (id)
        WHERE (a.debits_posted, a.debits_pending, a.credits_posted, a.credits_pending)
            IS DISTINCT FROM (coalesce(t.d, 0), coalesce(t.dp, 0), coalesce(t.c, 0), coalesce(t.cp, 0))
        """
    )
    return abs(int(by_accounts[0][0])) + int(differing[0][0])


def _signed(amount: int, phase: str, outgoing: bool) -> int:
    if phase in ("void", "pending"):
        return 0
    return -amount if outgoing else amount


def _rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
