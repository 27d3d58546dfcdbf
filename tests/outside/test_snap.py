"""What can be known about SNAP without a payer: signatures, minification, and the table of outcomes."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bekal.incentives.ports import PayAnswer
from bekal.outside.snap import (
    SnapAnswer,
    minified,
    money,
    outcome_of,
    read_status,
    service_signature,
    settle,
    stamp,
    whole_rupiah,
)
from bekal.outside.snap_codes import CASES, OF_CASE
from bekal.outside.wire import BadAnswer, Unreachable

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(values, st.booleans())
def test_minification_equals_compact_json(value: object, ascii_only: bool) -> None:
    spaced = json.dumps(value, indent=3, ensure_ascii=ascii_only)
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only)
    assert minified(spaced.encode("utf-8", "surrogatepass")) == compact.encode("utf-8", "surrogatepass")


def test_minification_keeps_escapes_order_and_numbers() -> None:
    body = rb'{ "b" : "a \" b\\" , "a": 1.00, "u": "\u00e9 \/" }'
    assert minified(body) == rb'{"b":"a \" b\\","a":1.00,"u":"\u00e9 \/"}'


def test_service_signature_covers_method_path_token_body_and_time() -> None:
    digest = hashlib.sha256(b'{"a":1}').hexdigest()
    message = f"POST:/v1.0/x:token:{digest}:2023-08-01T10:00:00+07:00"
    expected = base64.b64encode(hmac.digest(b"key", message.encode(), "sha512")).decode()
    at = stamp(datetime(2023, 8, 1, 3, 0, tzinfo=UTC))
    assert len(at) == 25
    assert service_signature(b"key", "POST", "/v1.0/x", "token", b'{"a": 1}', at) == expected


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("2001700", "paid"),
        ("2021700", "unknown"),
        ("4031709", "refused"),
        ("4031818", "refused"),
        ("4041711", "refused"),
        ("4033802", "refused"),
        ("4033823", "refused"),
        ("4031714", "stop"),
        ("4011700", "stop"),
        ("4031706", "later"),
        ("4291700", "later"),
        ("5001700", "unknown"),
        ("5041700", "unknown"),
        ("4091701", "unknown"),
        ("4041718", "unknown"),
        ("4991799", "unknown"),
        ("", "unknown"),
    ],
)
def test_response_codes(code: str, outcome: str) -> None:
    assert outcome_of(code) == outcome


def test_every_case_has_one_outcome() -> None:
    assert len(CASES) == len(OF_CASE)


def test_amounts() -> None:
    assert money(600_000) == {"value": "600000.00", "currency": "IDR"}
    assert whole_rupiah(money(7)) == 7
    assert whole_rupiah({"value": "12.50"}) == 12
    assert whole_rupiah({"value": "-1.00"}) is None
    assert whole_rupiah(None) is None


def answered(code: str, **fields: object) -> SnapAnswer:
    return SnapAnswer(code, {"responseCode": code, "responseMessage": "told", **fields})


def never() -> PayAnswer:
    raise AssertionError("status must not be asked")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Unreachable("x", sent=True), "unknown"),
        (Unreachable("x", sent=False), "later"),
        (BadAnswer("x"), "unknown"),
    ],
)
def test_what_never_left_may_be_sent_again(error: Exception, outcome: str) -> None:
    def call() -> SnapAnswer:
        raise error

    assert settle(call, "R", never).outcome == outcome


def test_another_payments_answer_is_unknown() -> None:
    answer = settle(lambda: answered("2001700", partnerReferenceNo="S"), "R", never)
    assert answer.outcome == "unknown"


@pytest.mark.parametrize("code", ["4091701", "4041718"])
def test_duplicate_asks_the_status(code: str) -> None:
    paid = PayAnswer("paid", "2003600", "9", "")
    assert settle(lambda: answered(code), "R", lambda: paid) is paid
    lost = PayAnswer("later", "4043601", None, "")
    assert settle(lambda: answered(code), "R", lambda: lost).outcome == "unknown"


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"latestTransactionStatus": "00", "amount": money(5)}, "paid"),
        ({"latestTransactionStatus": "00"}, "paid"),
        ({"latestTransactionStatus": "00", "amount": money(6)}, "unknown"),
        ({"latestTransactionStatus": "03"}, "unknown"),
        ({"latestTransactionStatus": "06"}, "refused"),
        ({"latestTransactionStatus": "06", "previousResponseCode": "4031709"}, "refused"),
        ({"latestTransactionStatus": "06", "previousResponseCode": "4031714"}, "stop"),
        ({"latestTransactionStatus": "07"}, "later"),
        ({"latestTransactionStatus": "99"}, "unknown"),
        ({"originalPartnerReferenceNo": "S", "latestTransactionStatus": "00"}, "unknown"),
    ],
)
def test_status_answers(told: dict[str, object], outcome: str) -> None:
    answer = answered("2003600", **{"originalPartnerReferenceNo": "R", **told})
    assert read_status(lambda: answer, "R", 5).outcome == outcome


def test_unanswered_status_is_unknown() -> None:
    def call() -> SnapAnswer:
        raise Unreachable("x", sent=False)

    assert read_status(call, "R", 5).outcome == "unknown"
    assert read_status(lambda: answered("4013600"), "R", 5).outcome == "unknown"
    assert read_status(lambda: answered("4043601"), "R", 5).outcome == "later"
