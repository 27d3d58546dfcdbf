"""The standard of a programme, the decision of two scores, a buyer's conditions."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bekal.catalogue.rules import admitted, age_on, meets_conditions, price_fits, standard_faults
from bekal.rulebooks.rules import PurchaseRules

STANDARD = PurchaseRules(
    source="test",
    paid_from="scholarship",
    min_hours=15,
    modes=("webinar", "offline"),
    commission_cap_percent=15,
    price_max=1_000_000,
    discount_percent_min=None,
    reservation_minutes=15,
    settlement_after_days=7,
)


@pytest.mark.parametrize(
    ("mode", "hours", "price", "missed"),
    [
        ("webinar", 15, 1_000_000, ()),
        ("self_paced", 15, 0, ("mode",)),
        ("offline", 14, 1_000_001, ("hours", "price")),
    ],
)
def test_the_standard_names_what_is_missed(mode: str, hours: int, price: int, missed: tuple[str, ...]) -> None:
    assert standard_faults(STANDARD, mode=mode, hours=hours, price=price, usual_price=None) == missed


def test_a_discount_makes_up_for_a_high_price() -> None:
    fair = replace(STANDARD, price_max=20_000, discount_percent_min=50)
    assert price_fits(fair, price=20_000, usual_price=None)
    assert price_fits(fair, price=500_000, usual_price=1_000_000)
    assert not price_fits(fair, price=500_001, usual_price=1_000_000)
    assert not price_fits(fair, price=500_000, usual_price=None)


def test_without_limits_any_price_fits() -> None:
    free = replace(STANDARD, price_max=None)
    assert price_fits(free, price=10**9, usual_price=None)
    assert not price_fits(free, price=-1, usual_price=None)


@given(st.integers(0, 100), st.integers(0, 100))
def test_the_average_decides_whichever_came_first(one: int, two: int) -> None:
    assert admitted([one, two]) == admitted([two, one]) == ((one + two) / 2 >= 70)


@pytest.mark.parametrize(
    ("on", "age"), [(date(2023, 2, 27), 17), (date(2023, 2, 28), 17), (date(2023, 3, 1), 18), (date(2024, 2, 29), 19)]
)
def test_age_in_full_years(on: date, age: int) -> None:
    assert age_on(date(2005, 3, 1) if on != date(2024, 2, 29) else date(2005, 2, 28), on) == age


def test_conditions_of_a_buyer() -> None:
    born, on = date(2000, 8, 2), date(2023, 8, 1)
    assert meets_conditions(age_min=None, schooling_min=None, birth_date=born, schooling="primary", on=on)
    assert meets_conditions(age_min=22, schooling_min="senior", birth_date=born, schooling="diploma", on=on)
    assert not meets_conditions(age_min=23, schooling_min=None, birth_date=born, schooling="senior", on=on)
    assert not meets_conditions(age_min=None, schooling_min="senior", birth_date=born, schooling="junior", on=on)
