"""Whatever happens on the way to a payer, nobody is paid twice, and after recovery everybody is paid once.

The oracle is the payer's own books, not ours.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck
from hypothesis import settings as play_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bekal.core.events import Actor
from bekal.incentives import tasks
from bekal.incentives.actions import record_answers, resume_pay_run, take_orders
from bekal.incentives.models import OPEN, PayeeAccount, PaymentOrder, PayRun
from bekal.incentives.ports import PayAnswer
from bekal.incentives.queries import due_entitlements, open_orders
from bekal.incentives.readings import read_payees
from bekal.incentives.tasks import sending
from bekal.incentives.tasks.instructing import instruction
from bekal.ledger.queries import balance, imbalance
from tests.incentives.making import Bookkeeper, approved_run, entitled, linked
from tests.learning.making import ENDS_AT, Bought, shop

PAY_FATES = st.lists(st.sampled_from(["paid", "lost", "dropped", "late", "refused", "later", "stop"]), max_size=6)
STATUS_FATES = st.lists(st.sampled_from(["told", "told", "lost", "stop"]), max_size=6)
WORKER = Actor.system("a worker that dies")
PEOPLE = 2


class Payouts(RuleBasedStateMachine):
    """Two recipients with two entitlements each, one payer, workers that die, answers late, twice or never."""

    recipients: list[Bought]
    set_clock: Callable[[datetime], None]
    bank: Bookkeeper

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True  # type: ignore[attr-defined]
        self.atomic.__enter__()
        fresh = Bookkeeper()
        type(self).bank = fresh
        self.at = ENDS_AT
        self.set_clock(self.at)
        self.heard: list[tuple[Any, PayAnswer]] = []
        self.accounts = 0

    @rule()
    def plan_and_approve(self) -> None:
        approved_run(at=self.at)

    @rule(fates=PAY_FATES)
    def send(self, fates: list[str]) -> None:
        self.bank.will(fates)
        tasks.send_due()

    @rule(limit=st.integers(1, 4))
    def worker_dies_before_the_call(self, limit: int) -> None:
        take_orders(by=WORKER, at=self.at, channel="bank", limit=limit)

    @rule(fates=PAY_FATES, limit=st.integers(1, 4))
    def worker_dies_after_the_call(self, fates: list[str], limit: int) -> None:
        self.bank.will(fates)
        rows = take_orders(by=WORKER, at=self.at, channel="bank", limit=limit)
        payees = read_payees(by=WORKER, at=self.at, orders=rows)
        self.heard += [(row.id, self.bank.pay(instruction(row, payees))) for row in rows]

    @rule()
    def answers_arrive_late_and_twice(self) -> None:
        for _ in range(2):
            for order_id, answer in self.heard:
                record_answers(by=WORKER, at=self.at, asked="pay", answers=[(order_id, answer)])

    @rule(fates=STATUS_FATES)
    def enquire(self, fates: list[str]) -> None:
        self.bank.will(fates)
        tasks.enquire_due()

    @rule()
    def messages_arrive_late_and_twice(self) -> None:
        self.bank.deliver()

    @rule(minutes=st.sampled_from([1, 3, 6, 60, 25 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        self.set_clock(self.at)

    @rule(minutes=st.sampled_from([-60, 3 * 24 * 60]))
    def the_clock_steps(self, minutes: int) -> None:
        self.time_passes(minutes)

    @rule()
    def citizens_link_other_accounts(self) -> None:
        blocked = set(PayeeAccount.objects.filter(state="refused").values_list("citizen_id", flat=True))
        for one in self.recipients:
            if one.citizen_id in blocked:
                self.accounts += 1
                linked(one, account=f"5550000{self.accounts:04}", at=self.at)

    @rule(place=st.integers(0, PEOPLE - 1))
    def somebody_changes_the_account(self, place: int) -> None:
        self.accounts += 1
        linked(self.recipients[place], account=f"6660000{self.accounts:04}", at=self.at)

    @rule()
    def staff_resume_halted_runs(self) -> None:
        for run_id in PayRun.objects.filter(state="halted").values_list("id", flat=True):
            resume_pay_run(by=Actor.staff("maker"), at=self.at, pay_run_id=run_id, why="dana masuk")

    @invariant()
    def money_waits_a_day_after_a_change(self) -> None:
        """Nothing planned since an account was linked goes to it before its day is over."""
        for row in PayeeAccount.objects.all():
            early = {"planned_at__gte": row.linked_at, "planned_at__lt": row.pays_from}
            assert not PaymentOrder.objects.filter(account_ref=row.account_ref, **early).exists()

    @invariant()
    def nobody_is_paid_twice(self) -> None:
        assert max(self.paid_by_the_bank().values(), default=0) <= 1

    @invariant()
    def our_books_balance_and_never_claim_more_than_the_bank_did(self) -> None:
        assert imbalance() == 0
        ours = set(PaymentOrder.objects.filter(state="paid").values_list("reference", flat=True))
        theirs = {reference for reference, outcome in self.bank.books.items() if outcome == "paid"}
        assert ours <= theirs
        refused = set(PaymentOrder.objects.filter(state="refused").values_list("reference", flat=True))
        assert not refused & theirs

    def teardown(self) -> None:
        try:
            self.recover()
            self.everybody_is_paid_once()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def recover(self) -> None:
        self.bank.will([])
        for _ in range(6):
            if sum(self.paid_by_the_bank().values()) == 2 * PEOPLE and not self.waiting():
                return
            self.messages_arrive_late_and_twice()
            self.time_passes(25 * 60)
            self.staff_resume_halted_runs()
            self.citizens_link_other_accounts()
            self.plan_and_approve()
            tasks.send_due()
            tasks.enquire_due()

    def everybody_is_paid_once(self) -> None:
        self.nobody_is_paid_twice()
        assert due_entitlements(self.at) == []
        assert not self.waiting()
        paid = self.paid_by_the_bank()
        assert paid == Counter(self.entitlements())
        assert sum(self.bank.credited.values()) == PEOPLE * 650_000 == balance("paid:bank").credits
        assert all(balance(f"award:{one.award_id}:incentive").pending_out == 0 for one in self.recipients)

    def waiting(self) -> bool:
        """Whether any order is not certain yet: one that waits to be sent again may have been booked meanwhile."""
        return PaymentOrder.objects.filter(state__in=OPEN).exists()

    def paid_by_the_bank(self) -> Counter[tuple[Any, str, int]]:
        """How often the bank's books show each entitlement paid."""
        rows = PaymentOrder.objects.values_list("reference", "award_id", "kind", "number")
        return Counter((a, k, n) for reference, a, k, n in rows if self.bank.books.get(reference) == "paid")

    def entitlements(self) -> list[tuple[Any, str, int]]:
        return [(one.award_id, kind, 1) for one in self.recipients for kind in ("completion", "survey")]


