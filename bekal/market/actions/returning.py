"""Money that comes back to an award that has ended goes on to its wave, as the rest of that award did."""

from collections.abc import Sequence
from datetime import datetime

from bekal.core.events import Actor
from bekal.ledger.actions import post_transfers
from bekal.ledger.rules import Posting
from bekal.market.models import Purchase
from bekal.scholarships.models import Award, State
from bekal.scholarships.queries import training_account, wave_account


def pass_on(by: Actor, at: datetime, rows: Sequence[Purchase]) -> None:
    """Pass the amounts of these purchases, just given back to their awards, on to the waves of those awards that are
    no longer active.
    """
    ended = Award.objects.filter(pk__in={row.award_id for row in rows}).exclude(state=State.ACTIVE)
    waves = dict(ended.values_list("id", "wave_id"))
    postings = [
        Posting(
            training_account(row.award_id),
            wave_account(waves[row.award_id]),
            row.amount,
            "return_award",
            f"return:{row.id}",
        )
        for row in rows
        if row.award_id in waves and row.amount > 0
    ]
    if postings:
        post_transfers(by=by, at=at, transfers=postings)
