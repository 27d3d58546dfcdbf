"""The recommender's training, its test and its verdict, without a database."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from bekal.advice.rules.training import ENOUGH_LEARNERS, Item, Pair, Trained, liked, train

START = datetime(2023, 1, 1, tzinfo=UTC)
ITEMS = [Item(UUID(int=number + 1), frozenset({f"skill{number % 4}"}), f"provider{number % 5}") for number in range(20)]


def pair(person: int, item: int, minute: int, *, good: bool = True) -> Pair:
    return Pair(UUID(int=1_000 + person), ITEMS[item].id, START + timedelta(minutes=minute), good)


def tastes(people: int, *, loyal: bool) -> list[Pair]:
    """Each person takes three trainings, two early and one late.

    The late one is of the same kind when `loyal`, else the most popular one of another kind.
    """
    dice = Random(7)
    early, late = [], []
    for person in range(people):
        kind = person % 4
        own = [number for number in range(4, 20) if number % 4 == kind]
        chosen = dice.sample(own, 3)
        early += [pair(person, chosen[0], person), pair(person, chosen[1], people + person)]
        late.append(pair(person, chosen[2] if loyal else (kind + 1) % 4, 10 * people + person))
    fans = [pair(people + number, number % 4, number) for number in range(0 if loyal else people)]
    return sorted(early + fans + late, key=lambda entry: (entry.at, entry.person))


def test_a_model_that_sees_tastes_is_published() -> None:
    trained = train(tastes(200, loyal=True), ITEMS, {})
    assert (trained.kind, trained.publish) == ("ease", True)
    scores = trained.card["test"]["ndcg_at_10"]
    assert scores["model"] > scores["popularity"]
    assert trained.card["because"] == "advice.card_better"


def test_a_model_worse_than_popularity_is_refused() -> None:
    trained = train(tastes(200, loyal=False), ITEMS, {})
    assert (trained.kind, trained.publish) == ("ease", False)
    assert trained.card["because"] == "advice.card_worse"


@pytest.mark.parametrize("pairs", [[], [pair(1, 1, 1)], tastes(ENOUGH_LEARNERS // 2, loyal=True)])
def test_too_little_data_publishes_content(pairs: list[Pair]) -> None:
    trained = train(pairs, ITEMS, {})
    assert (trained.kind, trained.publish, trained.weights.shape[1]) == ("content", True, 0)
    assert trained.card["because"] == "advice.card_too_little"


def test_neighbours_are_of_the_same_taste() -> None:
    trained = train(tastes(200, loyal=True), ITEMS, {})
    strongest = trained.neighbours[4:, 0]
    assert (strongest % 4 == np.arange(4, 20) % 4).all()


def test_the_order_of_people_does_not_matter() -> None:
    pairs = tastes(120, loyal=True)
    renamed = [Pair(UUID(int=9_000 - entry.person.int), entry.training, entry.at, entry.liked) for entry in pairs]
    assert same(train(pairs, ITEMS, {}), train(renamed, ITEMS, {}))


def same(one: Trained, other: Trained) -> Any:
    return np.array_equal(one.neighbours, other.neighbours) and np.array_equal(one.weights, other.weights)


def test_disliked_and_unknown_trainings_do_not_count() -> None:
    stranger = Pair(UUID(int=5), UUID(int=999), START, True)
    trained = train([pair(1, 1, 1, good=False), pair(2, 1, 2), stranger], ITEMS, {})
    assert trained.counts[1] == 1
    assert trained.card["trained_on"] == {"people": 1, "pairs": 1, "trainings": 20}


def test_one_and_two_stars_are_dislike() -> None:
    assert [liked(stars) for stars in (None, 1, 2, 3, 5)] == [True, False, False, True, True]


def test_one_training_alone() -> None:
    trained = train([pair(1, 0, 1)], ITEMS[:1], {})
    assert trained.items == (ITEMS[0].id,)


def test_interests_help_people_without_a_past() -> None:
    people = range(80)
    pairs = [pair(person, person % 4 + 4, person) for person in people]
    interests = {UUID(int=1_000 + person): frozenset({f"skill{person % 4}"}) for person in people}
    new = train(pairs, ITEMS, interests).card["test"]["new_people"]
    assert new["people"] == 16
    assert new["ndcg_at_10"]["model"] > new["ndcg_at_10"]["popularity"]
