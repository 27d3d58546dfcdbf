"""Codes, links and approvals."""

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from bekal.access import rules
from bekal.access.models import Approval, OneTimeCode, SessionsEnded, SignInLink, Staff
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


class TooManyCodes(Refused):
    code = "access.too_many_codes"


class LinkNotGood(Refused):
    code = "access.link_not_good"


class DemoLinkRefused(Refused):
    code = "access.demo_link_refused"


class NotProposed(Refused):
    code = "access.not_proposed"


class SameEyes(Refused):
    code = "access.same_eyes"


@action
def issue_code(
    *,
    by: Actor,
    at: datetime,
    purpose: str,
    bound_to: str,
    to: str,
    template: str,
    facts: Mapping[str, Any],
    language: str = "id",
) -> None:
    """Send a six-digit code to `to`, good for ten minutes, once, for `purpose` and `bound_to` only.

    Raises TooManyCodes while five sent codes are still good: nobody can flood a telephone through us.
    """
    sent = OneTimeCode.objects.filter(purpose=purpose, bound_to=bound_to)
    if sent.filter(expires_at__gt=at, used_at=None).count() >= rules.CODES_AT_ONCE:
        raise TooManyCodes(minutes=rules.CODE_MINUTES)
    earlier = sent.count()
    name = (purpose, bound_to, str(earlier))
    code = ids.fresh_digits(rules.CODE_DIGITS, "code", *name)
    row = OneTimeCode.objects.create(
        id=ids.fresh("one-time code", *name),
        purpose=purpose,
        bound_to=bound_to,
        code_hash=_code_hash(purpose, bound_to, code),
        expires_at=at + timedelta(minutes=rules.CODE_MINUTES),
    )
    queue_notice(
        by=by, at=at, to=to, template=template, language=language, facts={**facts, "code": code},
        reference=f"code:{row.id}",
    )  # fmt: skip
    events.record(kind="access.code_issued", by=by, at=at, about="code", key=str(row.id), data={"purpose": purpose})


def redeem_code(*, by: Actor, at: datetime, purpose: str, bound_to: str, code: str) -> None:
    """Use a code. A wrong try is counted even though it is refused."""
    refusal = _try_code(by=by, at=at, purpose=purpose, bound_to=bound_to, code=code)
    if refusal is not None:
        raise refusal


@action
def _try_code(*, by: Actor, at: datetime, purpose: str, bound_to: str, code: str) -> Refused | None:
    rows = list(
        OneTimeCode.objects.select_for_update(of=("self",)).filter(purpose=purpose, bound_to=bound_to).order_by("-id")
    )
    digest = _code_hash(purpose, bound_to, code)
    match = next((row for row in rows if hmac.compare_digest(bytes(row.code_hash), digest)), None)
    refusal = _refusal(rows, match, at)
    if refusal is not None:
        OneTimeCode.objects.filter(pk__in=[row.pk for row in rows]).update(tries=F("tries") + 1)
        events.record(kind="access.code_refused", by=by, at=at, about="code", key=purpose, why=refusal.code)
        return refusal
    assert match
    OneTimeCode.objects.filter(pk=match.pk).update(used_at=at)
    events.record(kind="access.code_redeemed", by=by, at=at, about="code", key=str(match.id), data={"purpose": purpose})
    return None


def _refusal(rows: list[OneTimeCode], match: OneTimeCode | None, at: datetime) -> Refused | None:
    if rows and rows[0].tries >= rules.CODE_TRIES:
        return TooManyTries(minutes=rules.CODE_MINUTES)
    if match is None:
        return CodeWrong()
    if match.used_at is not None:
        return CodeUsed()
    if match.expires_at <= at:
        return CodeExpired()
    return None


@action
def add_staff(*, by: Actor, at: datetime, name: str, email: str, roles: Sequence[str]) -> Staff:
    """Enter a member of staff; asked again, roles are brought up to date."""
    unknown = set(roles) - rules.ROLES.keys()
    if unknown:
        raise ValueError(f"no such role: {sorted(unknown)}")
    staff, _ = Staff.objects.update_or_create(
        email=email,
        defaults={"name": name, "roles": list(roles)},
        create_defaults={
            "id": ids.fresh("staff", email), "email": email, "name": name, "roles": list(roles), "added_at": at,
        },
    )  # fmt: skip
    events.record(
        kind="access.staff_added", by=by, at=at, about="staff", key=str(staff.id), data={"roles": list(roles)}
    )
    return staff


