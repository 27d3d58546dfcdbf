"""The SNAP BI rules that a bank and an e-wallet share: token, signatures, external ids, field checks, response codes.

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
from simulators.snap_messages import MESSAGES
from simulators.standin import StandIn

WIB = timezone(timedelta(hours=7))
TOKEN_SECONDS = 900
SERVICE_73 = "73"
AMOUNT = re.compile(r"\d{1,16}\.\d{2}")
STRINGS_OR_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*")|\s+')

TOKENS = """
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, client_id TEXT NOT NULL, expires_at TEXT NOT NULL) WITHOUT
ROWID;
CREATE TABLE IF NOT EXISTS external_ids (day TEXT, partner_id TEXT, external_id TEXT, PRIMARY KEY (day, partner_id,
external_id)) WITHOUT ROWID;
"""
BELOW = re.compile(r"(?:/[\w.-]+)*?/v1(?:\.0)?(/.+?)(?:\.htm)?")
"""What precedes the version, and DANA's `.htm`, is the provider's own."""
NUMERIC = re.compile(r"\d{1,36}")
LENIENT = re.compile(r"[A-Za-z0-9-]{1,64}")


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

    def below(self, request: Request) -> str:
        """The address of a service below its version, whatever stands before it."""
        found = BELOW.fullmatch(request.path)
        return found.group(1) if found else request.path

    def service_of(self, request: Request) -> str:
        """The two-digit service code of an address, 00 when there is none."""
        below = self.below(request)
        return SERVICE_73 if below == "/access-token/b2b" else self.services.get(below, ("00", None))[0]

    def respond(self, request: Request) -> Reply:
        """Check, dispatch, and answer with a response code; a refused payment is booked as refused."""
        service = self.service_of(request)
        try:
            told = self.serve(request, service)
            return self.reply(service, "20200" if request.accept else "20000", told)
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
        return self.services[self.below(request)][1](request, service)

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
        partner, external = self.header(request, "x-partner-id", 36), self.header(request, "x-external-id", 64)
        channel = self.header(request, "channel-id", 5)
        form = NUMERIC if self.books.setting("strict_headers", False) else LENIENT
        if not form.fullmatch(external) or not channel.isalnum():
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
