"""The SNAP BI rules that a bank and an e-wallet share: token, signatures, external ids, field checks, response codes,
booked payments.

Written from the national standard's public text (apidevportal.aspi-indonesia.or.id). Bilateral extension: an inquiry
whose additionalInfo carries
`nikHash` (lower-case hex SHA-256 of the holder's NIK) is answered with additionalInfo.nikMatches.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from simulators.http import Reply, Request
from simulators.standin import StandIn

WIB = timezone(timedelta(hours=7))
TOKEN_SECONDS = 900
SERVICE_73 = "73"
MESSAGES = {
    "20000": "Successful",
    "20200": "Request In Progress",
    "40000": "Bad Request",
    "40001": "Invalid Field Format",
    "40002": "Invalid Mandatory Field",
    "40100": "Unauthorized.",
    "40101": "Invalid Token (B2B)",
    "40103": "Token Not Found (B2B)",
    "40302": "Exceeds Transaction Amount Limit",
    "40306": "Feature Not Allowed At This Time",
    "40309": "Dormant Account",
    "40314": "Insufficient Funds",
    "40315": "Transaction Not Permitted",
    "40318": "Inactive Card/Account/Customer",
    "40323": "Account Limit Exceed",
    "40401": "Transaction Not Found",
    "40403": "Bank Not Supported By Switch",
    "40411": "Invalid Card/Account/Customer",
    "40413": "Invalid Amount",
    "40418": "Inconsistent Request",
    "40500": "Requested Function Is Not Supported",
    "40900": "Conflict",
    "40901": "Duplicate partnerReferenceNo",
    "42900": "Too Many Requests",
    "50000": "General Error",
    "50001": "Internal Server Error",
    "50400": "Timeout",
}
AMOUNT = re.compile(r"\d{1,16}\.\d{2}")
STRINGS_OR_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*")|\s+')

PAYMENTS = """
CREATE TABLE IF NOT EXISTS payments (
    partner_reference TEXT PRIMARY KEY, reference TEXT NOT NULL, service TEXT NOT NULL, partner_id TEXT NOT NULL,
    source TEXT NOT NULL,
    account TEXT NOT NULL, bank TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), transaction_date TEXT,
    remark TEXT, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refusals (
    id INTEGER PRIMARY KEY, partner_reference TEXT NOT NULL, service TEXT NOT NULL, code TEXT NOT NULL, at TEXT NOT
    NULL);
