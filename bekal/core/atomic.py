"""One action, one transaction, at least one event."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar, cast

from django.db import connection, transaction

F = TypeVar("F", bound=Callable[..., Any])


class Tally:
    """Counts the events of the action that is running."""

    __slots__ = ("events",)

    def __init__(self) -> None:
        self.events = 0


_running: ContextVar[Tally | None] = ContextVar("running action", default=None)


class ActionWithoutEvent(AssertionError):
    """An action finished without saying what it did. Record an event or call `events.nothing_changed()`."""


class CallInsideTransaction(AssertionError):
    """Somebody else's system was about to be called inside a transaction, which would hold its locks while we wait."""


def no_transaction() -> None:
    """Refuse to go on inside a transaction: asked by whoever is about to call another system."""
    if _running.get() is not None or any(not vars(block).get("_from_testcase") for block in connection.atomic_blocks):
        raise CallInsideTransaction()


def action(function: F) -> F:
    """Make a keyword-only function an action.

    The outermost action opens a durable transaction; an action called by another joins it. Each refuses to
    finish without an event of its own or of an action it called.
    """

    @wraps(function)
    def run(**arguments: Any) -> Any:
        tally = _running.get()
        if tally is not None:
            return _counted(function, tally, arguments)
        tally = Tally()
        token = _running.set(tally)
        try:
            with transaction.atomic(durable=True):
                return _counted(function, tally, arguments)
        finally:
            _running.reset(token)

    return cast(F, run)


def note_event() -> None:
    """Told by `events` for each event; outside an action there is nothing to tell."""
    tally = _running.get()
    if tally is None:
        raise RuntimeError("events are recorded inside actions only")
    tally.events += 1


def _counted(function: Callable[..., Any], tally: Tally, arguments: dict[str, Any]) -> Any:
    before = tally.events
    result = function(**arguments)
    if tally.events == before:
        raise ActionWithoutEvent(function.__qualname__)
    return result
