"""Every write of the ledger. One definition posts one transfer, a linked batch, or a million."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from django.db import IntegrityError, connection, transaction

from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.engines import merkle
from bekal.engines.merkle import seal
from bekal.ledger import rules
from bekal.ledger.models import Account, Seal, Transfer
from bekal.ledger.queries import sealed_leaves
from bekal.ledger.rules import Posting

_SEALING = 0x5EA1  # advisory lock: shared by every posting, exclusive while sealing


class Overdrawn(Refused):
    code = "ledger.overdrawn"


class NoSuchAccount(Refused):
    code = "ledger.no_such_account"


class BadPosting(Refused):
    code = "ledger.bad_posting"


class AlteredReplay(Refused):
    code = "ledger.altered_replay"


class NotPending(Refused):
    code = "ledger.not_pending"


class AlreadyResolved(Refused):
    code = "ledger.already_resolved"


@action
def open_account(*, by: Actor, at: datetime, key: str, kind: str, limit: Literal["debits", "none"] = "debits") -> None:
    """Open an account; opening it again changes nothing."""
    open_accounts(by=by, at=at, accounts=[(key, kind, limit)])


@action
def open_accounts(*, by: Actor, at: datetime, accounts: Iterable[tuple[str, str, str]]) -> None:
    """Open many accounts, each (key, kind, limit), in one statement."""
    rows = [Account(key=key, kind=kind, limit=limit, opened_at=at) for key, kind, limit in accounts]
    Account.objects.bulk_create(rows, batch_size=rules.BATCH, ignore_conflicts=True)
    if rows:
        events.record(
            kind="ledger.accounts_opened", by=by, at=at, about="account", key=rows[0].key, data={"count": len(rows)}
        )
    else:
        events.nothing_changed()


_INSERT = """
    WITH asked AS (
        SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[])
            AS t(key, debit, credit, amount, code, phase, reference)
    )
    INSERT INTO ledger_transfer (key, debit_id, credit_id, amount, code, phase, reference, actor, at)
    SELECT key, debit, credit, amount, code, phase, reference, %s, %s FROM asked
    ON CONFLICT (reference) DO NOTHING
    RETURNING debit_id, credit_id, amount, phase
"""

_COUNT = """
    UPDATE ledger_account AS a SET
        debits_pending = a.debits_pending + c.debits_pending, debits_posted = a.debits_posted + c.debits_posted,
        credits_pending = a.credits_pending + c.credits_pending, credits_posted = a.credits_posted + c.credits_posted
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
        AS c(key, debits_pending, debits_posted, credits_pending, credits_posted)
    WHERE a.key = c.key
"""

_RESOLVE = """
    INSERT INTO ledger_transfer (key, debit_id, credit_id, amount, code, phase, reference, pending_id, actor, at)
    SELECT r.key, p.debit_id, p.credit_id, p.amount, p.code, %s, p.reference || %s, p.key, %s, %s
    FROM unnest(%s::uuid[], %s::text[]) AS r(key, reference) JOIN ledger_transfer p USING (reference)
    WHERE p.phase = 'pending'
    ON CONFLICT (reference) DO NOTHING
    RETURNING debit_id, credit_id, amount
