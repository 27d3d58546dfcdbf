"""SNAP BI, Indonesia's national standard for payment interfaces: token, signatures, external ids, and what a response
code means for a payment.

Written from the standard's public text (apidevportal.aspi-indonesia.or.id). A response code is HTTP status (3),
service (2), case (2).
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

from bekal.incentives.ports import Outcome, PayAnswer
from bekal.outside.wire import BadAnswer, Clock, Config, NoAnswer, Unreachable, Wire

WIB = timezone(timedelta(hours=7))
TOKEN_MARGIN = timedelta(seconds=30)
SAME_EXTERNAL_ID = "40900"
TOKEN_REFUSED = ("40101", "40103")
ASK_STATUS = ("40901", "40418")
NOT_FOUND = "40401"
# What a response code means for a payment, by HTTP status and case. Everything not named here is unknown.
OUTCOMES: dict[Outcome, tuple[str, ...]] = {
    "paid": ("20000",),
    "refused": (
        *("40302", "40303", "40305", "40307", "40308", "40309", "40316", "40318", "40323"),
        *("40402", "40403", "40404", "40409", "40411", "40412"),
    ),
    "later": ("40300", "40304", "40306", "40900", "42900"),
    "stop": (
        *("40000", "40001", "40002", "40100", "40101", "40102", "40103", "40104"),
        *("40301", "40314", "40315", "40317", "40319", "40320", "40408", "40413", "40416", "40417", "40500", "40501"),
    ),
}
_OUTCOME_OF = {case: outcome for outcome, cases in OUTCOMES.items() for case in cases}
# latestTransactionStatus of services 36 and 39.
STATUSES: dict[str, Outcome] = {
    "00": "paid",
    "01": "unknown",
    "02": "unknown",
    "03": "unknown",
    "04": "refused",
    "05": "refused",
    "06": "refused",
    "07": "later",
}
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


def outcome_of(code: str) -> Outcome:
    """What a response code to a payment means; unknown when the table does not name it."""
    return _OUTCOME_OF.get(code[:3] + code[5:], "unknown")


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
        return self.code[:3] + self.code[5:]

    @property
    def message(self) -> str:
        """The payer's own words."""
        return str(self.record.get("responseMessage", ""))


class Snap:
    """Signed calls to one SNAP provider. Config as for Wire (url with the version, like https://bank/v1.0), plus
    client_id, secret,
    private_key_pem, partner_id (client_id when absent), channel (5 characters, "95221")."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.wire = Wire(config, clock, keep_alive=False)
        self._clock = clock
        self._client_id, self._secret = config["client_id"], config["secret"].encode()
        self._partner_id = config.get("partner_id", self._client_id)
        self._channel = config.get("channel", "95221")
        key = load_pem_private_key(config["private_key_pem"].encode(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("private_key_pem must be an RSA key")
        self._key = key
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

    def _call_once(self, path: str, question: dict[str, Any]) -> SnapAnswer:
        refused = self._refresh_token()
        if refused is not None:
            return refused
        body = json.dumps(question, ensure_ascii=False, separators=(",", ":")).encode()
        at, target = stamp(self._clock()), self.wire.target(path)
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._token}",
            "X-TIMESTAMP": at,
            "X-SIGNATURE": service_signature(self._secret, "POST", target, self._token, body, at),
            "X-PARTNER-ID": self._partner_id,
            "X-EXTERNAL-ID": str(10**29 + secrets.randbelow(9 * 10**29)),
            "CHANNEL-ID": self._channel,
        }
        return self._post(path, headers, body)

    def _post(self, path: str, headers: dict[str, str], body: bytes) -> SnapAnswer:
        answer = self.wire.send("POST", path, headers, body)
        record = answer.record()
        code = str(record.get("responseCode", ""))
        if not re.fullmatch(r"\d{7}", code) or code[:3] != str(answer.status):
            raise BadAnswer(f"response code {code!r} does not fit HTTP {answer.status}", status=answer.status)
        return SnapAnswer(code, record)

    def _refresh_token(self) -> SnapAnswer | None:
        """Have a valid token; the answer when the provider refuses one. Whatever fails here, nothing was asked of the
        service itself."""
        with self._token_lock:
            now = self._clock()
            if self._token_until is not None and now < self._token_until:
                return None
            at = stamp(now)
            signature = token_signature(self._key, self._client_id, at)
            headers = {"Content-Type": "application/json", "X-TIMESTAMP": at}
            headers |= {"X-CLIENT-KEY": self._client_id, "X-SIGNATURE": signature}
            try:
                answer = self._post("/access-token/b2b", headers, b'{"grantType":"client_credentials"}')
            except NoAnswer as wrong:
                raise Unreachable(f"no token: {wrong}", sent=False) from wrong
            if answer.case != "20000":
                return answer
            self._keep_token(answer, now)
            return None

    def _keep_token(self, answer: SnapAnswer, now: datetime) -> None:
        token, seconds = answer.record.get("accessToken"), str(answer.record.get("expiresIn", ""))
        if not isinstance(token, str) or not token or not seconds.isdigit():
            raise Unreachable("the token answer carries no token", sent=False)
        self._token = token
        self._token_until = now + timedelta(seconds=int(seconds)) - TOKEN_MARGIN


def settle(call: Callable[[], SnapAnswer], reference: str, status: Callable[[], PayAnswer]) -> PayAnswer:
    """Make a payment call and say what is known afterwards. Never raises for what happens on the way."""
    try:
        answer = call()
    except Unreachable as wrong:
        return PayAnswer("unknown" if wrong.sent else "later", "", None, str(wrong))
    except BadAnswer as wrong:
        return PayAnswer("unknown", "", None, str(wrong))
    if answer.case in ASK_STATUS:
        known = status()
        # The payer knows this reference, so "never heard of it" cannot be believed.
        return known if known.outcome != "later" else PayAnswer("unknown", answer.code, None, answer.message)
    outcome, partner_reference = outcome_of(answer.code), answer.record.get("referenceNo")
    if outcome != "paid":
        return PayAnswer(outcome, answer.code, None, answer.message)
    if answer.record.get("partnerReferenceNo", reference) != reference:
        return PayAnswer("unknown", answer.code, None, "the answer belongs to another payment")
    return PayAnswer("paid", answer.code, str(partner_reference) if partner_reference else None, answer.message)


def read_status(call: Callable[[], SnapAnswer], reference: str, amount: int) -> PayAnswer:
    """Ask what became of a payment: paid, refused, later (never booked) or unknown; stop or later when that is why it
    failed."""
    try:
        answer = call()
    except NoAnswer as wrong:
        return PayAnswer("unknown", "", None, str(wrong))
    if answer.case == NOT_FOUND:
        return PayAnswer("later", answer.code, None, answer.message)
    record = answer.record
    if answer.case != "20000" or record.get("originalPartnerReferenceNo") != reference:
        return PayAnswer("unknown", answer.code, None, answer.message)
    outcome = STATUSES.get(str(record.get("latestTransactionStatus")), "unknown")
    if outcome == "paid" and whole_rupiah(record.get("amount")) not in (None, amount):
        return PayAnswer("unknown", answer.code, None, "the payer booked another amount under this reference")
    if outcome == "refused":
        code = str(record.get("previousResponseCode") or answer.code)
        why = outcome_of(code)
        return PayAnswer(why if why in ("later", "stop") else "refused", code, None, answer.message)
    number = record.get("originalReferenceNo") or record.get("referenceNumber")
    return PayAnswer(outcome, answer.code, str(number) if number else None, answer.message)
