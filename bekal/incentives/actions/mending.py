"""Differences resolved: explained by one person, or mended with money by two."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from bekal.access.actions import approve, propose
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.incentives.actions.orders import record_answers, return_order
from bekal.incentives.differences import MENDS, WAITS
from bekal.incentives.models import (
    DIFFERENCE_MOVES,
    LIVE,
    UNRESOLVED,
    Difference,
    DifferenceState,
    OrderState,
    PaymentOrder,
)
from bekal.incentives.ports import PayAnswer
from bekal.incentives.queries import mending_digest
from bekal.incentives.rules import award_account, paid_account, payable_account, settled_account
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.rules import Opening, Posting

APPROVAL = "difference"
LONGEST_WHY = 300


class DifferenceUnknown(Refused):
    code = "incentives.difference_unknown"


class DifferenceResolved(Refused):
    code = "incentives.difference_resolved"


class DifferenceChanged(Refused):
    code = "incentives.difference_changed"


class NotMendable(Refused):
    code = "incentives.not_mendable"


class WhyMissing(Refused):
    code = "incentives.why_missing"


@action
def explain_difference(*, by: Actor, at: datetime, difference_id: UUID, why: str) -> Difference:
    """Close a difference without moving money. Raises DifferenceUnknown, DifferenceResolved, WhyMissing."""
    row, words = _locked(difference_id), _words(why)
    if row.state not in UNRESOLVED:
        raise DifferenceResolved()
    move(
        row, DifferenceState.EXPLAINED, moves=DIFFERENCE_MOVES, why=words, resolved_by=by.key, resolved_at=at,
    )  # fmt: skip
    _note(row, "incentives.difference_explained", by=by, at=at)
    return row


@action
def propose_mending(*, by: Actor, at: datetime, difference_id: UUID, why: str) -> Difference:
    """Lay a mending before a second pair of eyes. Proposed already, nothing changes.

    Raises DifferenceUnknown, DifferenceResolved, NotMendable (no money mends this class), WhyMissing.
    """
    row, words = _locked(difference_id), _words(why)
    if row.state == DifferenceState.PROPOSED:
        events.nothing_changed()
        return row
    if row.state != DifferenceState.OPEN:
        raise DifferenceResolved()
    if row.kind not in MENDS:
        raise NotMendable()
    move(row, DifferenceState.PROPOSED, moves=DIFFERENCE_MOVES, why=words, proposed_by=by.key)
    propose(by=by, at=at, kind=APPROVAL, key=str(row.id), digest=mending_digest(row))
    _note(row, "incentives.mending_proposed", by=by, at=at)
    return row


@action
def withdraw_mending(*, by: Actor, at: datetime, difference_id: UUID, why: str) -> Difference:
    """Take a proposal back, or refuse another's: the difference is open again.

    Raises DifferenceUnknown, DifferenceResolved, WhyMissing.
    """
    row, words = _locked(difference_id), _words(why)
    if row.state == DifferenceState.OPEN:
        events.nothing_changed()
        return row
    if row.state != DifferenceState.PROPOSED:
        raise DifferenceResolved()
    move(row, DifferenceState.OPEN, moves=DIFFERENCE_MOVES, why=words, proposed_by="")
    _note(row, "incentives.mending_withdrawn", by=by, at=at)
    return row


@action
def approve_mending(*, by: Actor, at: datetime, difference_id: UUID, digest: str) -> Difference:
    """Move the money that mends exactly what `digest` covers; who proposed it cannot. Done already, nothing changes.

    Raises DifferenceUnknown, DifferenceResolved, DifferenceChanged (the order has moved on since it was found),
    access.SameEyes, and what the ledger raises.
    """
    row = _locked(difference_id)
    if row.state == DifferenceState.MENDED:
        events.nothing_changed()
        return row
    if row.state != DifferenceState.PROPOSED:
        raise DifferenceResolved()
    order = PaymentOrder.objects.select_for_update().filter(reference=row.reference, channel=row.channel).first()
    if digest != mending_digest(row) or (order.state if order else "") != row.order_state:
        raise DifferenceChanged()
    approve(by=by, at=at, kind=APPROVAL, key=str(row.id), digest=digest)
    _HANDS[MENDS[row.kind]](row, order, by, at)
    move(row, DifferenceState.MENDED, moves=DIFFERENCE_MOVES, resolved_by=by.key, resolved_at=at)
    _note(row, "incentives.difference_mended", by=by, at=at)
    return row


def _claim(row: Difference, order: PaymentOrder | None, by: Actor, at: datetime) -> None:
    """The payer booked more than was ordered: it, or whoever got it, owes us that; less: we owe it."""
    if order is not None and order.state in WAITS:
        _answer(order, "paid", by, at)
    excess = (row.payer_amount or 0) - (order.amount if order is not None else 0)
    claims, paid = f"claims:{row.channel}", paid_account(row.channel)
    _open(by, at, Opening(claims, "claims", "none"), Opening(paid, "paid", "none"))
    ends = (claims, paid) if excess > 0 else (paid, claims)
    _post(row, ends, abs(excess), "claim", by, at)


def _accept(row: Difference, order: PaymentOrder | None, by: Actor, at: datetime) -> None:
    """The payer paid what we had given up: it counts against what was owed, or is claimed if that was paid again."""
    if order is None:
        raise DifferenceChanged()
    own = {"award_id": order.award_id, "kind": order.kind, "number": order.number}
    own = own if order.award_id is not None else {"settlement_id": order.settlement_id}
    if PaymentOrder.objects.filter(state__in=LIVE, **own).exclude(pk=order.pk).exists():
        claims, paid = f"claims:{row.channel}", paid_account(row.channel)
        _open(by, at, Opening(claims, "claims", "none"), Opening(paid, "paid", "none"))
        _post(row, (claims, paid), row.payer_amount or 0, "claim", by, at)
    elif order.award_id is not None:
        _post(row, (award_account(order.award_id), paid_account(row.channel)), order.amount, "accepted", by, at)
    else:
        ends = payable_account(order.organisation_id), settled_account(order.organisation_id)
        _post(row, ends, order.amount, "accepted", by, at)


def _refuse(row: Difference, order: PaymentOrder | None, by: Actor, at: datetime) -> None:
    """The payer never booked it and its window is over: the order is dead, the money set aside goes back."""
    if order is None or order.state not in WAITS:
        raise DifferenceChanged()
    _answer(order, "refused", by, at)


def _pay_fee(row: Difference, order: PaymentOrder | None, by: Actor, at: datetime) -> None:
    fees = f"fees:{row.channel}"
    _open(by, at, Opening("treasury", "treasury", "none"), Opening(fees, "fees", "none"))
    _post(row, ("treasury", fees), row.payer_amount or 0, "payer_fee", by, at)


def _take_back(row: Difference, order: PaymentOrder | None, by: Actor, at: datetime) -> None:
    """The payer never booked what it had called paid."""
    if order is None:
        raise DifferenceChanged()
    return_order(by=by, at=at, reference=order.reference, partner_reference="", amount=order.amount)


Hand = Callable[[Difference, PaymentOrder | None, Actor, datetime], None]
_HANDS: dict[str, Hand] = {
    "claim": _claim,
    "accept": _accept,
    "refuse": _refuse,
    "pay_fee": _pay_fee,
    "take_back": _take_back,
}


def _answer(order: PaymentOrder, outcome: str, by: Actor, at: datetime) -> None:
    answer = PayAnswer("paid" if outcome == "paid" else "refused", "statement", None, "")
    record_answers(by=by, at=at, asked="statement", answers=[(order.id, answer)])
    order.refresh_from_db()
    assert order.state in (OrderState.PAID, OrderState.REFUSED)


def _open(by: Actor, at: datetime, *accounts: Opening) -> None:
    open_accounts(by=by, at=at, accounts=accounts)


def _post(row: Difference, ends: tuple[str, str], amount: int, code: str, by: Actor, at: datetime) -> None:
    post_transfers(by=by, at=at, transfers=[Posting(*ends, amount, code, f"difference:{row.id}")])


def _locked(difference_id: UUID) -> Difference:
    row = Difference.objects.select_for_update(of=("self",)).filter(pk=difference_id).first()
    if row is None:
        raise DifferenceUnknown()
    return row


def _words(why: str) -> str:
    words = why.strip()[:LONGEST_WHY]
    if not words:
        raise WhyMissing()
    return words


def _note(row: Difference, kind: str, *, by: Actor, at: datetime) -> None:
    events.record(
        kind=kind, by=by, at=at, about="difference", key=str(row.id), why=row.why,
        data={"class": row.kind, "channel": row.channel, "reference": row.reference, "stake": row.stake_amount},
    )  # fmt: skip
