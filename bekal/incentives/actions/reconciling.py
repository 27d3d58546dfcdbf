"""Statements of payers: taken in once, what they settle, and every difference they show, with an owner and a day."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.incentives.actions.orders import record_answers, return_order
from bekal.incentives.differences import (
    AGREES_NOW,
    BY_STATEMENT,
    OWNERS,
    PASSING,
    Kind,
    at_stake,
    day_of,
    kinds_of,
    statement_fault,
)
from bekal.incentives.models import (
    STATEMENT_MOVES,
    UNRESOLVED,
    Difference,
    DifferenceState,
    OrderState,
    PayerStatement,
    StatementState,
)
from bekal.incentives.ports import PayAnswer, Statement
from bekal.incentives.queries import covered_days, orphan_amounts, sides_of_open, sides_of_statement, unexplained
from bekal.incentives.queries.sides import Found

SETTLED_AT_ONCE, GIVEN_BACK_AT_ONCE = 2_000, 100
_TAKING = 0x57A7
_COPY = """
    COPY incentives_statement_entry (statement_id, kind, reference, amount, partner_reference, at) FROM STDIN
"""
RECONCILING = "incentives.reconcile_due"


@dataclass(frozen=True, slots=True)
class Taken:
    """A statement that stands, or why it was not taken in (the key of a text)."""

    statement: PayerStatement | None
    refused: str = ""


@action
def take_statement(*, by: Actor, at: datetime, channel: str, sha256: str, statement: Statement) -> Taken:
    """Take in what a payer says of one day. The same file again changes nothing.

    Another file under a number or for a day that stands, one that does not add up or speaks of another account is not
    taken in: nothing moves, the reason is told and kept as a difference.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TAKING])
    own = PayerStatement.objects.filter(channel=channel)
    standing = own.filter(number=statement.number).first() or own.filter(day=statement.day).first()
    if standing is not None and standing.sha256 == sha256:
        events.nothing_changed()
        return Taken(standing)
    if standing is not None:
        return _not_taken(by, at, channel, statement, sha256, "altered", "incentives.statement_altered")
    before = own.order_by("-day").first()
    fault = statement_fault(
        statement.opening, statement.closing, statement.account, before.account if before else "",
        ((line.kind, line.reference, line.amount) for line in statement.lines),
    )  # fmt: skip
    if fault:
        return _not_taken(by, at, channel, statement, sha256, "broken", fault)
    row = _kept(statement, channel, sha256, at)
    _watch_chain(row, at)
    events.record(
        kind="incentives.statement_taken", by=by, at=at, about="statement", key=str(row.id),
        data={"channel": channel, "number": row.number, "sha256": sha256, "entries": row.entries_count,
              "paid": row.paid_amount, "closing": row.closing},
    )  # fmt: skip
    return Taken(row)


@action
def note_broken_statement(*, by: Actor, at: datetime, channel: str, day: date, sha256: str, told: str) -> None:
    """Keep that a file could not be read at all. The same file again changes nothing."""
    noted = _note([_difference("broken", channel, day, sha256[:16], at, told=told[:300])])
    if not noted:
        events.nothing_changed()
        return
    events.record(
        kind="incentives.statement_refused", by=by, at=at, about="statement", key=sha256, why=told[:300],
        data={"channel": channel, "day": day.isoformat()},
    )  # fmt: skip


@action
def note_absent_statement(*, by: Actor, at: datetime, channel: str, day: date) -> None:
    """Keep that a payer has laid down nothing for a day that is over. Said again, nothing changes."""
    if not _note([_difference("gap", channel, day, day.isoformat(), at)]):
        events.nothing_changed()
        return
    events.record(
        kind="incentives.statement_absent", by=by, at=at, about="statement", key=f"{channel}:{day.isoformat()}"
    )


_TO_SETTLE = """
    SELECT DISTINCT ON (o.id) o.id, o.state, e.partner_reference, e.reference, o.amount
    FROM incentives_statement_entry e JOIN incentives_payment_order o ON o.reference = e.reference
    WHERE e.statement_id = %s AND e.kind = 'paid' AND o.channel = %s AND o.amount = e.amount
        AND (o.state IN ('sent', 'unknown') OR o.state IN ('approved', 'held') AND o.sendings > 0)
    ORDER BY o.id LIMIT %s
"""


@action
def settle_from_statement(*, by: Actor, at: datetime, statement_id: UUID) -> int:
    """Count as paid what this statement books and nobody was sure of yet, SETTLED_AT_ONCE orders; how many.

    Call until it is 0: what a crash cut off goes on where it stood.
    """
    row = PayerStatement.objects.select_for_update().get(pk=statement_id)
    with connection.cursor() as cursor:
        cursor.execute(_TO_SETTLE, [row.id, row.channel, SETTLED_AT_ONCE])
        found = cursor.fetchall()
    if row.state != StatementState.TAKEN or not found:
        events.nothing_changed()
        return 0
    answers = [(order_id, PayAnswer("paid", "statement", partner, "")) for order_id, _, partner, _, _ in found]
    record_answers(by=by, at=at, asked="statement", answers=answers)
    _note(
        _difference(
            "unknown_paid", row.channel, row.day, reference, at, statement=row, order_id=order_id, order_state=state,
            ledger_phase="pending", order_amount=amount, ledger_amount=amount, payer_amount=amount,
            stake_amount=amount, **_by_statement(at),
        )
        for order_id, state, _, reference, amount in found
        if state == OrderState.UNKNOWN
    )  # fmt: skip
    return len(found)


