"""Money that was set aside or sent, and was not paid: back to its award, and of an award that has ended to its fund."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bekal.core.events import Actor
from bekal.incentives.models import PaymentOrder
from bekal.ledger.actions import post_transfers, resolve_pending
from bekal.ledger.rules import Posting
from bekal.scholarships.actions import hold_awards, pass_on_ended


def unset_aside(*, by: Actor, at: datetime, rows: Sequence[PaymentOrder]) -> None:
    """Give back what was set aside for these orders, which will not be paid."""
    _hold(rows)
    resolve_pending(by=by, at=at, references=sorted(row.reference for row in rows), into="void")
    _pass_on(by=by, at=at, rows=rows)


def book_return(*, by: Actor, at: datetime, row: PaymentOrder, posting: Posting) -> None:
    """Book the money of a paid order that came back."""
    _hold([row])
    post_transfers(by=by, at=at, transfers=[posting])
    _pass_on(by=by, at=at, rows=[row])


def _hold(rows: Iterable[PaymentOrder]) -> None:
    hold_awards(row.award_id for row in rows if row.award_id is not None)


def _pass_on(*, by: Actor, at: datetime, rows: Iterable[PaymentOrder]) -> None:
    pass_on_ended(by=by, at=at, causes={row.award_id: row.reference for row in rows if row.award_id is not None})
