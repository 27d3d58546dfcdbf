"""Many payments at a time over kept connections to the simulators, which lose, repeat and delay answers."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from bekal.core.atomic import CallInsideTransaction
from bekal.incentives.ports import Instruction, ManyPayer, PayAnswer
from bekal.incentives.tasks.calling import Calls
from tests.apart import run_apart
from tests.conformance.conftest import Stage

MANY = 120


@pytest.fixture(params=["bank", "wallet"])
def rail(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(stage: Stage, rail: str) -> None:
    control = stage.control
    control.load_accounts(
        "bank", [{"number": "8800000001", "holder": "DANA", "partner_id": "BEKAL01", "balance": 10**12}]
    )
    control.load_deposit("BEKAL01", 10**12)
    control.load_accounts(rail, [{"number": "7700000001", "holder": "WARGA"}])
    control.load_accounts(rail, [{"number": "7700000002", "holder": "WARGA", "status": "closed"}])


def instructions(name: str, count: int, account: str = "7700000001") -> list[Instruction]:
    at = datetime.now(UTC)
    return [
        Instruction(f"{name}{number:04}", account, "WARGA", 1_000 + number, "Insentif", at) for number in range(count)
    ]


def sent(client: ManyPayer, orders: Sequence[Instruction], at_a_time: int = 16) -> dict[str, PayAnswer]:
    """What is known of each, all sent over one lane."""

    async def everything() -> dict[str, PayAnswer]:
        lane, waiting, known = client.lane(at_a_time), iter(orders), dict[str, PayAnswer]()

        async def one() -> None:
            for order in waiting:
                known[order.reference] = await lane.pay(order)

        await asyncio.gather(*(one() for _ in range(at_a_time)))
        await lane.close()
        return known

    return run_apart(everything())


def booked(stage: Stage, rail: str) -> set[str]:
    return {row["partner_reference"] for row in stage.control.books(rail)["payments"]}


def test_answers_lost_repeated_and_late_are_never_anothers(stage: Stage, rail: str) -> None:
    opened(stage, rail)
    good, closed = instructions(f"LANE-{rail}-G", MANY), instructions(f"LANE-{rail}-C", MANY, "7700000002")
    mixed = [order for pair in zip(good, closed, strict=True) for order in pair]
    path = {"bank": "/bank/v1.0/transfer", "wallet": "/wallet/v1.0/emoney"}[rail]
    wrongs = {"answer_twice": 0.25, "lose_answer": 0.15, "fail500": 0.1}
    stage.control.faults(
        rail, [{"match": {"path": path, "share": share, "seed": do}, "do": do} for do, share in wrongs.items()]
    )
    known = sent(stage.client(rail, breaker_failures="1000"), mixed)
    paid = booked(stage, rail)
    outcomes = {order.reference: known[order.reference].outcome for order in mixed}
    assert {order.reference for order in good if outcomes[order.reference] == "paid"} <= paid
    assert {known[one.reference] for one in good if outcomes[one.reference] not in ("paid", "unknown")} == set()
    assert {known[one.reference] for one in closed if outcomes[one.reference] not in ("refused", "unknown")} == set()
    assert not paid & {order.reference for order in closed}
    assert sum(outcome == "unknown" for outcome in outcomes.values()) < MANY
    assert sum(outcome == "paid" for outcome in outcomes.values()) > MANY / 2


def test_asked_twice_is_paid_once(stage: Stage, rail: str) -> None:
    opened(stage, rail)
    orders = instructions(f"TWICE-{rail}", 20)
    for _ in range(2):
        assert {answer.outcome for answer in sent(stage.client(rail), orders).values()} == {"paid"}
    rows = [
        row for row in stage.control.books(rail)["payments"] if row["partner_reference"].startswith(f"TWICE-{rail}")
    ]
    assert len(rows) == 20


def test_a_dead_payer_is_left_alone_soon(stage: Stage) -> None:
    """After a few failures nothing is sent: what waits is known not to have left."""
    opened(stage, "bank")
    stage.control.faults("bank", [{"match": {"path": "/bank/v1.0/transfer"}, "do": "delay", "ms": 20_000, "times": 0}])
    client = stage.client("bank", timeout_seconds="0.5", breaker_failures="5")
    began = time.monotonic()
    known = sent(client, instructions("DEAD", 60), at_a_time=8)
    assert time.monotonic() - began < 5
    outcomes = [answer.outcome for answer in known.values()]
    assert outcomes.count("unknown") <= 16
    assert outcomes.count("later") >= 44
    assert client.lane(1).resting


def test_a_payment_older_than_the_payers_memory_does_not_leave(stage: Stage, rail: str) -> None:
    opened(stage, rail)
    old = Instruction(f"OLD-{rail}", "7700000001", "WARGA", 1_000, "", datetime(2020, 1, 1, tzinfo=UTC))
    assert sent(stage.client(rail), [old])[old.reference].outcome == "unknown"
    assert old.reference not in booked(stage, rail)


@pytest.mark.django_db(transaction=True)
def test_no_call_leaves_from_inside_a_transaction(stage: Stage, rail: str) -> None:
    client: Any = stage.client(rail)
    with transaction.atomic(), pytest.raises(CallInsideTransaction):
        client.status(reference="x", at=datetime.now(UTC), amount=1)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_given_to_a_lane_from_inside_a_transaction(stage: Stage) -> None:
    calls = Calls({"bank": (stage.client("bank").lane(1), 1)})
    with calls, transaction.atomic(), pytest.raises(CallInsideTransaction):
        calls.put("bank", [])
