"""When an award may buy, and how a price is split."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bekal.market import rules
from bekal.market.rules import may_buy, purchase_postings, refund_postings, split_of
from bekal.rulebooks.rules import Scholarship

GRANTED = datetime(2023, 8, 1, 3, 0, tzinfo=UTC)
WINDOWED = Scholarship(
    source="test", training_balance=3_500_000, first_purchase_days=15, next_purchase_days=15, ends_on="12-15"
)
FREE = Scholarship(
    source="test", training_balance=1_000_000, first_purchase_days=30, next_purchase_days=None, ends_on="12-15"
)


def allowed(gift: Scholarship, *, due: int | None, before: bool, after: timedelta) -> bool:
    due_at = None if due is None else GRANTED + timedelta(days=due)
    return may_buy(gift, granted_at=GRANTED, due_at=due_at, bought_before=before, at=GRANTED + after)


def test_the_first_purchase_has_its_window() -> None:
    assert allowed(WINDOWED, due=15, before=False, after=timedelta(days=15))
    assert not allowed(WINDOWED, due=15, before=False, after=timedelta(days=15, seconds=1))


def test_a_later_purchase_waits_for_the_end_of_the_training_before() -> None:
    assert not allowed(WINDOWED, due=None, before=True, after=timedelta(days=20))
    assert allowed(WINDOWED, due=40, before=True, after=timedelta(days=30))
    assert not allowed(WINDOWED, due=40, before=True, after=timedelta(days=41))


def test_where_the_file_sets_no_window_later_purchases_are_free() -> None:
    assert allowed(FREE, due=None, before=True, after=timedelta(days=60))


@pytest.mark.parametrize(("at", "open_"), [("2023-12-15T16:59:59", True), ("2023-12-15T17:00:00", False)])
def test_nothing_is_bought_after_the_last_day_in_jakarta(at: str, open_: bool) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert may_buy(FREE, granted_at=GRANTED, due_at=None, bought_before=True, at=moment) is open_


@given(st.integers(0, 10**9), st.integers(0, 100))
def test_reservation_and_refund_move_the_whole_price_and_nothing_else(amount: int, percent: int) -> None:
    split = split_of(amount, amount * percent // 100)
    names = {"purchase": "p", "award": "a", "provider": "x", "platform": "y"}
    held, back = purchase_postings(split=split, **names), refund_postings(split=split, **names)
    assert sum(posting.amount for posting in held) == sum(posting.amount for posting in back) == amount
    assert [(posting.debit, posting.credit) for posting in held] == [
        (posting.credit, posting.debit) for posting in back
    ]
    assert all(posting.phase == "pending" for posting in held)
    assert len({posting.reference for posting in held + back}) == len(held + back)


@given(st.datetimes(datetime(2023, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=UTC)))
def test_statements_close_on_mondays_in_jakarta(at: datetime) -> None:
    before, after = rules.closing_before(at), rules.closing_after(at)
    assert before <= at < after == before + rules.CLOSES_EVERY
    there = before.astimezone(rules.WIB)
    assert (there.weekday(), there.time()) == (0, time(0))
    assert rules.closing_before(before) == before
    assert after.date() < rules.pay_by(after)
