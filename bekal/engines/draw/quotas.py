"""How many places each stratum gets (docs/draw.md §3). Integers only; where unused places flow on is declared.

1. Regions share the places by weight (largest remainder), none below its floor, none above its people; what a full
   region cannot take goes to the others by the same weights.
2. For each priority group in order, its share of the wave's places (rounded down) is reserved and spread over regions
   by its people there, inside what the regions have left. A reserve without people stays in its region as open places.
3. In each region the places left are shared by the people left, of every group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

Cell = tuple[str, str]


class QuotaRefused(ValueError):
    """A policy that cannot be applied to these people."""


@dataclass(frozen=True)
class QuotaPolicy:
    """What a programme file says about places.

    `region_weights`: share of each region, e.g. its labour force; None means by applicants.
    `group_floor_percent`: whole per cent of the wave's places reserved for a group of `group_order`.
    `region_floor`: least places of a region that has applicants.
    """

    region_weights: Mapping[str, int] | None = None
    group_order: tuple[str, ...] = ()
    group_floor_percent: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    region_floor: int = 0

    def __post_init__(self) -> None:
        percents = self.group_floor_percent.values()
        if set(self.group_floor_percent) - set(self.group_order) or len(set(self.group_order)) < len(self.group_order):
            raise QuotaRefused("every reserved group stands once in group_order")
        if any(percent < 0 for percent in percents) or sum(percents) > 100:
            raise QuotaRefused("reserved shares are 0 or more and 100 % at most together")
        if self.region_floor < 0 or any(weight < 0 for weight in (self.region_weights or {}).values()):
            raise QuotaRefused("weights and floors are 0 or more")


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


def apportion(total: int, weights: Sequence[int], caps: Sequence[int], floors: Sequence[int]) -> list[int]:
    """Largest remainder with floor <= share <= cap for each; the sum is exactly min(total, sum(caps)).

    When the floors alone exceed `total`, they become the caps. Entries of weight 0 get their floor, and more only when
    all others are full (then by their caps).
    """
    total = min(total, sum(caps))
    if sum(floors) > total:
        return apportion(total, weights, floors, [0] * len(floors))
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


def _region_places(places: int, people: Mapping[str, int], policy: QuotaPolicy) -> dict[str, int]:
    regions = list(people)
    weights = people if policy.region_weights is None else policy.region_weights
    missing = [region for region in regions if region not in weights]
    if missing:
        raise QuotaRefused(f"no weight for regions {missing[:5]}")
    caps = [people[region] for region in regions]
    floors = [min(policy.region_floor, cap) for cap in caps]
    return dict(zip(regions, apportion(places, [weights[r] for r in regions], caps, floors), strict=True))


def _reserve(cells: Sequence[Cell], wanted: int, people: Mapping[Cell, int], left: Mapping[str, int]) -> list[int]:
    caps = [min(people[cell], left[cell[0]]) for cell in cells]
    return apportion(wanted, [people[cell] for cell in cells], caps, [0] * len(caps))


def allocate_places(*, places: int, people: Mapping[Cell, int], policy: QuotaPolicy) -> dict[Cell, int]:
    """Places of every stratum (region, group); the sum is exactly min(places, people). Raises QuotaRefused.

    The result depends on the counts alone: cells are taken in the byte order of region, then group.
    """
    if places < 0 or any(count < 0 for count in people.values()):
        raise QuotaRefused("places and people are 0 or more")
    cells = sorted(people, key=lambda cell: (cell[0].encode(), cell[1].encode()))
    by_region: dict[str, list[Cell]] = {}
    for cell in cells:
        by_region.setdefault(cell[0], []).append(cell)
    crowd = {region: sum(people[cell] for cell in members) for region, members in by_region.items()}
    left = _region_places(places, crowd, policy)
    total = sum(left.values())
    result = dict.fromkeys(cells, 0)
    for group in policy.group_order:
        members = [cell for cell in cells if cell[1] == group]
        wanted = total * policy.group_floor_percent.get(group, 0) // 100
        for cell, share in zip(members, _reserve(members, wanted, people, left), strict=True):
            result[cell] += share
            left[cell[0]] -= share
    for region, members in by_region.items():
        spare = [people[cell] - result[cell] for cell in members]
        for cell, share in zip(members, apportion(left[region], spare, spare, [0] * len(spare)), strict=True):
            result[cell] += share
    return result