def play(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Payouts,
        settings=play_settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.fixture
def recipients(
    clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch, seeded: None, db: None, settings: Any
) -> None:
    sold = shop()
    monkeypatch.setattr(sending, "open_port", lambda name: Payouts.bank)
    settings.PORTS = {"payer:bank": ("", {"in_flight": "1"})}
    monkeypatch.setattr(Payouts, "recipients", [entitled(sold, n + 1) for n in range(PEOPLE)], raising=False)
    monkeypatch.setattr(Payouts, "set_clock", staticmethod(clock_at), raising=False)


@pytest.mark.usefixtures("recipients")
def test_what_the_payer_booked_late_is_noticed_in_the_end() -> None:
    """The payer says "never booked", books the late message afterwards, and the order waits to be sent again."""
    found = Payouts()
    found.plan_and_approve()
    found.send(["late"] * 4)
    found.time_passes(3)
    found.enquire([])
    found.messages_arrive_late_and_twice()
    assert (sum(found.paid_by_the_bank().values()), open_orders()) == (4, 0)
    found.teardown()


@pytest.mark.usefixtures("recipients")
def test_never_twice_and_once_in_the_end() -> None:
    play(examples=15, steps=15)


@pytest.mark.wide
@pytest.mark.usefixtures("recipients")
def test_never_twice_for_longer() -> None:
    play(examples=150, steps=40)
