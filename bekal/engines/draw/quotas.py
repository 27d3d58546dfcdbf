"""How many places each stratum gets (docs/draw.md §3). Integers only; where unused places flow on is declared.

0. Caps give each stratum its room: a group's cap is spread over regions by the group's people (largest remainder).
1. Regions share the places by weight (largest remainder) inside floor and cap; a region with a fixed number gets just
   that; what a full region cannot take goes to the others by the same weights.
2. For each priority group in order, its floor is reserved inside what the regions have left: spread over regions by
   its people there, or by their places. A reserve without people stays in its region as open places.
3. In each region the places left are shared by the people left, of every group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

Cell = tuple[str, str]
UNUSED_ORDERS = (("group", "region", "all"), ("region", "all"))


class QuotaRefused(ValueError):
    """A policy that cannot be meant, or cannot be applied to these people."""


@dataclass(frozen=True, slots=True)
class Share:
    """A number of places, or a whole per cent (0-100) of the wave's places; exactly one. Raises QuotaRefused."""

    places: int | None = None
    percent: int | None = None

    def __post_init__(self) -> None:
        if (self.places is None) == (self.percent is None):
            raise QuotaRefused("a share is a number of places or a per cent")
        if (self.places or 0) < 0 or not 0 <= (self.percent or 0) <= 100:
            raise QuotaRefused("a share is 0 or more, and 100 % at most")

    def of(self, places: int) -> int:
        """Places that this is in a wave of `places`; per cents are rounded down."""
        return self.places or places * (self.percent or 0) // 100


def _none() -> Mapping[str, Share]:
    return MappingProxyType({})


@dataclass(frozen=True)
class QuotaPolicy:
    """What a programme file says about places. Raises QuotaRefused for one that cannot be meant.

    `region_weights`: share of each region, e.g. its labour force; None means by applicants.
    `region_floor`, `region_cap`: least and most places of each region; `region_fixed`: of a region named, both.
    `group_order`: priority groups; `group_floor`, `group_cap`: least and most places of each in the whole wave.
    `unused`: where a reserved place that finds nobody goes, one of `UNUSED_ORDERS`: to the same group in other regions,
    to everybody in its region, to all other regions.
    People limit every floor; where a cap and a floor differ, the cap holds.
    """

    region_weights: Mapping[str, int] | None = None
    region_floor: Share | None = None
    region_cap: Share | None = None
    region_fixed: Mapping[str, Share] = field(default_factory=_none)
    group_order: tuple[str, ...] = ()
    group_floor: Mapping[str, Share] = field(default_factory=_none)
    group_cap: Mapping[str, Share] = field(default_factory=_none)
    unused: tuple[str, ...] = UNUSED_ORDERS[0]

    def __post_init__(self) -> None:
        order = set(self.group_order)
        if {*self.group_floor, *self.group_cap} - order or len(order) < len(self.group_order):
            raise QuotaRefused("every group with a floor or cap stands once in group_order")
        for shares in (self.group_floor, self.region_fixed):
            if sum(share.percent or 0 for share in shares.values()) > 100:
                raise QuotaRefused("per cents of groups, and of regions, are 100 % at most together")
        if any(weight < 0 for weight in (self.region_weights or {}).values()):
            raise QuotaRefused("weights are 0 or more")
        if self.unused not in UNUSED_ORDERS:
            raise QuotaRefused(f"unused places flow in one of {UNUSED_ORDERS}")


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Shares of `total` by weight; spare units go to the largest remainders, ties to the earlier one."""
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares


def _freeze(total: int, weights: Sequence[int], floors: Sequence[int], caps: Sequence[int], free: set[int]) -> set[int]:
    """Which of `free` lie beyond a bound at their exact share, on the side that weighs more."""
    whole = sum(weights[i] for i in free)
    below = {i: floors[i] * whole - total * weights[i] for i in free if total * weights[i] < floors[i] * whole}
    above = {i: total * weights[i] - caps[i] * whole for i in free if total * weights[i] > caps[i] * whole}
    return set(below) if sum(below.values()) > sum(above.values()) else set(above)


def apportion(total: int, weights: Sequence[int], caps: Sequence[int], floors: Sequence[int] = ()) -> list[int]:
    """Largest remainder with floor <= share <= cap for each; the sum is exactly min(total, sum(caps)). No floors: 0.

    When the floors alone exceed `total`, they become the caps. Entries of weight 0 get their floor, and more only when
    all others are full (then by their caps).
    """
    total, floors = min(total, sum(caps)), floors or [0] * len(weights)
    if sum(floors) > total:
        return apportion(total, weights, floors)
    shares, free = list(floors), set(range(len(weights)))
    while free:
        left = total - sum(shares[i] for i in range(len(shares)) if i not in free)
        used = weights if any(weights[i] for i in free) else caps
        if not any(used[i] for i in free):
            break
        beyond = _freeze(left, used, floors, caps, free)
        if not beyond:
            order = sorted(free)
            for i, share in zip(order, largest_remainder(left, [used[i] for i in order]), strict=True):
                shares[i] = share
            break
        for i in beyond:
            shares[i] = floors[i] if left * used[i] < floors[i] * sum(used[j] for j in free) else caps[i]
        free -= beyond
    return shares


def _by_region(counts: Mapping[Cell, int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for (region, _), count in counts.items():
        sums[region] = sums.get(region, 0) + count
    return sums


def _bounds(policy: QuotaPolicy, region: str, places: int, room: int) -> tuple[int, int]:
    """Floor and cap of a region (or a part of it) that cannot take more than `room`."""
    fixed = policy.region_fixed.get(region)
    least, most = fixed or policy.region_floor, fixed or policy.region_cap
    cap = min(room, most.of(places)) if most else room
    return min(cap, least.of(places)) if least else 0, cap


def _rooms(places: int, people: Mapping[Cell, int], given: Mapping[Cell, int], policy: QuotaPolicy) -> dict[Cell, int]:
    """Most places of each stratum: its people, or its part of the group's cap."""
    rooms = dict(people)
    for group, cap in policy.group_cap.items():
        cells = [cell for cell in people if cell[1] == group]
        most = [_bounds(policy, cell[0], places, people[cell])[1] for cell in cells]
        shares = apportion(cap.of(places), [people[cell] for cell in cells], most, [given[cell] for cell in cells])
        rooms.update(zip(cells, shares, strict=True))
    return rooms


