"""Recipients who earned their incentives, approved pay runs, and a payer that keeps books and misbehaves on request."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bekal.citizens.queries import citizen_view
from bekal.core.events import Actor
from bekal.incentives.actions import approve_pay_run, link_account, plan_pay_run
from bekal.incentives.models import PayeeAccount, PayRun
from bekal.incentives.ports import Holder, Instruction, PayAnswer
from bekal.market.actions import rate_purchase
from bekal.market.models import Purchase
from bekal.surveys.actions import answer_survey
from tests.learning.making import BY, ENDS_AT, Bought, Shop, bought, certified
from tests.surveys.making import FIRST

MAKER, CHECKER = Actor.staff("maker"), Actor.staff("checker")


def linked(one: Bought, *, channel: str = "bank", account: str = "", at: datetime = ENDS_AT) -> PayeeAccount:
    """Link an account that is in the citizen's own name."""
    name = citizen_view(one.citizen_id).name.upper()
    return link_account(
        by=Actor.citizen(one.citizen_id), at=at, citizen_id=one.citizen_id, channel=channel,
        account=account or f"77{one.citizen_id.int % 10**8:08}", holder=Holder(name, True, True, None, None),
        confirmed=True,
    )  # fmt: skip


def rated(one: Bought) -> None:
    purchase = Purchase.objects.get(redeem_code=one.code)
    rate_purchase(by=BY, at=ENDS_AT, citizen_id=one.citizen_id, purchase_id=purchase.id, stars=5, words="baik")


def surveyed(one: Bought) -> None:
    answer_survey(by=BY, at=ENDS_AT, citizen_id=one.citizen_id, award_id=one.award_id, number=1, answers=FIRST)


def entitled(sold: Shop, number: int = 1, *, channel: str = "bank") -> Bought:
    """Certified, rated, surveyed and linked: due the completion incentive and the first survey's."""
    one = certified(bought(sold, number))
    rated(one)
    surveyed(one)
    linked(one, channel=channel)
    return one


def approved_run(*, channel: str = "bank", at: datetime = ENDS_AT) -> PayRun | None:
    """Plan what is due and approve it by somebody else."""
    run = plan_pay_run(by=MAKER, at=at, channel=channel)
    return approve_pay_run(by=CHECKER, at=at, pay_run_id=run.id, digest=run.digest) if run else None


@dataclass
class Bookkeeper:
    """A payer with its own books: one booking per reference, for ever. Fates say what happens to the next calls.

    pay: paid · lost (booked, answer lost) · dropped (never arrives) · late (arrives when `deliver` is called) ·
    refused · later · stop. status: told · lost · stop.
    """

    fates: deque[str] = field(default_factory=deque)
    books: dict[str, str] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    on_the_way: list[Instruction] = field(default_factory=list)
    credited: Counter[str] = field(default_factory=Counter)
    holders: dict[str, Holder] = field(default_factory=dict)

    def will(self, fates: Iterable[str]) -> None:
        self.fates = deque(fates)

    def inquire(self, *, account: str, nik_hash: str, reference: str) -> Holder:
        if account not in self.holders:
            raise ConnectionError("silence")
        return self.holders[account]

    def pay(self, instruction: Instruction) -> PayAnswer:
        self.instructions.append(instruction)
        fate = self.fates.popleft() if self.fates else "paid"
        reference = instruction.reference
        if fate == "dropped":
            return _answer("unknown")
        if fate == "late":
            self.on_the_way.append(instruction)
            return _answer("unknown")
        if fate in ("later", "stop") and reference not in self.books:
            return _answer(fate)
        self._book(instruction, "refused" if fate == "refused" else "paid")
        return _answer("unknown") if fate == "lost" else _answer(self.books[reference])

    def status(self, *, reference: str, at: datetime, amount: int) -> PayAnswer:
        fate = self.fates.popleft() if self.fates else "told"
        if fate == "lost":
            return _answer("unknown")
        return _answer("stop") if fate == "stop" else _answer(self.books.get(reference, "later"))

    def deliver(self) -> None:
        """What was late arrives, twice."""
        for instruction in self.on_the_way * 2:
            self._book(instruction, "paid")
        self.on_the_way.clear()

    def _book(self, instruction: Instruction, outcome: str) -> None:
        if instruction.reference not in self.books:
            self.books[instruction.reference] = outcome
            if outcome == "paid":
                self.credited[instruction.account] += instruction.amount


def _answer(outcome: Any) -> PayAnswer:
    codes = {"paid": "2001700", "refused": "4031718", "stop": "4031714", "later": "4291700"}
    return PayAnswer(outcome, codes.get(outcome, ""), None, "")
