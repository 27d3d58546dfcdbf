"""Linking, sending and enquiring through the ports."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from bekal.citizens.queries import citizen_view
from bekal.incentives import tasks
from bekal.incentives.actions import AccountRefused, PayerSilent, take_orders
from bekal.incentives.models import PaymentOrder
from bekal.incentives.ports import Holder, Instruction, PayAnswer
from bekal.incentives.queries import orders_of
from bekal.incentives.tasks import linking, sending
from bekal.ledger.queries import balance, imbalance
from tests.incentives.making import MAKER, Bookkeeper, approved_run, entitled
from tests.learning.making import BY, ENDS_AT, awarded, shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]


@pytest.fixture
def payers(
    clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> dict[str, Bookkeeper]:
    found = {"payer:bank": Bookkeeper(), "payer:wallet": Bookkeeper()}
    for room in (linking, sending):
        monkeypatch.setattr(room, "open_port", found.__getitem__)
    settings.PORTS = {name: ("", {"in_flight": "1"}) for name in found}
    clock_at(ENDS_AT)
    return found


def test_an_account_is_linked_by_asking_the_payer(payers: dict[str, Bookkeeper]) -> None:
    award = awarded()
    name = citizen_view(award.citizen_id).name
    payers["payer:bank"].holders = {
        "1234567890": Holder(name.upper(), True, True, None, None),
        "1111111111": Holder("ANI", True, True, None, None),
    }
    with pytest.raises(PayerSilent):
        tasks.link(award.citizen_id, "bank", "9999999999")
    with pytest.raises(AccountRefused):
        tasks.link(award.citizen_id, "bank", "1111111111")
    assert tasks.link(award.citizen_id, "bank", "1234567890").state == "linked"


def test_room_must_hold_the_largest_payment(payers: dict[str, Bookkeeper]) -> None:
    award = awarded()
    name = citizen_view(award.citizen_id).name
    payers["payer:wallet"].holders = {"0812345678": Holder(name, True, True, 599_999, None)}
    with pytest.raises(AccountRefused) as refused:
        tasks.link(award.citizen_id, "wallet", "0812345678")
    assert refused.value.reasons == ("incentives.account_no_room",)


def test_due_is_planned_per_channel_and_sent(payers: dict[str, Bookkeeper]) -> None:
    sold = shop()
    entitled(sold, 1)
    two = entitled(sold, 2, channel="wallet")
    assert {run.channel for run in tasks.plan_due(MAKER)} == {"bank", "wallet"}
    assert tasks.plan_due(MAKER) == []
    assert tasks.send_due() == {}
    assert not payers["payer:bank"].instructions
    assert [order.state for order in orders_of(two.citizen_id)] == ["planned", "planned"]


def test_every_fate_ends_paid_once(payers: dict[str, Bookkeeper], clock_at: Callable[[datetime], None]) -> None:
    sold = shop()
    for number in (1, 2, 3):
        entitled(sold, number)
    approved_run()
    bank = payers["payer:bank"]
    bank.will(["paid", "lost", "dropped", "late", "later", "paid"])
    assert tasks.send_due() == {"paid": 2, "unknown": 3, "approved": 1}
    bank.will([])
    bank.deliver()
    assert tasks.enquire_due() == {}
    clock_at(ENDS_AT + timedelta(seconds=90))
    assert tasks.enquire_due() == {"paid": 2, "approved": 1}
    assert tasks.send_due() == {}
    clock_at(ENDS_AT + timedelta(minutes=7))
    assert tasks.send_due() == {"paid": 2}
    assert tasks.enquire_due() == {}
    assert sum(bank.credited.values()) == 3 * 650_000 == balance("paid:bank").credits
    assert set(bank.credited.values()) == {650_000}
    assert imbalance() == 0


def test_an_order_whose_sender_died_is_asked_about(
    payers: dict[str, Bookkeeper], clock_at: Callable[[datetime], None]
) -> None:
    entitled(shop())
    approved_run()
    take_orders(by=BY, at=ENDS_AT, channel="bank", limit=10)
    assert tasks.enquire_due() == {}
    clock_at(ENDS_AT + timedelta(minutes=3))
    assert tasks.enquire_due() == {"approved": 2}
    clock_at(ENDS_AT + timedelta(minutes=9))
    assert tasks.send_due(limit=1) == {"paid": 1}
    assert tasks.send_due(limit=1) == {"paid": 1}
    assert {i.at for i in payers["payer:bank"].instructions} == {ENDS_AT}
    assert {i.remark for i in payers["payer:bank"].instructions} == {
        "Insentif pelatihan 1 Rp600.000", "Insentif survei 1 Rp50.000",
    }  # fmt: skip


class Witness(Bookkeeper):
    """Looks, from a connection of its own, at what stands committed while it is being called."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.seen: list[tuple[str, int]] = []

    def pay(self, instruction: Instruction) -> PayAnswer:
        question = "SELECT state, sendings FROM incentives_payment_order WHERE reference = %s"
        with psycopg.connect(self.address) as outside:
            row = outside.execute(question, [instruction.reference]).fetchone()
        assert row
        self.seen.append((row[0], row[1]))
        return super().pay(instruction)


@pytest.mark.django_db(transaction=True)
def test_the_intent_is_committed_before_the_call(payers: dict[str, Bookkeeper]) -> None:
    entitled(shop())
    approved_run()
    found = connection.settings_dict
    witness = Witness(
        psycopg.conninfo.make_conninfo(
            dbname=found["NAME"], user=found["USER"], password=found["PASSWORD"], host=found["HOST"],
            port=found["PORT"] or None,
        )
    )  # fmt: skip
    payers["payer:bank"] = witness
    assert tasks.send_due() == {"paid": 2}
    assert witness.seen == [("sent", 1), ("sent", 1)]
    assert PaymentOrder.objects.filter(state="paid").count() == 2
