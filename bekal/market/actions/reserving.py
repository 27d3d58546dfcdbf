"""The first half of a purchase: checks, a seat, two pending transfers, a one-time code."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from bekal.catalogue.actions import take_seat
from bekal.catalogue.models import ScheduleState, TrainingState
from bekal.catalogue.queries import Offer, offer_of
from bekal.catalogue.rules import meets_conditions, standard_faults
from bekal.citizens.actions import send_code
from bekal.citizens.queries import CitizenView, citizen_view
from bekal.core import ids
from bekal.core.atomic import action
from bekal.core.events import Actor, nothing_changed, record
from bekal.core.money import format_rupiah
from bekal.ledger.actions import Overdrawn, post_transfers
from bekal.market import rules
from bekal.market.actions.lapsing import held_postings, lapse
from bekal.market.actions.refusals import (
    AlreadyBought,
    BalanceTooLow,
    CardNotUsable,
    NotForBuyer,
    NotForProgramme,
    PriceDiffers,
    ScheduleNotOfCourse,
    ScheduleUnknown,
    TooManyCodes,
    TrainingNotOffered,
    TrainingStarted,
    UserHasOtherCard,
)
from bekal.market.models import Purchase, PurchaseState
from bekal.market.queries import payment_token
from bekal.market.rules import Wish
from bekal.partners.queries import OrganisationView, organisation_view
from bekal.partners.rules import commission_of
from bekal.rulebooks.queries import programme_of
from bekal.rulebooks.rules import Programme
from bekal.scholarships.queries import AwardView, award_of_card

CODE_PURPOSE = "purchase"


@dataclass(frozen=True, slots=True)
class Reservation:
    """`payment_token` opens this purchase only, until `expires_at`."""

    purchase_id: UUID
    payment_token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Deal:
    """A wish that passed its checks."""

    award: AwardView
    offer: Offer
    programme: Programme
    buyer: CitizenView
    platform: OrganisationView


def reserve_purchase(
    *,
    by: Actor,
    at: datetime,
    platform_id: UUID,
    card_number: str,
    course_code: str,
    schedule_code: str,
    amount: int,
    platform_user: str,
) -> Reservation:
    """Hold a seat and the money for a buyer and send the buyer a one-time code.

    Asked again for the same, a new code goes out under the same token (`TooManyCodes` after a few). A wish for
    something else ends the open reservation first. Refusals: all of `refusals` up to `TooManyCodes`, and
    `catalogue.SeatsGone`.
    """
    wish = Wish(platform_id, card_number, course_code, schedule_code, amount, platform_user)
    deal = _checked(wish, at)
    outcome = _reserve(by=by, at=at, wish=wish, deal=deal)
    if isinstance(outcome, Reservation):
        return outcome
    lapse(by=by, at=at, purchase_ids=[outcome])
    outcome = _reserve(by=by, at=at, wish=wish, deal=deal)
    if isinstance(outcome, Reservation):
        return outcome
    raise TooManyCodes()


@action
def _reserve(*, by: Actor, at: datetime, wish: Wish, deal: _Deal) -> Reservation | UUID:
    """The reservation; or the id of another open one that has to end first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(deal.award.id)])
    earlier = list(Purchase.objects.filter(award_id=deal.award.id))
    open_one = next((row for row in earlier if row.state == PurchaseState.RESERVED), None)
    if open_one is not None and _is_same(open_one, wish, at):
        return _again(by, at, open_one, deal)
    if any(row.state == PurchaseState.PAID and row.training_id == deal.offer.schedule.training_id for row in earlier):
        raise AlreadyBought(training=deal.offer.title)
    if open_one is not None:
        nothing_changed()
        return open_one.id
    take_seat(by=by, at=at, schedule_id=deal.offer.schedule.id)
    purchase = _new_purchase(at, wish, deal, number=len(earlier) + 1)
    purchase.save(force_insert=True)
    _hold_money(by, at, purchase)
    _send_code(by, at, purchase, deal)
    record(
        kind="market.purchase_reserved",
        by=by, at=at, about="purchase", key=str(purchase.id), person=purchase.citizen_id,
        data={"schedule": purchase.schedule_code, "amount": purchase.amount},
    )  # fmt: skip
    return Reservation(purchase.id, payment_token(purchase.id), purchase.expires_at)


