"""What makes a training fit for a programme, and how two scores decide."""

import re
from collections.abc import Sequence
from datetime import date

from bekal.rulebooks.rules import PurchaseRules

PASS_MARK = 70
"""The average of two blind scores (0 to 100) from which a training is admitted.

The handbook's own mark is not published.
"""

SCHOOLING = ("primary", "junior", "senior", "diploma", "bachelor")
"""Levels of schooling, lowest first."""

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
SCHEDULE_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,39}")


def standard_faults(
    purchase: PurchaseRules, *, mode: str, hours: int, price: int, usual_price: int | None
) -> tuple[str, ...]:
    """Which of `mode`, `hours` and `price` miss the standard of the programme file; empty when it is met."""
    faults = {
        "mode": mode not in purchase.modes,
        "hours": hours < purchase.min_hours,
        "price": not price_fits(purchase, price=price, usual_price=usual_price),
    }
    return tuple(name for name, wrong in faults.items() if wrong)


def price_fits(purchase: PurchaseRules, *, price: int, usual_price: int | None) -> bool:
    """At most the highest price, or at least the asked discount below the usual one; any price when the file says
    neither.
    """
    if purchase.price_max is None and purchase.discount_percent_min is None:
        return price >= 0
    cheap = purchase.price_max is not None and price <= purchase.price_max
    discounted = (
        purchase.discount_percent_min is not None
        and usual_price is not None
        and price * 100 <= usual_price * (100 - purchase.discount_percent_min)
    )
    return price >= 0 and (cheap or discounted)


def admitted(scores: Sequence[int]) -> bool:
    """Whether the average of the two scores reaches the pass mark, in whole numbers."""
    return sum(scores) >= PASS_MARK * len(scores)


def meets_conditions(
    *, age_min: int | None, schooling_min: str | None, birth_date: date, schooling: str, on: date
) -> bool:
    """Whether a buyer meets the age and schooling that the training asks for."""
    old_enough = age_min is None or age_on(birth_date, on) >= age_min
    schooled = schooling_min is None or SCHOOLING.index(schooling) >= SCHOOLING.index(schooling_min)
    return old_enough and schooled


def age_on(birth_date: date, on: date) -> int:
    """Full years of age on a day."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))
