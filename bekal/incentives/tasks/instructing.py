"""From an order to what its payer is told."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from bekal.core.events import Actor
from bekal.core.money import format_rupiah
from bekal.incentives.models import OrderKind, PaymentOrder
from bekal.incentives.ports import Instruction
from bekal.incentives.readings import Payee

SENDER, ASKER = Actor.system("incentives.send_due"), Actor.system("incentives.enquire_due")
_REMARKS = {
    OrderKind.COMPLETION.value: "Insentif pelatihan",
    OrderKind.SURVEY.value: "Insentif survei",
    OrderKind.SETTLEMENT.value: "Pembayaran pelatihan",
}


def instruction(row: PaymentOrder, payees: Mapping[UUID, Payee]) -> Instruction:
    """What leaves the house for a taken order: the same at every attempt."""
    payee = payees[row.id]
    return Instruction(
        reference=row.reference,
        account=payee.account,
        holder=payee.holder,
        amount=row.amount,
        remark=f"{_REMARKS[row.kind]} {row.number} {format_rupiah(row.amount)}"[:50],
        at=intent(row),
    )


def intent(row: PaymentOrder) -> datetime:
    """When the intent was stored: before the first call, and never again."""
    assert row.intent_at is not None
    return row.intent_at
