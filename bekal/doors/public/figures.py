"""The published figures, computed once for each state of the house: nothing changes without an event, or a new day."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bekal.core import clock
from bekal.core.models import Event
from bekal.openbook import queries
from bekal.openbook.queries import FunnelLine, MoneyStatement
from bekal.openbook.rules import digest_of

Moment = tuple[object, ...]
KEPT = 16


def documents() -> Mapping[str, Any]:
    """Every public document by name."""
    return _documents(_moment())


def digest() -> str:
    """SHA-256 of the public documents."""
    return _digest(_moment())


def funnel(wave_number: int) -> list[FunnelLine]:
    return _funnel(_moment(), wave_number)


def money_statement(programme_code: str) -> MoneyStatement:
    return _money(_moment(), programme_code)


def _moment() -> Moment:
    """What the figures depend on: the newest event, and today (a vacancy may have ended)."""
    last = Event.objects.order_by("-id").values_list("id", "at", "key").first()
    return (last, clock.now().date())


@lru_cache(maxsize=1)
def _documents(moment: Moment) -> Mapping[str, Any]:
    return queries.public_documents()


@lru_cache(maxsize=1)
def _digest(moment: Moment) -> str:
    return digest_of(_documents(moment))


@lru_cache(maxsize=KEPT)
def _funnel(moment: Moment, wave_number: int) -> list[FunnelLine]:
    return queries.funnel(wave_number)


@lru_cache(maxsize=KEPT)
def _money(moment: Moment, programme_code: str) -> MoneyStatement:
    return queries.money_statement(programme_code)
