"""What a payer remembers and for how long, what it takes into a wallet, and payments that end late."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bekal.outside.snap import Keys, compact, minified, service_headers, stamp, token_headers
from tests.conformance.conftest import Stage
from tests.conformance.test_snap import HASH, booked, load, numbers, order

AT = datetime.now(UTC)


@pytest.fixture
def days(stage: Stage) -> Iterator[Any]:
    """A client of the bank, so many days after the payment's instant."""
    load(stage)

    def after(seconds: float = 0, days: float = 0, **changes: str) -> Any:
        now = AT + timedelta(days=days, seconds=seconds)
        stage.control.set_clock(now, ticks=False)
        return stage.client_at("bank", lambda: now, **changes)

    yield after
    stage.control.windows("bank")


def test_a_forgotten_reference_is_never_sent_again(days: Any, stage: Stage) -> None:
    instruction = order()
    assert days().pay(instruction).outcome == "paid"
    assert days(days=59.9).pay(instruction).outcome == "paid"
    late = days(days=60.1).pay(instruction)
    assert (late.outcome, late.code) == ("unknown", "")
    assert len(booked(stage, "bank", instruction.reference)) == 1
    careless = days(days=60.1, reference_days="0").pay(instruction)
    assert careless.outcome == "paid"
    assert len(booked(stage, "bank", instruction.reference)) == 2


def test_a_forgotten_status_is_not_believed(days: Any, stage: Stage) -> None:
    instruction = order()
    days().pay(instruction)
    stage.control.windows("bank", status_days=60)
    asked = {"reference": instruction.reference, "at": instruction.at, "amount": instruction.amount}
    assert days(days=59.9).status(**asked).outcome == "paid"
    assert days(days=60.1).status(**asked).outcome == "unknown"
    assert days(days=60.1, status_days="0").status(**asked).outcome == "later"


def test_a_status_asked_too_early_is_not_believed(days: Any, stage: Stage) -> None:
    instruction = order()
    days().pay(instruction)
    stage.control.windows("bank", status_after_seconds=600)
    asked = {"reference": instruction.reference, "at": instruction.at, "amount": instruction.amount}
    assert days(seconds=60).status(**asked).outcome == "later"
    assert days(seconds=60, status_after_seconds="600").status(**asked).outcome == "unknown"
    assert days(seconds=700, status_after_seconds="600").status(**asked).outcome == "paid"


def test_in_progress_is_unknown_until_it_is_paid(days: Any, stage: Stage) -> None:
    instruction = order()
    stage.control.windows("bank", pending_seconds=300)
    stage.control.faults("bank", [{"match": {"reference": instruction.reference}, "do": "accept"}])
    asked = {"reference": instruction.reference, "at": instruction.at, "amount": instruction.amount}
    first = days().pay(instruction)
    assert (first.outcome, first.code) == ("unknown", "2021700")
    assert days(seconds=60).status(**asked).outcome == "unknown"
    assert days(seconds=60).pay(instruction).outcome == "unknown"
    assert days(seconds=400).status(**asked).outcome == "paid"
    assert len(booked(stage, "bank", instruction.reference)) == 1


@pytest.mark.parametrize(
    ("wallet", "room", "code"),
    [
        ({"level": "basic", "held": 1_500_000}, 500_000, "4033823"),
        ({"level": "basic"}, 2_000_000, ""),
        ({"monthly_limit": 500_000}, 500_000, "4033823"),
        ({"single_limit": 500_000}, 500_000, "4033802"),
        ({"held": 19_900_000}, 100_000, "4033823"),
        ({}, 20_000_000, ""),
    ],
)
def test_what_a_wallet_takes(stage: Stage, wallet: dict[str, Any], room: int, code: str) -> None:
    load(stage)
    number = f"6299{next(numbers)}"
    stage.control.load_accounts("wallet", [{"number": number, "holder": "WARGA", **wallet}])
    client = stage.client("wallet")
    assert client.inquire(account=number, nik_hash=HASH, reference="I").room == room
    answer = client.pay(order(number))
    assert (answer.outcome, answer.code if code else "") == ("refused" if code else "paid", code)


@pytest.mark.parametrize(
    ("rail", "status"), [("bank", "frozen"), ("bank", "closed"), ("bank", "dormant"), ("wallet", "frozen")]
)
def test_no_money_goes_to_an_account_that_is_shut(stage: Stage, rail: str, status: str) -> None:
    load(stage)
    stage.control.load_accounts(rail, [{"number": "777", "holder": "WARGA", "status": status}])
    instruction = order("777")
    assert stage.client(rail).pay(instruction).outcome == "refused"
    assert booked(stage, rail, instruction.reference) == []


def token(stage: Stage, keys: Keys, *, as_hex: bool) -> str:
    headers = token_headers(keys, stamp(datetime.now(UTC)))
    if as_hex:
        headers["X-SIGNATURE"] = to_hex(headers["X-SIGNATURE"])
    body = b'{ "grantType" : "client_credentials" }'
    answer = httpx.post(f"{stage.url}/bank/v1.0/access-token/b2b", content=body, headers=headers).json()
    assert answer["responseCode"] == "2007300"
    return str(answer["accessToken"])


def to_hex(signature: str) -> str:
    import base64

    return base64.b64decode(signature).hex()


@pytest.mark.parametrize("as_hex", [False, True])
def test_signatures_in_base64_and_in_the_samples_hexadecimal(stage: Stage, as_hex: bool) -> None:
    load(stage)
    keys = Keys.of(stage.keys)
    known = token(stage, keys, as_hex=as_hex)
    body = b'{ "accountNo" : "8800000001" }'
    headers = service_headers(keys, "/bank/v1.0/balance-inquiry", known, minified(body), stamp(datetime.now(UTC)))
    if as_hex:
        headers["X-SIGNATURE"] = to_hex(headers["X-SIGNATURE"])
    answer = httpx.post(f"{stage.url}/bank/v1.0/balance-inquiry", content=body, headers=headers).json()
    assert answer["responseCode"] == "2001100"
    again = httpx.post(f"{stage.url}/bank/v1.0/balance-inquiry", content=body, headers=headers).json()
    assert again["responseCode"] == "4091100"


def test_our_headers_are_as_published(stage: Stage) -> None:
    keys = Keys.of(stage.keys)
    headers = service_headers(keys, "/v1.0/x", "token", compact({"a": 1}), stamp(AT))
    assert headers["X-EXTERNAL-ID"].isdigit()
    assert len(headers["X-EXTERNAL-ID"]) <= 36
    assert len(headers["X-TIMESTAMP"]) == 25
    assert len(headers["CHANNEL-ID"]) == 5
    assert len(headers["X-PARTNER-ID"]) <= 36
    assert len({service_headers(keys, "/", "t", b"", "")["X-EXTERNAL-ID"] for _ in range(1000)}) == 1000
