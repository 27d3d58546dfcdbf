"""Every write of the ledger. One definition posts one transfer, a linked batch, or a million."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from bekal.core import events
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.engines import merkle
from bekal.engines.merkle import seal
from bekal.ledger import rules
from bekal.ledger.models import Account, Seal
from bekal.ledger.queries import leaves_between, settled_number
from bekal.ledger.rules import BATCH, Opening, Posting, key_of, pieces, resolution_of


class Overdrawn(Refused):
    code = "ledger.overdrawn"


class NoSuchAccount(Refused):
    code = "ledger.no_such_account"


class AccountClosed(Refused):
    code = "ledger.account_closed"


class AccountNotEmpty(Refused):
    code = "ledger.account_not_empty"


class OtherCurrency(Refused):
    code = "ledger.other_currency"


class BadPosting(Refused):
    code = "ledger.bad_posting"


class AlteredReplay(Refused):
    code = "ledger.altered_replay"


class NotPending(Refused):
    code = "ledger.not_pending"


class AlreadyResolved(Refused):
    code = "ledger.already_resolved"


_OPEN = """
    INSERT INTO ledger_account (id, key, kind, owner, book, "limit", currency, opened_at)
    SELECT nextval(CASE WHEN busy THEN 'ledger_busy_number' ELSE 'ledger_account_number' END),
        key, kind, owner, book, lim, currency, %s
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bool[])
        WITH ORDINALITY AS asked(key, kind, lim, owner, book, currency, busy, place)
    WHERE NOT EXISTS (SELECT FROM ledger_account a WHERE a.key = asked.key)
    ORDER BY place
    ON CONFLICT (key) DO NOTHING
"""


@action
def open_accounts(*, by: Actor, at: datetime, accounts: Sequence[Opening]) -> None:
    """Open many accounts in one statement; opening one again changes nothing."""
    opened = 0
    with connection.cursor() as cursor:
        for some in pieces(accounts, BATCH):
            columns = zip(
                *((a.key, a.kind, a.limit, a.owner, a.book, a.currency, a.busy or a.limit == "none") for a in some),
                strict=True,
            )
            cursor.execute(_OPEN, [at, *map(list, columns)])
            opened += cursor.rowcount
    if not opened:
        events.nothing_changed()
        return
    events.record(
        kind="ledger.accounts_opened", by=by, at=at, about="account", key=accounts[0].key, data={"count": opened}
    )


@action
def close_account(*, by: Actor, at: datetime, key: str) -> None:
    """Close an empty account: no transfer touches it any more. Raises NoSuchAccount, AccountNotEmpty."""
    row = Account.objects.select_for_update().filter(key=key).first()
    if row is None:
        raise NoSuchAccount(account=key)
    if row.closed_at is not None:
        events.nothing_changed()
        return
    try:
        with transaction.atomic():
            if row.id < 0:
                fold_account(row.id)
            Account.objects.filter(pk=row.id).update(closed_at=at)
    except IntegrityError as error:
        raise AccountNotEmpty(account=key) from error
    events.record(kind="ledger.account_closed", by=by, at=at, about="account", key=key)


ARRAYS = """
    SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::uuid[])
        AS asked(debit, credit, amount, code, reference, phase, key)
"""
SELECTED = """
    SELECT *, ledger_key(reference) AS key FROM (SELECT * FROM ({select}) AS given OFFSET 0) AS selected OFFSET 0
"""
"""What is asked for: columns debit, credit (account keys), amount, code, reference, phase, key. OFFSET 0: references
and keys are put together once each."""

_POST = """
    INSERT INTO ledger_transfer (key, debit_id, credit_id, amount, at, code, phase, reference, actor)
    SELECT t.key, d.id, c.id, t.amount, %s, t.code, t.phase, t.reference, %s
    FROM ({asked}) t
    LEFT JOIN ledger_account d ON d.key = t.debit
    LEFT JOIN ledger_account c ON c.key = t.credit AND c.currency = d.currency
    {unless}
"""
ONE_BY_ONE = "ON CONFLICT (key) DO NOTHING"
IN_A_SET = "WHERE NOT EXISTS (SELECT FROM ledger_transfer s WHERE s.key = t.key) ORDER BY t.key"
"""How what stands already is left out: by trying each, whatever plan was kept from when tables were small; or by one
look, in the order of the keys."""
_MEMORY = "SELECT set_config('work_mem', %s, true)"
BULK_MEMORY = "256MB"
"""What sorting and joining in one bulk posting may take."""

_ALTERED = """
    SELECT t.reference FROM ({asked}) t
    JOIN ledger_transfer s ON s.key = t.key
    JOIN ledger_account d ON d.id = s.debit_id JOIN ledger_account c ON c.id = s.credit_id
    WHERE (s.reference, d.key, c.key, s.amount, s.code, s.phase)
        IS DISTINCT FROM (t.reference, t.debit, t.credit, t.amount, t.code, t.phase)
    LIMIT 1