_TO_GIVE_BACK = """
    SELECT DISTINCT o.id, o.reference, e.partner_reference, o.amount
    FROM incentives_statement_entry e JOIN incentives_payment_order o ON o.reference = e.reference
    WHERE e.statement_id = %(statement)s AND e.kind = 'returned' AND o.channel = %(channel)s AND o.state = 'paid'
        AND o.amount = e.amount AND (
            SELECT coalesce(sum(CASE b.kind WHEN 'paid' THEN 1 WHEN 'returned' THEN -1 ELSE 0 END), 0)
            FROM incentives_statement_entry b JOIN incentives_statement s ON s.id = b.statement_id
            WHERE b.reference = o.reference AND s.channel = %(channel)s) <= 0
    ORDER BY o.id LIMIT %(limit)s
"""


@action
def give_back_from_statement(*, by: Actor, at: datetime, statement_id: UUID) -> int:
    """Take back what this statement says came back to us whole, GIVEN_BACK_AT_ONCE orders; how many. Call until 0."""
    row = PayerStatement.objects.select_for_update().get(pk=statement_id)
    with connection.cursor() as cursor:
        cursor.execute(_TO_GIVE_BACK, {"statement": row.id, "channel": row.channel, "limit": GIVEN_BACK_AT_ONCE})
        found = cursor.fetchall()
    if row.state != StatementState.TAKEN or not found:
        events.nothing_changed()
        return 0
    for _, reference, partner, amount in found:
        return_order(by=by, at=at, reference=reference, partner_reference=partner, amount=amount)
    _note(
        _difference(
            "returned", row.channel, row.day, reference, at, statement=row, order_id=order_id,
            order_state=OrderState.PAID, ledger_phase="post", order_amount=amount, ledger_amount=amount,
            payer_amount=0, stake_amount=amount, **_by_statement(at),
        )
        for order_id, reference, _, amount in found
    )  # fmt: skip
    return len(found)


@action
def compare_statement(*, by: Actor, at: datetime, statement_id: UUID) -> dict[str, int]:
    """Lay a statement beside our orders and our ledger and queue every difference; found ones by class.

    What was queued before and agrees by now is over. Compared already, nothing changes.
    """
    row = PayerStatement.objects.select_for_update().get(pk=statement_id)
    if row.state != StatementState.TAKEN:
        events.nothing_changed()
        return {}
    covered, counts = covered_days(row.channel, date.max), dict[str, int]()
    for chunk in sides_of_statement(row):
        for kind in _note(_differences(chunk, row, covered, at)):
            counts[kind] = counts.get(kind, 0) + 1
    _explain_agreed(row.channel, covered, at)
    for kind in _note(_of_the_whole(row, at)):
        counts[kind] = counts.get(kind, 0) + 1
    move(row, StatementState.COMPARED, moves=STATEMENT_MOVES, compared_at=at)
    events.record(
        kind="incentives.statement_compared", by=by, at=at, about="statement", key=str(row.id),
        data={"channel": row.channel, "number": row.number, "found": counts},
    )  # fmt: skip
    return counts


def _kept(statement: Statement, channel: str, sha256: str, at: datetime) -> PayerStatement:
    sums = {"paid": 0, "returned": 0, "in": 0, "fee": 0}
    count = 0
    for line in statement.lines:
        sums[line.kind] += line.amount
        count += 1
    row = PayerStatement.objects.create(
        id=ids.fresh("statement", channel, statement.number), channel=channel, number=statement.number,
        account=statement.account, day=statement.day, opening=statement.opening, closing=statement.closing,
        sha256=sha256, entries_count=count, paid_amount=sums["paid"], returned_amount=sums["returned"],
        in_amount=sums["in"], fee_amount=sums["fee"], state=StatementState.TAKEN, taken_at=at,
    )  # fmt: skip
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for place, line in enumerate(statement.lines, 1):
            reference = line.reference or f"{statement.number}#{place}"
            copy.write_row((row.id, line.kind, reference, line.amount, line.partner_reference[:64], line.at))
    return row


