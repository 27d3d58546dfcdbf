"""What is known of a person when it is decided about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True)
class Standing:
    """That a person stands in a register: who says so, as of which day; `contested`: nobody has looked at it yet."""

    source: str
    as_of: date
    contested: bool = False


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known of a person on the day `on`. `standings`: register -> standing; `registry_as_of`: day of the civil
    registry's answer, None before the first; `lists`: register -> day of the newest list of it."""

    on: date
    identity: Literal["registered", "verified", "mismatched"]
    birth_date: date
    occupation: str
    regency_code: str
    registry_as_of: date | None
    disability: str | None = None
    schooling: str = ""
    sex: str = ""
    standings: Mapping[str, Standing] = field(default_factory=dict)
    lists: Mapping[str, date] = field(default_factory=dict)
