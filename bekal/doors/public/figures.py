"""The published figures, computed once for each state of the house: nothing changes without an event, or a new day.

The only store of them. A busy house changes all the time: figures may be `FIGURES_SECONDS` old, and so old that
counting them takes no more than a twentieth of a process's time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, TypeVar, cast

from django.conf import settings

from bekal.core import clock
from bekal.core.models import Event
from bekal.openbook import queries
from bekal.openbook.queries import FunnelLine, MoneyStatement
from bekal.openbook.rules import digest_of

T = TypeVar("T")
COUNTING_SHARE = 20
Moment = tuple[object, ...]


@dataclass(slots=True)
class Shelf:
    """What was computed for one moment of the house; `looked_at`: when the house was last seen to stand there; `cost`:
    seconds that the counting took."""

    moment: Moment
    looked_at: datetime
    cost: float = 0.0
    kept: dict[tuple[object, ...], Any] = field(default_factory=dict)


_shelves: list[Shelf] = []


def documents() -> Mapping[str, Any]:
    """Every public document by name."""
    return _kept(("documents",), queries.public_documents)


def digest() -> str:
    """SHA-256 of the public documents."""
    return _kept(("digest",), lambda: digest_of(documents()))


def funnel(wave_number: int) -> list[FunnelLine]:
    return _kept(("funnel", wave_number), lambda: queries.funnel(wave_number))


def money_statement(programme_code: str) -> MoneyStatement:
    return _kept(("money", programme_code), lambda: queries.money_statement(programme_code))


def counted_at() -> datetime:
    """When the figures that are shown were last known to be those of the house."""
    return _shelf().looked_at


def _kept(name: tuple[object, ...], compute: Callable[[], T]) -> T:
    shelf = _shelf()
    if name not in shelf.kept:
        start = perf_counter()
        shelf.kept[name] = compute()
        shelf.cost += perf_counter() - start
    return cast(T, shelf.kept[name])


def _shelf() -> Shelf:
    now = clock.now()
    shelf = _shelves[-1] if _shelves else None
    if shelf and settings.FIGURES_SECONDS:
        age = timedelta(seconds=max(settings.FIGURES_SECONDS, COUNTING_SHARE * shelf.cost))
        if abs(now - shelf.looked_at) < age:
            return shelf
    moment = _moment()
    if shelf is None or shelf.moment != moment:
        shelf = Shelf(moment, now)
        _shelves[:] = [shelf]
    shelf.looked_at = now
    return shelf


def _moment() -> Moment:
    """What the figures depend on: the newest event, and today (a vacancy may have ended)."""
    last = Event.objects.order_by("-id").values_list("id", "at", "key").first()
    return (last, clock.now().date())
