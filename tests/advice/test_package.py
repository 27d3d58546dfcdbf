"""The package is the best there is: compared with trying everything."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bekal.advice.rules.package import Choice, GoalTooWide, Option, best_package

SKILLS = st.frozensets(st.sampled_from("abcdef"), max_size=3)
OPTIONS = st.lists(st.tuples(st.integers(0, 6), SKILLS), max_size=7)


def made(rows: Sequence[tuple[int, frozenset[str]]]) -> list[Option]:
    return [Option(f"T{place}", price * 100_000, skills) for place, (price, skills) in enumerate(rows)]


def worth(options: Sequence[Option], positions: Sequence[int], wanted: frozenset[str]) -> tuple[int, int, int]:
    taught = frozenset().union(*(options[position].skills for position in positions)) & wanted
    return -len(taught), sum(options[position].price for position in positions), len(positions)


def best_by_trying(options: Sequence[Option], wanted: frozenset[str], balance: int) -> tuple[int, int, int]:
    sets = itertools.chain.from_iterable(
        itertools.combinations(range(len(options)), n) for n in range(len(options) + 1)
    )
    found = (worth(options, positions, wanted) for positions in sets)
    return min(entry for entry in found if entry[1] <= balance)


@given(OPTIONS, SKILLS | st.just(frozenset("abcdef")), st.integers(0, 15))
def test_no_other_set_is_better(rows: list[tuple[int, frozenset[str]]], wanted: frozenset[str], balance: int) -> None:
    options = made(rows)
    choice = best_package(options, wanted, balance * 100_000)
    assert worth(options, choice.positions, wanted) == best_by_trying(options, wanted, balance * 100_000)
    assert choice.price == sum(options[position].price for position in choice.positions)
    assert set(choice.gained) == frozenset().union(*(options[p].skills for p in choice.positions)) & wanted


def test_equal_trainings_fall_by_code_whatever_their_order() -> None:
    first, second = Option("B", 100, frozenset("a")), Option("A", 100, frozenset("a"))
    assert best_package([first, second], "a", 100).positions == (1,)
    assert best_package([second, first], "a", 100).positions == (0,)


def test_nothing_to_choose_from_or_no_money() -> None:
    assert best_package([], "abc", 1_000) == Choice((), (), 0)
    assert best_package([Option("A", 100, frozenset("a"))], "a", 99) == Choice((), (), 0)


def test_a_goal_beyond_sixteen_groups_is_refused() -> None:
    options = [Option(f"T{number:02}", 1, frozenset({f"s{number}"})) for number in range(17)]
    with pytest.raises(GoalTooWide):
        best_package(options, [f"s{number}" for number in range(17)], 10)


def test_no_field_of_the_vocabulary_is_too_wide() -> None:
    from bekal.advice.queries.package import goals
    from bekal.advice.rules.package import MOST_BITS

    assert max(len(skills) for skills in goals().values()) <= MOST_BITS
