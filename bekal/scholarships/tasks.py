"""What time makes due for an award."""

from bekal.core import clock
from bekal.core.events import Actor
from bekal.scholarships.actions import expire_awards, revoke_awards
from bekal.scholarships.queries import unused_past_due, used_past_due

BY = Actor.system("scholarships")


def revoke_due(limit: int = 1_000) -> int:
    """Revoke awards that bought nothing in time; returns how many."""
    now = clock.now()
    due = unused_past_due(now, limit)
    return revoke_awards(by=BY, at=now, award_ids=due) if due else 0


def expire_due(limit: int = 1_000) -> int:
    """Let balances expire whose window for the next training has passed; returns how many."""
    now = clock.now()
    due = used_past_due(now, limit)
    return expire_awards(by=BY, at=now, award_ids=due) if due else 0
