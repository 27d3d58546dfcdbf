"""What is due in the market."""

from bekal.core import clock
from bekal.core.events import Actor
from bekal.market.actions import close_settlement, lapse_expired
from bekal.market.models import Settlement
from bekal.market.queries import organisations_to_settle
from bekal.market.rules import closing_before

BATCH = 500


def lapse_due() -> int:
    """End every reservation whose time is over, a batch a transaction; returns how many.

    Safe to run twice and at once.
    """
    ended, at = 0, clock.now()
    while batch := lapse_expired(by=Actor.system("market.lapse_due"), at=at, limit=BATCH):
        ended += batch
    return ended


def settle_due() -> list[Settlement]:
    """Close a statement for every organisation that has something due by the last closing; twice a week is once."""
    by, at = Actor.system("market.settle_due"), clock.now()
    until = closing_before(at)
    due = organisations_to_settle(until)
    closed = (close_settlement(by=by, at=at, organisation_id=key, until=until) for key in due)
    return [settlement for settlement in closed if settlement is not None]