def _watch_chain(row: PayerStatement, at: datetime) -> None:
    """Each statement begins with what the one of the day before ended with; days between two are missing."""
    own = PayerStatement.objects.filter(channel=row.channel)
    for earlier, later in (
        (own.filter(day__lt=row.day).order_by("-day").first(), row),
        (row, own.filter(day__gt=row.day).order_by("day").first()),
    ):
        if earlier is None or later is None:
            continue
        days = [earlier.day + timedelta(days=n) for n in range(1, (later.day - earlier.day).days)]
        _note(_difference("gap", row.channel, day, day.isoformat(), at) for day in days)
        if not days and earlier.closing != later.opening:
            _note([_difference(
                "chain", row.channel, later.day, later.number, at, statement=later, order_amount=earlier.closing,
                payer_amount=later.opening, stake_amount=abs(later.opening - earlier.closing),
            )])  # fmt: skip
    _explain(Difference.objects.filter(kind="gap", channel=row.channel, reference=row.day.isoformat()), at)


def _differences(
    chunk: Sequence[Found], row: PayerStatement, covered: frozenset[date], at: datetime
) -> Iterator[Difference]:
    for order_id, sides in chunk:
        for kind in kinds_of(sides, covered):
            yield _difference(
                kind, row.channel, row.day, sides.reference, at, statement=row, order_id=order_id,
                order_state=sides.order.state if sides.order else "",
                order_amount=sides.order.amount if sides.order else None, stake_amount=at_stake(sides),
                ledger_phase=sides.ledger[0] if sides.ledger else "",
                ledger_amount=sides.ledger[1] if sides.ledger else None, payer_amount=sides.booked.amount,
            )  # fmt: skip


def _of_the_whole(row: PayerStatement, at: datetime) -> Iterator[Difference]:
    """Differences that no single payment shows."""
    if row.fee_amount:
        yield _difference(
            "fee", row.channel, row.day, row.number, at, statement=row, payer_amount=row.fee_amount,
            stake_amount=row.fee_amount,
        )  # fmt: skip
    rest = unexplained(row.channel)
    if rest:
        yield _difference(
            "balance", row.channel, row.day, str(rest), at, statement=row, payer_amount=rest, stake_amount=abs(rest)
        )
    for account, by_orders, by_ledger in orphan_amounts(row.channel):
        yield _difference(
            "ledger_without_order", row.channel, row.day, f"{account}:{by_ledger - by_orders}", at, statement=row,
            order_amount=by_orders, ledger_amount=by_ledger, stake_amount=abs(by_ledger - by_orders),
        )  # fmt: skip


def _explain_agreed(channel: str, covered: frozenset[date], at: datetime) -> None:
    still = {
        (kind, sides.reference)
        for chunk in sides_of_open(channel, sorted(PASSING))
        for _, sides in chunk
        for kind in kinds_of(sides, covered)
    }
    rows = Difference.objects.filter(channel=channel, state__in=UNRESOLVED, kind__in=sorted(PASSING))
    over = [row.pk for row in rows.only("pk", "kind", "reference") if (row.kind, row.reference) not in still]
    _explain(Difference.objects.filter(pk__in=over), at)


def _explain(rows: QuerySet[Difference], at: datetime) -> None:
    rows.filter(state__in=UNRESOLVED).update(
        state=DifferenceState.EXPLAINED, why=AGREES_NOW, resolved_by=RECONCILING, resolved_at=at
    )


def _not_taken(by: Actor, at: datetime, channel: str, statement: Statement, sha256: str, kind: Kind, why: str) -> Taken:
    if not _note([_difference(kind, channel, statement.day, sha256[:16], at, told=why)]):
        events.nothing_changed()
        return Taken(None, why)
    events.record(
        kind="incentives.statement_refused", by=by, at=at, about="statement", key=sha256, why=why,
        data={"channel": channel, "number": statement.number, "day": statement.day.isoformat()},
    )  # fmt: skip
    return Taken(None, why)


def _difference(kind: Kind, channel: str, day: date, reference: str, at: datetime, **columns: Any) -> Difference:
    owner, days = OWNERS[kind]
    return Difference(
        id=ids.fresh("difference", channel, kind, reference), kind=kind, channel=channel, day=day,
        reference=reference, owner=owner, due_on=day_of(at) + timedelta(days=days), found_at=at,
        **({"state": DifferenceState.OPEN} | columns),
    )  # fmt: skip


def _by_statement(at: datetime) -> dict[str, Any]:
    """The columns of what is found and put right in one step, because the statement is what settles it."""
    return {"state": DifferenceState.EXPLAINED, "why": BY_STATEMENT, "resolved_by": RECONCILING, "resolved_at": at}


def _note(found: Iterable[Difference]) -> list[str]:
    """Queue differences that are not queued yet; the classes of those that are new."""
    rows = list(found)
    if not rows:
        return []
    known = set(
        Difference.objects.filter(reference__in=[row.reference for row in rows]).values_list(
            "channel", "kind", "reference"
        )
    )
    fresh = [row for row in rows if (row.channel, row.kind, row.reference) not in known]
    Difference.objects.bulk_create(fresh, batch_size=2_000, ignore_conflicts=True)
    return [row.kind for row in fresh]
