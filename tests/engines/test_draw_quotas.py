import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw.quotas import Cell, QuotaPolicy, QuotaRefused, allocate_places, apportion, largest_remainder

REGIONS = ("3171", "3273", "9471", "9501")
GROUPS = ("disability", "general", "remote")
PEOPLE = st.dictionaries(
    st.tuples(st.sampled_from(REGIONS), st.sampled_from(GROUPS)), st.integers(0, 400), min_size=1, max_size=12
)
POLICIES = st.builds(
    QuotaPolicy,
    region_weights=st.none() | st.fixed_dictionaries({region: st.integers(0, 50) for region in REGIONS}),
    group_order=st.permutations(["disability", "remote"]).map(tuple),
    group_floor_percent=st.fixed_dictionaries({"disability": st.integers(0, 40), "remote": st.integers(0, 60)}),
    region_floor=st.integers(0, 30),
)


@given(st.integers(0, 3000), PEOPLE, POLICIES)
@settings(max_examples=300, deadline=None)
def test_totals_are_exact_and_no_stratum_beyond_its_people(
    places: int, people: dict[Cell, int], policy: QuotaPolicy
) -> None:
    result = allocate_places(places=places, people=people, policy=policy)
    assert sum(result.values()) == min(places, sum(people.values()))
    assert set(result) == set(people)
    assert all(0 <= result[cell] <= people[cell] for cell in people)


@given(st.integers(0, 3000), PEOPLE, POLICIES)
@settings(max_examples=200, deadline=None)
def test_floors_and_reserves_hold(places: int, people: dict[Cell, int], policy: QuotaPolicy) -> None:
    result = allocate_places(places=places, people=people, policy=policy)
    crowd = {region: sum(n for cell, n in people.items() if cell[0] == region) for region in REGIONS}
    floors = {region: min(policy.region_floor, crowd[region]) for region in REGIONS}
    got = {region: sum(n for cell, n in result.items() if cell[0] == region) for region in REGIONS}
    if sum(floors.values()) <= places:
        assert all(got[region] >= floors[region] for region in REGIONS)
    first = policy.group_order[0]
    wanted = sum(result.values()) * policy.group_floor_percent[first] // 100
    reachable = sum(min(people.get((region, first), 0), got[region]) for region in REGIONS)
    assert sum(n for cell, n in result.items() if cell[1] == first) >= min(wanted, reachable)


@given(PEOPLE, POLICIES, st.integers(0, 500))
@settings(max_examples=100, deadline=None)
def test_order_of_the_mapping_does_not_matter(people: dict[Cell, int], policy: QuotaPolicy, places: int) -> None:
    turned = dict(reversed(people.items()))
    assert allocate_places(places=places, people=people, policy=policy) == allocate_places(
        places=places, people=turned, policy=policy
    )


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
        region_weights={"3171": 3, "9471": 1}, group_order=("disability",), group_floor_percent={"disability": 5}
    )
    assert allocate_places(places=200, people=people, policy=policy) == {
        ("3171", "disability"): 7,
        ("3171", "general"): 143,
        ("9471", "disability"): 4,
        ("9471", "general"): 46,
    }


def test_a_full_region_passes_places_on() -> None:
    people = {("3171", "general"): 1000, ("9471", "general"): 10}
    policy = QuotaPolicy(region_weights={"3171": 1, "9471": 1})
    assert allocate_places(places=100, people=people, policy=policy) == {
        ("3171", "general"): 90,
        ("9471", "general"): 10,
    }


def test_floor_lifts_a_small_region() -> None:
    people = {("3171", "general"): 9990, ("9471", "general"): 10}
    assert allocate_places(places=100, people=people, policy=QuotaPolicy(region_floor=3)) == {
        ("3171", "general"): 97,
        ("9471", "general"): 3,
    }


def test_reserve_that_nobody_takes_stays_open_in_its_region() -> None:
    people = {("3171", "general"): 10, ("9471", "general"): 10}
    policy = QuotaPolicy(group_order=("disability",), group_floor_percent={"disability": 50})
    assert set(allocate_places(places=10, people=people, policy=policy).values()) == {5}


@pytest.mark.parametrize(
    "arguments",
    [
        {"group_floor_percent": {"remote": 5}},
        {"group_order": ("remote", "remote")},
        {"group_order": ("remote",), "group_floor_percent": {"remote": -1}},
        {"group_order": ("a", "b"), "group_floor_percent": {"a": 60, "b": 41}},
        {"region_floor": -1},
        {"region_weights": {"3171": -1}},
    ],
)
def test_policies_that_cannot_be_meant_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(QuotaRefused):
        QuotaPolicy(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(("places", "people"), [(-1, 1), (1, -1)])
def test_negative_counts_are_refused(places: int, people: int) -> None:
    with pytest.raises(QuotaRefused):
        allocate_places(places=places, people={("3171", "general"): people}, policy=QuotaPolicy())


def test_a_region_without_weight_is_refused() -> None:
    with pytest.raises(QuotaRefused):
        allocate_places(places=1, people={("3171", "general"): 1}, policy=QuotaPolicy(region_weights={"9471": 1}))
