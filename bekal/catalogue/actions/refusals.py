"""What the catalogue says no to."""

from bekal.core.errors import Refused


class TrainingMalformed(Refused):
    """`field`: code, title, summary, skills, mode, age_min or schooling_min."""

    code = "catalogue.training_malformed"


class BelowStandard(Refused):
    """`fields`: which of mode, hours, price miss the standard of the programme file."""

    code = "catalogue.below_standard"


class TrainingCodeTaken(Refused):
    code = "catalogue.training_code_taken"


class NotAProvider(Refused):
    code = "catalogue.not_a_provider"


class AlreadyDecided(Refused):
    code = "catalogue.already_decided"


class ScoreOutOfRange(Refused):
    code = "catalogue.score_out_of_range"


class AlreadyReviewed(Refused):
    code = "catalogue.already_reviewed"


class AssessorTied(Refused):
    code = "catalogue.assessor_tied"


class NotCurated(Refused):
    code = "catalogue.not_curated"


class ScheduleMalformed(Refused):
    """`field`: code, starts_at, ends_at, sessions, seats or regency_code."""

    code = "catalogue.schedule_malformed"


class ScheduleCodeTaken(Refused):
    code = "catalogue.schedule_code_taken"


class SeatsGone(Refused):
    code = "catalogue.seats_gone"


class RatingOutOfRange(Refused):
    code = "catalogue.rating_out_of_range"


class RatingWordy(Refused):
    code = "catalogue.rating_wordy"
