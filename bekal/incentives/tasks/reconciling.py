"""Day by day: the payers' statements are fetched, taken in, and laid beside our orders and our ledger."""

import hashlib
import logging
from collections.abc import Iterator
from datetime import date, timedelta

from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.ports import PortClosed, open_port
from bekal.incentives.actions import (
    compare_statement,
    give_back_from_statement,
    note_absent_statement,
    note_broken_statement,
    settle_from_statement,
    take_statement,
)
from bekal.incentives.differences import day_of
from bekal.incentives.models import Channel
from bekal.incentives.ports import StatementBroken, Statements
from bekal.incentives.queries import first_intent, last_day, missing_days, to_compare

log = logging.getLogger(__name__)
BY = Actor.system("incentives.reconcile_due")


def reconcile_due() -> int:
    """Take in every statement that is there, and compare it; how many were compared.

    A payer that cannot be reached, or a file that cannot be read, keeps nobody else's from being compared.
    """
    take_due()
    return compare_due()


def take_due() -> None:
    """Fetch and take in the statements of every closed day that are not here yet."""
    for channel in Channel.values:
        try:
            port: Statements = open_port(f"statements:{channel}")
        except PortClosed:
            continue
        try:
            _take(channel, port)
        except ConnectionError as silence:
            log.warning("no statement of the %s today: %s", channel, silence)


def compare_due() -> int:
    """Settle what the statements at hand settle, and compare each; how many."""
    compared = to_compare()
    for statement_id in compared:
        for step in (settle_from_statement, give_back_from_statement):
            while step(by=BY, at=clock.now(), statement_id=statement_id):
                pass
    for statement_id in compared:
        compare_statement(by=BY, at=clock.now(), statement_id=statement_id)
    return len(compared)


def _take(channel: str, port: Statements) -> None:
    yesterday = day_of(clock.now()) - timedelta(days=1)
    for day in _days_to_fetch(channel, yesterday):
        raw = port.fetch(day=day)
        if raw is None:
            if day < yesterday:
                note_absent_statement(by=BY, at=clock.now(), channel=channel, day=day)
            continue
        _take_file(channel, port, day, raw)


def _take_file(channel: str, port: Statements, day: date, raw: bytes) -> None:
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        statement = port.read(raw)
    except StatementBroken as broken:
        log.warning("statement of the %s for %s: %s", channel, day, broken)
        note_broken_statement(by=BY, at=clock.now(), channel=channel, day=day, sha256=sha256, told=str(broken))
        return
    take_statement(by=BY, at=clock.now(), channel=channel, sha256=sha256, statement=statement)


def _days_to_fetch(channel: str, yesterday: date) -> Iterator[date]:
    """Days that are missing between others, then every closed day after the last one taken in."""
    last, began = last_day(channel), first_intent(channel)
    next_day = last + timedelta(days=1) if last else day_of(began) if began else yesterday + timedelta(days=1)
    yield from (day for day in missing_days(channel) if day < next_day)
    while next_day <= yesterday:
        yield next_day
        next_day += timedelta(days=1)
