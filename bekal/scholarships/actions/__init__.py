"""Funding, awarding, the windows to buy in, endings and the return of money."""

from bekal.scholarships.actions.awarding import FAMILY_FULL, award_selected, award_waiting
from bekal.scholarships.actions.endings import (
    close_awards,
    confirm_listed,
    expire_awards,
    hold_awards,
    pass_on_ended,
    revoke_awards,
)
from bekal.scholarships.actions.funding import (
    fund_programme,
    fund_wave,
    funding_digest,
    pass_on_pnbp,
    receive_pnbp,
    return_unused,
    spend_administration,
)
from bekal.scholarships.actions.refusals import (
    AdministrationCapped,
    AwardEnded,
    NotApproved,
    NotUnused,
    UnknownPurpose,
)
from bekal.scholarships.actions.windows import note_purchase, note_purchase_undone, note_training_finished

__all__ = [
    "FAMILY_FULL",
    "AdministrationCapped",
    "AwardEnded",
    "NotApproved",
    "NotUnused",
    "UnknownPurpose",
    "award_selected",
    "award_waiting",
    "close_awards",
    "confirm_listed",
    "expire_awards",
    "fund_programme",
    "fund_wave",
    "funding_digest",
    "hold_awards",
    "note_purchase",
    "note_purchase_undone",
    "note_training_finished",
    "pass_on_ended",
    "pass_on_pnbp",
    "receive_pnbp",
    "return_unused",
    "revoke_awards",
    "spend_administration",
]
