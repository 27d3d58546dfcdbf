"""Voids, cancelled schedules and settlements on the real database."""

from datetime import timedelta
from uuid import UUID

import pytest

from bekal.catalogue.models import Schedule
from bekal.ledger.actions import open_accounts
from bekal.ledger.queries import balance, imbalance, sums_by_code
from bekal.ledger.rules import Opening
from bekal.market import actions as market
from bekal.market import rules
from bekal.market.models import Purchase, PurchaseState, SettlementState
from bekal.market.queries import (
    calendar,
    money_due,
    not_yet_settled,
    organisations_to_settle,
    settlement_lines,
    settlement_of,
    settlement_size,
    settlements_due,
    settlements_of,
)
from bekal.market.tasks import settle_due
from bekal.notices.models import Notice
from bekal.scholarships.actions import close_awards, return_unused
from bekal.scholarships.models import Award
from bekal.scholarships.queries import sums_of_award
from tests.catalogue.making import curated, schedule
from tests.market.making import BALANCE, award, bought, reserve
from tests.market.test_buying import World
from tests.moments import at_time
from tests.partners.making import AT, BY, organisation

pytestmark = pytest.mark.django_db
DUE = AT + timedelta(days=3 + 5 + 7)


@pytest.fixture
def world() -> World:
    return World()


def void(world: World, purchase: Purchase, *, at: object = AT, platform_id: UUID | None = None) -> Purchase:
    return market.void_purchase(
        by=BY,
        at=at,
        platform_id=platform_id or world.platform.id,
        invoice_code=purchase.invoice_code,
        transaction_code=purchase.transaction_code,
    )


def test_a_void_gives_everything_back(world: World) -> None:
    purchase = bought(world.award, world.schedule, world.platform.id)
    assert void(world, purchase).state == PurchaseState.VOID
    assert (world.seats(), world.left(), imbalance()) == (0, BALANCE, 0)
    assert world.payable(world.provider.id) == world.payable(world.platform.id) == 0
    assert Notice.objects.filter(template="market.notice_voided").count() == 1
    assert Award.objects.get().purchase_due_at == AT.replace(hour=16, minute=59, second=59) + timedelta(days=15)
    with pytest.raises(market.AlreadyVoid):
        void(world, purchase)
    bought(world.award, world.schedule, world.platform.id, invoice="INV-2")


def test_only_the_platform_itself_voids_its_transaction(world: World) -> None:
    purchase = bought(world.award, world.schedule, world.platform.id)
    other = organisation("platform", "DP-2")
    with pytest.raises(market.TransactionUnknown):
        void(world, purchase, platform_id=other.id)
    purchase.transaction_code = "WRONG"
    with pytest.raises(market.TransactionUnknown):
        void(world, purchase)


def test_what_was_redeemed_began_or_is_settled_stays(world: World) -> None:
    purchase = bought(world.award, world.schedule, world.platform.id)
    with pytest.raises(market.TooLateToVoid):
        void(world, purchase, at=AT + timedelta(days=3))
    market.close_settlement(by=BY, at=DUE, organisation_id=world.provider.id, until=DUE)
    with pytest.raises(market.SettledAlready):
        void(world, purchase)
    market.note_redeemed(by=BY, at=AT, purchase_id=purchase.id)
    with pytest.raises(market.AlreadyRedeemed):
        void(world, purchase)


def test_a_refund_to_an_ended_award_goes_on_to_its_wave(world: World) -> None:
    purchase = bought(world.award, world.schedule, world.platform.id)
    Award.objects.update(state="expired", ended_at=AT)
    void(world, purchase)
    assert balance(f"wave:{world.award.wave_id}").available == BALANCE, "an ended award keeps nothing"
    assert (world.left(), imbalance()) == (0, 0)


def test_a_refund_after_the_year_end_goes_on_to_the_treasury(world: World) -> None:
    bought(world.award, world.schedule, world.platform.id)
    open_accounts(by=BY, at=AT, accounts=[Opening("programme:prakerja-2023", "programme")])
    close_awards(by=BY, at=AT, wave_id=world.award.wave_id)
    return_unused(by=BY, at=AT, wave_id=world.award.wave_id)
    before = sums_by_code()["return_treasury"]
    assert before == BALANCE - 700_000
    market.cancel_schedule(by=BY, at=AT, schedule_id=world.schedule.id, why="trainer ill")
    assert sums_by_code()["return_treasury"] == BALANCE
    return_unused(by=BY, at=AT, wave_id=world.award.wave_id)
    held = [balance(key).available for key in (f"wave:{world.award.wave_id}", "programme:prakerja-2023")]
    assert (held, world.left(), imbalance()) == ([0, 0], 0, 0)
    made = sums_of_award(world.award.id)
    assert (made.granted, made.spent, made.left, made.returned) == (BALANCE, 0, 0, BALANCE)


def test_a_cancelled_schedule_refunds_buyers_and_frees_reservations(world: World) -> None:
    bought(world.award, world.schedule, world.platform.id)
    second = award(2)
    reserve(second, world.schedule, world.platform.id)
    cancel = {"by": BY, "at": AT + timedelta(days=1), "schedule_id": world.schedule.id, "why": "trainer ill"}
    assert market.cancel_schedule(**cancel) == 1
    assert market.cancel_schedule(**cancel) == 0
    assert (world.seats(), world.left(), balance(f"award:{second.id}:training").available) == (0, BALANCE, BALANCE)
    assert sorted(Purchase.objects.values_list("state", flat=True)) == ["lapsed", "refunded"]
    assert Schedule.objects.get().state == "closed"
    assert Notice.objects.filter(template="market.notice_cancelled").count() == 1


