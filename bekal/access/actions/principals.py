"""Signing a principal out everywhere, and forgetting one."""

from datetime import datetime

from bekal.access.models import LastSignIn, Passkey, SessionsEnded, SignInLink
from bekal.access.queries import principal_key
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor


@action
def end_sessions(*, by: Actor, at: datetime, principal: Actor, keys_too: bool = False) -> None:
    """Sign a principal out everywhere: sessions that began before now open nothing any more, nor do links made before.

    `keys_too`: passkeys go as well, because whoever held the old phone may hold them.
    """
    SessionsEnded.objects.update_or_create(principal=principal_key(principal), defaults={"ended_at": at})
    SignInLink.objects.filter(principal_kind=principal.kind, principal_key=principal.key).delete()
    if keys_too:
        Passkey.objects.filter(principal=principal_key(principal)).delete()
    events.record(
        kind="access.sessions_ended", by=by, at=at, about=principal.kind, key=principal.key, data={"keys": keys_too}
    )


@action
def forget_principal(*, by: Actor, at: datetime, principal: Actor) -> None:
    """Drop every way in: sessions, links, passkeys, and when the principal last came."""
    LastSignIn.objects.filter(principal=principal_key(principal)).delete()
    end_sessions(by=by, at=at, principal=principal, keys_too=True)
