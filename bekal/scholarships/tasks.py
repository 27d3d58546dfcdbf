"""What time makes due for an award."""

from bekal.core import clock
from bekal.core.events import Actor
from bekal.scholarships.actions import award_selected, expire_awards, revoke_awards
from bekal.scholarships.queries import unused_past_due, used_past_due
from bekal.waves.queries import waves_to_award

BY = Actor.system("scholarships")


def award_due() -> int:
    """Award winners of announced waves who have no award yet: new ones, and those whose decision was pending; returns
    how many."""
    return sum(award_selected(by=BY, at=clock.now(), wave_id=wave_id) for wave_id in waves_to_award())


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
