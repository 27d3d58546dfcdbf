"""Places of the strata: exact sums, bounds that hold, unused places that flow as declared."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw.quotas import (
    UNUSED_ORDERS,
    Cell,
    QuotaPolicy,
    QuotaRefused,
    Share,
    allocate_places,
    apportion,
    largest_remainder,
)

REGIONS = ("3171", "3273", "9471", "9501")
GROUPS = ("disability", "general", "remote")
NAMED = ("disability", "remote")
PLACES = st.integers(0, 3000)
PEOPLE = st.dictionaries(
    st.tuples(st.sampled_from(REGIONS), st.sampled_from(GROUPS)), st.integers(0, 400), min_size=1, max_size=12
)


def shares(percent: int, places: int = 400) -> st.SearchStrategy[Share]:
    return st.builds(Share, percent=st.integers(0, percent)) | st.builds(Share, places=st.integers(0, places))


def policies(*, group_cap: bool = True) -> st.SearchStrategy[QuotaPolicy]:
    return st.builds(
        QuotaPolicy,
        region_weights=st.none() | st.fixed_dictionaries({region: st.integers(0, 50) for region in REGIONS}),
        region_floor=st.none() | shares(30, 60),
        region_cap=st.none() | shares(60),
        region_fixed=st.dictionaries(st.sampled_from(REGIONS), shares(25, 120), max_size=3),
        group_order=st.permutations(NAMED).map(tuple),
        group_floor=st.dictionaries(st.sampled_from(NAMED), shares(50)),
        group_cap=st.dictionaries(st.sampled_from(NAMED), shares(60)) if group_cap else st.just({}),
        unused=st.sampled_from(UNUSED_ORDERS),
    )


def of_region(counts: dict[Cell, int], region: str) -> int:
    return sum(count for cell, count in counts.items() if cell[0] == region)


def of_group(counts: dict[Cell, int], group: str) -> int:
    return sum(count for cell, count in counts.items() if cell[1] == group)


def cap_of(policy: QuotaPolicy, region: str, places: int) -> int | None:
    share = policy.region_fixed.get(region) or policy.region_cap
    return share.of(places) if share else None


def floor_of(policy: QuotaPolicy, region: str, places: int) -> int:
    share = policy.region_fixed.get(region) or policy.region_floor
    cap = cap_of(policy, region, places)
    return min(share.of(places) if share else 0, places if cap is None else cap)


@given(PLACES, PEOPLE, policies())
@settings(max_examples=400, deadline=None)
def test_bounds_hold_always(places: int, people: dict[Cell, int], policy: QuotaPolicy) -> None:
    result = allocate_places(places=places, people=people, policy=policy)
    assert set(result) == set(people)
    assert all(0 <= result[cell] <= people[cell] for cell in people)
    assert sum(result.values()) <= places
    for region in REGIONS:
        cap = cap_of(policy, region, places)
        assert cap is None or of_region(result, region) <= cap
    assert all(of_group(result, group) <= cap.of(places) for group, cap in policy.group_cap.items())


@given(PLACES, PEOPLE, policies(group_cap=False))
@settings(max_examples=300, deadline=None)
def test_the_sum_is_exact(places: int, people: dict[Cell, int], policy: QuotaPolicy) -> None:
    result = allocate_places(places=places, people=people, policy=policy)
    crowds = {region: of_region(people, region) for region in REGIONS}
    caps = {region: cap_of(policy, region, places) for region in REGIONS}
    reach = sum(min(crowd, crowd if (cap := caps[region]) is None else cap) for region, crowd in crowds.items())
    assert sum(result.values()) == min(places, reach)


@given(PLACES, PEOPLE, policies())
@settings(max_examples=300, deadline=None)
def test_a_place_stays_only_where_caps_forbid_it(places: int, people: dict[Cell, int], policy: QuotaPolicy) -> None:
    result = allocate_places(places=places, people=people, policy=policy)
    full = {region for region in REGIONS if of_region(result, region) == cap_of(policy, region, places)}
    hungry = [cell for cell in people if result[cell] < people[cell] and cell[0] not in full]
    if sum(result.values()) < places:
        assert all(cell[1] in policy.group_cap for cell in hungry)


@given(PLACES, PEOPLE, policies(group_cap=False))
@settings(max_examples=300, deadline=None)
def test_floors_and_fixed_numbers_hold_where_they_fit(
    places: int, people: dict[Cell, int], policy: QuotaPolicy
) -> None:
    result = allocate_places(places=places, people=people, policy=policy)
    floors = {region: min(floor_of(policy, region, places), of_region(people, region)) for region in REGIONS}
    if sum(floors.values()) <= places:
        assert all(of_region(result, region) >= floors[region] for region in REGIONS)
        assert all(of_region(result, region) == floors[region] for region in policy.region_fixed)
    else:
        assert all(of_region(result, region) <= floors[region] for region in REGIONS)


@given(PLACES, PEOPLE, policies(group_cap=False))
@settings(max_examples=300, deadline=None)
def test_a_reserve_finds_its_people(places: int, people: dict[Cell, int], policy: QuotaPolicy) -> None:
    """The first group gets its floor in the whole wave; or, by region, at least its part of each region."""
    result = allocate_places(places=places, people=people, policy=policy)
    first, total = policy.group_order[0], sum(result.values())
    reserve = policy.group_floor[first].of(places) if first in policy.group_floor else 0
    reachable = {region: min(people.get((region, first), 0), of_region(result, region)) for region in REGIONS}
    if "group" in policy.unused:
        assert of_group(result, first) >= min(reserve, sum(reachable.values()))
    elif total:
        for region, most in reachable.items():
            part = min(reserve, total) * of_region(result, region) // total
            assert result.get((region, first), 0) >= min(part, most)


@given(PLACES, PEOPLE, policies())
@settings(max_examples=100, deadline=None)
def test_regions_do_not_depend_on_where_reserves_flow(
    places: int, people: dict[Cell, int], policy: QuotaPolicy
) -> None:
    one, other = (
        allocate_places(places=places, people=people, policy=replace(policy, unused=unused)) for unused in UNUSED_ORDERS
    )
    assert all(of_region(one, region) == of_region(other, region) for region in REGIONS)


@given(PEOPLE, policies(), PLACES)
@settings(max_examples=100, deadline=None)
def test_order_of_the_mapping_does_not_matter(people: dict[Cell, int], policy: QuotaPolicy, places: int) -> None:
    turned = dict(reversed(people.items()))
    assert allocate_places(places=places, people=people, policy=policy) == allocate_places(
        places=places, people=turned, policy=policy
    )


@given(PLACES, st.lists(st.integers(0, 400), min_size=3, max_size=3), policies(group_cap=False))
@settings(max_examples=200, deadline=None)
def test_equal_regions_differ_by_one_at_most(places: int, counts: list[int], policy: QuotaPolicy) -> None:
    people = {(region, group): n for region in REGIONS for group, n in zip(GROUPS, counts, strict=True)}
    equal = replace(policy, region_weights=dict.fromkeys(REGIONS, 1), region_fixed={})
    result = allocate_places(places=places, people=people, policy=equal)
    sums = [of_region(result, region) for region in REGIONS]
    assert max(sums) - min(sums) <= 1


@given(PLACES, st.integers(0, 400), st.sampled_from(REGIONS))
@settings(deadline=None)
def test_equal_groups_differ_by_one_at_most(places: int, count: int, region: str) -> None:
    people = {(region, group): count for group in GROUPS}
    result = allocate_places(places=places, people=people, policy=QuotaPolicy()).values()
    assert max(result) - min(result) <= 1


@given(PLACES, st.lists(st.integers(0, 300), min_size=1, max_size=3), PEOPLE, policies())
@settings(max_examples=300, deadline=None)
def test_places_that_come_later_take_nothing_away(
    places: int, more: list[int], people: dict[Cell, int], policy: QuotaPolicy
) -> None:
    result = allocate_places(places=places, people=people, policy=policy)
    for extra in more:
        before, places = result, places + extra
        result = allocate_places(places=places, people=people, policy=policy, before=before)
        assert all(result[cell] >= before[cell] for cell in people)
        assert all(result[cell] <= people[cell] for cell in people)
        if not policy.group_cap:
            anew = allocate_places(places=places, people=people, policy=policy)
            assert sum(result.values()) == sum(anew.values())
        for region in REGIONS:
            cap = cap_of(policy, region, places)
            assert cap is None or of_region(result, region) <= cap
        assert all(of_group(result, group) <= cap.of(places) for group, cap in policy.group_cap.items())


def test_largest_remainder_is_not_monotone() -> None:
    """The Alabama paradox: with one place more, the smallest region has one place less. `before` forbids it."""
    people = {("a", "general"): 600, ("b", "general"): 600, ("c", "general"): 200}
    ten = allocate_places(places=10, people=people, policy=QuotaPolicy())
    eleven = allocate_places(places=11, people=people, policy=QuotaPolicy())
    assert (list(ten.values()), list(eleven.values())) == ([4, 4, 2], [5, 5, 1])
    later = allocate_places(places=11, people=people, policy=QuotaPolicy(), before=ten)
    assert list(later.values()) == [5, 4, 2]


@given(st.integers(0, 10**30), st.lists(st.integers(0, 10**20), min_size=1, max_size=9).filter(any))
def test_largest_remainder_is_within_one_of_the_exact_share(total: int, weights: list[int]) -> None:
    shares = largest_remainder(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)


@given(
    st.integers(0, 200),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8),
)
@settings(max_examples=300, deadline=None)
def test_apportion_keeps_bounds(total: int, rows: list[tuple[int, int, int]]) -> None:
    weights, caps = [row[0] for row in rows], [row[1] for row in rows]
    floors = [min(row[1], row[2]) for row in rows]
    shares = apportion(total, weights, caps, floors)
    assert sum(shares) == min(total, sum(caps))
    assert all(share <= cap for share, cap in zip(shares, caps, strict=True))
    if sum(floors) <= total:
        assert all(share >= floor for share, floor in zip(shares, floors, strict=True))


def test_worked_example_of_the_specification() -> None:
    people = {
        ("3171", "disability"): 10,
        ("3171", "general"): 990,
        ("9471", "disability"): 5,
        ("9471", "general"): 95,
    }
    policy = QuotaPolicy(
        region_weights={"3171": 3, "9471": 1}, group_order=("disability",), group_floor={"disability": Share(percent=5)}
    )
    assert allocate_places(places=200, people=people, policy=policy) == {
        ("3171", "disability"): 7,
        ("3171", "general"): 143,
        ("9471", "disability"): 4,
        ("9471", "general"): 46,
    }


EXAMPLE = {
    ("A", "disability"): 2, ("A", "general"): 498, ("A", "laid_off"): 100,
    ("B", "disability"): 30, ("B", "general"): 220, ("B", "laid_off"): 50,
    ("C", "general"): 100,
}  # fmt: skip


@pytest.mark.parametrize(
    ("unused", "expected"),
    [(("group", "region", "all"), [1, 43, 6, 12, 15, 3, 20]), (("region", "all"), [2, 42, 6, 6, 21, 3, 20])],
)
def test_second_worked_example_of_the_specification(unused: tuple[str, ...], expected: list[int]) -> None:
    policy = QuotaPolicy(
        region_cap=Share(percent=50),
        region_fixed={"C": Share(places=20)},
        group_order=("disability", "laid_off"),
        group_floor={"disability": Share(percent=12)},
        group_cap={"laid_off": Share(places=9)},
        unused=unused,
    )
    assert list(allocate_places(places=100, people=EXAMPLE, policy=policy).values()) == expected


def test_a_full_region_passes_places_on() -> None:
    people = {("3171", "general"): 1000, ("9471", "general"): 10}
    policy = QuotaPolicy(region_weights={"3171": 1, "9471": 1})
    assert list(allocate_places(places=100, people=people, policy=policy).values()) == [90, 10]


def test_a_capped_region_passes_places_on_and_the_last_ones_stay() -> None:
    people = {("3171", "general"): 1000, ("9471", "general"): 30}
    assert list(allocate_places(places=100, people=people, policy=QuotaPolicy()).values()) == [97, 3]
    policy = QuotaPolicy(region_cap=Share(percent=80))
    assert list(allocate_places(places=100, people=people, policy=policy).values()) == [80, 20]
    policy = QuotaPolicy(region_cap=Share(places=60))
    assert list(allocate_places(places=100, people=people, policy=policy).values()) == [60, 30]


def test_floor_lifts_a_small_region() -> None:
    people = {("3171", "general"): 9990, ("9471", "general"): 10}
    policy = QuotaPolicy(region_floor=Share(places=3))
    assert list(allocate_places(places=100, people=people, policy=policy).values()) == [97, 3]


def test_fixed_numbers_beyond_the_places_are_shared_by_weight() -> None:
    people = {("3171", "general"): 300, ("9471", "general"): 100, ("9501", "general"): 50}
    policy = QuotaPolicy(region_fixed={"3171": Share(places=90), "9471": Share(places=90)})
    assert list(allocate_places(places=80, people=people, policy=policy).values()) == [60, 20, 0]


def test_a_reserve_moves_to_the_group_elsewhere_or_stays_in_its_region() -> None:
    people = {("3171", "general"): 50, ("9471", "disability"): 40, ("9471", "general"): 10}
    policy = QuotaPolicy(group_order=("disability",), group_floor={"disability": Share(places=45)})
    assert list(allocate_places(places=50, people=people, policy=policy).values()) == [25, 25, 0]
    stays = replace(policy, unused=("region", "all"), group_floor={"disability": Share(places=20)})
    assert list(allocate_places(places=50, people=people, policy=stays).values()) == [25, 21, 4]
    nobody = {("3171", "general"): 10, ("9471", "general"): 10}
    for unused in UNUSED_ORDERS:
        half = replace(policy, unused=unused)
        assert list(allocate_places(places=10, people=nobody, policy=half).values()) == [5, 5]


@pytest.mark.parametrize(
    "arguments",
    [
        {"group_floor": {"remote": Share(percent=5)}},
        {"group_cap": {"remote": Share(percent=5)}},
        {"group_order": ("remote", "remote")},
        {"group_order": ("a", "b"), "group_floor": {"a": Share(percent=60), "b": Share(percent=41)}},
        {"region_fixed": {"3171": Share(percent=60), "3273": Share(percent=41)}},
        {"region_weights": {"3171": -1}},
        {"unused": ("all",)},
    ],
)
def test_policies_that_cannot_be_meant_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(QuotaRefused):
        QuotaPolicy(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(("places", "percent"), [(None, None), (1, 1), (-1, None), (None, -1), (None, 101)])
def test_shares_that_cannot_be_meant_are_refused(places: int | None, percent: int | None) -> None:
    with pytest.raises(QuotaRefused):
        Share(places=places, percent=percent)


def test_a_share_is_rounded_down() -> None:
    assert [Share(percent=5).of(199), Share(places=7).of(199), Share(places=0).of(199)] == [9, 7, 0]


@pytest.mark.parametrize(("places", "people"), [(-1, 1), (1, -1)])
def test_negative_counts_are_refused(places: int, people: int) -> None:
    with pytest.raises(QuotaRefused):
        allocate_places(places=places, people={("3171", "general"): people}, policy=QuotaPolicy())


@pytest.mark.parametrize("before", [{("3171", "general"): 6}, {("9471", "general"): 1}, {("3171", "general"): -1}])
def test_what_was_given_before_must_fit(before: dict[Cell, int]) -> None:
    people = {("3171", "general"): 9}
    with pytest.raises(QuotaRefused):
        allocate_places(places=5, people=people, policy=QuotaPolicy(), before=before)
    with pytest.raises(QuotaRefused):
        allocate_places(places=99, people=people, policy=QuotaPolicy(), before={("3171", "general"): 10})


def test_a_region_without_weight_is_refused() -> None:
    with pytest.raises(QuotaRefused):
        allocate_places(places=1, people={("3171", "general"): 1}, policy=QuotaPolicy(region_weights={"9471": 1}))
