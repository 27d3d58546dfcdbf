"""Regions, weights and the terms of the draw."""

from dataclasses import replace

import pytest

from bekal.engines.draw.quotas import QuotaPolicy, Share
from bekal.rulebooks.regions import REGENCIES
from bekal.rulebooks.rules import RegionShare, parse_programme
from bekal.waves import rules
from bekal.waves.actions.draws import _weights
from tests.rulebooks.making import programme_text


@pytest.mark.parametrize(("level", "region"), [("regency", "32.73"), ("province", "32")])
def test_where_a_person_counts(level: str, region: str) -> None:
    assert rules.region_of("32.73", level) == region


def test_a_selection_in_the_engines_terms() -> None:
    selection = parse_programme(programme_text()).selection
    assert selection
    weights = {"32": 2, "91": 1}
    policy = QuotaPolicy(
        region_weights=weights,
        region_floor=Share(places=1),
        group_order=("disability", "laid_off", "remote"),
        group_floor={"disability": Share(percent=5), "laid_off": Share(percent=15), "remote": Share(percent=10)},
    )
    assert rules.places_policy(selection, region_weights=weights) == policy
    first, *others = selection.groups
    bounded = replace(
        selection,
        region_floor=None,
        region_cap_percent=20,
        regions=(RegionShare("91", "house setting", places=500),),
        groups=(replace(first, floor_percent=None, cap_places=7), *others),
        unused=("region", "all"),
    )
    assert rules.places_policy(bounded, region_weights=weights) == replace(
        policy,
        region_floor=None,
        region_cap=Share(percent=20),
        region_fixed={"91": Share(places=500)},
        group_floor={code: share for code, share in policy.group_floor.items() if code != "disability"},
        group_cap={"disability": Share(places=7)},
        unused=("region", "all"),
    )


def test_regions_are_weighed_as_the_programme_says() -> None:
    assert _weights("applicants", "province") is None
    people = _weights("population", "province")
    assert people
    assert len(people) == 38
    assert sum(people.values()) == sum(regency.population for regency in REGENCIES.values())
