"""What the ledger does by itself: folding, sealing, the partitions of the months to come."""

from datetime import timedelta

from bekal.core import clock
from bekal.core.events import Actor
from bekal.ledger.actions import fold_accounts, open_months, seal_journal
from bekal.ledger.queries import settled_number

BY = Actor.system("ledger")


def fold_due() -> None:
    """Fold what busy accounts were sent."""
    fold_accounts(by=BY, at=clock.now())


def seal_due() -> None:
    """Seal what is not sealed yet."""
    newest = settled_number()
    seal_journal(by=BY, at=clock.now(), newest=newest)


def open_months_due() -> None:
    """Have the partitions of this month and the next before anything is posted there."""
    now = clock.now()
    open_months(by=BY, at=now, instants=[now, now + timedelta(days=31)])
