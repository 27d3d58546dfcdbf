"""SNAP BI, Indonesia's national standard for payment interfaces: token, signatures, external ids, and what a response
code means for a payment.

Written from the standard's public text (apidevportal.aspi-indonesia.or.id). A response code is HTTP status (3),
service (2), case (2); what each means is in snap_codes. Everything above `Snap` is pure: no connection, no clock.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bekal.incentives.ports import PayAnswer
from bekal.outside.snap_codes import STATUS_SERVICES, STATUSES, case_of, outcome_of
from bekal.outside.wire import Answer, BadAnswer, Clock, Config, NoAnswer, Unreachable, Wire

WIB = timezone(timedelta(hours=7))
TOKEN_MARGIN = timedelta(seconds=30)
SAME_EXTERNAL_ID = "40900"
TOKEN_REFUSED = ("40101", "40103")
ASK_STATUS = ("40901", "40418")
NOT_FOUND = "40401"
TOKEN_PATH, TOKEN_BODY = "/access-token/b2b", b'{"grantType":"client_credentials"}'
LONGEST_MESSAGE, LONGEST_REFERENCE = 200, 64
_STRINGS_OR_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*")|\s+')


def minified(body: bytes) -> bytes:
    """The bytes without white space outside JSON strings. Never serialised anew: key order and escapes stay as they
    are."""
    return _STRINGS_OR_SPACE.sub(lambda found: found.group(1) or b"", body)


def stamp(at: datetime) -> str:
    """An instant as SNAP writes it: 25 characters, Jakarta's offset."""
    return at.astimezone(WIB).isoformat(timespec="seconds")


def money(amount: int) -> dict[str, str]:
    """Whole rupiah as an amount object."""
    return {"value": f"{amount}.00", "currency": "IDR"}


def whole_rupiah(amount: Any) -> int | None:
    """An amount object as whole rupiah, rounded down; None when it is none."""
    value = amount.get("value") if isinstance(amount, dict) else None
    found = re.fullmatch(r"(\d{1,16})(\.\d{1,2})?", str(value))
    return int(found.group(1)) if found else None


def service_signature(secret: bytes, method: str, target: str, token: str, body: bytes, at: str) -> str:
    """Base64 HMAC-SHA512 over METHOD:path:token:hex(SHA-256(minified body)):time stamp."""
    digest = hashlib.sha256(minified(body)).hexdigest()
    message = f"{method}:{target}:{token}:{digest}:{at}"
    return base64.b64encode(hmac.new(secret, message.encode(), hashlib.sha512).digest()).decode()


