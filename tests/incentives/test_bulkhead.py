"""Two payers at once over HTTP: one answers, the other is dead."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bekal.core import ports
from bekal.incentives import tasks
from bekal.incentives.models import PaymentOrder
from bekal.incentives.queries import open_orders
from bekal.ledger.queries import imbalance
from simulators.control import ports as all_ports
from tests.conformance.conftest import Stage, introduced, simulators, stage
from tests.incentives.making import approved_run, entitled
from tests.learning.making import ENDS_AT, shop

__all__ = ["introduced", "simulators", "stage"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]
PEOPLE = 4


@pytest.fixture
def at_the_payers(stage: Stage, settings: Any, clock_at: Callable[[datetime], None]) -> Callable[[datetime], None]:
    """Both payers know our money and the people; the clock of everybody is set together."""
    keys = stage.keys | {"source_account": "8800000077", "timeout_seconds": "1", "breaker_failures": "2"}
    settings.PORTS = {name: (one["client"], one["config"]) for name, one in all_ports(stage.url, keys).items()}
    ports.open_port.cache_clear()
    source = {"number": "8800000077", "holder": "DANA", "partner_id": "BEKAL01", "balance": 10**12}
    stage.control.load_accounts("bank", [source])
    stage.control.load_deposit("BEKAL01", 10**12)

    def move(at: datetime) -> None:
        clock_at(at)
        stage.control.set_clock(at, ticks=False)

    move(ENDS_AT)
    return move


def people(stage: Stage) -> None:
    sold = shop()
    for number in range(1, 2 * PEOPLE + 1):
        channel = "bank" if number % 2 else "wallet"
        one = entitled(sold, number, channel=channel)
        stage.control.load_accounts(channel, [{"number": f"77{one.citizen_id.int % 10**8:08}", "holder": "WARGA"}])
        if number in (1, 2):
            assert one.code
    approved_run(channel="bank")
    approved_run(channel="wallet")


def outcomes(channel: str) -> dict[str, int]:
    states = PaymentOrder.objects.filter(channel=channel).values_list("state", flat=True)
    return {state: list(states).count(state) for state in states}


def test_a_dead_payer_delays_no_other(stage: Stage, at_the_payers: Callable[[datetime], None]) -> None:
    people(stage)
    stage.control.faults("wallet", [{"match": {"path": "/wallet/v1.0/emoney"}, "do": "delay", "ms": 9_000, "times": 0}])
    began = time.monotonic()
    tasks.send_due()
    assert time.monotonic() - began < 4
    assert outcomes("bank") == {"paid": 2 * PEOPLE}
    assert set(outcomes("wallet")) <= {"unknown", "approved"}
    began = time.monotonic()
    at_the_payers(ENDS_AT + timedelta(minutes=6))
    assert tasks.send_due() == {}, "the breaker is open: nothing is even claimed"
    assert time.monotonic() - began < 1
    stage.control.faults("wallet", [])
    ports.open_port.cache_clear()
    for minutes in (10, 20, 60, 70, 80):
        at_the_payers(ENDS_AT + timedelta(minutes=minutes))
        tasks.enquire_due()
        tasks.send_due()
    assert outcomes("wallet") == {"paid": 2 * PEOPLE}
    assert len({row["partner_reference"] for row in stage.control.books("wallet")["payments"]}) >= 2 * PEOPLE
    assert (open_orders(), imbalance()) == (0, 0)


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(days=3)])
def test_a_clock_that_steps_in_the_middle_changes_no_outcome(
    stage: Stage, at_the_payers: Callable[[datetime], None], clock_at: Callable[[datetime], None], step: timedelta
) -> None:
    """Our clock jumps away from the payers' and comes back: they refuse what is signed at a wrong time, and nothing is
    paid twice or forgotten."""
    from tests.incentives.torture import desk

    people(stage)
    stage.control.faults(
        "bank", [{"match": {"path": "/bank/v1.0/transfer", "share": 0.5, "seed": 4}, "do": "lose_answer"}]
    )
    tasks.send_due()
    clock_at(ENDS_AT + timedelta(minutes=2) + step)
    tasks.enquire_due()
    tasks.send_due()
    for minutes in (10, 20, 60, 180, 600, 1_600, 3_100, 6_000, 6_200, 6_400, 8_000, 10_000):
        at_the_payers(ENDS_AT + timedelta(minutes=minutes))
        desk()
        tasks.send_due()
        tasks.enquire_due()
    assert outcomes("bank") == outcomes("wallet") == {"paid": 2 * PEOPLE}
    for name in ("bank", "wallet"):
        ours = set(PaymentOrder.objects.filter(channel=name).values_list("reference", flat=True))
        told = [row["partner_reference"] for row in stage.control.books(name)["payments"]]
        assert sorted(reference for reference in told if reference in ours) == sorted(ours)
    assert imbalance() == 0
