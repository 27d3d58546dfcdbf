"""Bank and e-wallet over SNAP BI: nothing is paid twice, nothing unknown is called refused."""

import hashlib
import itertools
import json
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bekal.incentives.ports import Instruction
from bekal.outside.wire import BadAnswer
from tests.conformance.conftest import Stage, introduced, start

HASH = hashlib.sha256(b"3171014107900001").hexdigest()
AT = datetime.now(UTC)
numbers = itertools.count(1)
RAILS = ("bank", "other_bank", "wallet")


def load(stage: Stage) -> None:
    """The same four holders at every payer, and money at the source."""
    niks = {"active": "3171014107900001", "dormant": "3171014107900002", "closed": "3171014107900003"}
    people = [
        {"number": f"10{n}", "holder": f"WARGA {n}", "status": status, "nik": nik}
        for n, (status, nik) in enumerate(niks.items())
    ]
    source = {"number": "8800000001", "holder": "DANA", "partner_id": "BEKAL01", "balance": 10_000_000}
    stage.control.load_accounts("bank", [*people, *({**p, "bank": "014"} for p in people), source])
    stage.control.load_accounts("wallet", people)
    stage.control.load_deposit("BEKAL01", 10_000_000)


@pytest.fixture(params=RAILS)
def rail(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def payer(stage: Stage, rail: str) -> Callable[..., Any]:
    load(stage)
    bank = {"beneficiary_bank": "014"} if rail == "other_bank" else {}
    return lambda **changes: stage.client("wallet" if rail == "wallet" else "bank", **bank, **changes)


def order(account: str = "100", amount: int = 600_000) -> Instruction:
    return Instruction(f"PAY-{next(numbers)}", account, "WARGA 0", amount, "Insentif", AT)


def booked(stage: Stage, rail: str, reference: str) -> list[dict[str, Any]]:
    """The payer's own rows for a reference."""
    rows = stage.control.books("wallet" if rail == "wallet" else "bank")["payments"]
    return [row for row in rows if row["partner_reference"] == reference]


def hit(stage: Stage, rail: str, reference: str, do: str, **more: Any) -> None:
    """Misbehave at the payment itself."""
    name, path = ("wallet", "/wallet/v1.0/emoney/topup") if rail == "wallet" else ("bank", "/bank/v1.0/transfer-")
    stage.control.faults(name, [{"match": {"path": path, "reference": reference}, "do": do, **more}])


def test_inquiry_tells_holder_and_nik(payer: Callable[..., Any], rail: str) -> None:
    holder = payer().inquire(account="100", nik_hash=HASH, reference="INQ-1")
    assert (holder.name, holder.active, holder.nik_matches, holder.reason) == ("WARGA 0", True, True, None)
    assert (holder.room is not None) == (rail == "wallet")
    assert payer().inquire(account="100", nik_hash="0" * 64, reference="INQ-2").nik_matches is False
    assert payer().inquire(account="100", nik_hash="", reference="INQ-3").nik_matches is None


@pytest.mark.parametrize(("account", "reason"), [("101", "dormant"), ("102", "inactive"), ("999", "unknown_account")])
def test_inquiry_tells_why_not(payer: Callable[..., Any], account: str, reason: str) -> None:
    holder = payer().inquire(account=account, nik_hash=HASH, reference="INQ-4")
    assert (holder.active, holder.reason) == (False, reason)


def test_pays_once_however_often_asked(payer: Callable[..., Any], stage: Stage, rail: str) -> None:
    instruction, client = order(), payer()
    answers = [client.pay(instruction) for _ in range(3)]
    assert [answer.outcome for answer in answers] == ["paid"] * 3
    assert len({answer.partner_reference for answer in answers}) == 1
    rows = booked(stage, rail, instruction.reference)
    assert [row["amount"] for row in rows] == [600_000]


@pytest.mark.parametrize(("do", "known"), [("lose_answer", "paid"), ("fail500", "later"), ("lie", "later")])
def test_after_an_answer_gone_wrong_the_status_tells(
    payer: Callable[..., Any], stage: Stage, rail: str, do: str, known: str
) -> None:
    instruction, client = order(), payer()
    hit(stage, rail, instruction.reference, do)
    first = client.pay(instruction)
    assert first.outcome == ("paid" if do == "lie" else "unknown")
    status = client.status(reference=instruction.reference, at=AT, amount=600_000)
    assert status.outcome == known
    assert client.pay(instruction).outcome == "paid"
    assert len(booked(stage, rail, instruction.reference)) == 1


def test_late_answer_is_unknown_then_paid(payer: Callable[..., Any], stage: Stage, rail: str) -> None:
    instruction = order()
    hit(stage, rail, instruction.reference, "answer_late", ms=600)
    client = payer(timeout_seconds="0.25")
    assert client.pay(instruction).outcome == "unknown"
    assert client.status(reference=instruction.reference, at=AT, amount=600_000).outcome == "paid"


def test_second_answer_is_never_taken_for_the_next(payer: Callable[..., Any], stage: Stage, rail: str) -> None:
    bad, good, client = order("101"), order(), payer()
    hit(stage, rail, bad.reference, "answer_twice")
    assert client.pay(bad).outcome == "refused"
    assert client.pay(good).outcome == "paid"


@pytest.mark.parametrize("account", ["101", "102", "999"])
def test_refused_payment_stays_refused(payer: Callable[..., Any], stage: Stage, rail: str, account: str) -> None:
    instruction, client = order(account), payer()
    answer = client.pay(instruction)
    assert answer.outcome == "refused"
    status = client.status(reference=instruction.reference, at=AT, amount=600_000)
    assert (status.outcome, status.code) == ("refused", answer.code)
    assert booked(stage, rail, instruction.reference) == []


def test_no_funds_stops_the_run(payer: Callable[..., Any]) -> None:
    assert payer().pay(order(amount=11_000_000)).outcome == "stop"


def test_another_payment_under_a_used_reference_is_not_paid(payer: Callable[..., Any], stage: Stage, rail: str) -> None:
    instruction, client = order(), payer()
    client.pay(instruction)
    assert client.pay(replace(instruction, amount=700_000)).outcome == "unknown"
    assert [row["amount"] for row in booked(stage, rail, instruction.reference)] == [600_000]


@pytest.mark.parametrize(
    ("case", "outcome"), [("202{}00", "unknown"), ("403{}06", "later"), ("429{}00", "later"), ("504{}00", "unknown")]
)
def test_response_codes_mean_what_the_standard_says(
    payer: Callable[..., Any], stage: Stage, rail: str, case: str, outcome: str
) -> None:
    instruction = order()
    service = {"bank": "17", "other_bank": "18", "wallet": "38"}[rail]
    hit(stage, rail, instruction.reference, "refuse:" + case.format(service))
    assert payer().pay(instruction).outcome == outcome


def test_nobody_there_is_later(stage: Stage) -> None:
    client = stage.client("bank", url="http://127.0.0.1:9/v1.0")
    assert client.pay(order()).outcome == "later"


@pytest.mark.parametrize("changes", [{"secret": "another"}, {"partner_id": "OTHER"}, {"client_id": "nobody"}])
def test_wrong_credentials_stop_the_run(stage: Stage, changes: dict[str, str]) -> None:
    load(stage)
    assert stage.client("bank", **changes).pay(order()).outcome == "stop"


def test_expired_token_is_renewed(stage: Stage) -> None:
    load(stage)
    start_time, client = datetime(2026, 11, 2, tzinfo=UTC), None
    now = [start_time]
    stage.control.set_clock(start_time, ticks=False)
    client = stage.client_at("bank", lambda: now[0])
    assert client.pay(order()).outcome == "paid"
    stage.control.set_clock(start_time.replace(minute=14, second=45), ticks=False)
    now[0] = start_time.replace(minute=14)
    assert client.pay(order()).outcome == "paid"
    stage.control.set_clock(start_time.replace(minute=16), ticks=False)
    assert client.pay(order()).outcome == "paid"


def test_external_id_is_unique_in_a_day(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    load(stage)
    client = stage.client("bank")
    dice = iter([5, 5, 6])
    monkeypatch.setattr("bekal.outside.snap.secrets.randbelow", lambda most: next(dice))
    assert [client.pay(order()).outcome for _ in range(2)] == ["paid", "paid"]


def test_wallet_month_is_full(stage: Stage) -> None:
    load(stage)
    stage.control.load_accounts("wallet", [{"number": "200", "holder": "WARGA", "monthly_limit": 1_000_000}])
    client = stage.client("wallet")
    assert client.pay(order("200")).outcome == "paid"
    assert client.inquire(account="200", nik_hash=HASH, reference="INQ-5").room == 400_000
    assert client.pay(order("200")).outcome == "refused"


def test_unreadable_inquiry_is_no_answer(stage: Stage) -> None:
    load(stage)
    stage.control.faults("bank", [{"match": {"path": "/bank/v1.0/account-inquiry"}, "do": "fail500"}])
    with pytest.raises(BadAnswer):
        stage.client("bank").inquire(account="100", nik_hash=HASH, reference="INQ-6")


def test_mandatory_fields_are_named(stage: Stage) -> None:
    answer = httpx.post(f"{stage.url}/bank/v1.0/transfer-intrabank", content=json.dumps({}))
    assert answer.json()["responseCode"] == "4001702"
    assert "x-timestamp" in answer.json()["responseMessage"].lower()


def test_many_at_once_pay_each_once_and_the_books_balance(payer: Callable[..., Any], stage: Stage, rail: str) -> None:
    name = "wallet" if rail == "wallet" else "bank"
    rules = [{"match": {"share": 0.3, "seed": 1}, "do": "lose_answer"}]
    before = {row["partner_reference"] for row in stage.control.books(name)["payments"]}
    client, orders = payer(breaker_failures="1000"), [order(amount=50_000) for _ in range(40)]
    client.pay(order(amount=1))
    stage.control.faults(name, rules)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(client.pay, orders + orders))
    paid = [row for row in stage.control.books(name)["payments"] if row["partner_reference"] not in before]
    source = stage.control.books(name)["sources"][0]["balance"]
    assert sorted(row["amount"] for row in paid) == [1] + [50_000] * 40
    assert source == 10_000_000 - 40 * 50_000 - 1


def test_kill_and_restart_keep_the_books(tmp_path: Path) -> None:
    process, url = start(tmp_path)
    stage = introduced(url)
    load(stage)
    instruction = order()
    hit(stage, "bank", instruction.reference, "lose_answer")
    assert stage.client("bank").pay(instruction).outcome == "unknown"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    process, url_again = start(tmp_path, int(url.rpartition(":")[2]))
    assert url_again == url
    client = stage.client("bank")
    assert client.status(reference=instruction.reference, at=AT, amount=600_000).outcome == "paid"
    assert client.pay(instruction).outcome == "paid"
    assert len(booked(stage, "bank", instruction.reference)) == 1
    process.kill()
    process.communicate()
