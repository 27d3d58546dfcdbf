"""What access forgets when its time is over."""

from bekal.access import actions
from bekal.core import clock
from bekal.core.events import Actor


def forget_due() -> int:
    """Forget codes of more than a day ago; how many."""
    return actions.forget_codes(by=Actor.system("access.forget"), at=clock.now())
