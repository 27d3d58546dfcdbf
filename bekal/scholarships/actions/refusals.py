"""What the scholarships room says no to."""

from bekal.core.errors import Refused


class NotApproved(Refused):
    code = "scholarships.not_approved"


class UnknownPurpose(Refused):
    code = "scholarships.unknown_purpose"


class AdministrationCapped(Refused):
    code = "scholarships.administration_capped"


class NotUnused(Refused):
    code = "scholarships.not_unused"


class AwardEnded(Refused):
    code = "scholarships.award_ended"
