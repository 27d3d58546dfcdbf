"""Reserving and paying on the real database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bekal.access.actions import CodeExpired, CodeWrong, TooManyTries
from bekal.catalogue.actions import SeatsGone, close_schedule, suspend_training
from bekal.catalogue.models import Schedule
from bekal.core import vault
from bekal.ledger.queries import balance, imbalance
from bekal.market import actions as market
from bekal.market.models import Purchase, PurchaseState
from bekal.market.queries import (
    market_figures,
    paid_awards,
    payment_token,
    purchase_of_invoice,
    purchase_of_redeem_code,
    purchase_of_token,
    purchase_view,
    purchase_views,
    purchases_of,
    purchases_of_award,
)
from bekal.market.tasks import lapse_due
from bekal.notices.models import Notice
from bekal.scholarships.models import Award
from bekal.scholarships.queries import award_view
from tests.catalogue.making import curated, schedule
from tests.market.making import BALANCE, award, bought, code_sent, pay, reserve
from tests.moments import at_time
from tests.partners.making import AT, BY, organisation

pytestmark = pytest.mark.django_db


class World:
    """One provider, one platform that takes 10 %, one training of Rp700,000 with five seats."""

    def __init__(self) -> None:
        self.provider = organisation()
        self.platform = organisation("platform", "DP-1", commission_percent=10)
        self.training = curated(self.provider.id)
        self.schedule = schedule(self.training)
        self.award = award()

    def seats(self) -> int:
        return Schedule.objects.get(pk=self.schedule.pk).seats_taken

    def left(self) -> int:
        return balance(f"award:{self.award.id}:training").available

    def payable(self, key: UUID) -> int:
        return balance(f"payable:{key}").available


@pytest.fixture
def world() -> World:
    return World()


def test_a_reservation_holds_seat_and_money_and_sends_a_code(world: World) -> None:
    reservation = reserve(world.award, world.schedule, world.platform.id)
    assert (world.seats(), world.left(), balance(f"award:{world.award.id}:training").pending_out) == (
        1,
        BALANCE - 700_000,
        700_000,
    )
    assert world.payable(world.provider.id) == world.payable(world.platform.id) == 0
    words = vault.unseal(bytes(Notice.objects.get().text_sealed), place="notices.text")
    assert "Rp700.000" in words
    assert "Pemasaran digital TR-1" in words
    assert reservation.expires_at == AT + timedelta(minutes=15)
    view = purchase_view(reservation.purchase_id)
    assert view is not None
    assert (view.state, view.commission, view.redeem_code) == ("reserved", 70_000, None)


def test_the_code_pays_and_yields_a_redeem_code(world: World) -> None:
    purchase = bought(world.award, world.schedule, world.platform.id)
    assert (world.left(), world.payable(world.provider.id), world.payable(world.platform.id)) == (
        BALANCE - 700_000,
        630_000,
        70_000,
    )
    view = purchase_of_redeem_code(purchase.redeem_code or "")
    assert view is not None
    assert (view.id, view.provider_name, view.platform_name) == (purchase.id, "Organisasi LP-1", "Organisasi DP-1")
    assert len(view.redeem_code or "") == 12
    assert (view.redeem_code or "").isalnum()
    assert (view.redeem_code or "").isupper() or (view.redeem_code or "").isdigit()
    assert purchase_of_invoice(world.platform.id, "INV-1") == view == purchases_of(view.citizen_id)[0]
    assert purchases_of_award(world.award.id) == [view] == list(purchase_views([view.id]).values())
    assert paid_awards([world.award.id]) == {world.award.id}
    assert market_figures() == {"purchases": 1, "buyers": 1, "amount": 700_000, "commission": 70_000}
    assert Award.objects.get().purchase_due_at is None
    message = Notice.objects.get(template="market.notice_bought")
    assert purchase.redeem_code in vault.unseal(bytes(message.text_sealed), place="notices.text")
    assert imbalance() == 0


def test_paying_again_with_the_same_invoice_changes_nothing(world: World) -> None:
    reservation = reserve(world.award, world.schedule, world.platform.id)
    otp = code_sent()
    first, again = pay(reservation, world.platform.id, otp=otp), pay(reservation, world.platform.id, otp=otp)
    assert first.redeem_code == again.redeem_code
    with pytest.raises(market.AlreadyPaid):
        pay(reservation, world.platform.id, otp=otp, invoice="INV-2")
    assert world.payable(world.provider.id) == 630_000


def test_wrong_codes_are_counted_and_end_the_reservation_in_the_end(world: World) -> None:
    reservation = reserve(world.award, world.schedule, world.platform.id)
    otp = code_sent()
    wrong = "000000" if otp != "000000" else "111111"
    for _ in range(10):
        with pytest.raises(CodeWrong):
            pay(reservation, world.platform.id, otp=wrong)
    with pytest.raises(TooManyTries):
        pay(reservation, world.platform.id, otp=otp)
    assert Purchase.objects.get().state == PurchaseState.RESERVED


def test_late_codes_and_late_payments_are_refused(world: World) -> None:
    reservation = reserve(world.award, world.schedule, world.platform.id)
    with pytest.raises(CodeExpired):
        pay(reservation, world.platform.id, at=AT + timedelta(minutes=11))
    with pytest.raises(market.ReservationLapsed):
        pay(reservation, world.platform.id, at=AT + timedelta(minutes=15))


def test_a_token_opens_its_own_purchase_for_its_own_platform_only(world: World) -> None:
    reservation = reserve(world.award, world.schedule, world.platform.id)
    other = organisation("platform", "DP-2")
    with pytest.raises(market.TokenUnknown):
        pay(reservation, other.id)
    forged = reservation.purchase_id.hex + "0" * 32
    assert purchase_of_token(forged) is purchase_of_token("x") is purchase_of_token("") is None
    assert purchase_of_token(payment_token(reservation.purchase_id)) == reservation.purchase_id


def test_an_invoice_code_is_used_once_per_platform(world: World) -> None:
    bought(world.award, world.schedule, world.platform.id)
    second = reserve(award(2), world.schedule, world.platform.id)
    with pytest.raises(market.InvoiceTaken):
        pay(second, world.platform.id)


def test_asking_again_sends_another_code_a_few_times(world: World) -> None:
    first = reserve(world.award, world.schedule, world.platform.id)
    for minute in (1, 2):
        again = reserve(world.award, world.schedule, world.platform.id, at=AT + timedelta(minutes=minute))
        assert again == first
    with pytest.raises(market.TooManyCodes):
        reserve(world.award, world.schedule, world.platform.id, at=AT + timedelta(minutes=3))
    assert (world.seats(), world.left(), Notice.objects.count()) == (1, BALANCE - 700_000, 3)


def test_another_wish_ends_the_open_reservation(world: World) -> None:
    first = reserve(world.award, world.schedule, world.platform.id)
    elsewhere = schedule(curated(world.provider.id, "TR-2", price=900_000))
    reserve(world.award, elsewhere, world.platform.id)
    assert (world.seats(), world.left()) == (0, BALANCE - 900_000)
    with pytest.raises(market.ReservationLapsed):
        pay(first, world.platform.id)


def test_time_gives_seat_and_money_back(world: World) -> None:
    reserve(world.award, world.schedule, world.platform.id)
    assert at_time(AT + timedelta(minutes=14), lapse_due) == 0
    assert at_time(AT + timedelta(minutes=15), lapse_due) == 1
    assert at_time(AT + timedelta(minutes=15), lapse_due) == 0
    assert (world.seats(), world.left(), imbalance()) == (0, BALANCE, 0)
    assert purchases_of(world.award.citizen_id) == []
    assert not market.lapse_reservation(by=BY, at=AT, purchase_id=Purchase.objects.get().id)
    bought(world.award, world.schedule, world.platform.id, at=AT + timedelta(minutes=20))


def test_money_of_a_lapsed_reservation_follows_an_ended_award_to_its_wave(world: World) -> None:
    reserve(world.award, world.schedule, world.platform.id)
    Award.objects.filter(pk=world.award.pk).update(state="revoked", ended_at=AT)
    at_time(AT + timedelta(minutes=15), lapse_due)
    assert balance(f"wave:{world.award.wave_id}").available == 3_500_000, "an ended award keeps nothing"
    assert world.left() == 0


@pytest.mark.parametrize(
    ("refusal", "change"),
    [
        (market.CardNotUsable, {"card_number": "9" * 16}),
        (market.ScheduleUnknown, {"schedule_code": "SCH-9"}),
        (market.ScheduleNotOfCourse, {"course_code": "TR-9"}),
        (market.TrainingStarted, {"at": AT + timedelta(days=3)}),
        (market.PriceDiffers, {"amount": 699_999}),
    ],
)
def test_wishes_that_do_not_fit_are_refused(world: World, refusal: type[Exception], change: dict[str, Any]) -> None:
    with pytest.raises(refusal):
        reserve(world.award, world.schedule, world.platform.id, **change)
    assert (world.seats(), world.left(), Notice.objects.count()) == (0, BALANCE, 0)


def test_ended_awards_cannot_buy(world: World) -> None:
    Award.objects.update(state="expired", ended_at=AT)
    with pytest.raises(market.CardNotUsable):
        reserve(world.award, world.schedule, world.platform.id)


def test_awards_past_their_window_cannot_buy(world: World) -> None:
    Award.objects.update(purchase_due_at=AT - timedelta(seconds=1))
    with pytest.raises(market.CardNotUsable):
        reserve(world.award, world.schedule, world.platform.id)


def test_closed_and_suspended_things_are_not_sold(world: World) -> None:
    other = schedule(world.training, "SCH-2")
    close_schedule(by=BY, at=AT, schedule_id=other.id, why="")
    with pytest.raises(market.TrainingNotOffered):
        reserve(world.award, other, world.platform.id)
    suspend_training(by=BY, at=AT, training_id=world.training.id, why="")
    with pytest.raises(market.TrainingNotOffered):
        reserve(world.award, world.schedule, world.platform.id)


def test_conditions_of_a_training_hold(world: World) -> None:
    strict = schedule(curated(world.provider.id, "TR-2", schooling_min="bachelor"))
    with pytest.raises(market.NotForBuyer):
        reserve(world.award, strict, world.platform.id)


def test_a_training_below_the_buyers_programme_is_not_sold(world: World) -> None:
    from tests.catalogue.making import rulebook

    week = rulebook("skills-week")
    short = schedule(curated(world.provider.id, "TR-2", rulebook_id=week, hours=3, price=20_000))
    with pytest.raises(market.NotForProgramme):
        reserve(world.award, short, world.platform.id)


def test_balance_and_seats_are_limits(world: World) -> None:
    poor = award(2, amount=699_999)
    with pytest.raises(market.BalanceTooLow):
        reserve(poor, world.schedule, world.platform.id)
    assert world.seats() == 0
    last = schedule(curated(world.provider.id, "TR-2"), seats=1)
    reserve(world.award, last, world.platform.id)
    with pytest.raises(SeatsGone):
        reserve(award(3), last, world.platform.id)


def test_one_account_at_a_platform_is_one_person(world: World) -> None:
    bought(world.award, world.schedule, world.platform.id)
    with pytest.raises(market.UserHasOtherCard):
        reserve(award(2), world.schedule, world.platform.id, platform_user=f"user-{world.award.card_number}")


def test_a_second_training_waits_for_the_first_and_is_another_one(world: World) -> None:
    bought(world.award, world.schedule, world.platform.id)
    second = schedule(curated(world.provider.id, "TR-2"))
    with pytest.raises(market.CardNotUsable):
        reserve(world.award, second, world.platform.id)
    Award.objects.update(purchase_due_at=AT + timedelta(days=30))
    with pytest.raises(market.AlreadyBought):
        reserve(world.award, world.schedule, world.platform.id)
    bought(world.award, second, world.platform.id, invoice="INV-2")
    view = award_view(world.award.id)
    assert view is not None
    assert view.balance == BALANCE - 1_400_000


def test_redeemed_and_rated_once_paid(world: World) -> None:
    reservation = reserve(world.award, world.schedule, world.platform.id)
    with pytest.raises(market.NotPaid):
        market.note_redeemed(by=BY, at=AT, purchase_id=reservation.purchase_id)
    purchase = pay(reservation, world.platform.id)
    for _ in range(2):
        market.note_redeemed(by=BY, at=AT, purchase_id=purchase.id)
    rating = {"by": BY, "purchase_id": purchase.id, "stars": 5, "words": "jelas"}
    with pytest.raises(market.NotTheBuyer):
        market.rate_purchase(at=AT, citizen_id=purchase.citizen_id, **rating)
    later = AT + timedelta(days=4)
    with pytest.raises(market.NotTheBuyer):
        market.rate_purchase(at=later, citizen_id=world.provider.id, **rating)
    assert market.rate_purchase(at=later, citizen_id=purchase.citizen_id, **rating).stars == 5
