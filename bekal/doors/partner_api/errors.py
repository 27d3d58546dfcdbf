"""Which wire code each refusal has. The text is the refusal's own (`bekal/texts`), in Indonesian.

Published codes keep their meaning (ERRPLT40036, ERRPLT40028, ERRVOD40001, ERR40005); the others continue the families
in the same style: ERR general, ERRPLT platform and payment, ERRVOD void, ERRRDM redeem and attendance, ERRTPM
assignments. Every failure is HTTP 400, as published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from bekal.core.errors import Refused
from bekal.doors.partner_api.learning_errors import LEARNING_ERRORS


@dataclass(frozen=True, slots=True)
class WireError:
    """`code` as partners see it, `status` the HTTP status."""

    code: str
    status: int = 400


class BodyMalformed(Refused):
    code: ClassVar[str] = "partner_api.body_malformed"


class FieldMissing(Refused):
    """`field`: the name of the body's field."""

    code: ClassVar[str] = "partner_api.field_missing"


class FieldMalformed(Refused):
    """`field`: the name of the body's field."""

    code: ClassVar[str] = "partner_api.field_malformed"


class HeadersMissing(Refused):
    code: ClassVar[str] = "partner_api.headers_missing"


class SignExpired(Refused):
    code: ClassVar[str] = "partner_api.sign_expired"


class SignatureWrong(Refused):
    """Also for an unknown client code: a stranger is not told which client codes exist."""

    code: ClassVar[str] = "partner_api.signature_wrong"


class KindWrong(Refused):
    code: ClassVar[str] = "partner_api.kind_wrong"


class MethodWrong(Refused):
    code: ClassVar[str] = "partner_api.method_wrong"


class Busy(Refused):
    code: ClassVar[str] = "partner_api.busy"


_CODES: Mapping[str, str] = {
    "partner_api.body_malformed": "ERR40001",
    "partner_api.headers_missing": "ERR40002",
    "partner_api.signature_wrong": "ERR40003",
    "partner_api.kind_wrong": "ERR40004",
    "partner_api.sign_expired": "ERR40005",
    "partner_api.field_missing": "ERR40006",
    "partner_api.field_malformed": "ERR40007",
    "partner_api.codes_empty": "ERRPLT40036",
    "access.code_wrong": "ERRPLT40010",
    "access.code_expired": "ERRPLT40011",
    "access.code_used": "ERRPLT40012",
    "access.too_many_tries": "ERRPLT40013",
    "market.too_many_codes": "ERRPLT40014",
    "access.code_too_soon": "ERRPLT40037",
    "market.token_unknown": "ERRPLT40015",
    "market.reservation_lapsed": "ERRPLT40016",
    "market.invoice_taken": "ERRPLT40017",
    "market.already_paid": "ERRPLT40018",
    "market.card_not_usable": "ERRPLT40019",
    "scholarships.award_ended": "ERRPLT40019",
    "market.schedule_unknown": "ERRPLT40020",
    "market.schedule_not_of_course": "ERRPLT40021",
    "market.training_not_offered": "ERRPLT40022",
    "market.training_started": "ERRPLT40023",
    "catalogue.seats_gone": "ERRPLT40024",
    "market.price_differs": "ERRPLT40025",
    "market.not_for_programme": "ERRPLT40026",
    "market.not_for_buyer": "ERRPLT40027",
    "market.already_void": "ERRPLT40028",
    "market.balance_too_low": "ERRPLT40029",
    "market.already_bought": "ERRPLT40030",
    "market.user_has_other_card": "ERRPLT40031",
    "partner_api.invoice_unknown": "ERRPLT40032",
    "market.transaction_unknown": "ERRVOD40001",
    "market.already_redeemed": "ERRVOD40002",
    "market.too_late_to_void": "ERRVOD40003",
    "market.settled_already": "ERRVOD40004",
}
ERRORS: Mapping[str, WireError] = MappingProxyType(
    {refusal: WireError(code) for refusal, code in {**_CODES, **LEARNING_ERRORS}.items()}
    | {"partner_api.method_wrong": WireError("ERR40500", 405), "partner_api.busy": WireError("ERR50300", 503)}
)
"""Refusal code -> what partners see. A refusal that is not here is a defect and answers HTTP 500."""