"""


@action
def post_transfers(*, by: Actor, at: datetime, transfers: Sequence[Posting]) -> None:
    """Post a linked batch: all of it or nothing.

    Idempotent by reference: a transfer that stands already, with the same content, is left as it is; with
    other content the batch is refused with `AlteredReplay`. Raises `Overdrawn` where a limited account would
    go below zero, `NoSuchAccount`, `BadPosting`.
    """
    problems = rules.faults(transfers)
    if problems:
        raise BadPosting(problems="; ".join(problems[:3]))
    with connection.cursor() as cursor:
        _share(cursor)
        _lock(cursor, {key for t in transfers for key in (t.debit, t.credit)})
        cursor.execute(
            _INSERT,
            [
                [ids.fresh("transfer", t.reference) for t in transfers], [t.debit for t in transfers],
                [t.credit for t in transfers], [t.amount for t in transfers], [t.code for t in transfers],
                [t.phase for t in transfers], [t.reference for t in transfers], by.key, at,
            ],
        )  # fmt: skip
        new = cursor.fetchall()
        if len(new) < len(transfers):
            _refuse_altered(transfers)
        _count(cursor, [_effect(*row) for row in new])
    if not new:
        events.nothing_changed()
        return
    events.record(
        kind="ledger.transfers_posted", by=by, at=at, about="transfer", key=transfers[0].reference,
        data={"count": len(new), "amount": sum(row[2] for row in new)},
    )  # fmt: skip


@action
def resolve_pending(*, by: Actor, at: datetime, references: Sequence[str], into: Literal["post", "void"]) -> None:
    """Post or void pending transfers, named by their references. Asked again the same way, nothing changes."""
    with connection.cursor() as cursor:
        _share(cursor)
        cursor.execute(
            "SELECT DISTINCT unnest(ARRAY[debit_id, credit_id]) FROM ledger_transfer WHERE reference = ANY(%s)",
            [list(references)],
        )
        _lock(cursor, {row[0] for row in cursor.fetchall()})
        try:
            with transaction.atomic():
                keys = [ids.fresh("transfer", reference, into) for reference in references]
                cursor.execute(_RESOLVE, [into, f"#{into}", by.key, at, keys, list(references)])
                new = cursor.fetchall()
        except IntegrityError as error:
            raise AlreadyResolved(reference=references[0]) from error
        _count(cursor, [_resolution(debit, credit, amount, into) for debit, credit, amount in new])
    if len(new) < len(references):
        _refuse_unresolvable(references, into)
    if not new:
        events.nothing_changed()
        return
    events.record(
        kind=f"ledger.pending_{into}ed", by=by, at=at, about="transfer", key=references[0], data={"count": len(new)}
    )


@action
def seal_journal(*, by: Actor, at: datetime) -> None:
    """Seal every transfer not yet sealed: leaves in order of their keys, one Merkle root, chained."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEALING])
    before = Seal.objects.order_by("-number").first()
    fresh = Transfer.objects.order_by("key")
    if before:
        fresh = fresh.filter(number__gt=before.last)
    rows = list(fresh)
    if not rows:
        events.nothing_changed()
        return
    root = merkle.root(sealed_leaves(rows))
    previous = bytes(before.chain) if before else seal.CHAIN_START
    numbers = [row.number for row in rows]
    made = Seal.objects.create(
        number=before.number + 1 if before else 1, first=min(numbers), last=max(numbers), size=len(rows), root=root,
        previous=previous, chain=seal.chain(previous, root, len(rows)), at=at,
    )  # fmt: skip
    events.record(
        kind="ledger.sealed", by=by, at=at, about="seal", key=str(made.number),
        data={"root": root.hex(), "size": len(rows)},
    )  # fmt: skip


Effect = tuple[str, int, int, int, int]


def _effect(debit: str, credit: str, amount: int, phase: str) -> tuple[Effect, Effect]:
    if phase == "pending":
        return (debit, amount, 0, 0, 0), (credit, 0, 0, amount, 0)
    return (debit, 0, amount, 0, 0), (credit, 0, 0, 0, amount)


def _resolution(debit: str, credit: str, amount: int, into: str) -> tuple[Effect, Effect]:
    posted = amount if into == "post" else 0
    return (debit, -amount, posted, 0, 0), (credit, 0, 0, -amount, posted)


def _count(cursor: Any, effects: Sequence[tuple[Effect, Effect]]) -> None:
    totals: dict[str, list[int]] = {}
    for pair in effects:
        for key, *counts in pair:
            row = totals.setdefault(key, [0, 0, 0, 0])
            for place, value in enumerate(counts):
                row[place] += value
    if not totals:
        return
    columns = [list(column) for column in zip(*totals.values(), strict=True)]
    try:
        with transaction.atomic():
            cursor.execute(_COUNT, [list(totals), *columns])
    except IntegrityError as error:
        if "account_not_overdrawn" not in str(error):
            raise
        raise Overdrawn(accounts=", ".join(sorted(totals)[:3])) from error


def _share(cursor: Any) -> None:
    cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_SEALING])


def _lock(cursor: Any, keys: set[str]) -> None:
    cursor.execute("SELECT key FROM ledger_account WHERE key = ANY(%s) ORDER BY key FOR NO KEY UPDATE", [sorted(keys)])
    missing = keys - {row[0] for row in cursor.fetchall()}
    if missing:
        raise NoSuchAccount(account=min(missing))


def _refuse_altered(transfers: Sequence[Posting]) -> None:
    standing = {
        row.reference: Posting(row.debit_id, row.credit_id, row.amount, row.code, row.reference, row.phase)  # type: ignore[arg-type]
        for row in Transfer.objects.filter(reference__in=[t.reference for t in transfers])
    }
    for wanted in transfers:
        if standing[wanted.reference] != wanted:
            raise AlteredReplay(reference=wanted.reference)


def _refuse_unresolvable(references: Sequence[str], into: str) -> None:
    done = set(
        Transfer.objects.filter(reference__in=[f"{reference}#{into}" for reference in references]).values_list(
            "pending__reference", flat=True
        )
    )
    for reference in references:
        if reference not in done:
            raise NotPending(reference=reference)
