"""Approved orders to send and outcomes to ask for. The intent is stored before the call, the answer after it, and no
call happens inside a transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.faults import at_fault
from bekal.core.ports import open_port
from bekal.incentives.actions import (
    close_windows,
    hold_contested,
    plan_pay_run,
    record_answers,
    take_enquiries,
    take_orders,
)
from bekal.incentives.models import Channel, PayRun
from bekal.incentives.ports import Instruction, Lane, PayAnswer
from bekal.incentives.queries import channels_to_ask, channels_to_send, terms_of
from bekal.incentives.readings import read_payees
from bekal.incentives.rules import Asked
from bekal.incentives.tasks.batches import fetch_reports, hand_over
from bekal.incentives.tasks.calling import Call, Calls, lane_of
from bekal.incentives.tasks.instructing import ASKER, SENDER, instruction, intent

CLAIM = 500
"""Orders claimed, and answers kept, in one transaction."""
PATIENCE = timedelta(milliseconds=250)
Work = list[tuple[UUID, Call]]


@dataclass(slots=True)
class _Stream:
    """The orders of one channel: `claim` takes up to so many more, none when there are none."""

    claim: Callable[[int], Work]
    left: int


def plan_due(by: Actor) -> list[PayRun]:
    """Plan a run for every channel that has something due, in the name of `by`, who cannot approve it."""
    planned = [plan_pay_run(by=by, at=clock.now(), channel=channel) for channel in Channel.values]
    at_fault("payouts.after_plan_commit")
    return [run for run in planned if run is not None]


def send_due(limit: int = 100_000) -> dict[str, int]:
    """Send approved orders, every channel at once on its own lane; returns orders by state after their answers.

    Before that, hold what is contested since it was planned, and take out what a payer may have forgotten.
    """
    at = clock.now()
    hold_contested(by=SENDER, at=at)
    for channel in Channel.values:
        close_windows(by=SENDER, at=at, channel=channel)
    totals: dict[str, int] = {}
    channels = channels_to_send(at)
    for channel in channels:
        if terms_of(channel).rail == "file":
            hand_over(channel, limit, totals)
    called = [channel for channel in channels if terms_of(channel).rail == "call"]
    _exchange("pay", {channel: _Stream(partial(_claim_orders, channel), limit) for channel in called}, totals)
    return totals


def enquire_due(limit: int = 100_000) -> dict[str, int]:
    """Ask the payers what became of orders whose outcome is unknown, or whose sender died, within each payer's budget
    of questions; fetch reports on files; returns orders by state."""
    totals: dict[str, int] = {}
    for channel in Channel.values:
        fetch_reports(channel, totals)
    channels = channels_to_ask(clock.now())
    _exchange("status", {channel: _Stream(partial(_claim_questions, channel), limit) for channel in channels}, totals)
    return totals


def _claim_orders(channel: str, limit: int) -> Work:
    rows = take_orders(by=SENDER, at=clock.now(), channel=channel, limit=limit)
    at_fault("payouts.after_claim_commit")
    payees = read_payees(by=SENDER, at=clock.now(), orders=rows) if rows else {}
    return [(row.id, partial(_pay, instruction(row, payees))) for row in rows]


def _claim_questions(channel: str, limit: int) -> Work:
    rows = take_enquiries(by=ASKER, at=clock.now(), channel=channel, limit=limit)
    at_fault("payouts.after_ask_commit")
    return [(row.id, partial(_ask, row.reference, intent(row), row.amount)) for row in rows]


def _exchange(asked: Asked, streams: Mapping[str, _Stream], totals: dict[str, int]) -> None:
    """Claim, call and keep answers until the streams run dry; claims and answers are kept while calls are made."""
    if not streams:
        return
    lanes = {channel: (terms_of(channel).in_flight, open_port(f"payer:{channel}")) for channel in streams}
    with Calls({channel: (lane_of(payer, most), most) for channel, (most, payer) in lanes.items()}) as calls:
        dry: set[str] = set()
        while len(dry) < len(streams) or any(calls.outstanding(channel) for channel in streams):
            for channel in streams.keys() - dry:
                if not calls.willing(channel) or not _feed(calls, channel, streams[channel]):
                    dry.add(channel)
            answers = calls.take(CLAIM, patience=PATIENCE)
            _keep(asked, [(order_id, answer) for _, order_id, answer in answers], totals)


def _feed(calls: Calls, channel: str, stream: _Stream) -> bool:
    """Give a lane its next claim when it is about to run out of work; False when there is no more."""
    if calls.outstanding(channel) > CLAIM:
        return True
    work = stream.claim(min(CLAIM, stream.left)) if stream.left else []
    stream.left -= len(work)
    calls.put(channel, work)
    return bool(work)


def _keep(asked: Asked, answers: Sequence[tuple[UUID, PayAnswer]], totals: dict[str, int]) -> None:
    if not answers:
        return
    by = SENDER if asked == "pay" else ASKER
    for state, count in record_answers(by=by, at=clock.now(), asked=asked, answers=answers).items():
        totals[state] = totals.get(state, 0) + count
    at_fault("payouts.after_answers_commit")


async def _pay(told: Instruction, lane: Lane) -> PayAnswer:
    return await lane.pay(told)


async def _ask(reference: str, at: datetime, amount: int, lane: Lane) -> PayAnswer:
    return await lane.status(reference=reference, at=at, amount=amount)