def token_signature(key: rsa.RSAPrivateKey, client_id: str, at: str) -> str:
    """Base64 SHA256withRSA over client key|time stamp."""
    return base64.b64encode(key.sign(f"{client_id}|{at}".encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


@dataclass(frozen=True, slots=True)
class SnapAnswer:
    """An answer with a response code; `record` is its whole body."""

    code: str
    record: dict[str, Any]

    @property
    def case(self) -> str:
        """HTTP status and case, without the service."""
        return case_of(self.code)

    @property
    def message(self) -> str:
        """The payer's own words."""
        return told(self.record.get("responseMessage"), LONGEST_MESSAGE)


@dataclass(frozen=True, slots=True)
class Keys:
    """Who we are at one provider."""

    client_id: str
    secret: bytes
    partner_id: str
    channel: str
    private_key: rsa.RSAPrivateKey

    @classmethod
    def of(cls, config: Config) -> "Keys":
        """From client_id, secret, private_key_pem, partner_id (client_id when absent), channel (5 characters,
        "95221")."""
        key = load_pem_private_key(config["private_key_pem"].encode(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("private_key_pem must be an RSA key")
        client_id = config["client_id"]
        partner_id, channel = config.get("partner_id", client_id), config.get("channel", "95221")
        return cls(client_id, config["secret"].encode(), partner_id, channel, key)


def told(value: Any, longest: int) -> str:
    """A provider's words as text that can be stored and shown: printable, cut, empty when it gave none."""
    text = "" if value is None else str(value)
    return "".join(sign for sign in text if sign.isprintable())[:longest]


def compact(question: dict[str, Any]) -> bytes:
    """A question as it is sent and signed."""
    return json.dumps(question, ensure_ascii=False, separators=(",", ":")).encode()


def token_headers(keys: Keys, at: str) -> dict[str, str]:
    """Headers of service 73; its body is TOKEN_BODY."""
    signature = token_signature(keys.private_key, keys.client_id, at)
    return {
        "Content-Type": "application/json",
        "X-TIMESTAMP": at,
        "X-CLIENT-KEY": keys.client_id,
        "X-SIGNATURE": signature,
    }


def service_headers(keys: Keys, target: str, token: str, body: bytes, at: str) -> dict[str, str]:
    """Headers of a POST to `target` (path as requested), under an external id of its own."""
    return {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
        "X-TIMESTAMP": at,
        "X-SIGNATURE": service_signature(keys.secret, "POST", target, token, body, at),
        "X-PARTNER-ID": keys.partner_id,
        "X-EXTERNAL-ID": str(10**29 + secrets.randbelow(9 * 10**29)),
        "CHANNEL-ID": keys.channel,
    }


def read_answer(answer: Answer) -> SnapAnswer:
    """The response code of an answer, whatever it says. Raises BadAnswer when it has none that fits its HTTP status."""
    record = answer.record()
    code = str(record.get("responseCode", ""))
    if not case_of(code) or code[:3] != str(answer.status):
        raise BadAnswer(f"response code {code[:16]!r} does not fit HTTP {answer.status}", status=answer.status)
    return SnapAnswer(code, record)


def read_token(answer: SnapAnswer, now: datetime) -> tuple[str, datetime]:
    """A token and until when to use it. Raises Unreachable, nothing sent, when the answer carries none."""
    token, seconds = answer.record.get("accessToken"), str(answer.record.get("expiresIn", ""))
    if (
        not isinstance(token, str)
        or not re.fullmatch(r"[!-~]{1,2048}", token)
        or not re.fullmatch("[0-9]{1,6}", seconds)
    ):
        raise Unreachable("the token answer carries no token", sent=False)
    return token, now + timedelta(seconds=int(seconds)) - TOKEN_MARGIN


def read_payment(answer: SnapAnswer, reference: str) -> PayAnswer | None:
    """What the answer to a payment says of it; None when its status has to be asked (409xx01, 404xx18): the payer knows
    this reference, and paying again is never right."""
    if answer.case in ASK_STATUS:
        return None
    outcome, number = outcome_of(answer.code), told(answer.record.get("referenceNo"), LONGEST_REFERENCE)
    if outcome != "paid":
        return PayAnswer(outcome, answer.code, None, answer.message)
    if answer.record.get("partnerReferenceNo", reference) != reference:
        return PayAnswer("unknown", answer.code, None, "the answer belongs to another payment")
    return PayAnswer("paid", answer.code, number or None, answer.message)


def after_asking(known: PayAnswer, answer: SnapAnswer) -> PayAnswer:
    """What is known when a payment was answered "duplicate" and its status then `known`: the payer knows the reference,
    so "never heard of it" cannot be believed."""
    return known if known.outcome != "later" else PayAnswer("unknown", answer.code, None, answer.message)


def unanswered(wrong: NoAnswer) -> PayAnswer:
    """What is known of a payment whose call ended without an answer."""
    never_left = isinstance(wrong, Unreachable) and not wrong.sent
    return PayAnswer("later" if never_left else "unknown", "", None, told(wrong, LONGEST_MESSAGE))


class Snap:
    """Signed calls to one SNAP provider. Config as for Wire (url with the version, like https://bank/v1.0) and for
    Keys, plus what the provider remembers: reference_days (60) for which a partnerReferenceNo is known as used,
    status_days (60) and status_after_seconds (0) between which a status is told; 0 days: for ever."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config = config
        self.wire = Wire(config, clock, keep_alive=False)
        self.clock = clock
        self._keys = Keys.of(config)
        self._references = timedelta(days=int(config.get("reference_days", "60")))
        self._statuses = timedelta(days=int(config.get("status_days", "60")))
        self._status_after = timedelta(seconds=int(config.get("status_after_seconds", "0")))
        self._token_lock = threading.Lock()
        self._token = ""
        self._token_until: datetime | None = None

    def call(self, path: str, question: dict[str, Any]) -> SnapAnswer:
        """Ask one service. What was refused before it could have any effect (token too old, external id used today)
        is asked once more.

        Raises Unreachable or BadAnswer; every response code is an answer.
        """
        answer = self._call_once(path, question)
        if answer.case in TOKEN_REFUSED:
            self._token_until = None
        if answer.case in TOKEN_REFUSED or answer.case == SAME_EXTERNAL_ID:
            answer = self._call_once(path, question)
        return answer

    def asked_too_late(self, at: datetime) -> PayAnswer | None:
        """What is known of a payment of that instant when the provider may have forgotten its reference, so that it
        would pay it once more: nothing is sent. None while it remembers."""
        if not self._references or self.clock() - at < self._references:
            return None
        words = "older than the payer's memory of references: settled by its statement, never sent again"
        return PayAnswer("unknown", "", None, words)

    def judged(self, call: Callable[[], SnapAnswer], *, reference: str, at: datetime, amount: int) -> PayAnswer:
        """What a status question tells of a payment of the instant `at`, see `read_status`."""
        age = self.clock() - at
        return read_status(
            call,
            reference,
            amount,
            too_early=age < self._status_after,
            too_late=bool(self._statuses) and age >= self._statuses,
        )

    def _call_once(self, path: str, question: dict[str, Any]) -> SnapAnswer:
        refused = self._refresh_token()
        if refused is not None:
            return refused
        body, at = compact(question), stamp(self.clock())
        headers = service_headers(self._keys, self.wire.target(path), self._token, body, at)
        return read_answer(self.wire.send("POST", path, headers, body))

    def _refresh_token(self) -> SnapAnswer | None:
        """Have a valid token; the answer when the provider refuses one. Whatever fails here, nothing was asked of the
        service itself."""
        with self._token_lock:
            now = self.clock()
            if self._token_until is not None and now < self._token_until:
                return None
            try:
                headers = token_headers(self._keys, stamp(now))
                answer = read_answer(self.wire.send("POST", TOKEN_PATH, headers, TOKEN_BODY))
            except NoAnswer as wrong:
                raise Unreachable(f"no token: {wrong}", sent=False) from wrong
            if answer.case != "20000":
                return answer
            self._token, self._token_until = read_token(answer, now)
            return None


def settle(call: Callable[[], SnapAnswer], reference: str, status: Callable[[], PayAnswer]) -> PayAnswer:
    """Make a payment call and say what is known afterwards. Never raises for what happens on the way."""
    try:
        answer = call()
    except NoAnswer as wrong:
        return unanswered(wrong)
    known = read_payment(answer, reference)
    return known if known is not None else after_asking(status(), answer)


def read_status(
    call: Callable[[], SnapAnswer], reference: str, amount: int, *, too_early: bool = False, too_late: bool = False
) -> PayAnswer:
    """Ask what became of a payment: paid, refused, later (never booked) or unknown; stop or later when that is why it
    failed. `too_early`, `too_late`: outside the time in which the payer's "never heard of it" can be believed."""
    try:
        answer = call()
    except NoAnswer as wrong:
        return PayAnswer("unknown", "", None, told(wrong, LONGEST_MESSAGE))
    known = status_of(answer, reference, amount)
    never_heard = known.outcome == "later" and case_of(known.code) in (NOT_FOUND, "20000")
    if never_heard and (too_early or too_late):
        when = "too early" if too_early else "after the payer's memory"
        return PayAnswer("unknown", known.code, None, f"asked {when}: {known.message}"[:LONGEST_MESSAGE])
    return known


def status_of(answer: SnapAnswer, reference: str, amount: int) -> PayAnswer:
    """What the answer to a status question says of a payment."""
    if answer.code[3:5] not in STATUS_SERVICES:
        return PayAnswer("unknown", answer.code, None, answer.message)
    if answer.case == NOT_FOUND:
        return PayAnswer("later", answer.code, None, answer.message)
    record = answer.record
    if answer.case != "20000" or record.get("originalPartnerReferenceNo") != reference:
        return PayAnswer("unknown", answer.code, None, answer.message)
    _, outcome = STATUSES.get(str(record.get("latestTransactionStatus")), ("", "unknown"))
    if outcome == "paid" and whole_rupiah(record.get("amount")) not in (None, amount):
        return PayAnswer("unknown", answer.code, None, "the payer booked another amount under this reference")
    if outcome == "refused":
        before = str(record.get("previousResponseCode"))
        why = outcome_of(before)
        code = before if case_of(before) else answer.code
        return PayAnswer(why if why in ("later", "stop") else "refused", code, None, answer.message)
    number = told(record.get("originalReferenceNo") or record.get("referenceNumber"), LONGEST_REFERENCE)
    return PayAnswer(outcome, answer.code, number or None, answer.message)
