"""Orders in every state straight in the tables, and a payer's statements about them: many, in a few statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from uuid import UUID

from bekal.core import ids
from bekal.incentives.differences import day_starts
from bekal.incentives.models import OrderState, PaymentOrder, PayRun
from bekal.incentives.ports import Statement, StatementBroken, StatementLine
from bekal.ledger.actions import open_accounts, post_transfers, resolve_pending
from bekal.ledger.rules import Opening, Posting
from tests.partners.making import BY

DAY = date(2023, 8, 7)
NEXT, THIRD = DAY + timedelta(days=1), DAY + timedelta(days=2)
NOON = day_starts(DAY) + timedelta(hours=12)
AMOUNT = 600_000
ACCOUNT = "0012300456"
_numbers = count(1)


def pay_run(channel: str = "bank", at: datetime = NOON) -> PayRun:
    return PayRun.objects.create(
        id=ids.fresh("test run", str(next(_numbers))), channel=channel, state="approved", digest="0" * 64,
        orders_count=1, total_amount=1, planned_by="maker", approved_by="checker", planned_at=at, decided_at=at,
    )  # fmt: skip


def orders(
    states: Sequence[str], *, run: PayRun, sent_at: datetime = NOON, settled_at: datetime | None = None,
    amount: int = AMOUNT,
) -> list[PaymentOrder]:  # fmt: skip
    """Orders sent at one instant, with their money where their state says; nobody's in particular."""
    made = []
    for state in states:
        name = str(next(_numbers))
        left, over = state not in ("planned", "dropped", "approved"), state in ("paid", "refused")
        order_id = ids.fresh("test order", name)
        made.append(PaymentOrder(
            id=order_id, pay_run=run, kind="completion", number=1, award_id=ids.fresh("test award", name),
            citizen_id=ids.fresh("test citizen", name), reference=order_id.hex, attempt=1, amount=amount,
            channel=run.channel, account_sealed=b"", account_ref=order_id, holder_sealed=b"", state=state,
            sendings=1 if left else 0, planned_at=sent_at, intent_at=sent_at if left else None,
            asked_at=sent_at if left else None, settled_at=(settled_at or sent_at) if over else None,
            ask_after=sent_at if state in ("sent", "unknown") else None,
        ))  # fmt: skip
    PaymentOrder.objects.bulk_create(made)
    keys = [f"award:{order.award_id}:incentive" for order in made]
    accounts = [Opening("treasury", "treasury", "none"), Opening(f"paid:{run.channel}", "paid", "none")]
    open_accounts(by=BY, at=sent_at, accounts=[*accounts, *(Opening(key, "award_incentive") for key in keys)])
    post_transfers(by=BY, at=sent_at, transfers=[
        Posting("treasury", key, amount, "grant_incentive", f"grant:{key}") for key in keys
    ])  # fmt: skip
    post_transfers(by=BY, at=sent_at, transfers=[
        Posting(key, f"paid:{run.channel}", amount, "incentive", order.reference, "pending")
        for key, order in zip(keys, made, strict=True)
    ])  # fmt: skip
    for into, wanted in (("post", (OrderState.PAID,)), ("void", (OrderState.REFUSED, OrderState.DROPPED))):
        found = [order.reference for order in made if order.state in wanted]
        if found:
            resolve_pending(by=BY, at=sent_at, references=found, into=into)  # type: ignore[arg-type]
    return made


def line(reference: str, amount: int = AMOUNT, kind: str = "paid", day: date = DAY) -> StatementLine:
    return StatementLine(kind, reference, amount, "BNK1", day_starts(day) + timedelta(hours=15))  # type: ignore[arg-type]


@dataclass
class Desk:
    """A payer that lays down statements: what it booked on each day, its account's balance running on."""

    opening: int = 10_000_000_000
    booked: dict[date, list[StatementLine]] = field(default_factory=dict)
    files: dict[date, bytes] = field(default_factory=dict)
    silent: bool = False

    def books(self, day: date, *lines: StatementLine) -> None:
        self.booked.setdefault(day, []).extend(lines)

    def statement(self, day: date) -> Statement:
        opening = self.opening
        for earlier in sorted(self.booked):
            if earlier < day:
                opening += _sum(self.booked[earlier])
        lines = self.booked.get(day, [])
        return Statement(f"{day:%Y%m%d}/1", ACCOUNT, day, opening, opening + _sum(lines), lines)

    def fetch(self, *, day: date) -> bytes | None:
        if self.silent:
            raise ConnectionError("silence")
        return self.files.get(day, repr(self.statement(day)).encode() if day in self.booked else None)

    def read(self, raw: bytes) -> Statement:
        for day in self.booked:
            if raw == repr(self.statement(day)).encode():
                return self.statement(day)
        raise StatementBroken("the file ends in the middle of an entry: ask the payer to lay it down again")


def _sum(lines: Sequence[StatementLine]) -> int:
    return sum(line.amount if line.kind in ("in", "returned") else -line.amount for line in lines)


def nobody() -> UUID:
    return ids.fresh("nobody", str(next(_numbers)))