def test_settlements_hold_each_part_once_and_leave_the_money(world: World) -> None:
    bought(world.award, world.schedule, world.platform.id)
    bought(award(2), world.schedule, world.platform.id, invoice="INV-2")
    early = DUE - timedelta(seconds=1)
    assert at_time(early, settle_due) == []
    assert (money_due(world.provider.id, early).now, money_due(world.provider.id, early).later) == (0, 1_260_000)
    assert organisations_to_settle(DUE) == sorted([world.provider.id, world.platform.id])
    closing = rules.closing_after(DUE)
    assert at_time(closing - timedelta(seconds=1), settle_due) == [], "statements close on Mondays"
    closed = {row.organisation_id: row for row in at_time(closing, settle_due)}
    assert {key: row.amount for key, row in closed.items()} == {
        world.provider.id: 1_260_000,
        world.platform.id: 140_000,
    }
    assert at_time(closing, settle_due) == []
    assert money_due(world.provider.id, DUE).now == money_due(world.platform.id, DUE).now == 0
    assert world.payable(world.provider.id) == 1_260_000
    (view,) = settlements_of(world.provider.id)
    lines = list(settlement_lines(view.id))
    assert (view.number, sum(line.amount for line in lines), settlement_size(view.id)) == (1, 1_260_000, 2)
    assert settlement_of(world.provider.id, 1) == view
    assert settlement_of(world.provider.id, 2) is None
    assert [line.part for line in settlement_lines(view.id, start=1, limit=5)] == ["share"]
    assert {row.id for row in settlements_due()} == {row.id for row in closed.values()}


def test_the_calendar_says_what_comes_when_and_what_waits_why(world: World) -> None:
    bought(world.award, world.schedule, world.platform.id)
    later = schedule(
        curated(world.provider.id, "TR-9"), starts_at=AT + timedelta(days=20), ends_at=AT + timedelta(days=21)
    )
    bought(award(2), later, world.platform.id, invoice="INV-2")
    (first, second), key = calendar(world.provider.id, AT), world.provider.id
    assert [(one.parts, one.amount) for one in (first, second)] == [(1, 630_000), (1, 630_000)]
    assert first.closes_at == rules.closing_after(DUE)
    assert first.closes_at <= second.closes_at - timedelta(days=7)
    assert [(one.parts, one.amount) for one in calendar(world.platform.id, AT)] == [(1, 70_000), (1, 70_000)]
    waits = {
        when: {one.why: one.parts for one in not_yet_settled(key, when)} for when in (AT, DUE - timedelta(days=1), DUE)
    }
    assert waits == {
        AT: {"running": 2, "checking": 0, "closing": 0},
        DUE - timedelta(days=1): {"running": 1, "checking": 1, "closing": 0},
        DUE: {"running": 1, "checking": 0, "closing": 1},
    }
    late = first.closes_at + timedelta(days=1)
    assert calendar(key, late)[0].closes_at == rules.closing_after(late), "what was missed comes with the next"
    assert sum(one.amount for one in not_yet_settled(key, DUE)) == sum(one.amount for one in calendar(key, DUE))


def test_a_settlement_is_paid_once(world: World) -> None:
    bought(world.award, world.schedule, world.platform.id)
    settlement = market.close_settlement(by=BY, at=DUE, organisation_id=world.provider.id, until=DUE)
    assert settlement is not None
    for _ in range(2):
        paid = market.note_settled(by=BY, at=DUE, settlement_id=settlement.id)
        assert (paid.state, paid.paid_at) == (SettlementState.PAID, DUE)
    assert [row.organisation_id for row in settlements_due()] == []
    assert market.close_settlement(by=BY, at=DUE, organisation_id=world.provider.id, until=DUE) is None


def test_a_refunded_purchase_is_not_settled(world: World) -> None:
    purchase = bought(world.award, world.schedule, world.platform.id)
    void(world, purchase)
    assert organisations_to_settle(DUE) == []


def test_a_training_free_of_charge_moves_no_money(world: World) -> None:
    free = schedule(curated(world.provider.id, "TR-2", price=0))
    purchase = bought(world.award, free, world.platform.id)
    assert (purchase.redeem_code is not None, world.left()) == (True, BALANCE)
    void(world, purchase)
    reserve(world.award, free, world.platform.id)
    assert market.cancel_schedule(by=BY, at=AT, schedule_id=free.id, why="test") == 0
    assert (world.left(), imbalance(), organisations_to_settle(DUE)) == (BALANCE, 0, [])


def test_things_name_themselves(world: World) -> None:
    purchase = bought(world.award, world.schedule, world.platform.id)
    settlement = market.close_settlement(by=BY, at=DUE, organisation_id=world.provider.id, until=DUE)
    assert settlement is not None
    line = settlement.lines.get()
    named = [purchase, settlement, line, world.schedule, world.training, world.provider, world.award]
    assert all(str(thing) for thing in named)
