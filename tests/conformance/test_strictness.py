"""The payers' stand-ins take nothing that is not as published, and answer whatever they are sent."""

import base64
import hashlib
import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.outside.snap import minified, money, stamp
from simulators.bank import Bank
from simulators.http import Request
from simulators.iso import BadFile, read_batch
from simulators.snap_messages import MESSAGES
from simulators.wallet import Wallet
from tests.conformance.conftest import Stage
from tests.conformance.test_snap import load
from tests.outside.test_iso20022 import DEBTOR, mangled, pain001, pay

SERVICES = {
    "bank": ("account-inquiry-internal", "account-inquiry-external", "transfer-intrabank", "transfer-interbank"),
    "wallet": ("emoney/account-inquiry", "emoney/topup"),
}
BOTH = ("registration-account-creation", "registration-account-inquiry", "transfer/status", "emoney/topup-status")


def signed(stage: Stage, path: str, body: bytes, **changes: str) -> dict[str, str]:
    """Headers of signature type 2: RSA, without a token."""
    at = stamp(datetime.now(UTC))
    message = f"POST:{path}:{hashlib.sha256(minified(body)).hexdigest()}:{at}"
    key: Any = load_pem_private_key(stage.keys["private_key_pem"].encode(), password=None)
    signature = key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())
    return {
        "Content-Type": "application/json", "X-TIMESTAMP": at, "X-SIGNATURE": base64.b64encode(signature).decode(),
        "X-PARTNER-ID": "BEKAL01", "X-EXTERNAL-ID": str(secrets.randbelow(10**30)), "CHANNEL-ID": "95221",
    } | changes  # fmt: skip


def answered(stage: Stage, path: str, body: bytes, **changes: str) -> str:
    headers = signed(stage, path, body, **changes)
    return str(httpx.post(stage.url + path, content=body, headers=headers).json()["responseCode"])


def test_signature_type_two_needs_no_token(stage: Stage) -> None:
    load(stage)
    body = json.dumps({"accountNo": "8800000001"}, indent=2).encode()
    assert answered(stage, "/bank/v1.0/balance-inquiry", body) == "2001100"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"X-SIGNATURE": "AAAA"}, "4011100"),
        ({"X-SIGNATURE": ""}, "4011100"),
        ({"X-TIMESTAMP": "2020-01-01T00:00:00+07:00"}, "4011100"),
        ({"X-TIMESTAMP": ""}, "4001102"),
        ({"X-PARTNER-ID": "NOBODY"}, "4011100"),
        ({"X-EXTERNAL-ID": ""}, "4001102"),
        ({"X-EXTERNAL-ID": "a b"}, "4001101"),
        ({"CHANNEL-ID": "too long"}, "4001101"),
        ({"Authorization": "Bearer unknown"}, "4011101"),
        ({"Authorization": "Basic x"}, "4011103"),
    ],
)
def test_headers_are_checked(stage: Stage, changes: dict[str, str], code: str) -> None:
    load(stage)
    assert answered(stage, "/bank/v1.0/balance-inquiry", b'{"accountNo":"8800000001"}', **changes) == code


def test_another_method_and_an_unknown_service(stage: Stage) -> None:
    assert httpx.get(f"{stage.url}/bank/v1.0/balance-inquiry").json()["responseCode"] == "4051101"
    assert httpx.post(f"{stage.url}/bank/v1.0/nothing").json()["responseCode"] == "4050000"


def transfer(**changes: Any) -> dict[str, Any]:
    told = {
        "partnerReferenceNo": "STRICT-1", "amount": money(5), "beneficiaryAccountNo": "100",
        "sourceAccountNo": "8800000001", "transactionDate": stamp(datetime.now(UTC)),
    }  # fmt: skip
    return told | changes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"partnerReferenceNo": ""}, "4001702"),
        ({"partnerReferenceNo": "R" * 65}, "4001701"),
        ({"partnerReferenceNo": 7}, "4001701"),
        ({"amount": None}, "4001702"),
        ({"amount": {"value": "5", "currency": "IDR"}}, "4001701"),
        ({"amount": {"value": "5.00", "currency": "USD"}}, "4001701"),
        ({"amount": {"value": "5.50", "currency": "IDR"}}, "4041713"),
        ({"amount": {"value": "0.00", "currency": "IDR"}}, "4041713"),
        ({"amount": {"value": "-5.00", "currency": "IDR"}}, "4001701"),
        ({"transactionDate": "yesterday"}, "4001701"),
        ({"remark": "r" * 51}, "4001701"),
        ({"sourceAccountNo": "100"}, "4031715"),
        ({"beneficiaryAccountNo": "9" * 35}, "4001701"),
    ],
)
def test_fields_are_checked(stage: Stage, changes: dict[str, Any], code: str) -> None:
    load(stage)
    body = json.dumps(transfer(**changes)).encode()
    assert answered(stage, "/bank/v1.0/transfer-intrabank", body) == code


scalars = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["100", "5.00", "IDR", "17"])
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
NAMES = (
    *transfer(),
    "additionalInfo",
    "customerNumber",
    "feeAmount",
    "serviceCode",
    "originalPartnerReferenceNo",
    "name",
)
amounts = st.fixed_dictionaries({"value": values, "currency": values}) | st.just(money(5))
questions = st.dictionaries(st.sampled_from(NAMES), values | amounts) | st.builds(
    lambda more: transfer(customerNumber="100", originalPartnerReferenceNo="X", serviceCode="17", **more),
    st.fixed_dictionaries({"additionalInfo": values}),
)


@given(questions.map(lambda told: json.dumps(told).encode()) | st.binary(), st.sampled_from(("bank", "wallet")))
@settings(max_examples=150, deadline=None)
def test_whatever_is_asked_is_answered_with_a_published_code(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, name: str
) -> None:
    standin = standing(tmp_path_factory, name)
    for service in (*SERVICES[name], *BOTH):
        if f"/{service}" not in standin.services:
            continue
        request = Request("POST", f"/{name}/v1.0/{service}", {}, body)
        code = str(standin.answer(request).body["responseCode"])
        assert code[:3] + code[5:] in MESSAGES


KEPT: dict[str, Any] = {}


def test_no_file_in_another_encoding_is_taken() -> None:
    with pytest.raises(BadFile, match="UTF-8"):
        read_batch(pain001.write("B1", [pay()], DEBTOR, "014").decode().encode("utf-16"))


def standing(tmp_path_factory: pytest.TempPathFactory, name: str) -> Any:
    """A stand-in in this process, whose partner is always believed."""
    if name not in KEPT:
        folder: Path = tmp_path_factory.mktemp(f"strict-{name}")
        KEPT[name] = {"bank": Bank, "wallet": Wallet}[name](folder)
        KEPT[name].authenticate = lambda _request: None
        KEPT[name].partner_id = "BEKAL01"
        told = [
            {"number": "100", "holder": "SITI", "nik": "3" * 16},
            {"number": "200", "holder": "SITI", "bank": "100"},
        ]
        told.append({"number": "8800000001", "holder": "DANA", "partner_id": "BEKAL01", "balance": 10**9})
        KEPT[name].load_accounts(Request("POST", "/", {}, json.dumps({"accounts": told}).encode()))
    return KEPT[name]


@given(mangled(pain001.write("B1", [pay()], DEBTOR, "014")) | st.binary())
@settings(max_examples=300)
def test_whatever_is_handed_in_is_a_file_or_a_bad_file(raw: bytes) -> None:
    try:
        batch = read_batch(raw)
    except BadFile:
        return
    assert sum(one.amount for one in batch.transfers) > 0
