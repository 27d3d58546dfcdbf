"""Every write of the catalogue."""

from bekal.catalogue.actions.curation import declare_tie, propose_training, review_training, suspend_training
from bekal.catalogue.actions.ratings import forget_rater, rate_training
from bekal.catalogue.actions.refusals import (
    AlreadyDecided,
    AlreadyReviewed,
    AssessorTied,
    BelowStandard,
    NotAProvider,
    NotCurated,
    RatingOutOfRange,
    RatingWordy,
    ScheduleCodeTaken,
    ScheduleMalformed,
    ScoreOutOfRange,
    SeatsGone,
    TrainingCodeTaken,
    TrainingMalformed,
)
from bekal.catalogue.actions.schedules import close_schedule, open_schedule, release_seat, release_seats, take_seat

__all__ = [
    "AlreadyDecided",
    "AlreadyReviewed",
    "AssessorTied",
    "BelowStandard",
    "NotAProvider",
    "NotCurated",
    "RatingOutOfRange",
    "RatingWordy",
    "ScheduleCodeTaken",
    "ScheduleMalformed",
    "ScoreOutOfRange",
    "SeatsGone",
    "TrainingCodeTaken",
    "TrainingMalformed",
    "close_schedule",
    "declare_tie",
    "forget_rater",
    "open_schedule",
    "propose_training",
    "rate_training",
    "release_seat",
    "release_seats",
    "review_training",
    "suspend_training",
    "take_seat",
]