CREATE INDEX IF NOT EXISTS refusals_by_reference ON refusals (partner_reference);
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, client_id TEXT NOT NULL, expires_at TEXT NOT NULL) WITHOUT
ROWID;
CREATE TABLE IF NOT EXISTS external_ids (day TEXT, partner_id TEXT, external_id TEXT, PRIMARY KEY (day, partner_id,
external_id)) WITHOUT ROWID;
"""


class SnapRefusal(Exception):
    """A refusal: HTTP status and case, `detail` in the message."""

    def __init__(self, status_and_case: str, detail: str = "") -> None:
        super().__init__(status_and_case)
        self.status_and_case = status_and_case
        self.detail = detail


def minified(body: bytes) -> bytes:
    """The bytes without white space outside JSON strings; nothing is serialised anew."""
    return STRINGS_OR_SPACE.sub(lambda found: found.group(1) or b"", body)


def decoded_signature(text: str) -> bytes:
    """A signature from Base64, or from the hexadecimal of the standard's own samples."""
    try:
        return bytes.fromhex(text) if len(text) in (128, 512) else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def signed_by(public_key_pem: str, signature: str, message: str) -> bool:
    """Whether an RSA key signed the message (SHA256withRSA)."""
    key = load_pem_public_key(public_key_pem.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(decoded_signature(signature), message.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def text(data: dict[str, Any], name: str, longest: int, mandatory: bool = True) -> str:
    """A text field of the request, checked."""
    value = data.get(name)
    if value is None or value == "":
        if mandatory:
            raise SnapRefusal("40002", name)
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise SnapRefusal("40001", name)
    return value


def rupiah(data: dict[str, Any], name: str = "amount") -> int:
    """An amount field as whole rupiah: {"value": "10000.00", "currency": "IDR"}."""
    amount = data.get(name)
    if not isinstance(amount, dict):
        raise SnapRefusal("40002", name)
    value = text(amount, "value", 19)
    if not AMOUNT.fullmatch(value) or amount.get("currency") != "IDR":
        raise SnapRefusal("40001", name)
    if not value.endswith(".00") or int(value[:-3]) == 0:
        raise SnapRefusal("40413")
    return int(value[:-3])


def money(amount: int) -> dict[str, str]:
    """Whole rupiah as an amount object."""
    return {"value": f"{amount}.00", "currency": "IDR"}


def date_time(data: dict[str, Any], name: str) -> str:
    """A mandatory instant, 25 characters with offset."""
    value = text(data, name, 25)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise SnapRefusal("40001", name) from None
    return value


def nik_answer(data: dict[str, Any], held: str | None) -> dict[str, Any]:
    """The bilateral part of an inquiry's answer: additionalInfo.nikMatches when nikHash was asked."""
    asked = (data.get("additionalInfo") or {}).get("nikHash")
    return {} if not asked else {"nikMatches": held is not None and hmac.compare_digest(str(asked), held)}


def nik_hash(loaded: dict[str, Any]) -> str | None:
    """The hash of a loaded account's NIK: given, or made of its `nik`."""
    if "nik" in loaded:
        return hashlib.sha256(str(loaded["nik"]).encode()).hexdigest()
    value = loaded.get("nik_hash")
    return None if value is None else str(value)


class SnapStandIn(StandIn):
    """A payer that speaks SNAP BI. `services`: path below /{name}/v1.0 -> (service code, what answers it)."""

    services: dict[str, tuple[str, Callable[[Request, str], dict[str, Any]]]]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.services = {}
        self.partner_id = ""

    def service_of(self, request: Request) -> str:
        """The two-digit service code of an address, 00 when there is none."""
        below = request.path.removeprefix(f"/{self.name}/v1.0")
        return SERVICE_73 if below == "/access-token/b2b" else self.services.get(below, ("00", None))[0]

    def respond(self, request: Request) -> Reply:
        """Check, dispatch, and answer with a response code; a refused payment is booked as refused."""
        service = self.service_of(request)
        try:
            return self.reply(service, "20000", self.serve(request, service))
        except SnapRefusal as refusal:
            return self.reply(service, refusal.status_and_case, {}, refusal.detail)

    def serve(self, request: Request, service: str) -> dict[str, Any]:
        """The answer's own fields, or SnapRefusal."""
        if service == "00":
            raise SnapRefusal("40500")
        if request.method != "POST":
            raise SnapRefusal("40000")
        if service == SERVICE_73:
            return self.issue_token(request)
        self.authenticate(request)
        return self.services[request.path.removeprefix(f"/{self.name}/v1.0")][1](request, service)

    def reply(self, service: str, status_and_case: str, body: dict[str, Any], detail: str = "") -> Reply:
        """An answer: response code, message, time stamp."""
        status, case = status_and_case[:3], status_and_case[3:]
        message = f"{MESSAGES.get(status_and_case, 'Error')} {detail}".strip()
        stamp = self.clock.now().astimezone(WIB).isoformat(timespec="seconds")
        return Reply(
            int(status),
            {"responseCode": status + service + case, "responseMessage": message} | body,
            {"X-TIMESTAMP": stamp},
        )

    def failure(self, request: Request, code: str) -> Reply:
        """An error answer made by a fault."""
        whole = code if len(code) == 7 else f"{code}{self.service_of(request)}01"
        return self.reply(whole[3:5], whole[:3] + whole[5:], {}, "on request")

    def issue_token(self, request: Request) -> dict[str, Any]:
        """Service 73: a token for 15 minutes against SHA256withRSA over client key|timestamp."""
        key, stamp = self.header(request, "x-client-key", 36), self.header(request, "x-timestamp", 35)
        signature = self.header(request, "x-signature", 512)
        if (request.data.get("grantType") or request.data.get("grant_type")) != "client_credentials":
            raise SnapRefusal("40002", "grantType")
        client = self.books.client(key)
        if client is None:
            raise SnapRefusal("40100", "[Unknown client]")
        if not self.is_fresh(stamp) or not signed_by(client["public_key_pem"], signature, f"{key}|{stamp}"):
            raise SnapRefusal("40100", "[Signature]")
        token = secrets.token_urlsafe(32)
        now = self.clock.now()
        self.books.run("DELETE FROM tokens WHERE expires_at < ?", now.isoformat())
        self.books.run(
            "INSERT INTO tokens VALUES (?, ?, ?)", token, key, (now + timedelta(seconds=TOKEN_SECONDS)).isoformat()
        )
        return {"accessToken": token, "tokenType": "Bearer", "expiresIn": str(TOKEN_SECONDS)}

    def header(self, request: Request, name: str, longest: int) -> str:
        """A mandatory header."""
        return text(request.headers, name, longest)

    def authenticate(self, request: Request) -> None:
        """Check signature (type 1 with token, type 2 without), time stamp, partner, channel and external id."""
        stamp = self.header(request, "x-timestamp", 35)
        partner, external = self.header(request, "x-partner-id", 36), self.header(request, "x-external-id", 36)
        channel = self.header(request, "channel-id", 5)
        if not external.isdigit() or not channel.isalnum():
            raise SnapRefusal("40001", "X-EXTERNAL-ID" if channel.isalnum() else "CHANNEL-ID")
        client = self.client_of(request, partner)
        if client.get("partner_id") != partner:
            raise SnapRefusal("40100", "[X-PARTNER-ID]")
        if not self.is_fresh(stamp) or not self.is_signed(request, client, stamp):
            raise SnapRefusal("40100", "[Signature]")
        day = self.clock.now().astimezone(WIB).date().isoformat()
        if not self.books.run(
            "INSERT INTO external_ids VALUES (?, ?, ?) ON CONFLICT DO NOTHING", day, partner, external
        ):
            raise SnapRefusal("40900")
        self.partner_id = partner

    def client_of(self, request: Request, partner: str) -> dict[str, Any]:
        """The client that holds the token, or that is the partner when there is no Authorization header."""
        authorization = request.headers.get("authorization", "")
        if not authorization:
            found = self.books.row(
                "SELECT client_id FROM clients WHERE json_extract(value, '$.partner_id') = ?", partner
            )
        elif not authorization.startswith("Bearer "):
            raise SnapRefusal("40103")
        else:
            sql = "SELECT client_id FROM tokens WHERE token = ? AND expires_at > ?"
            found = self.books.row(sql, authorization[7:], self.clock.now().isoformat())
            if found is None:
                raise SnapRefusal("40101")
        client = self.books.client(found[0]) if found else None
        if client is None:
            raise SnapRefusal("40100", "[Unknown client]")
        return client

    def is_signed(self, request: Request, client: dict[str, Any], stamp: str) -> bool:
        """Whether X-SIGNATURE fits the received bytes."""
        digest = hashlib.sha256(minified(request.body)).hexdigest()
        signature, token = request.headers.get("x-signature", ""), request.headers.get("authorization", "")[7:]
        if not token:
            return signed_by(client["public_key_pem"], signature, f"{request.method}:{request.target}:{digest}:{stamp}")
        message = f"{request.method}:{request.target}:{token}:{digest}:{stamp}"
        expected = hmac.new(client["secret"].encode(), message.encode(), "sha512").digest()
        return hmac.compare_digest(expected, decoded_signature(signature))

    def repeated(self, service: str, reference: str, account: str, amount: int) -> None:
        """Refuse what is already paid: 409xx01 the same again, 404xx18 another payment under the same reference."""
        held = self.books.row("SELECT service, account, amount FROM payments WHERE partner_reference = ?", reference)
        if held is not None:
            raise SnapRefusal("40901" if held == (service, account, amount) else "40418")

    def note_refusal(self, service: str, reference: str, refusal: SnapRefusal) -> SnapRefusal:
        """Keep why a payment was refused, for its status."""
        code = refusal.status_and_case[:3] + service + refusal.status_and_case[3:]
        sql = "INSERT INTO refusals VALUES (NULL, ?, ?, ?, ?)"
        self.books.run(sql, reference, service, code, self.clock.now().isoformat())
        return refusal

    def book(self, data: dict[str, Any], service: str, source: str, account: str, bank: str, amount: int) -> str:
        """Write one payment; our own reference for it."""
        serial = int(self.books.row("SELECT coalesce(max(rowid), 0) FROM payments")[0]) + 1
        now = self.clock.now()
        reference = f"{now.astimezone(WIB):%Y%m%d}{serial:010d}"
        remark = str(data.get("remark") or data.get("notes") or "")
        whose = (data["partnerReferenceNo"], reference, service, self.partner_id, source, account, bank)
        what = (amount, data.get("transactionDate"), remark, now.isoformat())
        self.books.run("INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *whose, *what)
        return reference

    def tell_status(self, request: Request, _service: str) -> dict[str, Any]:
        """Services 36 and 39: what became of a payment."""
        data = request.data
        reference, service = text(data, "originalPartnerReferenceNo", 64), text(data, "serviceCode", 2)
        sql = "SELECT reference, amount, account, at FROM payments WHERE partner_reference = ? AND service = ?"
        booked = self.books.row(sql, reference, service)
        told = {"originalPartnerReferenceNo": reference, "serviceCode": service}
        if booked is not None and not request.lie:
            if "amount" in data and rupiah(data) != booked[1]:
                raise SnapRefusal("40418", "amount")
            told |= {
                "originalReferenceNo": booked[0],
                "referenceNumber": booked[0],
                "beneficiaryAccountNo": booked[2],
                "paidTime": booked[3],
            }
            return told | {
                "amount": money(booked[1]),
                "latestTransactionStatus": "00",
                "transactionStatusDesc": "success",
            }
        sql = "SELECT code FROM refusals WHERE partner_reference = ? AND service = ? ORDER BY id DESC LIMIT 1"
        refused = self.books.row(sql, reference, service)
        if refused is None:
            raise SnapRefusal("40401")
        return told | {
            "previousResponseCode": refused[0],
            "latestTransactionStatus": "06",
            "transactionStatusDesc": "failed",
        }

    def audit(self) -> dict[str, Any]:
        """Every payment booked, every payment refused."""
        return {
            "payments": self.books.dicts("SELECT * FROM payments ORDER BY rowid"),
            "refusals": self.books.dicts("SELECT * FROM refusals"),
        }
