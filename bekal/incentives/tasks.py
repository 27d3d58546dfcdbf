"""What is due in incentives.

Accounts to link, orders to send, outcomes to ask for. No call happens inside a transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from bekal.access.actions import redeem_code
from bekal.citizens.actions import send_code
from bekal.citizens.readings import read_numbers
from bekal.citizens.rules import LANGUAGES
from bekal.core import clock, ids, vault
from bekal.core.events import Actor
from bekal.core.money import format_rupiah
from bekal.core.ports import open_port
from bekal.core.texts import text
from bekal.incentives.actions import PayerSilent, link_account, plan_pay_run, record_answers, take_orders
from bekal.incentives.actions.accounts import account_number
from bekal.incentives.models import Channel, OrderKind, PayeeAccount, PaymentOrder, PayRun, RunState
from bekal.incentives.ports import Instruction, PayAnswer, Payer
from bekal.incentives.queries import channels_to_send, drafts, in_flight
from bekal.incentives.readings import Payee, read_payees
from bekal.incentives.rules import Asked, nik_hash
from bekal.rulebooks.queries import programme_of
from bekal.scholarships.queries import award_of

BATCH = 64
CHANGE = "payee_account"
NOBODY_WAITS_AFTER = timedelta(minutes=2)
"""A sent order without an answer is asked about after this: longer than any call is allowed to take."""


def link(citizen_id: UUID, channel: str, account: str) -> PayeeAccount:
    """Ask the payer who holds `account`, then link it if that is this citizen.

    Raises PayerSilent when no answer came, and what `link_account` raises: ChangeNeedsCode for another account.
    """
    return _link(citizen_id, channel, account, confirmed=False)


def ask_change(citizen_id: UUID, channel: str, account: str) -> None:
    """Send the code that confirms a change to `account`; the message names it by its last four digits.

    Raises AccountMalformed, access.CodeTooSoon.
    """
    number = account_number(account)
    channels = {f"channel_{language}": text(f"incentives.channel_{channel}", language) for language in LANGUAGES}
    send_code(
        by=Actor.citizen(citizen_id), at=clock.now(), citizen_id=citizen_id, purpose=CHANGE,
        bound_to=_bound_to(citizen_id, channel, number), template="incentives.change_code",
        facts={"tail": number[-4:]} | channels,
    )  # fmt: skip


def change(citizen_id: UUID, channel: str, account: str, code: str) -> PayeeAccount:
    """Link another account than before, confirmed by the code that was sent for exactly this.

    Raises what `link` and access.redeem_code raise.
    """
    number = account_number(account)
    redeem_code(
        by=Actor.citizen(citizen_id), at=clock.now(), purpose=CHANGE,
        bound_to=_bound_to(citizen_id, channel, number), code=code,
    )  # fmt: skip
    return _link(citizen_id, channel, number, confirmed=True)


def _bound_to(citizen_id: UUID, channel: str, number: str) -> str:
    return f"{citizen_id}:{vault.fingerprint(f'{channel}:{number}', place='incentives.change').hex()[:32]}"


def _link(citizen_id: UUID, channel: str, account: str, *, confirmed: bool) -> PayeeAccount:
    number, at, by = account_number(account), clock.now(), Actor.citizen(citizen_id)
    payer: Payer = open_port(f"payer:{channel}")
    reference = ids.fresh("account inquiry", str(citizen_id), channel, number, at.isoformat()).hex
    told = read_numbers(
        by=by, at=at, citizen_id=citizen_id, fields=("nik",), purpose="payout", to=f"payer:{channel}"
    )  # fmt: skip
    try:
        holder = payer.inquire(account=number, nik_hash=nik_hash(told["nik"]), reference=reference)
    except ConnectionError as silence:
        raise PayerSilent(channel=channel) from silence
    return link_account(
        by=by, at=clock.now(), citizen_id=citizen_id, channel=channel, account=number, holder=holder,
        expected=_largest_payment(citizen_id), confirmed=confirmed,
    )  # fmt: skip


def plan_due(by: Actor) -> list[PayRun]:
    """Plan a run for every channel that has something due, in the name of `by`, who cannot approve it."""
    planned = [_planned(by, channel) for channel in Channel.values]
    return [run for run in planned if run is not None]


def begin_due(by: Actor) -> list[PayRun]:
    """The first piece of `plan_due`, for a page that must answer soon; `draft_due` does the rest."""
    begun = [plan_pay_run(by=by, at=clock.now(), channel=channel) for channel in Channel.values]
    return [run for run in begun if run is not None]


def draft_due() -> list[PayRun]:
    """Go on with runs whose planning was begun by a page, or stopped half-way by a crash."""
    planned = [_planned(Actor.staff(begun_by), channel) for channel, begun_by in drafts()]
    return [run for run in planned if run is not None]


def _planned(by: Actor, channel: str) -> PayRun | None:
    while (run := plan_pay_run(by=by, at=clock.now(), channel=channel)) and run.state == RunState.DRAFTING:
        pass
    return run


def send_due(limit: int = 100_000, workers: int = 4) -> dict[str, int]:
    """Send approved orders, each channel for itself, `workers` calls at a time.

    Returns orders by state after their answers.
    """
    totals: dict[str, int] = {}
    for channel in channels_to_send(clock.now()):
        _send_channel(channel, limit, workers, totals)
    return totals


def enquire_due(limit: int = 100_000, workers: int = 4) -> dict[str, int]:
    """Ask the payers what became of orders whose outcome is unknown, or whose sender died; returns orders by state."""
    at, totals = clock.now(), dict[str, int]()
    rows = list(in_flight(unknown_since=at, sent_since=at - NOBODY_WAITS_AFTER)[:limit])
    for start in range(0, len(rows), BATCH):
        _call(rows[start : start + BATCH], "status", _ask, workers, totals)
    return totals


def _send_channel(channel: str, limit: int, workers: int, totals: dict[str, int]) -> None:
    by = Actor.system("incentives.send_due")
    sent = 0
    while sent < limit:
        rows = take_orders(by=by, at=clock.now(), channel=channel, limit=min(BATCH, limit - sent))
        if not rows:
            return
        sent += len(rows)
        payees = read_payees(by=by, at=clock.now(), orders=rows)
        _call(rows, "pay", partial(_pay, payees), workers, totals)


def _call(
    rows: Sequence[PaymentOrder], asked: Asked, call: Callable[[Payer, PaymentOrder], PayAnswer], workers: int,
    totals: dict[str, int],
) -> None:  # fmt: skip
    """Call the payer for each order on worker threads, which touch no database; keep all answers in one transaction."""
    payers: dict[str, Payer] = {row.channel: open_port(f"payer:{row.channel}") for row in rows}
    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(lambda row: (row.id, call(payers[row.channel], row)), rows))
    by = Actor.system("incentives.send_due" if asked == "pay" else "incentives.enquire_due")
    for state, count in record_answers(by=by, at=clock.now(), asked=asked, answers=answers).items():
        totals[state] = totals.get(state, 0) + count


def _pay(payees: Mapping[UUID, Payee], payer: Payer, row: PaymentOrder) -> PayAnswer:
    payee = payees[row.id]
    return payer.pay(
        Instruction(
            reference=row.reference,
            account=payee.account,
            holder=payee.holder,
            amount=row.amount,
            remark=_remark(row),
            at=_intent(row),
        )
    )


def _ask(payer: Payer, row: PaymentOrder) -> PayAnswer:
    return payer.status(reference=row.reference, at=_intent(row), amount=row.amount)


def _intent(row: PaymentOrder) -> datetime:
    assert row.intent_at is not None
    return row.intent_at


def _remark(row: PaymentOrder) -> str:
    return f"{_REMARKS[row.kind]} {row.number} {format_rupiah(row.amount)}"[:50]


_REMARKS = {
    OrderKind.COMPLETION.value: "Insentif pelatihan",
    OrderKind.SURVEY.value: "Insentif survei",
    OrderKind.SETTLEMENT.value: "Pembayaran pelatihan",
}


def _largest_payment(citizen_id: UUID) -> int:
    award = award_of(citizen_id)
    if award is None:
        return 0
    return max((incentive.amount for incentive in programme_of(award.rulebook_id).incentives), default=0)
