"""The way in and out of every partner call: signature, clock window, envelope, error codes, kept answers."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import NoReturn

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from bekal.core import clock
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.texts import text
from bekal.doors.partner_api.errors import (
    ERRORS,
    BodyMalformed,
    Busy,
    HeadersMissing,
    KindWrong,
    MethodWrong,
    SignatureWrong,
    SignExpired,
)
from bekal.doors.partner_api.signature import collapsed, is_signed, within_window
from bekal.partners.actions import keep_answer
from bekal.partners.queries import CredentialView, kept_answer, recent_credential

BODY_LIMIT = 64 * 1024
_DEADLOCK_OR_TIMEOUT = ("40P01", "40001", "55P03")


@dataclass(frozen=True, slots=True)
class Call:
    """A signed call.

    `authorization`: the header's value; `base`: scheme and host of this site, without a slash at the end.
    """

    partner: CredentialView
    by: Actor
    at: datetime
    body: Mapping[str, object]
    authorization: str
    base: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: `data` is left out of the envelope when None."""

    data: Mapping[str, object] | None
    message: str = "OK"


PartnerView = Callable[[Call], Answer]
DjangoView = Callable[[HttpRequest], HttpResponse]


def partner_call(kind: str, *, changes: bool) -> Callable[[PartnerView], DjangoView]:
    """Make a function of a `Call` a view for signed POST requests of partners of one `kind` (provider or platform).

    Refusals become the error envelope. With `changes`, the answer of a signed request is kept for the clock window
    and given again to the same request, so that a retry after a lost answer changes nothing; put it on every call
    that writes.
    """

    def wrap(view: PartnerView) -> DjangoView:
        @wraps(view)
        def run(request: HttpRequest) -> HttpResponse:
            try:
                call, request_key = _admitted(request, kind)
            except Refused as refusal:
                return _response(*_refused(refusal))
            kept = kept_answer(request_key) if changes else None
            if kept is not None:
                return _response(*kept)
            status, body = _outcome(view, call)
            if changes and status < 500:
                keep_answer(at=call.at, request_key=request_key, status=status, body=body)
            return _response(status, body)

        run.permission = (f"partner:{kind}",)  # type: ignore[attr-defined]
        run.csrf_exempt = True  # type: ignore[attr-defined]
        return run

    return wrap


def _admitted(request: HttpRequest, kind: str) -> tuple[Call, bytes]:
    """The call of a request that is signed, fresh, and from a partner of the right kind."""
    if request.method != "POST":
        raise MethodWrong()
    client_code = request.headers.get("client-code", "")
    timestamp, signature = request.headers.get("timestamp", ""), request.headers.get("signature", "")
    if not client_code or not timestamp or not signature:
        raise HeadersMissing()
    raw = _raw(request)
    parsed = _parsed(raw)
    at = clock.now()
    if not within_window(timestamp, at):
        raise SignExpired()
    authorization = request.headers.get("authorization", "")
    partner = (
        recent_credential(client_code[:32], at=at) if client_code.isascii() and client_code.isprintable() else None
    )
    sign_key = partner.sign_key if partner else "nobody"
    if not is_signed(
        signature, sign_key=sign_key, client_code=client_code, timestamp=timestamp, method="POST", path=request.path,
        body=raw, parsed=parsed, authorization=authorization,
    ) or partner is None:  # fmt: skip
        raise SignatureWrong()
    if partner.kind != kind:
        raise KindWrong()
    call = Call(partner, Actor.partner(client_code), at, parsed, authorization, settings.SITE_URL)
    return call, _request_key(client_code, timestamp, request.path, signature)


def _raw(request: HttpRequest) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > BODY_LIMIT:
        raise BodyMalformed()
    return request.body


def _request_key(client_code: str, timestamp: str, path: str, signature: str) -> bytes:
    parts = "\x1f".join((client_code, timestamp, collapsed(path), signature.lower()))
    return hashlib.sha256(parts.encode()).digest()


def _parsed(raw: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BodyMalformed() from None
    if not isinstance(value, dict):
        raise BodyMalformed()
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _outcome(view: PartnerView, call: Call) -> tuple[int, bytes]:
    try:
        answer = view(call)
    except Refused as refusal:
        return _refused(refusal)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) not in _DEADLOCK_OR_TIMEOUT:
            raise
        return _refused(Busy())
    envelope: dict[str, object] = {"success": True, "message": answer.message}
    if answer.data is not None:
        envelope["data"] = answer.data
    return 200, _json(envelope)


def _refused(refusal: Refused) -> tuple[int, bytes]:
    error = ERRORS.get(refusal.code)
    if error is None:
        raise refusal
    return error.status, _json(
        {"code": error.code, "message": text(refusal.code, "id", **refusal.facts), "success": False}
    )


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _response(status: int, body: bytes) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"})