"""

_RESOLVE = """
    INSERT INTO ledger_transfer (key, pending, debit_id, credit_id, amount, at, code, phase, reference, actor)
    SELECT ledger_resolution(p.key), p.key, p.debit_id, p.credit_id, p.amount, %s, p.code, %s, p.reference || %s, %s
    FROM ledger_transfer p
    WHERE p.key = ANY(%s) AND p.phase = 'pending'
    ON CONFLICT (key) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Posted:
    """What a posting did: transfers asked for, and new ones among them."""

    asked: int
    new: int


@action
def post_transfers(*, by: Actor, at: datetime, transfers: Sequence[Posting]) -> Posted:
    """Post a linked batch: all of it or nothing.

    Idempotent by reference: a transfer that stands already, with the same content, is left as it is; with
    other content the batch is refused with `AlteredReplay`. Raises `Overdrawn` where a limited account would
    go below zero, `NoSuchAccount`, `AccountClosed`, `OtherCurrency`, `BadPosting`.
    """
    problems = rules.faults(transfers)
    if problems:
        raise BadPosting(problems="; ".join(problems[:3]))
    posted = []
    for some in pieces(transfers, BATCH):
        keys = [key_of(t.reference) for t in some]
        _open_months({rules.month_of(key) for key in keys})
        columns = zip(*((t.debit, t.credit, t.amount, t.code, t.reference, t.phase) for t in some), strict=True)
        posted.append(_post(ARRAYS, [*map(list, columns), keys], by, at, len(some), ONE_BY_ONE))
    return _noted(posted, by, at, transfers[0].reference if transfers else "")


@action
def post_selected(*, by: Actor, at: datetime, select: str, parameters: Sequence[Any], name: str) -> Posted:
    """Post what a SELECT over the caller's own tables asks for, however many: the same as `post_transfers` of its rows.

    `select` gives debit, credit (account keys), amount, code, reference, phase; it is the caller's text, never a
    user's. `name` stands for the whole in the event. Raises what post_transfers raises.
    """
    asked = SELECTED.format(select=select)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), current_setting('work_mem') FROM ({select}) AS t", parameters)  # noqa: S608
        count, memory = cursor.fetchone()
        cursor.execute(_MEMORY, [BULK_MEMORY])
        try:
            posted = _post(asked, parameters, by, at, count, IN_A_SET)
        except NoSuchMonth:
            cursor.execute(f"SELECT DISTINCT left(key::text, 13) FROM ({asked}) AS t", parameters)  # noqa: S608
            keys = [UUID(f"{head}-7000-8000-000000000000") for (head,) in cursor.fetchall()]
            _open_months({rules.month_of(key) for key in keys})
            posted = _post(asked, parameters, by, at, count, IN_A_SET)
        cursor.execute(_MEMORY, [memory])
    return _noted([posted], by, at, name)


@action
def resolve_pending(*, by: Actor, at: datetime, references: Sequence[str], into: Literal["post", "void"]) -> None:
    """Post or void pending transfers, named by their references. Asked again the same way, nothing changes."""
    new = 0
    for some in pieces(references, BATCH):
        keys = [key_of(reference) for reference in some]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_RESOLVE, [at, into, f"#{into}", by.key, keys])
                made = cursor.rowcount
        except IntegrityError as error:
            if "_pkey" in str(error):
                raise AlreadyResolved(reference=some[0]) from error
            raise
        if made < len(some):
            _refuse_unresolvable(some, into)
        new += made
    if not new:
        events.nothing_changed()
        return
    events.record(
        kind=f"ledger.pending_{into}ed", by=by, at=at, about="transfer", key=references[0], data={"count": new}
    )


class NoSuchMonth(Exception):
    """The month of a transfer has no partition yet."""


def _post(asked: str, parameters: Sequence[Any], by: Actor, at: datetime, count: int, unless: str) -> Posted:
    """Post the `count` transfers that are `asked`. Raises NoSuchMonth beside what post_transfers raises."""
    post = _POST.format(asked=asked, unless=unless)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(post, [at, by.key, *parameters])
            posted = Posted(count, cursor.rowcount)
    except IntegrityError as error:
        if "no partition" in str(error):
            raise NoSuchMonth from error
        raise _refusal(error, asked, parameters) from error
    if posted.new < posted.asked:
        with connection.cursor() as cursor:
            cursor.execute(_ALTERED.format(asked=asked), parameters)
            altered = cursor.fetchone()
        if altered:
            raise AlteredReplay(reference=altered[0])
    return posted


