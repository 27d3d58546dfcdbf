"""What a recipient reads: ticks with their day, what opens when, who bars, and by when the money arrives."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bekal.incentives.actions import hold_order, record_answers, return_order, take_orders
from bekal.incentives.models import PaymentOrder
from bekal.incentives.ports import PayAnswer
from bekal.incentives.queries import ChecklistItem, Entitlement, checklist, entitlements_of
from bekal.incentives.rules import EXPECTED_DAYS, expected_by
from bekal.scholarships.models import Award
from tests.incentives.making import CHECKER, approved_run, entitled, linked, rated, surveyed
from tests.incentives.test_outcomes import contested
from tests.learning.making import BY, ENDS_AT, Bought, bought, certified, shop

pytestmark = pytest.mark.django_db
PAID = PayAnswer("paid", "", None, "")


@pytest.fixture(autouse=True)
def today(seeded: None, clock_at: Callable[[datetime], None]) -> None:
    clock_at(ENDS_AT)


def steps(one: Bought, at: datetime = ENDS_AT) -> dict[str, ChecklistItem]:
    return {
        f"{item.code.removeprefix('incentives.step_')}{item.number or ''}": item
        for item in checklist(one.citizen_id, at)
    }


def first(one: Bought, at: datetime = ENDS_AT) -> Entitlement:
    return entitlements_of(one.citizen_id, at)[0]


def test_every_tick_has_its_day() -> None:
    one = certified(bought(shop()))
    assert (steps(one)["rated"].done, steps(one)["rated"].address) == (False, "/saya/pelatihan")
    assert steps(one)["account_linked"].address == "/saya/rekening"
    assert steps(one)["survey_answered1"].address == "/saya/survei/1"
    later = steps(one)["survey_answered2"]
    assert later.opens_at is not None
    assert (later.address, later.opens_at - ENDS_AT > timedelta(days=50)) == ("", True)
    rated(one)
    surveyed(one)
    linked(one)
    done = {name: item.since for name, item in steps(one).items() if item.done}
    assert set(done) == {"certified", "rated", "account_linked", "survey_answered1", "on_no_list"}
    assert all(done[name] for name in done if name != "on_no_list")


def test_a_list_that_contests_the_decision_is_told_with_its_day() -> None:
    one = entitled(shop())
    assert steps(one)["on_no_list"].done
    review = contested(one.citizen_id)
    item = steps(one)["on_no_list"]
    assert (item.done, item.due, item.waits_for) == (False, review.due_on, "incentives.waits_on_no_list")
    Award.objects.filter(id=one.award_id).update(state="withdrawn", ended_at=ENDS_AT)
    assert steps(one)["on_no_list"].waits_for == "incentives.waits_award_ended"


def test_by_when_the_money_arrives() -> None:
    one = entitled(shop())
    ready = first(one)
    assert (ready.state, ready.late) == ("due", False)
    assert ready.expected_by is not None
    assert first(one, ENDS_AT + timedelta(days=30)).late, "money that is ready and was not sent in time"
    approved_run()
    assert (first(one).state, first(one).expected_by) == ("approved", expected_by("approved", ENDS_AT))
    taken = take_orders(by=BY, at=ENDS_AT, channel="bank", limit=9)
    assert (first(one).state, first(one).expected_by) == ("sent", expected_by("sent", ENDS_AT))
    silence = PayAnswer("unknown", "", None, "")
    record_answers(by=BY, at=ENDS_AT, asked="pay", answers=[(order.id, silence) for order in taken])
    doubt = first(one)
    assert (doubt.state, doubt.expected_by, doubt.late) == ("unknown", expected_by("unknown", ENDS_AT), False)
    assert first(one, ENDS_AT + timedelta(days=30)).late
    record_answers(by=BY, at=ENDS_AT, asked="status", answers=[(order.id, PAID) for order in taken])
    assert (first(one).state, first(one).paid_at, first(one).expected_by) == ("paid", ENDS_AT, None)
    reference = PaymentOrder.objects.get(citizen_id=one.citizen_id, kind="completion").reference
    return_order(by=BY, at=ENDS_AT, reference=reference, partner_reference="R", amount=600_000)
    assert (first(one).state, first(one).expected_by, first(one).paid_at) == ("returned", None, None)
    assert steps(one)["account_linked"].waits_for == "incentives.waits_account_refused"


def test_a_held_payment_promises_no_day() -> None:
    one = entitled(shop())
    approved_run()
    order = PaymentOrder.objects.get(citizen_id=one.citizen_id, kind="completion")
    hold_order(by=CHECKER, at=ENDS_AT, reference=order.reference, why="nama ganda")
    assert (first(one).state, first(one).expected_by, first(one).late) == ("held", None, False)


def test_what_is_promised_is_a_working_day() -> None:
    for state in EXPECTED_DAYS:
        day = expected_by(state, ENDS_AT)
        assert day is not None
        assert day > ENDS_AT.date()
        assert day.weekday() < 5
    assert expected_by("refused", ENDS_AT) is None
