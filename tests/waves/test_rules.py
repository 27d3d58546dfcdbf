"""Regions, weights and the terms of the draw."""

from dataclasses import dataclass

import pytest

from bekal.rulebooks.regions import REGENCIES
from bekal.waves import rules
from bekal.waves.actions import _weights


@dataclass(frozen=True)
class Share:
    code: str
    floor_percent: int


@pytest.mark.parametrize(("level", "region"), [("regency", "32.73"), ("province", "32")])
def test_where_a_person_counts(level: str, region: str) -> None:
    assert rules.region_of("32.73", level) == region


def test_a_selection_in_the_engines_terms() -> None:
    policy = rules.quota_policy((Share("a", 5), Share("b", 10)), region_weights=None, region_floor=1)
    assert policy.group_order == ("a", "b")
    assert policy.group_floor_percent == {"a": 5, "b": 10}


def test_regions_are_weighed_as_the_programme_says() -> None:
    assert _weights("applicants", "province") is None
    people = _weights("population", "province")
    assert people
    assert len(people) == 38
    assert sum(people.values()) == sum(regency.population for regency in REGENCIES.values())
