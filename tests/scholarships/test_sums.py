"""Granted = spent + left + returned, for every person, wave, regency and in total, whatever happens in what order."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bekal.core import clock
from bekal.core.errors import Refused
from bekal.ledger import queries as ledger
from bekal.ledger.actions import open_accounts, post_transfers, resolve_pending
from bekal.ledger.models import Account
from bekal.ledger.rules import Opening, Posting
from bekal.market import actions as market
from bekal.market.models import Purchase
from bekal.market.tasks import lapse_due
from bekal.scholarships import actions, queries, rules, tasks
from bekal.scholarships.models import Award
from bekal.scholarships.queries import purses_by_place, sums_of_award
from bekal.scholarships.rules import Sums, sums_of
from bekal.waves.models import Wave
from tests.catalogue.making import curated, schedule
from tests.market.making import code_sent, pay, reserve
from tests.partners.making import organisation
from tests.rulebooks.making import loaded_programme
from tests.scholarships.making import BENEFIT, awarded_wave
from tests.waves.making import BY, DRAWN

STEPS = (
    "reserve", "buy", "void", "cancel", "days pass", "revoke", "expire", "next in line", "incentive", "bank refuses",
    "bank returns", "year ends", "unused goes back",
)  # fmt: skip
PLAYS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 4), st.integers(0, 2)), max_size=22)


class World:
    """A wave of three places and seven people in two regencies, three schedules, one platform, a bank that pays."""

    def __init__(self) -> None:
        self.wave: Wave = awarded_wave(loaded_programme(), people=7, places=3)
        self.platform = organisation("platform", "DP-1")
        provider = organisation("provider", "LP-1")
        far = DRAWN + timedelta(days=40)
        prices = (700_001, 2_900_000, 0)
        self.schedules = [
            schedule(
                curated(provider.id, f"TR-{n}", price=price), seats=2, starts_at=far, ends_at=far + timedelta(days=1)
            )
            for n, price in enumerate(prices)
        ]
        self.partners = [f"payable:{one.id}" for one in (provider, self.platform)]
        open_accounts(by=BY, at=DRAWN, accounts=[Opening("paid:bank", "paid", limit="none")])
        self.spread()

    def begin(self) -> None:
        self.at, self.count = DRAWN, count()
        self.doubtful: dict[UUID, str] = {}
        self.gave_back: set[UUID] = set()
        clock.freeze(self.at)

    def spread(self) -> None:
        for place, row in enumerate(Award.objects.order_by("card_number")):
            regency = ("32.73", "31.71")[place % 2]
            Award.objects.filter(pk=row.pk).update(regency_code=regency)
            Account.objects.filter(owner=str(row.pk)).update(book=f"{row.wave_id}:{regency}")

    def award(self, who: int) -> Award:
        rows = list(Award.objects.order_by("granted_at", "card_number"))
        return rows[who % len(rows)]

    def step(self, name: str, who: int, what: int) -> None:
        getattr(self, name.replace(" ", "_"))(self.award(who), what)

    def reserve(self, award: Award, what: int) -> None:
        reserve(award, self.schedules[what], self.platform.id, at=self.at)

    def buy(self, award: Award, what: int) -> None:
        made = reserve(award, self.schedules[what], self.platform.id, at=self.at)
        pay(made, self.platform.id, invoice=f"I-{next(self.count)}", otp=code_sent(made.purchase_id), at=self.at)

    def void(self, award: Award, _what: int) -> None:
        for row in Purchase.objects.filter(award_id=award.id, state="paid"):
            told = {"invoice_code": row.invoice_code, "transaction_code": row.transaction_code}
            market.void_purchase(by=BY, at=self.at, platform_id=row.platform_id, **told)

    def cancel(self, _award: Award, what: int) -> None:
        market.cancel_schedule(by=BY, at=self.at, schedule_id=self.schedules[what].id, why="test")

    def days_pass(self, _award: Award, what: int) -> None:
        self.at += (timedelta(minutes=20), timedelta(days=3), timedelta(days=16))[what]
        clock.freeze(self.at)
        lapse_due()

    def revoke(self, _award: Award, _what: int) -> None:
        tasks.revoke_due()

    def expire(self, award: Award, _what: int) -> None:
        actions.note_training_finished(by=BY, at=self.at, award_id=award.id, finished_at=self.at - timedelta(days=30))
        tasks.expire_due()

    def next_in_line(self, _award: Award, _what: int) -> None:
        actions.award_waiting(by=BY, at=self.at, wave_id=self.wave.id)
        self.spread()

    def incentive(self, award: Award, what: int) -> None:
        """Set aside; paid at once unless the bank is still to answer."""
        name, amount = f"order-{next(self.count)}", (600_000, 50_000, 50_000)[what]
        ends = (queries.incentive_account(award.id), "paid:bank")
        post_transfers(by=BY, at=self.at, transfers=[Posting(*ends, amount, "incentive", name, "pending")])
        if what < 2:
            resolve_pending(by=BY, at=self.at, references=[name], into="post")
        else:
            self.doubtful[award.id] = name

    def bank_refuses(self, award: Award, _what: int) -> None:
        if name := self.doubtful.pop(award.id, None):
            actions.hold_awards([award.id])
            resolve_pending(by=BY, at=self.at, references=[name], into="void")
            actions.pass_on_ended(by=BY, at=self.at, causes={award.id: name})

    def bank_returns(self, award: Award, _what: int) -> None:
        """A payment that was booked comes back."""
        if sums_of_award(award.id).spent and ledger.balance("paid:bank").credits:
            name = f"back-{next(self.count)}"
            paid = [x for x in ledger.statement(queries.incentive_account(award.id)) if x.code == "incentive"]
            amount = -sum(line.amount for line in paid)
            if amount and award.id not in self.gave_back:
                self.gave_back.add(award.id)
                ends = ("paid:bank", queries.incentive_account(award.id))
                post_transfers(by=BY, at=self.at, transfers=[Posting(*ends, amount, "incentive_returned", name)])
                actions.pass_on_ended(by=BY, at=self.at, causes={award.id: name})

    def year_ends(self, _award: Award, what: int) -> None:
        if what == 0:
            actions.close_awards(by=BY, at=self.at, wave_id=self.wave.id)

    def unused_goes_back(self, _award: Award, _what: int) -> None:
        actions.return_unused(by=BY, at=self.at, wave_id=self.wave.id)

    def check(self) -> None:
        awards = Award.objects.all()
        people = {str(row.id): sums_of_award(row.id) for row in awards}
        for row in awards:
            own = people[str(row.id)]
            assert own.granted == BENEFIT
            assert min(own.spent, own.left, own.returned) >= 0
            if row.state in ("revoked", "withdrawn", "closed"):
                assert own.left == sum(ledger.balance(key).pending_out for key in accounts(row.id))
        total = sum(people.values(), Sums())
        places: dict[tuple[str, str], Sums] = {}
        for row in awards:
            place = (str(row.wave_id), row.regency_code)
            places[place] = places.get(place, Sums()) + people[str(row.id)]
        found = purses_by_place([self.wave.id])
        assert {place: purse.sums for place, purse in found.items()} == places
        assert sum(purse.awards for purse in found.values()) == len(awards)
        assert all(one.difference == 0 for one in places.values())
        partners = sum(ledger.balance(key).available for key in self.partners)
        assert total.spent == partners + ledger.balance("paid:bank").available
        assert total.returned == ledger.sums_by_code("wave:").get("return_award", 0)
        assert ledger.imbalance() == 0
        if Award.objects.filter(state="closed").exists() and not Award.objects.exclude(state="closed").exists():
            actions.return_unused(by=BY, at=self.at, wave_id=self.wave.id)
        if ledger.sums_by_code("treasury").get("return_treasury"):
            held = ledger.balance(queries.wave_account(self.wave.id)).available
            assert held == 0 or Award.objects.filter(state="active").exists()


def accounts(award_id: UUID) -> tuple[str, str]:
    return queries.training_account(award_id), queries.incentive_account(award_id)


@pytest.mark.django_db
def test_whatever_happens_the_four_sums_agree_at_every_level(clock_at: Callable[[datetime], None]) -> None:
    world = World()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(PLAYS)
    @example(
        [("buy", 0, 1), ("year ends", 0, 0), ("unused goes back", 0, 0), ("cancel", 0, 1), ("unused goes back", 0, 0)]
    )
    @example([("incentive", 0, 2), ("year ends", 0, 0), ("bank refuses", 0, 0), ("incentive", 1, 0)])
    @example([("days pass", 0, 2), ("revoke", 0, 0), ("next in line", 0, 0), ("buy", 4, 0), ("void", 4, 0)])
    @example([("incentive", 0, 0), ("year ends", 0, 0), ("bank returns", 0, 0)])
    def play(steps: list[tuple[str, int, int]]) -> None:
        start = transaction.savepoint()
        world.begin()
        for name, who, what in steps:
            before = transaction.savepoint()
            with suppress(Refused):
                world.step(name, who, what)
                before = None
            if before is not None:
                transaction.savepoint_rollback(before)
            world.check()
        transaction.savepoint_rollback(start)

    play()


@given(st.dictionaries(st.sampled_from([*rules.GRANTS, rules.RETURN, "purchase", "refund", "x"]),
                       st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))))  # fmt: skip
def test_the_rule_explains_whatever_moved(flows: dict[str, tuple[int, int]]) -> None:
    left = sum(came - went for came, went in flows.values())
    assert sums_of(flows, left).difference == 0
    assert sums_of(flows, left + 1).difference == -1
