"""Order, ledger and statement of many payments side by side, gathered set-wise; `differences` says what they mean."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from bekal.incentives.differences import BOOKED_OTHERWISE, CUT_OFF, Booked, OrderSide, Sides, day_starts
from bekal.incentives.models import PayerStatement
from bekal.ledger.queries import standings

CHUNK = 5_000
Found = tuple[UUID | None, Sides]

_OF_STATEMENT = """
    SELECT reference FROM incentives_statement_entry WHERE statement_id = %(statement)s AND kind IN ('paid', 'returned')
    UNION
    SELECT reference FROM incentives_payment_order
    WHERE channel = %(channel)s AND (planned_at >= %(from)s AND planned_at < %(till)s
        OR settled_at >= %(from)s AND settled_at < %(till)s)
    UNION
    SELECT reference FROM incentives_payment_order o
    WHERE channel = %(channel)s AND state IN ('paid', 'sent', 'unknown')
        AND coalesce(settled_at, intent_at) >= %(began)s AND intent_at < %(till)s AND NOT EXISTS (
            SELECT FROM incentives_statement_entry e WHERE e.reference = o.reference AND e.kind = 'paid')
"""
_OF_OPEN = """
    SELECT reference FROM incentives_difference
    WHERE channel = %(channel)s AND state IN ('open', 'proposed') AND kind = ANY(%(kinds)s)
"""
_SIDES = """
    SELECT scope.reference, o.id, o.state, o.amount, o.intent_at, o.settled_at, coalesce(b.paid, 0),
        coalesce(b.paid_amount, 0), coalesce(b.returned, 0), coalesce(b.returned_amount, 0), b.first_on
    FROM ({scope}) AS scope
    LEFT JOIN incentives_payment_order o ON o.reference = scope.reference AND o.channel = %(channel)s
    LEFT JOIN (
        SELECT e.reference, count(*) FILTER (WHERE e.kind = 'paid') AS paid,
            (sum(e.amount) FILTER (WHERE e.kind = 'paid'))::bigint AS paid_amount,
            count(*) FILTER (WHERE e.kind = 'returned') AS returned,
            (sum(e.amount) FILTER (WHERE e.kind = 'returned'))::bigint AS returned_amount,
            min(s.day) FILTER (WHERE e.kind = 'paid') AS first_on
        FROM incentives_statement_entry e JOIN incentives_statement s ON s.id = e.statement_id
        WHERE s.channel = %(channel)s AND e.kind IN ('paid', 'returned')
            AND e.reference IN (SELECT reference FROM ({scope}) AS wanted)
        GROUP BY e.reference
    ) AS b ON b.reference = scope.reference
"""


def sides_of_statement(statement: PayerStatement) -> Iterator[list[Found]]:
    """Every payment this statement speaks of, or should: (order, sides), CHUNK at a time, inside one transaction."""
    began = min(statement.day, *covered_days(statement.channel, statement.day))
    return _sides(
        _OF_STATEMENT,
        {
            "statement": statement.id, "channel": statement.channel, "from": day_starts(statement.day),
            "till": day_starts(statement.day + timedelta(days=1)), "began": day_starts(began) + CUT_OFF,
        },
    )  # fmt: skip


def sides_of_open(channel: str, kinds: Sequence[str]) -> Iterator[list[Found]]:
    """The payments behind differences of these classes that nobody has resolved yet."""
    return _sides(_OF_OPEN, {"channel": channel, "kinds": list(kinds)})


def covered_days(channel: str, day: date) -> frozenset[date]:
    """The days up to `day` of which a statement is there."""
    rows = PayerStatement.objects.filter(channel=channel, day__lte=day)
    return frozenset(rows.values_list("day", flat=True))


_UNEXPLAINED = """
    SELECT coalesce(sum(booked - CASE WHEN o.state = 'paid' THEN o.amount ELSE 0 END), 0)::bigint FROM (
        SELECT e.reference,
            sum(CASE e.kind WHEN 'paid' THEN e.amount WHEN 'returned' THEN -e.amount ELSE 0 END)::bigint AS booked
        FROM incentives_statement_entry e JOIN incentives_statement s ON s.id = e.statement_id
        WHERE s.channel = %(channel)s AND e.kind IN ('paid', 'returned') GROUP BY e.reference
    ) AS b
    LEFT JOIN incentives_payment_order o ON o.reference = b.reference AND o.channel = %(channel)s
    WHERE NOT EXISTS (
        SELECT FROM incentives_difference d
        WHERE d.channel = %(channel)s AND d.reference = b.reference AND d.kind = ANY(%(kinds)s)
    )
"""


def unexplained(channel: str) -> int:
    """What the payer booked, less what our orders say it should have, less what stands as a difference; 0, or one of
    the three is wrong in a way that no payment shows."""
    with connection.cursor() as cursor:
        cursor.execute(_UNEXPLAINED, {"channel": channel, "kinds": sorted(BOOKED_OTHERWISE)})
        return int(cursor.fetchone()[0])


def _sides(scope: str, values: dict[str, Any]) -> Iterator[list[Found]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SIDES.format(scope=scope), values)
        while rows := cursor.fetchmany(CHUNK):
            ledger = {key: (one.phase, one.amount) for key, one in standings([row[0] for row in rows]).items()}
            yield [_found(row, ledger.get(row[0])) for row in rows]


def _found(row: tuple[Any, ...], ledger: tuple[str, int] | None) -> Found:
    reference, order_id, state, amount, sent_at, settled_at, *booked = row
    order = OrderSide(state, amount, sent_at, settled_at) if order_id is not None else None
    return order_id, Sides(reference, order, ledger, Booked(*booked))
