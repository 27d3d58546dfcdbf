"""A confirmed late list takes an award back: what is left returns, nothing more is paid."""

from collections.abc import Callable
from datetime import date, datetime

import pytest

from bekal.core import clock
from bekal.core.events import Actor
from bekal.eligibility.actions import dismiss_review, import_list
from bekal.eligibility.models import Review
from bekal.ledger import queries as ledger
from bekal.notices.models import Notice
from bekal.rulebooks.models import RuleBook
from bekal.scholarships import actions, queries
from bekal.scholarships.models import Award
from tests.citizens.making import nik
from tests.rulebooks.making import loaded_programme
from tests.scholarships.making import award, awarded_wave
from tests.waves.making import BY

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(clock_at: Callable[[datetime], None]) -> RuleBook:
    return loaded_programme("prakerja-2023")


def contested(*, kind: str = "police") -> list[Review]:
    """Everybody made by the tests turns out to stand on a late list."""
    import_list(
        by=BY, at=clock.now(), kind=kind, as_of=date(2023, 8, 1), source="Polri", sha256=kind, whole=False,
        niks=[nik(number) for number in range(1, 10)],
    )  # fmt: skip
    return list(Review.objects.order_by("id"))


def confirmed(review: Review) -> list[int]:
    told = {"at": clock.now(), "review_id": review.id, "why": "Anggota aktif"}
    return [actions.confirm_listed(by=Actor.staff(name), **told) for name in ("one", "other")]


def test_two_members_of_staff_withdraw_and_the_money_returns(book: RuleBook) -> None:
    wave = awarded_wave(book)
    review = next(one for one in contested() if Award.objects.filter(citizen_id=one.citizen_id).exists())
    assert confirmed(review) == [0, 1]
    row = Award.objects.get(citizen_id=review.citizen_id)
    assert (row.state, ledger.balance(queries.training_account(row.id)).available) == ("withdrawn", 0)
    assert ledger.balance(queries.wave_account(wave.id)).available == row.training_amount + row.incentive_amount
    assert Notice.objects.filter(template="scholarships.withdrawn_message").count() == 1
    assert ledger.imbalance() == 0
    assert queries.freed_places(wave.id) == [row]


def test_a_withdrawn_place_that_bought_nothing_goes_to_the_next(book: RuleBook) -> None:
    wave = awarded_wave(book, people=4, places=1)
    first = Award.objects.get()
    reviews = {review.citizen_id: review for review in contested()}
    confirmed(reviews.pop(first.citizen_id))
    assert actions.award_waiting(by=BY, at=clock.now(), wave_id=wave.id) == 0, "all others are contested, so it waits"
    for review in reviews.values():
        dismiss_review(by=BY, at=clock.now(), review_id=review.id, why="Salah orang")
    assert actions.award_waiting(by=BY, at=clock.now(), wave_id=wave.id) == 1
    assert Award.objects.get(replaces=first).citizen_id != first.citizen_id


def test_a_register_that_the_programme_does_not_bar_takes_nothing(book: RuleBook) -> None:
    award(book)
    assert contested(kind="social_aid") == []
    assert set(Award.objects.values_list("state", flat=True)) == {"active"}
