"""Held, returned, contested, settled by statement or by hand: what else may become of an order."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bekal.access.actions import SameEyes
from bekal.core import ids
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.eligibility.models import RegisterList, Review, ReviewState
from bekal.incentives.actions import (
    NeedsReason,
    NotHeld,
    NotToHold,
    NotUnknown,
    OrderLeft,
    OrderNotPaid,
    OrderUnknown,
    ReturnDiffers,
    approve_pay_run,
    close_windows,
    drop_order,
    hold_contested,
    hold_order,
    plan_pay_run,
    record_answers,
    reject_pay_run,
    release_order,
    return_order,
    settle_by_hand,
    take_enquiries,
    take_orders,
)
from bekal.incentives.models import PaymentOrder, PayRun
from bekal.incentives.queries import due_entitlements, orders_of, payee_of, sendable
from bekal.ledger.queries import balance, imbalance
from bekal.market.actions import close_settlement
from bekal.market.models import Settlement
from bekal.notices.models import Notice
from tests.incentives.making import CHECKER, MAKER, approved_run, entitled, linked
from tests.incentives.test_actions import LATER, PAID, REFUSED, UNKNOWN, answer, left, taken
from tests.learning.making import BY, ENDS_AT, bought, certified, shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded", "clock_at")]
HOUR = timedelta(hours=1)


def state(reference: str) -> str:
    return str(PaymentOrder.objects.get(reference=reference).state)


def contested(citizen_id: Any) -> Review:
    listed = RegisterList.objects.create(
        id=ids.fresh("list"),
        kind="civil_service",
        as_of=date(2023, 8, 1),
        source="bkn",
        sha256="0" * 64,
        whole=True,
        people=1,
        refused_rows=0,
        imported_at=ENDS_AT,
        imported_by="x",
    )
    return Review.objects.create(
        id=ids.fresh("review"), citizen_id=citizen_id, kind="civil_service", register_list=listed, opened_at=ENDS_AT,
        due_on=date(2023, 9, 1),
    )  # fmt: skip


def test_a_held_order_is_approved_with_the_rest_and_goes_out_when_released() -> None:
    one = entitled(shop())
    run = plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank")
    assert run
    held = PaymentOrder.objects.get(kind="survey").reference
    hold_order(by=MAKER, at=ENDS_AT, reference=held, why="alamat ganda")
    hold_order(by=CHECKER, at=ENDS_AT, reference=held, why="lagi")
    assert PaymentOrder.objects.get(kind="survey").held_why == "alamat ganda"
    approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest=run.digest)
    rows = taken()
    assert [row.kind for row in rows] == ["completion"]
    answer(rows, PAID)
    assert (PayRun.objects.get().state, left(one)) == ("approved", (50_000, 50_000))
    with pytest.raises(SameEyes):
        release_order(by=MAKER, at=ENDS_AT, reference=held, why="sudah benar")
    with pytest.raises(NeedsReason):
        release_order(by=CHECKER, at=ENDS_AT, reference=held, why=" ")
    assert release_order(by=CHECKER, at=ENDS_AT, reference=held, why="sudah benar").state == "approved"
    answer(taken(), PAID)
    assert (PayRun.objects.get().state, imbalance()) == ("closed", 0)


def test_a_held_order_of_a_planned_run_stands_where_it_stood() -> None:
    entitled(shop())
    run = plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank")
    assert run
    held = PaymentOrder.objects.get(kind="survey").reference
    hold_order(by=MAKER, at=ENDS_AT, reference=held, why="alamat ganda")
    assert release_order(by=CHECKER, at=ENDS_AT, reference=held, why="sudah benar").state == "planned"
    with pytest.raises(NotHeld):
        release_order(by=CHECKER, at=ENDS_AT, reference=held, why="sudah benar")


def test_a_held_order_is_dropped_by_another_and_its_money_goes_back() -> None:
    one = entitled(shop())
    approved_run()
    held = PaymentOrder.objects.get(kind="survey").reference
    hold_order(by=MAKER, at=ENDS_AT, reference=held, why="alamat ganda")
    answer(taken(), PAID)
    with pytest.raises(SameEyes):
        drop_order(by=MAKER, at=ENDS_AT, reference=held, why="benar ganda")
    assert drop_order(by=CHECKER, at=ENDS_AT, reference=held, why="benar ganda").state == "dropped"
    assert (left(one), PayRun.objects.get().state, imbalance()) == ((100_000, 0), "closed", 0)


def test_a_rejected_run_drops_what_is_held_too() -> None:
    one = entitled(shop())
    run = plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank")
    assert run
    for number, order in enumerate(PaymentOrder.objects.order_by("kind")):
        hold_order(by=MAKER, at=ENDS_AT, reference=order.reference, why="ganda")
        if number:
            drop_order(by=CHECKER, at=ENDS_AT, reference=order.reference, why="ganda")
    reject_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, why="salah")
    assert set(PaymentOrder.objects.values_list("state", flat=True)) == {"dropped"}
    assert (left(one), imbalance()) == ((700_000, 0), 0)


def test_what_is_on_its_way_or_certain_is_not_held() -> None:
    entitled(shop())
    approved_run()
    rows = taken()
    with pytest.raises(NotToHold):
        hold_order(by=MAKER, at=ENDS_AT, reference=rows[0].reference, why="ganda")
    with pytest.raises(NeedsReason):
        hold_order(by=MAKER, at=ENDS_AT, reference=rows[0].reference, why="")
    with pytest.raises(OrderUnknown):
        hold_order(by=MAKER, at=ENDS_AT, reference="none", why="ganda")
    answer(rows, LATER)
    hold_order(by=MAKER, at=ENDS_AT, reference=rows[0].reference, why="ganda")
    with pytest.raises(OrderLeft):
        drop_order(by=CHECKER, at=ENDS_AT, reference=rows[0].reference, why="ganda")
    assert answer(rows[:1], PAID, "statement") == {"paid": 1}
    assert state(rows[0].reference) == "paid"


def test_who_is_contested_is_neither_planned_nor_sent() -> None:
    sold = shop()
    one, other = entitled(sold, 1), entitled(sold, 2)
    review = contested(one.citizen_id)
    assert {due.citizen_id for due in due_entitlements(ENDS_AT)} == {other.citizen_id}
    Review.objects.filter(pk=review.pk).update(state=ReviewState.DISMISSED, closed_at=ENDS_AT, closed_by="x", why="x")
    approved_run()
    Review.objects.filter(pk=review.pk).update(state=ReviewState.OPEN, closed_at=None, closed_by="", why="")
    assert hold_contested(by=BY, at=ENDS_AT) == 2
    assert hold_contested(by=BY, at=ENDS_AT) == 0
    assert {row.citizen_id for row in taken()} == {other.citizen_id}
    assert [order.state for order in orders_of(one.citizen_id)] == ["held", "held"]


def test_a_returned_payment_is_due_again_to_another_account() -> None:
    one = entitled(shop())
    approved_run()
    rows = taken()
    survey = next(row for row in rows if row.kind == "survey")
    with pytest.raises(OrderNotPaid):
        return_order(by=BY, at=ENDS_AT, reference=survey.reference, partner_reference="R1", amount=50_000)
    answer(rows, PAID)
    with pytest.raises(ReturnDiffers):
        return_order(by=BY, at=ENDS_AT, reference=survey.reference, partner_reference="R1", amount=49_999)
    with pytest.raises(OrderUnknown):
        return_order(by=BY, at=ENDS_AT, reference="none", partner_reference="R1", amount=50_000)
    for _ in range(2):
        return_order(by=BY, at=ENDS_AT + HOUR, reference=survey.reference, partner_reference="R1", amount=50_000)
    payee = payee_of(one.citizen_id)
    assert payee
    assert (payee.state, payee.refused_code, left(one)) == ("refused", "returned", (100_000, 0))
    assert (balance("paid:bank").credits, balance("paid:bank").debits) == (650_000, 50_000)
    assert imbalance() == 0
    assert Notice.objects.filter(template="incentives.notice_returned").count() == 1
    assert due_entitlements(ENDS_AT + HOUR) == []
    linked(one, account="888777666", at=ENDS_AT + HOUR)
    again = approved_run(at=ENDS_AT + 26 * HOUR)
    assert again
    (second,) = taken(ENDS_AT + 26 * HOUR)
    assert (second.attempt, second.replaces_id, second.amount) == (2, survey.id, 50_000)
    answer([second], PAID)
    assert (left(one), imbalance()) == ((50_000, 0), 0)


def test_a_returned_settlement_is_owed_again() -> None:
    sold = shop()
    certified(bought(sold))
    until = ENDS_AT + timedelta(days=60)
    made = close_settlement(by=BY, at=until, organisation_id=sold.provider.id, until=until)
    assert made
    approved_run(at=until)
    (row,) = taken(until)
    answer([row], PAID)
    return_order(by=BY, at=until, reference=row.reference, partner_reference="R2", amount=made.amount)
    assert Settlement.objects.get().state == "closed"
    assert balance(f"payable:{sold.provider.id}").available == made.amount
    approved_run(at=until + HOUR)
    (second,) = taken(until + HOUR)
    assert second.replaces_id == row.id
    answer([second], PAID)
    assert (Settlement.objects.get().state, imbalance()) == ("paid", 0)


def test_a_statement_settles_what_nobody_could() -> None:
    entitled(shop())
    approved_run()
    rows = taken()
    answer(rows, UNKNOWN)
    assert answer(rows, UNKNOWN, "statement") == {"unknown": 2}
    assert answer(rows, LATER, "statement") == {"unknown": 2}
    assert answer(rows[:1], PAID, "statement") == {"paid": 1}
    assert answer(rows[1:], REFUSED, "statement") == {"refused": 1}
    assert answer(rows, PAID, "statement") == {}


def test_two_people_settle_what_they_read_in_the_payers_papers() -> None:
    entitled(shop())
    approved_run()
    rows = taken()
    reference = rows[0].reference
    with pytest.raises(NotUnknown):
        settle_by_hand(by=MAKER, at=ENDS_AT, reference=reference, outcome="paid", why="rekening koran 9/8")
    answer(rows, UNKNOWN)
    with pytest.raises(NeedsReason):
        settle_by_hand(by=MAKER, at=ENDS_AT, reference=reference, outcome="paid", why="")
    for by, outcome, after in (
        (MAKER, "paid", "unknown"), (MAKER, "paid", "unknown"), (CHECKER, "refused", "unknown"),
        (CHECKER, "paid", "paid"),
    ):  # fmt: skip
        settle_by_hand(by=by, at=ENDS_AT, reference=reference, outcome=outcome, why="rekening koran 9/8")  # type: ignore[arg-type]
        assert state(reference) == after
    assert imbalance() == 0


def test_after_the_payers_window_nothing_is_sent_again(settings: Any) -> None:
    """The payer has forgotten the reference: only a statement or two people may say what became of it."""
    settings.PORTS = {"payer:bank": ("", {"window_days": "30"})}
    entitled(shop())
    approved_run()
    rows = taken()
    answer(rows[:1], LATER)
    answer(rows[1:], UNKNOWN)
    after = ENDS_AT + timedelta(days=30)
    assert sendable(after - HOUR, "bank").count() == 1
    assert taken(after) == []
    assert take_enquiries(by=BY, at=after, channel="bank", limit=10) == []
    assert close_windows(by=BY, at=after, channel="bank") == 1
    assert close_windows(by=BY, at=after, channel="bank") == 0
    assert {state(row.reference) for row in rows} == {"unknown"}
    assert answer(rows, LATER, "status", after) == {"unknown": 2}
    assert answer(rows, PAID, "statement", after) == {"paid": 2}


def test_a_hundred_thousand_doubts_keep_to_the_budget(settings: Any) -> None:
    """Whoever asks, and however often, a payer hears no more questions a minute than it bears."""
    settings.PORTS = {"payer:bank": ("", {"asks_a_minute": "3", "first_ask_seconds": "600"})}
    sold = shop()
    for number in range(1, 5):
        entitled(sold, number)
    approved_run()
    answer(taken(), UNKNOWN)
    asked = []
    for seconds in range(0, 86_400, 20):
        at = ENDS_AT + timedelta(seconds=seconds)
        for _ in range(2):
            rows = take_enquiries(by=BY, at=at, channel="bank", limit=100)
            answer(rows, UNKNOWN, "status", at)
            asked += [(seconds, row.id) for row in rows]
        if seconds == 3_600:
            break
    assert min(seconds for seconds, _ in asked) == 600
    for begin, _ in asked:
        assert sum(begin <= seconds < begin + 60 for seconds, _ in asked) <= 3
    assert len({order_id for _, order_id in asked}) == 8
    assert len(asked) == 16


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"state": "held"}, "order_held_says_why"),
        ({"held_why": "x"}, "order_held_says_why"),
        ({"state": "sent", "intent_at": ENDS_AT, "sendings": 1}, "order_is_asked_about"),
        ({"returned_at": ENDS_AT}, "order_returned_at_with_state"),
    ],
)
def test_the_database_ties_the_new_columns_to_states(columns: dict[str, Any], constraint: str) -> None:
    entitled(shop())
    approved_run()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PaymentOrder.objects.filter(kind="completion").update(**columns)


def test_refusals_are_one_family() -> None:
    assert all(issubclass(one, Refused) for one in (NotToHold, NotHeld, OrderLeft, NotUnknown, NeedsReason))
    assert Actor.staff("x").kind == "staff"


def test_taken_and_answered_cost_no_statement_each(django_assert_max_num_queries: Any) -> None:
    sold = shop()
    for number in range(1, 6):
        entitled(sold, number)
    approved_run()
    with django_assert_max_num_queries(10):
        rows = take_orders(by=BY, at=ENDS_AT, channel="bank", limit=100)
    with django_assert_max_num_queries(30):
        record_answers(by=BY, at=ENDS_AT, asked="pay", answers=[(row.id, PAID) for row in rows])
