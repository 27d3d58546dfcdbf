"""The one file that opens sealed account numbers of payees and orders; a citizen's is recorded with its purpose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bekal.citizens.purposes import Purpose
from bekal.citizens.readings import record_reading
from bekal.core import events, vault
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.incentives.models import PayeeAccount, PaymentOrder
from bekal.incentives.rules import HOLDER_PLACE, PLACE

FIELDS = ("account", "holder")


@dataclass(frozen=True, slots=True)
class Payee:
    """Where money goes, in the clear: digits of the account or wallet, and the holder's name at the payer."""

    account: str
    holder: str


@action
def read_payees(*, by: Actor, at: datetime, orders: Sequence[PaymentOrder]) -> dict[UUID, Payee]:
    """What the payers are told about these orders, by order. Recorded for each citizen, a channel at a time."""
    for channel in sorted({order.channel for order in orders}):
        people = {order.citizen_id for order in orders if order.channel == channel and order.citizen_id}
        record_reading(by=by, at=at, people=people, fields=FIELDS, purpose="payout", to=f"payer:{channel}")
    events.nothing_changed()
    return {order.id: _opened(order) for order in orders}


@action
def read_account(*, by: Actor, at: datetime, citizen_id: UUID, purpose: Purpose) -> Payee | None:
    """The account a person is paid on, in the clear; None without one."""
    row = PayeeAccount.objects.filter(citizen_id=citizen_id).first()
    if row is None:
        events.nothing_changed()
        return None
    record_reading(by=by, at=at, people=[citizen_id], fields=FIELDS, purpose=purpose)
    return _opened(row)


def wallet_number(row: PayeeAccount) -> str:
    """The number of a person's e-wallet, to tell its own telephone of a change; nobody else learns it."""
    return vault.unseal(row.account_sealed, place=PLACE)


def _opened(row: PayeeAccount | PaymentOrder) -> Payee:
    return Payee(
        account=vault.unseal(row.account_sealed, place=PLACE),
        holder=vault.unseal(row.holder_sealed, place=HOLDER_PLACE),
    )
