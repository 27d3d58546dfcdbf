"""Funding, awarding, the windows to buy in, endings and the return of money."""

from bekal.scholarships.actions.awarding import FAMILY_FULL, award_selected, award_waiting
from bekal.scholarships.actions.endings import close_awards, confirm_listed, expire_awards, revoke_awards
from bekal.scholarships.actions.funding import (
    TREASURY,
    fund_programme,
    fund_wave,
    funding_digest,
    return_unused,
)
from bekal.scholarships.actions.refusals import AwardEnded, NotApproved, NotUnused
from bekal.scholarships.actions.windows import note_purchase, note_purchase_undone, note_training_finished

__all__ = [
    "FAMILY_FULL",
    "TREASURY",
    "AwardEnded",
    "NotApproved",
    "NotUnused",
    "award_selected",
    "award_waiting",
    "close_awards",
    "confirm_listed",
    "expire_awards",
    "fund_programme",
    "fund_wave",
    "funding_digest",
    "note_purchase",
    "note_purchase_undone",
    "note_training_finished",
    "return_unused",
    "revoke_awards",
]
