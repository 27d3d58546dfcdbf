"""Whatever a payer answers: nothing is raised, and nothing unreadable is ever called paid or refused."""

import json
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bekal.incentives.ports import Instruction, Opening, PayAnswer
from bekal.outside.account_opening.client import Opener
from bekal.outside.bank.client import Bank
from bekal.outside.iso20022.client import BatchBank, FileWire
from bekal.outside.iso20022.pain001 import Debtor
from bekal.outside.snap import TOKEN_PATH, Snap, minified
from bekal.outside.snap_codes import CASES, KNOWN_SERVICES, outcome_of, reason_of
from bekal.outside.wallet.client import Wallet
from bekal.outside.wire import Answer, NoAnswer

AT = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CONFIG = {
    "url": "http://127.0.0.1:9/v1.0", "client_id": "bekal", "secret": "s", "source_account": "1",
    "private_key_pem": KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
}  # fmt: skip
MADE = Snap(CONFIG, lambda: AT)
ORDER = Instruction("PAY-1", "100", "SITI", 5, "Insentif", AT)
TOKEN = json.dumps({"responseCode": "2007300", "accessToken": "t", "expiresIn": "900"}).encode()

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
NAMES = (
    "responseCode", "responseMessage", "partnerReferenceNo", "referenceNo", "originalPartnerReferenceNo", "amount",
    "latestTransactionStatus", "previousResponseCode", "accessToken", "expiresIn", "additionalInfo", "accountId",
    "beneficiaryAccountName", "beneficiaryAccountNo", "customerName", "customerNumber", "accountInfos",
)  # fmt: skip
records = st.dictionaries(st.sampled_from(NAMES), values).map(lambda told: json.dumps(told).encode())
statuses = st.sampled_from([200, 202, 400, 401, 403, 404, 409, 429, 500, 502, 504]) | st.integers(100, 999)
answers = st.tuples(statuses, st.binary() | records | st.sampled_from([b"", b"[" * 100_000, b'{"a":' * 50_000]))


def snap(told: tuple[int, bytes], *, token: bool = True) -> Snap:
    """A client whose provider gives this one answer to everything (but tokens)."""
    made = copy(MADE)
    made.wire = copy(made.wire)

    def send(_method: str, path: str, *_rest: Any, **_more: Any) -> Answer:
        return Answer(200, TOKEN) if token and path == TOKEN_PATH else Answer(*told)

    made.wire.send = send  # type: ignore[method-assign]
    return made


def storable(answer: PayAnswer) -> bool:
    """Whether the answer fits where it is kept: printable, short."""
    words = (answer.code, answer.partner_reference or "", answer.message)
    return all(word.isprintable() for word in words) and len(words[0]) <= 16 and len(words[1]) <= 64


@given(answers, st.booleans())
@settings(max_examples=300)
def test_no_answer_makes_a_payment_paid_or_refused_by_accident(told: tuple[int, bytes], token: bool) -> None:
    for client in (Bank(snap(told, token=token), "1", ""), Wallet(snap(told, token=token))):
        answer = client.pay(ORDER)
        assert answer.outcome in ("unknown", "later", "stop")
        assert storable(answer)
        asked = client.status(reference="PAY-1", at=AT, amount=5)
        assert asked.outcome in ("unknown", "later")
        assert storable(asked)


@given(st.sampled_from(CASES), st.sampled_from(sorted(KNOWN_SERVICES)), st.dictionaries(st.sampled_from(NAMES), values))
@settings(max_examples=300)
@example(CASES[0], "17", {"partnerReferenceNo": "PAY-1", "referenceNo": "9" * 200 + "\x00"})
def test_a_code_means_what_the_table_says_whatever_comes_with_it(case: Any, service: str, more: dict[str, Any]) -> None:
    code = case.case[:3] + service + case.case[3:]
    told = (int(case.case[:3]), json.dumps(more | {"responseCode": code}).encode())
    answer = Bank(snap(told), "1", "").pay(ORDER)
    assert storable(answer)
    if service not in ("17", "18", "38"):
        assert answer.outcome not in ("paid", "refused")
    elif answer.outcome in ("paid", "refused"):
        assert answer.outcome == case.outcome


@given(answers)
@settings(max_examples=200)
def test_an_inquiry_or_an_opening_is_answered_or_no_answer(told: tuple[int, bytes]) -> None:
    questions: list[Callable[[], Any]] = [
        lambda: Bank(snap(told), "1", "").inquire(account="100", nik_hash="", reference="I"),
        lambda: Wallet(snap(told)).inquire(account="100", nik_hash="", reference="I"),
        Bank(snap(told), "1", "").balance,
    ]
    for ask in questions:
        with pytest.raises(NoAnswer):
            ask()
    try:
        opened = Opener(snap(told)).open(
            reference="O", nik="3" * 16, name="SITI", birth_date=AT.date(), phone="+6281", ekyc_reference="F"
        )
    except NoAnswer:
        return
    assert opened == Opening("in_progress")


@given(answers)
@settings(max_examples=200)
def test_no_answer_to_a_file_says_that_it_was_paid(told: tuple[int, bytes]) -> None:
    wire = FileWire(CONFIG, lambda: AT)
    wire.send = lambda *_asked: Answer(*told)  # type: ignore[method-assign]
    client = BatchBank(wire, Debtor("DANA", "BEKAL01", "1", "008"), "008")
    assert client.submit(batch="B", instructions=[ORDER]).outcome in ("unknown", "later", "stop")
    assert client.report(batch="B", references=["PAY-1"]) is None


@given(st.text(max_size=12))
def test_unlisted_codes_are_unknown(code: str) -> None:
    listed = code[:3] + code[5:] in {case.case for case in CASES}
    assert listed or outcome_of(code) in ("unknown", "later")
    assert listed or reason_of(code) == ""


@given(st.dictionaries(st.text(), values), st.text(alphabet=" \t\r\n", max_size=5))
def test_minification_keeps_every_string_byte_for_byte(told: dict[str, Any], space: str) -> None:
    for ascii_only in (True, False):
        pieces = json.dumps(told, ensure_ascii=ascii_only, separators=(f"{space},{space}", f"{space}:{space}"))
        compact = json.dumps(told, ensure_ascii=ascii_only, separators=(",", ":"))
        raw = f"{space}{pieces}{space}".encode("utf-8", "surrogatepass")
        assert minified(raw) == compact.encode("utf-8", "surrogatepass")
        assert minified(minified(raw)) == minified(raw)
