"""One-time codes: sent for one act, tried, used, forgotten."""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from bekal.access import rules
from bekal.access.models import OneTimeCode
from bekal.access.queries import bound_key, code_standing
from bekal.core import events, ids, vault
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.notices.actions import queue_notice


class CodeWrong(Refused):
    code = "access.code_wrong"


class CodeExpired(Refused):
    code = "access.code_expired"


class CodeUsed(Refused):
    code = "access.code_used"


class TooManyTries(Refused):
    code = "access.too_many_tries"


class CodeTooSoon(Refused):
    """The next code is sent later. Facts: wait_id, wait_en, the wait in words."""

    code = "access.code_too_soon"


@action
def issue_code(
    *,
    by: Actor,
    at: datetime,
    purpose: str,
    bound_to: str,
    to: str | None,
    template: str,
    facts: Mapping[str, Any],
    language: str = "id",
) -> None:
    """Send a six-digit code to `to`, good for ten minutes, once, for `purpose` and `bound_to` only.

    `to` None keeps the same books, does the same work and takes the message back: neither answers nor their time tell
    which numbers are registered. The text `template` starts with the code, names the act and warns; it may show {site},
    our host, for the phone that fills the code in by itself. Raises CodeTooSoon.
    """
    bound = bound_key(purpose, bound_to)
    _one_at_a_time(bound)
    wait = code_standing(purpose, bound_to, at).wait
    if wait:
        raise CodeTooSoon(**rules.wait_in_words(wait))
    name = (purpose, bound_to, str(OneTimeCode.objects.filter(purpose=purpose, bound_to=bound).count()))
    code = ids.fresh_digits(rules.CODE_DIGITS, "code", *name)
    row = OneTimeCode.objects.create(
        id=ids.fresh("one-time code", *name),
        purpose=purpose,
        bound_to=bound,
        code_hash=_code_hash(purpose, bound, code) if to else ids.fresh_secret("a code nobody gets", *name),
        expires_at=at + timedelta(minutes=rules.CODE_MINUTES),
    )
    events.record(
        kind="access.code_issued" if to else "access.code_withheld", by=by, at=at, about="code", key=str(row.id),
        data={"purpose": purpose},
    )  # fmt: skip
    said = {**facts, "code": code, "site": urlsplit(settings.SITE_URL).hostname}
    with transaction.atomic():
        queue_notice(
            by=by, at=at, to=to or bound_to, template=template, language=language, facts=said,
            reference=f"code:{row.id}",
        )  # fmt: skip
        if to is None:
            transaction.set_rollback(True)


def redeem_code(*, by: Actor, at: datetime, purpose: str, bound_to: str, code: str) -> None:
    """Use a code. A wrong try is counted even though it is refused."""
    refusal = _try_code(by=by, at=at, purpose=purpose, bound_to=bound_to, code=code)
    if refusal is not None:
        raise refusal


@action
def _try_code(*, by: Actor, at: datetime, purpose: str, bound_to: str, code: str) -> Refused | None:
    bound = bound_key(purpose, bound_to)
    rows = list(
        OneTimeCode.objects.select_for_update(of=("self",)).filter(purpose=purpose, bound_to=bound).order_by("-id")
    )
    digest = _code_hash(purpose, bound, code)
    match = next((row for row in rows if hmac.compare_digest(bytes(row.code_hash), digest)), None)
    refusal = _refusal(rows, match, at)
    if refusal is not None:
        OneTimeCode.objects.filter(pk__in=[row.pk for row in rows if row.tries < rules.CODE_TRIES]).update(
            tries=F("tries") + 1
        )
        events.record(kind="access.code_refused", by=by, at=at, about="code", key=purpose, why=refusal.code)
        return refusal
    assert match
    OneTimeCode.objects.filter(pk=match.pk).update(used_at=at)
    events.record(kind="access.code_redeemed", by=by, at=at, about="code", key=str(match.id), data={"purpose": purpose})
    return None


def _refusal(rows: list[OneTimeCode], match: OneTimeCode | None, at: datetime) -> Refused | None:
    """Ten wrong tries close every code sent so far; the next one starts afresh."""
    if rows and rows[0].tries >= rules.CODE_TRIES:
        return TooManyTries(tries=rules.CODE_TRIES)
    if match is None:
        return CodeWrong()
    if match.used_at is not None:
        return CodeUsed()
    if match.expires_at <= at:
        return CodeExpired()
    return None


@action
def forget_codes(*, by: Actor, at: datetime) -> int:
    """Delete codes that expired more than a day ago, used or not; how many. The pace of codes looks at one day."""
    gone, _ = OneTimeCode.objects.filter(expires_at__lt=at - timedelta(hours=rules.PACE_HOURS)).delete()
    if gone:
        events.record(kind="access.codes_forgotten", by=by, at=at, about="codes", key="batch", data={"count": gone})
    else:
        events.nothing_changed()
    return gone


def _one_at_a_time(bound: str) -> None:
    """Two requests for the same thing at once send one code."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(bytes.fromhex(bound[:16]), signed=True)])


def _code_hash(purpose: str, bound: str, code: str) -> bytes:
    return vault.fingerprint(f"{purpose}\x1f{bound}\x1f{code.strip()}", place="access.code")