@action
def create_sign_in_link(*, by: Actor, at: datetime, principal: Actor, roles: Sequence[str], demo: bool = False) -> str:
    """A token that signs `principal` in once within twelve hours. Demo links exist in rehearsals only."""
    if demo and not settings.REHEARSAL:
        raise DemoLinkRefused()
    token = ids.fresh_secret("sign-in link", principal.kind, principal.key, at.isoformat()).hex()
    SignInLink.objects.update_or_create(
        token_hash=_token_hash(token),
        defaults={
            "principal_kind": principal.kind,
            "principal_key": principal.key,
            "roles": list(roles),
            "demo": demo,
            "expires_at": at + timedelta(hours=rules.LINK_HOURS),
            "used_at": None,
        },
    )
    events.record(kind="access.link_created", by=by, at=at, about=principal.kind, key=principal.key)
    return token


@action
def use_sign_in_link(*, by: Actor, at: datetime, token: str) -> tuple[Actor, tuple[str, ...]]:
    """Who signs in, and with which roles. A link works once."""
    link = SignInLink.objects.select_for_update(of=("self",)).filter(token_hash=_token_hash(token)).first()
    if link is None or link.used_at is not None or link.expires_at <= at:
        raise LinkNotGood()
    if link.demo and not settings.REHEARSAL:
        raise DemoLinkRefused()
    SignInLink.objects.filter(pk=link.pk).update(used_at=at)
    principal = Actor(link.principal_kind, link.principal_key)
    events.record(kind="access.link_used", by=principal, at=at, about=principal.kind, key=principal.key)
    return principal, tuple(link.roles)


@action
def propose(*, by: Actor, at: datetime, kind: str, key: str, digest: str) -> Approval:
    """Lay something before a second pair of eyes. `digest` is SHA-256, in hexadecimal, over what is to be done."""
    approval, fresh = Approval.objects.get_or_create(
        kind=kind, key=key, digest=digest,
        defaults={"id": ids.fresh("approval", kind, key, digest), "maker": by.key, "proposed_at": at},
    )  # fmt: skip
    if fresh:
        events.record(kind="access.proposed", by=by, at=at, about=kind, key=key, data={"digest": digest})
    else:
        events.nothing_changed()
    return approval


@action
def approve(*, by: Actor, at: datetime, kind: str, key: str, digest: str) -> Approval:
    """Approve exactly what was proposed; the maker cannot."""
    approval = Approval.objects.select_for_update(of=("self",)).filter(kind=kind, key=key, digest=digest).first()
    if approval is None:
        raise NotProposed(kind=kind, key=key)
    if approval.maker == by.key:
        raise SameEyes()
    if approval.checker is not None:
        events.nothing_changed()
        return approval
    Approval.objects.filter(pk=approval.pk).update(checker=by.key, approved_at=at)
    events.record(kind="access.approved", by=by, at=at, about=kind, key=key, data={"digest": digest})
    approval.checker, approval.approved_at = by.key, at
    return approval


@action
def end_sessions(*, by: Actor, at: datetime, principal: Actor) -> None:
    """Sign a principal out everywhere: what began before now opens nothing any more, nor do links made before."""
    SessionsEnded.objects.update_or_create(principal=f"{principal.kind}:{principal.key}", defaults={"ended_at": at})
    SignInLink.objects.filter(principal_kind=principal.kind, principal_key=principal.key).delete()
    events.record(kind="access.sessions_ended", by=by, at=at, about=principal.kind, key=principal.key)


def _code_hash(purpose: str, bound_to: str, code: str) -> bytes:
    return vault.fingerprint(f"{purpose}\x1f{bound_to}\x1f{code.strip()}", place="access.code")


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@action
def forget_codes(*, by: Actor, at: datetime, bound_to: Collection[str]) -> None:
    """Delete the one-time codes that were bound to these things."""
    OneTimeCode.objects.filter(bound_to__in=list(bound_to)).delete()
    events.record(kind="access.codes_forgotten", by=by, at=at, about="code", key="forgotten")
