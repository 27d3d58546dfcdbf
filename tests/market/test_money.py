"""Properties: whatever the order of steps, every rupiah and every seat is accounted for; the last seat is sold once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.catalogue.actions import SeatsGone
from bekal.catalogue.models import Schedule
from bekal.core.errors import Refused
from bekal.ledger.queries import balance, imbalance
from bekal.market import actions as market
from bekal.market.models import Purchase
from bekal.market.tasks import lapse_due
from bekal.scholarships.models import Award
from tests.catalogue.making import curated, schedule
from tests.market.making import BALANCE, award, code_sent, pay, reserve
from tests.moments import at_time
from tests.partners.making import AT, BY, organisation

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "authorise", "wrong code", "void", "time passes", "award ends", "cancel"]),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=25,
)


class Shop:
    """Three awards, three schedules with one or two seats (the third free of charge), two platforms."""

    def __init__(self, run: int) -> None:
        self.at = AT
        provider = organisation("provider", f"LP-{run}")
        self.platforms = [
            organisation("platform", f"DP-{run}-{number}", commission_percent=percent)
            for number, percent in enumerate((None, 0))
        ]
        self.awards = [award(run * 3 + number, wave_number=run) for number in range(3)]
        self.schedules = [
            schedule(curated(provider.id, f"TR-{run}-{number}", price=price), seats=seats)
            for number, (price, seats) in enumerate(((700_001, 1), (2_999_999, 2), (0, 2)))
        ]
        self.payables = [f"payable:{made.id}" for made in [provider, *self.platforms]]
        self.reservations: dict[int, tuple[market.Reservation, str, int]] = {}
        self.count = 0

    def step(self, name: str, who: int, what: int) -> None:
        self.count += 1
        getattr(self, name.replace(" ", "_"))(who, what)

    def reserve(self, who: int, what: int) -> None:
        platform = (who + what) % 2
        made = reserve(self.awards[who], self.schedules[what], self.platforms[platform].id, at=self.at)
        self.reservations[who] = (made, code_sent(made.purchase_id), platform)

    def authorise(self, who: int, _what: int) -> None:
        self._pay(who, "")

    def wrong_code(self, who: int, _what: int) -> None:
        self._pay(who, "x")

    def _pay(self, who: int, spoilt: str) -> None:
        if who in self.reservations:
            made, otp, platform = self.reservations[who]
            pay(made, self.platforms[platform].id, invoice=f"I-{self.count}", otp=spoilt or otp, at=self.at)

    def void(self, who: int, _what: int) -> None:
        for row in Purchase.objects.filter(award_id=self.awards[who].id, state="paid"):
            market.void_purchase(
                by=BY,
                at=self.at,
                platform_id=row.platform_id,
                invoice_code=row.invoice_code,
                transaction_code=row.transaction_code,
            )

    def time_passes(self, who: int, what: int) -> None:
        self.at = self.at + timedelta(minutes=5 * (1 + who) * (1 + what))
        at_time(self.at, lapse_due)

    def award_ends(self, who: int, _what: int) -> None:
        Award.objects.filter(pk=self.awards[who].pk, state="active").update(state="expired", ended_at=self.at)

    def cancel(self, who: int, what: int) -> None:
        if who == 2:
            market.cancel_schedule(by=BY, at=self.at, schedule_id=self.schedules[what].id, why="test")

    def check(self) -> None:
        rows = Purchase.objects.filter(award_id__in=[made.id for made in self.awards])
        live = [row for row in rows if row.state in ("reserved", "paid")]
        for made in self.awards:
            mine = [row for row in live if row.award_id == made.id]
            left = balance(f"award:{made.id}:training")
            assert left.pending_out == sum(row.amount for row in mine if row.state == "reserved")
            assert left.available + sum(row.amount for row in mine) <= BALANCE
            assert len([row for row in mine if row.state == "reserved"]) <= 1
        held = sum(balance(f"award:{made.id}:training").available for made in self.awards)
        pending = sum(row.amount for row in live if row.state == "reserved")
        spent = sum(balance(key).available for key in self.payables)
        assert spent == sum(row.amount for row in live if row.state == "paid")
        returned = balance(f"wave:{self.awards[0].wave_id}").available
        assert held + pending + spent + returned == 3 * BALANCE
        for opened in self.schedules:
            now = Schedule.objects.get(pk=opened.pk)
            assert now.seats_taken == len([row for row in live if row.schedule_id == opened.pk]) <= now.seats
        assert imbalance() == 0


_runs = iter(range(1, 10_000))


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_no_order_of_steps_loses_a_rupiah_or_a_seat(steps: list[tuple[str, int, int]]) -> None:
    shop = Shop(next(_runs))
    for name, who, what in steps:
        with suppress(Refused):
            shop.step(name, who, what)
        shop.check()


@pytest.mark.django_db(transaction=True)
def test_many_buyers_of_the_last_seat_at_once() -> None:
    provider, platform = organisation(), organisation("platform", "DP-1")
    opened = schedule(curated(provider.id), seats=1)
    buyers = [award(number) for number in range(1, 13)]

    def buy(made: Award) -> str:
        try:
            reserve(made, opened, platform.id)
        except SeatsGone:
            return "gone"
        finally:
            connection.close()
        return "held"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(buy, buyers))
    assert outcomes.count("held") == 1
    assert Schedule.objects.get().seats_taken == 1
    assert Purchase.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_award_at_many_shops_at_once_holds_one_reservation() -> None:
    provider, platform = organisation(), organisation("platform", "DP-1")
    schedules = [schedule(curated(provider.id, f"TR-{number}")) for number in range(6)]
    made = award()

    def buy(at: datetime, number: int) -> None:
        try:
            with suppress(Refused):
                reserve(made, schedules[number], platform.id, at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: buy(AT, number), range(6)))
    assert Purchase.objects.filter(state="reserved").count() == 1
    assert sum(Schedule.objects.values_list("seats_taken", flat=True)) == 1
    assert balance(f"award:{made.id}:training").available == BALANCE - 700_000
