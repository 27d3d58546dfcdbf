"""Links that sign in once."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from bekal.access import rules
from bekal.access.models import SignInLink
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor


class LinkNotGood(Refused):
    code = "access.link_not_good"


class DemoLinkRefused(Refused):
    code = "access.demo_link_refused"


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


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
