"""What is withheld, and the digest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bekal.openbook.rules import SMALLEST_SHOWN, difference, digest_of, withhold


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([10, 20], (10, 20)),
        ([0, 20], (0, 20)),
        ([3, 20, 9], (None, 20, None)),
        ([1, 2, 30], (None, None, 30)),
        ([4], (None,)),
        ([4, 0, 0], (None, 0, 0)),
        ([], ()),
    ],
)
def test_small_cells_and_one_more(counts: list[int], shown: tuple[int | None, ...]) -> None:
    assert withhold(counts) == shown


@given(st.lists(st.integers(0, 40)))
def test_no_small_number_is_shown_and_none_follows_from_the_total(counts: list[int]) -> None:
    shown = withhold(counts)
    assert all(number is None or number == 0 or number >= SMALLEST_SHOWN for number in shown)
    hidden = [count for count, number in zip(counts, shown, strict=True) if number is None]
    assert len(hidden) != 1 or sum(count > 0 for count in counts) == 1


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
    assert digest_of({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_a_difference_is_what_is_left() -> None:
    assert difference([5, 7], [12]) == 0
    assert difference([5], [7]) == -2
