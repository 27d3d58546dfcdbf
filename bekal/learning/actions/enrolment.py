"""Putting a redeem code to use."""

from datetime import datetime
from uuid import UUID

from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.learning.models import ENROLMENT_MOVES, Enrolment, EnrolmentState
from bekal.market.actions import NotPaid, note_redeemed
from bekal.market.queries import PurchaseView, purchase_of_redeem_code


class CodeUnknown(Refused):
    code = "learning.code_unknown"


class CodeOfAnother(Refused):
    code = "learning.code_of_another"


class CodeVoided(Refused):
    code = "learning.code_voided"


class CodeUsed(Refused):
    code = "learning.code_used"


class EmailUsed(Refused):
    code = "learning.email_used"


class NotRedeemed(Refused):
    code = "learning.not_redeemed"


@action
def redeem(*, by: Actor, at: datetime, provider_id: UUID, redeem_code: str) -> Enrolment:
    """Mark a redeem code used without a face check; a code is used once.

    Attendance is not touched by it. Raises CodeUnknown, CodeOfAnother, CodeVoided, CodeUsed.
    """
    enrolment = opened_enrolment(at=at, provider_id=provider_id, redeem_code=redeem_code)
    if enrolment.state != EnrolmentState.OPENED:
        raise CodeUsed(code=redeem_code)
    mark_redeemed(by=by, at=at, enrolment=enrolment)
    return enrolment


def opened_enrolment(
    *, at: datetime, provider_id: UUID, redeem_code: str, email_index: bytes | None = None
) -> Enrolment:
    """The enrolment of a code, locked; made from the purchase when the code is shown for the first time.

    `email_index`: blind index of the learner's e-mail, which one training knows once.
    Raises CodeUnknown, CodeOfAnother, CodeVoided, EmailUsed.
    """
    found = Enrolment.objects.select_for_update().filter(redeem_code=redeem_code).first()
    if found is None:
        return _new_enrolment(at, provider_id, redeem_code, email_index)
    if found.provider_id != provider_id:
        raise CodeOfAnother(code=redeem_code)
    if email_index is not None and (found.email_index is None or bytes(found.email_index) != email_index):
        _change_email(found, email_index)
    return found


def _new_enrolment(at: datetime, provider_id: UUID, redeem_code: str, email_index: bytes | None) -> Enrolment:
    purchase = purchase_of_redeem_code(redeem_code)
    if purchase is None:
        raise CodeUnknown(code=redeem_code)
    if purchase.provider_id != provider_id:
        raise CodeOfAnother(code=redeem_code)
    if purchase.state != "paid":
        raise CodeVoided(code=redeem_code)
    fresh = _enrolment(purchase, redeem_code, at)
    fresh.email_index = email_index
    Enrolment.objects.bulk_create([fresh], ignore_conflicts=True)
    found = Enrolment.objects.select_for_update().filter(redeem_code=redeem_code).first()
    if found is None:
        raise EmailUsed()
    return found


def _change_email(enrolment: Enrolment, email_index: bytes) -> None:
    others = Enrolment.objects.filter(training_id=enrolment.training_id, email_index=email_index)
    if others.exclude(pk=enrolment.pk).exists():
        raise EmailUsed()
    Enrolment.objects.filter(pk=enrolment.pk).update(email_index=email_index)


def used_enrolment(*, provider_id: UUID, redeem_code: str) -> Enrolment:
    """The enrolment of a code that is in use, locked. Raises CodeUnknown, CodeOfAnother, NotRedeemed."""
    found = Enrolment.objects.select_for_update().filter(redeem_code=redeem_code).first()
    if found is None:
        raise NotRedeemed(code=redeem_code) if purchase_of_redeem_code(redeem_code) else CodeUnknown(code=redeem_code)
    if found.provider_id != provider_id:
        raise CodeOfAnother(code=redeem_code)
    if found.state == EnrolmentState.OPENED:
        raise NotRedeemed(code=redeem_code)
    return found


def mark_redeemed(*, by: Actor, at: datetime, enrolment: Enrolment) -> None:
    """Move an opened enrolment to redeemed and tell the market; inside an action. Raises CodeVoided."""
    try:
        note_redeemed(by=by, at=at, purchase_id=enrolment.purchase_id)
    except NotPaid as undone:
        raise CodeVoided(code=enrolment.redeem_code) from undone
    move(enrolment, EnrolmentState.REDEEMED, moves=ENROLMENT_MOVES, redeemed_at=at)
    events.record(
        kind="learning.code_redeemed",
        by=by,
        at=at,
        about="enrolment",
        key=str(enrolment.id),
        person=enrolment.citizen_id,
        data={"training": enrolment.training_code},
    )


def _enrolment(purchase: PurchaseView, redeem_code: str, at: datetime) -> Enrolment:
    return Enrolment(
        id=ids.fresh("enrolment", redeem_code),
        purchase_id=purchase.id,
        award_id=purchase.award_id,
        citizen_id=purchase.citizen_id,
        training_id=purchase.training_id,
        provider_id=purchase.provider_id,
        provider_name=purchase.provider_name,
        training_code=purchase.training_code,
        training_title=purchase.training_title,
        rulebook_id=purchase.rulebook_id,
        redeem_code=redeem_code,
        mode=purchase.mode,
        sessions=purchase.sessions,
        starts_at=purchase.starts_at,
        ends_at=purchase.ends_at,
        state=EnrolmentState.OPENED,
        opened_at=at,
    )
