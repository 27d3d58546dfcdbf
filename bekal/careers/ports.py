"""What the careers room needs from outside: a job portal's feed of vacancies."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Posting:
    """One vacancy. `regency`: the regency code as the portal tells it, None when remote or not said. Wages: whole
    rupiah a month."""

    key: str
    title: str
    description: str
    employer: str
    regency: str | None
    skills: tuple[str, ...]
    wage_low: int | None
    wage_high: int | None
    posted_on: date
    valid_until: date | None
    url: str


class JobPortal(Protocol):
    def postings(self) -> Iterator[Posting]:
        """Every vacancy the portal now lists, page by page. Raises ConnectionError when a page does not come or
        cannot be read."""
        ...
