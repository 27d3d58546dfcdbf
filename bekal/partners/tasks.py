"""What is due among partners."""

from datetime import timedelta

from bekal.core import clock
from bekal.partners.actions import forget_answers

KEPT_FOR = timedelta(minutes=30)
"""Three times the width of the clock window of signed requests."""


def forget_due_answers() -> int:
    """Forget the kept answers that are too old to be asked for; returns how many."""
    return forget_answers(at=clock.now(), older_than=KEPT_FOR)