def _checked(wish: Wish, at: datetime) -> _Deal:
    """What is on offer is checked before the card: with a made-up offer nobody learns which cards exist."""
    offer = _checked_offer(wish, at)
    award = award_of_card(wish.card_number)
    if award is None or award.state != "active":
        raise CardNotUsable()
    programme = programme_of(award.rulebook_id)
    if programme.scholarship is None or not rules.may_buy(
        programme.scholarship,
        granted_at=award.granted_at,
        due_at=award.purchase_due_at,
        bought_before=award.first_purchase_at is not None,
        at=at,
    ):
        raise CardNotUsable()
    _check_standard(offer, programme)
    buyer = citizen_view(award.citizen_id)
    _check_buyer(wish, offer, buyer, at)
    return _Deal(award, offer, programme, buyer, organisation_view(wish.platform_id))


def _checked_offer(wish: Wish, at: datetime) -> Offer:
    offer = offer_of(wish.schedule_code)
    if offer is None:
        raise ScheduleUnknown()
    if offer.schedule.training_code != wish.course_code:
        raise ScheduleNotOfCourse()
    if offer.training_state != TrainingState.CURATED or offer.schedule.state != ScheduleState.OPEN:
        raise TrainingNotOffered(training=offer.title)
    if offer.schedule.starts_at <= at:
        raise TrainingStarted(training=offer.title)
    if offer.price != wish.amount:
        raise PriceDiffers(price=format_rupiah(offer.price))
    return offer


def _check_standard(offer: Offer, programme: Programme) -> None:
    terms = programme.purchase
    missed = standard_faults(
        terms, mode=offer.mode, hours=offer.hours, price=offer.price, usual_price=offer.usual_price
    )
    if missed or terms.paid_from != "scholarship":
        raise NotForProgramme(training=offer.title)


def _check_buyer(wish: Wish, offer: Offer, buyer: CitizenView, at: datetime) -> None:
    fits = meets_conditions(
        age_min=offer.age_min,
        schooling_min=offer.schooling_min,
        birth_date=buyer.birth_date,
        schooling=buyer.schooling,
        on=at.astimezone(rules.WIB).date(),
    )
    if not fits:
        raise NotForBuyer(training=offer.title)
    same_user = Purchase.objects.filter(platform_id=wish.platform_id, platform_user=wish.platform_user)
    if same_user.exclude(citizen_id=buyer.id).exclude(state=PurchaseState.LAPSED).exists():
        raise UserHasOtherCard()


def _is_same(purchase: Purchase, wish: Wish, at: datetime) -> bool:
    asked = (wish.platform_id, wish.schedule_code, wish.amount, wish.platform_user)
    held = (purchase.platform_id, purchase.schedule_code, purchase.amount, purchase.platform_user)
    return asked == held and purchase.expires_at > at


def _again(by: Actor, at: datetime, purchase: Purchase, deal: _Deal) -> Reservation:
    if purchase.codes_sent >= rules.CODES_PER_RESERVATION:
        raise TooManyCodes()
    Purchase.objects.filter(pk=purchase.pk).update(codes_sent=purchase.codes_sent + 1)
    _send_code(by, at, purchase, deal)
    return Reservation(purchase.id, payment_token(purchase.id), purchase.expires_at)


def _new_purchase(at: datetime, wish: Wish, deal: _Deal, *, number: int) -> Purchase:
    offer, terms = deal.offer, deal.programme.purchase
    schedule = offer.schedule
    return Purchase(
        id=ids.fresh("purchase", str(deal.award.id), str(number)),
        citizen_id=deal.award.citizen_id,
        award_id=deal.award.id,
        rulebook_id=deal.award.rulebook_id,
        training_id=schedule.training_id,
        schedule_id=schedule.id,
        provider_id=offer.provider_id,
        platform_id=wish.platform_id,
        platform_user=wish.platform_user,
        training_code=schedule.training_code,
        training_title=offer.title,
        schedule_code=schedule.code,
        mode=offer.mode,
        sessions=schedule.sessions,
        starts_at=schedule.starts_at,
        ends_at=schedule.ends_at,
        amount=offer.price,
        commission=commission_of(
            offer.price, agreed_percent=deal.platform.commission_percent, cap_percent=terms.commission_cap_percent
        ),
        reserved_at=at,
        expires_at=at + timedelta(minutes=terms.reservation_minutes),
    )


def _hold_money(by: Actor, at: datetime, purchase: Purchase) -> None:
    postings = held_postings(purchase)
    if not postings:
        return
    try:
        post_transfers(by=by, at=at, transfers=postings)
    except Overdrawn as error:
        raise BalanceTooLow() from error


def _send_code(by: Actor, at: datetime, purchase: Purchase, deal: _Deal) -> None:
    send_code(
        by=by, at=at, citizen_id=deal.buyer.id, purpose=CODE_PURPOSE, bound_to=str(purchase.id),
        template="market.purchase_code",
        facts={
            "training": purchase.training_title,
            "price": format_rupiah(purchase.amount),
            "platform": deal.platform.name,
        },
    )  # fmt: skip