def _region_places(
    places: int, people: Mapping[str, int], given: Mapping[str, int], rooms: Mapping[str, int], policy: QuotaPolicy
) -> dict[str, int]:
    weights = people if policy.region_weights is None else policy.region_weights
    missing = [region for region in people if region not in weights]
    if missing:
        raise QuotaRefused(f"no weight for regions {missing[:5]}")
    bounds = [_bounds(policy, region, places, room) for region, room in rooms.items()]
    had, caps = list(given.values()), [cap for _, cap in bounds]
    if sum(had) > places or any(before > cap for before, cap in zip(had, caps, strict=True)):
        raise QuotaRefused("the places given before do not fit these people, this policy and this number of places")
    floors = [max(before, floor) for before, (floor, _) in zip(had, bounds, strict=True)]
    if sum(floors) > places:
        floors, caps = had, floors
    shares = apportion(places, [weights[region] for region in people], caps, floors)
    return dict(zip(people, shares, strict=True))


def allocate_places(
    *, places: int, people: Mapping[Cell, int], policy: QuotaPolicy, before: Mapping[Cell, int] | None = None
) -> dict[Cell, int]:
    """Places of every stratum (region, group). Raises QuotaRefused.

    The sum is exactly min(places, what all regions together may take); without caps, min(places, people). It depends
    on the counts alone: cells are taken in the byte order of region, then group. `before`: what a call for fewer places
    gave to the same people under the same policy; no stratum gets less.
    """
    before = before or {}
    if places < 0 or any(count < 0 for count in (*people.values(), *before.values())) or before.keys() - people.keys():
        raise QuotaRefused("places and people are 0 or more, and only strata with people were given places before")
    people = {cell: people[cell] for cell in sorted(people, key=lambda cell: (cell[0].encode(), cell[1].encode()))}
    result = {cell: before.get(cell, 0) for cell in people}
    rooms = _rooms(places, people, result, policy)
    if any(result[cell] > rooms[cell] for cell in people):
        raise QuotaRefused("the places given before do not fit these people")
    had = _by_region(result)
    regional = _region_places(places, _by_region(people), had, _by_region(rooms), policy)
    left = {region: share - had[region] for region, share in regional.items()}

    def give(cells: Sequence[Cell], shares: Sequence[int]) -> None:
        for cell, share in zip(cells, shares, strict=True):
            result[cell] += share
            left[cell[0]] -= share

    for group in (group for group in policy.group_order if group in policy.group_floor):
        cells = [cell for cell in people if cell[1] == group]
        fits = [min(rooms[cell] - result[cell], left[cell[0]]) for cell in cells]
        reserve = policy.group_floor[group].of(places)
        if policy.unused[0] == "group":
            reserve = max(0, reserve - sum(result[cell] for cell in cells))
            give(cells, apportion(reserve, [people[cell] for cell in cells], fits))
        else:
            own = dict(zip(regional, apportion(reserve, [*regional.values()], [*regional.values()]), strict=True))
            wanted = [max(0, own[cell[0]] - result[cell]) for cell in cells]
            give(cells, [min(pair) for pair in zip(wanted, fits, strict=True)])
    for region in regional:
        cells = [cell for cell in people if cell[0] == region]
        fits = [rooms[cell] - result[cell] for cell in cells]
        give(cells, apportion(left[region], [people[cell] - result[cell] for cell in cells], fits))
    return result
