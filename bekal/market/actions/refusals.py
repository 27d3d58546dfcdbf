"""What the market says no to."""

from bekal.core.errors import Refused


class CardNotUsable(Refused):
    """Unknown, not active, or outside its window: a platform is not told which."""

    code = "market.card_not_usable"


class ScheduleUnknown(Refused):
    code = "market.schedule_unknown"


class ScheduleNotOfCourse(Refused):
    code = "market.schedule_not_of_course"


class TrainingNotOffered(Refused):
    code = "market.training_not_offered"


class TrainingStarted(Refused):
    code = "market.training_started"


class PriceDiffers(Refused):
    code = "market.price_differs"


class NotForProgramme(Refused):
    code = "market.not_for_programme"


class NotForBuyer(Refused):
    code = "market.not_for_buyer"


class UserHasOtherCard(Refused):
    code = "market.user_has_other_card"


class AlreadyBought(Refused):
    code = "market.already_bought"


class BalanceTooLow(Refused):
    code = "market.balance_too_low"


class TooManyCodes(Refused):
    code = "market.too_many_codes"


class TokenUnknown(Refused):
    code = "market.token_unknown"


class ReservationLapsed(Refused):
    code = "market.reservation_lapsed"


class InvoiceTaken(Refused):
    code = "market.invoice_taken"


class AlreadyPaid(Refused):
    code = "market.already_paid"


class TransactionUnknown(Refused):
    code = "market.transaction_unknown"


class AlreadyVoid(Refused):
    code = "market.already_void"


class AlreadyRedeemed(Refused):
    code = "market.already_redeemed"


class TooLateToVoid(Refused):
    code = "market.too_late_to_void"


class SettledAlready(Refused):
    code = "market.settled_already"


class NotPaid(Refused):
    code = "market.not_paid"


class NotTheBuyer(Refused):
    code = "market.not_the_buyer"
