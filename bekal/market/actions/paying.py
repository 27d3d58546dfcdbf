"""The second half of a purchase: the buyer's code posts the money and yields the redeem code."""

from datetime import datetime, timedelta
from uuid import UUID

from bekal.access.actions import redeem_code
from bekal.citizens.actions import Word, tell_citizens
from bekal.core import ids
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor, nothing_changed, record
from bekal.core.machine import move
from bekal.ledger.actions import resolve_pending
from bekal.market import rules
from bekal.market.actions.lapsing import held_postings
from bekal.market.actions.refusals import AlreadyPaid, InvoiceTaken, NotPaid, ReservationLapsed, TokenUnknown
from bekal.market.actions.reserving import CODE_PURPOSE
from bekal.market.models import PURCHASE_MOVES, Purchase, PurchaseState
from bekal.market.queries import purchase_of_token
from bekal.rulebooks.queries import programme_of
from bekal.scholarships.actions import note_purchase


def authorise_purchase(
    *, by: Actor, at: datetime, platform_id: UUID, payment_token: str, otp: str, invoice_code: str, invoice_url: str
) -> Purchase:
    """Pay a reservation with the buyer's one-time code.

    Asked again with the same token and invoice, the same purchase comes back.

    Refusals: TokenUnknown, ReservationLapsed, AlreadyPaid, InvoiceTaken, and access's CodeWrong, CodeExpired,
    CodeUsed, TooManyTries. A wrong code is counted although it is refused.
    """
    outcome = _authorise(
        by=by,
        at=at,
        platform_id=platform_id,
        token=payment_token,
        otp=otp,
        invoice_code=invoice_code,
        invoice_url=invoice_url,
    )
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


@action
def _authorise(
    *, by: Actor, at: datetime, platform_id: UUID, token: str, otp: str, invoice_code: str, invoice_url: str
) -> Purchase | Refused:
    purchase_id = purchase_of_token(token)
    held = Purchase.objects.select_for_update().filter(pk=purchase_id or UUID(int=0), platform_id=platform_id)
    purchase = held.first()
    if purchase is None:
        raise TokenUnknown()
    if purchase.state == PurchaseState.PAID and purchase.invoice_code == invoice_code:
        nothing_changed()
        return purchase
    _check_open(purchase, at, invoice_code)
    try:
        redeem_code(by=by, at=at, purpose=CODE_PURPOSE, bound_to=str(purchase.id), code=otp)
    except Refused as refusal:
        return refusal
    _pay(by, at, purchase, invoice_code, invoice_url)
    return purchase


def _check_open(purchase: Purchase, at: datetime, invoice_code: str) -> None:
    if purchase.state == PurchaseState.LAPSED or (
        purchase.state == PurchaseState.RESERVED and purchase.expires_at <= at
    ):
        raise ReservationLapsed()
    if purchase.state != PurchaseState.RESERVED:
        raise AlreadyPaid()
    if Purchase.objects.filter(platform_id=purchase.platform_id, invoice_code=invoice_code).exists():
        raise InvoiceTaken()


def _pay(by: Actor, at: datetime, purchase: Purchase, invoice_code: str, invoice_url: str) -> None:
    days = programme_of(purchase.rulebook_id).purchase.settlement_after_days
    move(
        purchase,
        PurchaseState.PAID,
        moves=PURCHASE_MOVES,
        invoice_code=invoice_code,
        invoice_url=invoice_url,
        transaction_code=ids.fresh_code(
            rules.REDEEM_LETTERS, rules.TRANSACTION_LENGTH, "transaction", str(purchase.id)
        ),
        redeem_code=ids.fresh_code(rules.REDEEM_LETTERS, rules.REDEEM_LENGTH, "redeem code", str(purchase.id)),
        paid_at=at,
        settles_at=purchase.ends_at + timedelta(days=days),
    )
    note_purchase(by=by, at=at, award_id=purchase.award_id)
    references = [posting.reference for posting in held_postings(purchase)]
    if references:
        resolve_pending(by=by, at=at, references=references, into="post")
    facts = {"training": purchase.training_title, "redeem_code": purchase.redeem_code}
    word = Word(purchase.citizen_id, f"bought:{purchase.id}", facts)
    tell_citizens(by=by, at=at, template="market.notice_bought", words=[word])
    record(
        kind="market.purchase_paid", by=by, at=at, about="purchase", key=str(purchase.id), person=purchase.citizen_id,
        data={"training": purchase.training_code, "amount": purchase.amount, "commission": purchase.commission},
    )  # fmt: skip


@action
def note_redeemed(*, by: Actor, at: datetime, purchase_id: UUID) -> None:
    """Learning tells that the redeem code was used; again is no change. Refusal: NotPaid."""
    changed = Purchase.objects.filter(pk=purchase_id, state=PurchaseState.PAID, redeemed_at__isnull=True).update(
        redeemed_at=at
    )
    if changed:
        record(kind="market.purchase_redeemed", by=by, at=at, about="purchase", key=str(purchase_id))
        return
    if not Purchase.objects.filter(pk=purchase_id, redeemed_at__isnull=False).exists():
        raise NotPaid()
    nothing_changed()
