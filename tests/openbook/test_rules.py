"""What is withheld, and the digest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bekal.openbook.rules import SMALLEST_SHOWN, difference, digest_of, withhold, withhold_places


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


PLACES = st.dictionaries(st.sampled_from([f"{p}.{r}" for p in "123" for r in "1234"]), st.integers(0, 30))


@given(PLACES)
def test_neither_level_tells_what_the_other_withholds(counts: dict[str, int]) -> None:
    parents, shown = withhold_places(counts, lambda place: place[0])
    assert set(shown) == set(counts)
    for cells, real in ((shown, counts), (parents, {p: sum_of(counts, p) for p in parents})):
        assert all(
            cell in (None, real[place]) and (cell is None or cell == 0 or cell >= 5) for place, cell in cells.items()
        )
    for parent, total in parents.items():
        holes = [place for place in counts if place[0] == parent and shown[place] is None]
        inhabited = [place for place in counts if place[0] == parent and counts[place]]
        if total is None:
            assert set(holes) == set(inhabited), "what was withheld above must not follow from the cells below"
        else:
            assert len(holes) != 1, "one hole under a published total is no hole"
    holes = [parent for parent, total in parents.items() if total is None]
    assert len(holes) != 1 or sum(bool(sum_of(counts, parent)) for parent in parents) == 1


def sum_of(counts: dict[str, int], parent: str) -> int:
    return sum(count for place, count in counts.items() if place[0] == parent)
