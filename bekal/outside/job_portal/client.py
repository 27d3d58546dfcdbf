"""Client of a job portal's feed: pages of schema.org JobPosting (https://schema.org/JobPosting)."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

from bekal.careers.ports import JobPortal, Posting
from bekal.core import clock
from bekal.outside.signed import SignedWire
from bekal.outside.wire import BadAnswer, Clock, Config

MOST_PAGES = 10_000


class Portal:
    """Reads GET /v1/vacancies?cursor= until no next page is named."""

    def __init__(self, wire: SignedWire) -> None:
        self._wire = wire

    def postings(self) -> Iterator[Posting]:
        """See `JobPortal.postings`."""
        cursor = "0"
        for _ in range(MOST_PAGES):
            page = self._wire.ask("GET", f"/v1/vacancies?cursor={quote(cursor)}", None, echo=("cursor", cursor))
            yield from map(read_posting, page.get("items", ()))
            if not page.get("next"):
                return
            cursor = str(page["next"])
        raise BadAnswer("the portal's pages do not end")


def read_posting(item: dict[str, Any]) -> Posting:
    """A posting from one JobPosting object; BadAnswer when it lacks what every vacancy must have."""
    try:
        low, high = _monthly_wage(item.get("baseSalary") or {})
        until = item.get("validThrough")
        return Posting(
            key=str(item["identifier"]["value"]),
            title=str(item["title"]),
            description=str(item["description"]),
            employer=str(item["hiringOrganization"]["name"]),
            regency=_regency(item.get("jobLocation") or {}),
            skills=_skills(item.get("skills") or ()),
            wage_low=low,
            wage_high=high,
            posted_on=date.fromisoformat(item["datePosted"][:10]),
            valid_until=date.fromisoformat(until[:10]) if until else None,
            url=str(item.get("url", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise BadAnswer(f"the portal sent a posting that lacks or garbles a field: {wrong}") from wrong


def _regency(place: dict[str, Any]) -> str | None:
    code = (place.get("address") or {}).get("addressRegion")
    return None if code is None else str(code)


def _skills(told: Any) -> tuple[str, ...]:
    words = told.split(",") if isinstance(told, str) else told
    return tuple(str(word).strip() for word in words if str(word).strip())


def _monthly_wage(salary: dict[str, Any]) -> tuple[int | None, int | None]:
    value = salary.get("value") or {}
    if salary.get("currency") != "IDR" or value.get("unitText") != "MONTH":
        return None, None
    low, high = (value.get(name, value.get("value")) for name in ("minValue", "maxValue"))
    return None if low is None else int(low), None if high is None else int(high)


def connect(config: Config, now: Clock = clock.now) -> JobPortal:
    """A client from config: url, client_id, secret, and what `Wire` knows."""
    return Portal(SignedWire(config, now))