def _noted(posted: Sequence[Posted], by: Actor, at: datetime, name: str) -> Posted:
    """The whole of what was posted, with its event: its lines are the transfers of this actor and instant."""
    whole = Posted(sum(one.asked for one in posted), sum(one.new for one in posted))
    if not whole.new:
        events.nothing_changed()
        return whole
    events.record(kind="ledger.transfers_posted", by=by, at=at, about="transfer", key=name, data={"count": whole.new})
    return whole


_ENDS = """
    SELECT t.debit, t.credit, d.currency, c.currency, d.closed_at, c.closed_at FROM ({asked}) t
    LEFT JOIN ledger_account d ON d.key = t.debit LEFT JOIN ledger_account c ON c.key = t.credit
    WHERE d.id IS NULL OR c.id IS NULL OR d.currency <> c.currency OR d.closed_at IS NOT NULL OR c.closed_at IS NOT NULL
    LIMIT 1
"""


def _refusal(error: IntegrityError, asked: str, parameters: Sequence[Any]) -> Exception:
    """What a broken constraint means to the caller; the error itself when it means a defect of ours."""
    if "account_not_overdrawn" in str(error):
        return Overdrawn(accounts=_in_detail(error))
    with connection.cursor() as cursor:
        cursor.execute(_ENDS.format(asked=asked), parameters)
        row = cursor.fetchone()
    if row is None:
        return error
    debit, credit, debit_currency, credit_currency, debit_closed, _ = row
    if debit_currency is None or credit_currency is None:
        return NoSuchAccount(account=credit if debit_currency else debit)
    if debit_currency != credit_currency:
        return OtherCurrency(debit=debit, credit=credit)
    return AccountClosed(account=debit if debit_closed else credit)


def _in_detail(error: IntegrityError) -> str:
    """The account's key in PostgreSQL's `Failing row contains (id, key, ...)`."""
    detail = str(getattr(getattr(error.__cause__, "diag", None), "message_detail", ""))
    return detail.split("(", 1)[-1].split(", ")[1] if detail.count(", ") > 1 else ""


_known_months: set[datetime] = set()


def _open_months(months: set[datetime]) -> None:
    """Make the partitions of these months; a process asks once for each that was committed."""
    unknown = months - _known_months
    if unknown:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_open_month(m) FROM unnest(%s::timestamptz[]) AS m", [sorted(unknown)])
        transaction.on_commit(lambda: _known_months.update(unknown))


@action
def open_months(*, by: Actor, at: datetime, instants: Sequence[datetime]) -> None:
    """Have the partitions of the months in which these instants lie."""
    _open_months({datetime(one.year, one.month, 1, tzinfo=UTC) for one in instants})
    events.nothing_changed()


def fold_account(number: int) -> None:
    """Fold a busy account's deltas into its counters; used inside actions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_fold(%s)", [number])


@action
def fold_accounts(*, by: Actor, at: datetime) -> None:
    """Fold what busy accounts were sent without a lock into their counters; their balances stay the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT account_id FROM ledger_delta ORDER BY account_id")
        numbers = [row[0] for row in cursor.fetchall()]
    for number in numbers:
        fold_account(number)
    events.nothing_changed()


@action
def seal_journal(*, by: Actor, at: datetime, newest: int | None = None) -> None:
    """Seal every transfer not yet sealed: runs of at most SEAL_SIZE numbers, leaves in order of their keys, chained.

    `newest`: what `settled_number` said before, so that nobody waits while this hashes.
    """
    newest = settled_number() if newest is None else newest
    before = Seal.objects.order_by("-number").first()
    number, last, previous = (before.number, before.last, bytes(before.chain)) if before else (0, 0, seal.CHAIN_START)
    made = []
    while last < newest:
        first, last = last + 1, min(last + rules.SEAL_SIZE, newest)
        leaves = leaves_between(number + 1, first, last)
        if leaves:
            number, root = number + 1, merkle.root(leaves)
            chain = seal.chain(previous, root, len(leaves))
            made.append(
                Seal(
                    number=number, first=first, last=last, size=len(leaves), root=root, previous=previous, chain=chain,
                    at=at,
                )
            )  # fmt: skip
            previous = chain
    if not made:
        events.nothing_changed()
        return
    Seal.objects.bulk_create(made)
    events.record(
        kind="ledger.sealed", by=by, at=at, about="seal", key=str(number),
        data={"root": bytes(made[-1].root).hex(), "size": sum(one.size for one in made), "seals": len(made)},
    )  # fmt: skip


def _refuse_unresolvable(references: Sequence[str], into: str) -> None:
    keys = {resolution_of(key_of(reference)): reference for reference in references}
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, phase FROM ledger_transfer WHERE key = ANY(%s)", [list(keys)])
        standing = dict(cursor.fetchall())
    for key, reference in keys.items():
        if key not in standing:
            raise NotPending(reference=reference)
        if standing[key] != into:
            raise AlreadyResolved(reference=reference)
