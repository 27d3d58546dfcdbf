"""Channels whose payer takes files: orders are handed over in files of the payer's size, and reported on later."""

from collections.abc import Mapping

from bekal.core import clock, ids
from bekal.core.faults import at_fault
from bekal.core.ports import open_port
from bekal.incentives.actions import record_answers, take_orders, wait_for_report
from bekal.incentives.models import PaymentOrder
from bekal.incentives.ports import BatchPayer, PayAnswer
from bekal.incentives.queries import open_batches, orders_of_batch, terms_of
from bekal.incentives.readings import read_payees
from bekal.incentives.rules import Asked
from bekal.incentives.tasks.instructing import ASKER, SENDER, instruction

CERTAIN = ("later", "stop")
"""What an answer to a whole file settles: it was certainly not taken, or certainly refused."""


def hand_over(channel: str, limit: int, totals: dict[str, int]) -> None:
    """Hand approved orders over in files; every file's orders are stored under its name before it leaves."""
    payer: BatchPayer = open_port(f"batch_payer:{channel}")
    left = limit
    while left > 0:
        at = clock.now()
        name = ids.fresh("payment file", channel, at.isoformat(), str(left)).hex
        size = min(terms_of(channel).batch, left)
        rows = take_orders(by=SENDER, at=at, channel=channel, limit=size, batch=name)
        if not rows:
            return
        left -= len(rows)
        answer = _submit(payer, name, rows)
        if answer.outcome in CERTAIN:
            _keep("pay", rows, {row.reference: answer for row in rows}, totals)
            return


def fetch_reports(channel: str, totals: dict[str, int]) -> None:
    """Read what became of the files under way; hand in again what the payer never received."""
    names = open_batches(clock.now(), channel)
    if not names:
        return
    payer: BatchPayer = open_port(f"batch_payer:{channel}")
    for name in names:
        rows = orders_of_batch(name)
        told = payer.report(batch=name, references=[row.reference for row in rows])
        at_fault("payouts.after_report")
        if told:
            _keep("status", rows, told, totals)
        elif told is not None:
            _submit(payer, name, rows)
        wait_for_report(by=ASKER, at=clock.now(), batch=name)


def _submit(payer: BatchPayer, name: str, rows: list[PaymentOrder]) -> PayAnswer:
    payees = read_payees(by=SENDER, at=clock.now(), orders=rows)
    at_fault("payouts.before_submit")
    answer = payer.submit(batch=name, instructions=[instruction(row, payees) for row in rows])
    at_fault("payouts.after_submit")
    return answer


def _keep(asked: Asked, rows: list[PaymentOrder], told: Mapping[str, PayAnswer], totals: dict[str, int]) -> None:
    answers = [(row.id, told[row.reference]) for row in rows if row.reference in told]
    for state, count in record_answers(by=ASKER, at=clock.now(), asked=asked, answers=answers).items():
        totals[state] = totals.get(state, 0) + count
