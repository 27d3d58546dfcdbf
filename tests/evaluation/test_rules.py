"""Whom to ask."""

from uuid import UUID

import pytest

from bekal.evaluation.rules import chosen, income_fault, sides, stratum_of

WAVE = UUID(int=77)
PEOPLE = [UUID(int=number) for number in range(1, 41)]


def test_the_choice_is_the_same_for_every_order_of_people() -> None:
    assert chosen(PEOPLE, WAVE, 10) == chosen(reversed(PEOPLE), WAVE, 10)


def test_a_larger_sample_contains_the_smaller_one() -> None:
    assert set(chosen(PEOPLE, WAVE, 5)) < set(chosen(PEOPLE, WAVE, 10))
    assert chosen(PEOPLE, WAVE, -1) == []


def test_another_wave_asks_others() -> None:
    assert chosen(PEOPLE, WAVE, 10) != chosen(PEOPLE, UUID(int=78), 10)


@pytest.mark.parametrize(
    ("size", "winners", "losers", "expected"),
    [
        (10, 50, 50, (5, 5)),
        (10, 2, 50, (2, 8)),
        (10, 50, 2, (8, 2)),
        (10, 3, 3, (3, 3)),
        (0, 5, 5, (0, 0)),
        (3, 9, 9, (1, 2)),
    ],
)
def test_half_of_each_side_as_far_as_there_are_people(
    size: int, winners: int, losers: int, expected: tuple[int, int]
) -> None:
    assert sides(size, winners, losers) == expected


def test_incomes_that_cannot_be() -> None:
    assert [income_fault(value) for value in (-1, 0, 10**9, 10**9 + 1)] == [True, False, False, True]


def test_a_stratum_is_region_and_group() -> None:
    assert stratum_of("32", "general") == "32|general"
