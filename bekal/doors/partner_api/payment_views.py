"""What platforms call: seats, one-time code, payment, state, cancellation (paths of `urls.py`)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

from bekal.catalogue.queries import schedule_view
from bekal.citizens.queries import citizen_view
from bekal.core.errors import Refused
from bekal.doors.partner_api.fields import LARGEST, optional_text, required_int, required_text
from bekal.doors.partner_api.wire import Answer, Call, partner_call
from bekal.market.actions import (
    ScheduleNotOfCourse,
    ScheduleUnknown,
    authorise_purchase,
    reserve_purchase,
    void_purchase,
)
from bekal.market.models import Purchase
from bekal.market.queries import PurchaseView, purchase_of_invoice

_STATUS = {"reserved": "PENDING", "paid": "SUCCESS", "lapsed": "EXPIRED", "void": "VOID", "refunded": "REFUND"}


class CodesEmpty(Refused):
    """Published as ERRPLT40036."""

    code: ClassVar[str] = "partner_api.codes_empty"


class InvoiceUnknown(Refused):
    code: ClassVar[str] = "partner_api.invoice_unknown"


@partner_call("platform", changes=False)
def quota_schedule(call: Call) -> Answer:
    """Seats left of a schedule."""
    course_code, schedule_code = optional_text(call.body, "course_code"), optional_text(call.body, "schedule_code")
    if not course_code or not schedule_code:
        raise CodesEmpty()
    schedule = schedule_view(schedule_code)
    if schedule is None:
        raise ScheduleUnknown()
    if schedule.training_code != course_code:
        raise ScheduleNotOfCourse()
    quota = schedule.seats_left if schedule.state == "open" else 0
    return Answer({"schedule_code": schedule.code, "course_code": schedule.training_code, "quota": quota})


@partner_call("platform", changes=True)
def send_otp(call: Call) -> Answer:
    """Check a purchase, hold it, and send the buyer a one-time code."""
    reservation = reserve_purchase(
        by=call.by,
        at=call.at,
        platform_id=call.partner.organisation_id,
        card_number=required_text(call.body, "prakerja_id", longest=32).replace(" ", ""),
        course_code=required_text(call.body, "course_code"),
        schedule_code=required_text(call.body, "schedule_code"),
        amount=required_int(call.body, "amount", low=0, high=LARGEST),
        platform_user=required_text(call.body, "user_platform_id"),
    )
    return Answer({"payment_token": reservation.payment_token, "expired_at": _instant(reservation.expires_at)})


@partner_call("platform", changes=True)
def authorize(call: Call) -> Answer:
    """Pay with the buyer's code; the token comes as `Authorization: Payment <token>`."""
    purchase = authorise_purchase(
        by=call.by,
        at=call.at,
        platform_id=call.partner.organisation_id,
        payment_token=_bearer(call.authorization),
        otp=required_text(call.body, "otp", longest=12),
        invoice_code=required_text(call.body, "invoice_code"),
        invoice_url=required_text(call.body, "invoice_url", longest=512),
    )
    return Answer(_transaction(purchase), "Pelatihan berhasil dibeli.")


@partner_call("platform", changes=False)
def status(call: Call) -> Answer:
    """The state of a purchase by the platform's own invoice code."""
    found = purchase_of_invoice(call.partner.organisation_id, required_text(call.body, "invoice_code"))
    if found is None or found.paid_at is None:
        raise InvoiceUnknown()
    return Answer({"created_at": _instant(found.paid_at), **_transaction(found)})


@partner_call("platform", changes=True)
def void(call: Call) -> Answer:
    """Cancel a transaction."""
    void_purchase(
        by=call.by,
        at=call.at,
        platform_id=call.partner.organisation_id,
        invoice_code=required_text(call.body, "invoice_code"),
        transaction_code=required_text(call.body, "transaction_code"),
    )
    return Answer(None, "Transaksi berhasil dibatalkan.")


def _transaction(found: Purchase | PurchaseView) -> Mapping[str, object]:
    return {
        "invoice_code": found.invoice_code,
        "transaction_code": found.transaction_code,
        "amount": found.amount,
        "status": _STATUS[found.state],
        "prakerja_name": citizen_view(found.citizen_id).name,
    }


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "payment" else authorization.strip()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
