"""Curation, schedules, seats and ratings on the real database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from bekal.catalogue.actions import (
    AlreadyDecided,
    AlreadyReviewed,
    AssessorTied,
    BelowStandard,
    NotAProvider,
    NotCurated,
    RatingOutOfRange,
    RatingWordy,
    ScheduleCodeTaken,
    ScheduleMalformed,
    ScoreOutOfRange,
    SeatsGone,
    TrainingCodeTaken,
    TrainingMalformed,
    close_schedule,
    declare_tie,
    rate_training,
    release_seat,
    release_seats,
    review_training,
    suspend_training,
    take_seat,
)
from bekal.catalogue.models import Schedule
from bekal.catalogue.queries import proposed_trainings, rating_of, ratings_of, reviews_of, training_view
from bekal.core.events import Actor
from tests.catalogue.making import FIRST, SECOND, curated, proposed, schedule
from tests.partners.making import AT, BY, organisation

pytestmark = pytest.mark.django_db


def score(training: Any, by: Actor, points: int) -> Any:
    return review_training(by=by, at=AT, training_id=training.id, score=points, remark="")


@pytest.mark.parametrize(("points", "state"), [((70, 70), "curated"), ((40, 100), "curated"), ((69, 70), "refused")])
def test_two_scores_decide(points: tuple[int, int], state: str) -> None:
    training = proposed(organisation().id)
    assert score(training, FIRST, points[0]).state == "proposed"
    decided = score(training, SECOND, points[1])
    assert (decided.state, decided.decided_at) == (state, AT)
    with pytest.raises(AlreadyDecided):
        score(training, Actor.staff("assessor-3"), 100)


def test_assessors_are_blind_until_both_scored() -> None:
    training = proposed(organisation().id)
    score(training, FIRST, 90)
    assert reviews_of(training.id) == reviews_of(training.id, assessor=SECOND.key) == []
    assert [review.score for review in reviews_of(training.id, assessor=FIRST.key)] == [90]
    assert [card.code for card in proposed_trainings(SECOND.key)] == ["TR-1"]
    assert proposed_trainings(FIRST.key) == []
    score(training, SECOND, 80)
    assert [review.score for review in reviews_of(training.id)] == [90, 80]


def test_one_assessor_scores_once_and_within_range() -> None:
    training = proposed(organisation().id)
    score(training, FIRST, 0)
    with pytest.raises(AlreadyReviewed):
        score(training, FIRST, 100)
    with pytest.raises(ScoreOutOfRange):
        score(training, SECOND, 101)


def test_a_tied_assessor_is_refused() -> None:
    provider = organisation()
    training = proposed(provider.id)
    for _ in range(2):
        declare_tie(by=BY, at=AT, assessor=FIRST.key, provider_id=provider.id)
    with pytest.raises(AssessorTied):
        score(training, FIRST, 80)
    assert proposed_trainings(FIRST.key) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "tr 1"),
        ("title", "abc"),
        ("summary", ""),
        ("skills", []),
        ("mode", "telepathy"),
        ("usual_price", 1),
        ("age_min", 101),
        ("schooling_min", "doctor"),
    ],
)
def test_malformed_trainings_are_refused_by_field(field: str, value: Any) -> None:
    with pytest.raises(TrainingMalformed) as refusal:
        proposed(organisation().id, **{field: value})
    assert refusal.value.facts == {"field": field}


def test_trainings_below_the_standard_or_of_a_platform_are_refused() -> None:
    provider = organisation()
    with pytest.raises(BelowStandard) as refusal:
        proposed(provider.id, hours=1)
    assert refusal.value.facts == {"fields": "hours"}
    with pytest.raises(NotAProvider):
        proposed(organisation("platform", "DP-1").id)
    proposed(provider.id)
    with pytest.raises(TrainingCodeTaken):
        proposed(provider.id)


def test_only_admitted_trainings_have_schedules() -> None:
    provider = organisation()
    with pytest.raises(NotCurated):
        schedule(proposed(provider.id, "TR-1"))
    training = curated(provider.id, "TR-2")
    schedule(training)
    with pytest.raises(ScheduleCodeTaken):
        schedule(training)
    suspend_training(by=BY, at=AT, training_id=training.id, why="complaints")
    with pytest.raises(NotCurated):
        schedule(training, "SCH-2")
    with pytest.raises(NotCurated):
        suspend_training(by=BY, at=AT, training_id=training.id, why="again")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("code", {"code": "s"}),
        ("starts_at", {"starts_at": AT}),
        ("ends_at", {"ends_at": AT + timedelta(days=3)}),
        ("sessions", {"sessions": 0}),
        ("days", {"days": "x" * 121}),
        ("seats", {"seats": 0}),
        ("regency_code", {"regency_code": None}),
        ("regency_code", {"regency_code": "00.00"}),
    ],
)
def test_malformed_schedules_are_refused_by_field(field: str, change: dict[str, Any]) -> None:
    training = curated(organisation().id, mode="offline")
    with pytest.raises(ScheduleMalformed) as refusal:
        schedule(training, **change)
    assert refusal.value.facts == {"field": field}


def test_seats_run_out_and_come_back() -> None:
    opened = schedule(curated(organisation().id), seats=2)
    for _ in range(2):
        take_seat(by=BY, at=AT, schedule_id=opened.id)
    with pytest.raises(SeatsGone):
        take_seat(by=BY, at=AT, schedule_id=opened.id)
    release_seat(by=BY, at=AT, schedule_id=opened.id)
    take_seat(by=BY, at=AT, schedule_id=opened.id)
    release_seats(by=BY, at=AT, seats={opened.id: 2})
    assert Schedule.objects.get().seats_taken == 0


def test_the_database_itself_refuses_one_seat_too_many() -> None:
    opened = schedule(curated(organisation().id), seats=1)
    for wrong in (2, -1):
        with pytest.raises(IntegrityError), transaction.atomic():
            Schedule.objects.filter(pk=opened.pk).update(seats_taken=wrong)


def test_a_closed_schedule_gives_no_seat() -> None:
    opened = schedule(curated(organisation().id))
    for _ in range(2):
        close_schedule(by=BY, at=AT, schedule_id=opened.id, why="trainer ill")
    with pytest.raises(SeatsGone):
        take_seat(by=BY, at=AT, schedule_id=opened.id)


def test_a_rating_is_one_per_person_and_may_change() -> None:
    training = curated(organisation().id)
    person, other, stranger = UUID(int=1), UUID(int=2), UUID(int=3)
    for stars in (2, 5):
        rate_training(by=BY, at=AT, citizen_id=person, training_id=training.id, stars=stars, words=" bagus ")
    rate_training(by=BY, at=AT, citizen_id=other, training_id=training.id, stars=4, words="")
    assert (rating_of(person, training.id), rating_of(stranger, training.id)) == (5, None)
    assert ratings_of([person]) == {(person, training.id)}
    view = training_view("TR-1")
    assert view is not None
    assert (view.card.rating, view.card.rating_count) == (4.5, 2)
    with pytest.raises(RatingOutOfRange):
        rate_training(by=BY, at=AT, citizen_id=person, training_id=training.id, stars=6, words="")
    with pytest.raises(RatingWordy):
        rate_training(by=BY, at=AT, citizen_id=person, training_id=training.id, stars=5, words="x" * 2001)
