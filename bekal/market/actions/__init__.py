"""Every write of the market."""

from bekal.market.actions.forgetting import forget_buyer
from bekal.market.actions.lapsing import lapse_expired, lapse_reservation
from bekal.market.actions.paying import authorise_purchase, note_redeemed
from bekal.market.actions.rating import rate_purchase
from bekal.market.actions.refusals import (
    AlreadyBought,
    AlreadyPaid,
    AlreadyRedeemed,
    AlreadyVoid,
    BalanceTooLow,
    CardNotUsable,
    InvoiceTaken,
    NotForBuyer,
    NotForProgramme,
    NotPaid,
    NotTheBuyer,
    PriceDiffers,
    ReservationLapsed,
    ScheduleNotOfCourse,
    ScheduleUnknown,
    SettledAlready,
    TokenUnknown,
    TooLateToVoid,
    TooManyCodes,
    TrainingNotOffered,
    TrainingStarted,
    TransactionUnknown,
    UserHasOtherCard,
)
from bekal.market.actions.reserving import Reservation, reserve_purchase
from bekal.market.actions.settling import close_settlement, note_returned, note_settled
from bekal.market.actions.undoing import cancel_schedule, void_purchase

__all__ = [
    "AlreadyBought",
    "AlreadyPaid",
    "AlreadyRedeemed",
    "AlreadyVoid",
    "BalanceTooLow",
    "CardNotUsable",
    "InvoiceTaken",
    "NotForBuyer",
    "NotForProgramme",
    "NotPaid",
    "NotTheBuyer",
    "PriceDiffers",
    "Reservation",
    "ReservationLapsed",
    "ScheduleNotOfCourse",
    "ScheduleUnknown",
    "SettledAlready",
    "TokenUnknown",
    "TooLateToVoid",
    "TooManyCodes",
    "TrainingNotOffered",
    "TrainingStarted",
    "TransactionUnknown",
    "UserHasOtherCard",
    "authorise_purchase",
    "cancel_schedule",
    "close_settlement",
    "forget_buyer",
    "lapse_expired",
    "lapse_reservation",
    "note_redeemed",
    "note_returned",
    "note_settled",
    "rate_purchase",
    "reserve_purchase",
    "void_purchase",
]
