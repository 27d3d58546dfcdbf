"""Who walks in: the session's principal, what it may open, and how it enters and leaves.

Every view states its permission with `@permission(...)`; a house test checks that none is missing.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.sessions.backends.base import CreateError
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from bekal.access.actions import record_sign_in
from bekal.access.queries import principal_key, sessions_ended_at
from bekal.access.rules import permissions
from bekal.core import clock, vault
from bekal.core.events import Actor
from bekal.core.vault import derived_key
from bekal.doors.passes import JOIN, JOIN_COOKIE, Pass, read_pass

V = TypeVar("V", bound=Callable[..., Any])
PUBLIC = "public"
CITIZEN = "citizen"
ONWARD_SECONDS = 600
CARD = "card"
"""A form that a pass to join proves: its view is called with `card`, and no session is read."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in: `kind` citizen, staff or partner ("" for nobody), its key, and what it may open."""

    kind: str
    key: str
    may: frozenset[str]

    @property
    def signed_in(self) -> bool:
        return bool(self.kind)


NOBODY = Visitor("", "", frozenset())


def permission(*names: str) -> Callable[[V], V]:
    """Open a view to visitors who hold one of these permissions; "public" opens it to everyone.

    A person who is not signed in is led to `/masuk` and back; anyone else is refused with 403.
    """

    def guard(view: V) -> V:
        @wraps(view)
        def run(request: HttpRequest, *arguments: Any, **named: Any) -> Any:
            if PUBLIC in names:
                return view(request, *arguments, **named)
            card = shown_pass(request) if CARD in names and request.method == "POST" else None
            if card is not None:
                return view(request, *arguments, card=card, **named)
            who = visitor(request)
            if who.may.isdisjoint(names):
                if CITIZEN in names and not who.signed_in:
                    return HttpResponseRedirect("/masuk?" + urlencode({"lanjut": request.get_full_path()}))
                raise PermissionDenied
            response = view(request, *arguments, **named)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        run.permission = names  # type: ignore[attr-defined]
        return cast(V, run)

    return guard


def shown_pass(request: HttpRequest) -> Pass | None:
    """The pass to join that the browser shows, if it is ours and still holds."""
    found = read_pass(derived_key(JOIN), request.COOKIES.get(JOIN_COOKIE, "").encode())
    return found if found and found.until > clock.now().timestamp() else None


def visitor(request: HttpRequest) -> Visitor:
    """The visitor of this request; nobody when the sessions of this principal were ended after this one began."""
    principal, since = request.session.get("principal", ""), request.session.get("entered_at", "")
    known = getattr(request, "known_visitor", None)
    if known is None or known[0] != (principal, since):
        known = ((principal, since), _visitor(principal, since, tuple(request.session.get("roles", ()))))
        request.known_visitor = known  # type: ignore[attr-defined]
    return known[1]


def _visitor(principal: str, since: str, roles: tuple[str, ...]) -> Visitor:
    if not principal:
        return NOBODY
    ended_at = sessions_ended_at(principal)
    if ended_at is not None and (not since or datetime.fromisoformat(since) <= ended_at):
        return NOBODY
    kind, _, key = principal.partition(":")
    return Visitor(kind, key, permissions(roles))


def enter(request: HttpRequest, principal: Actor, roles: Sequence[str], *, means: str, onward: str) -> None:
    """Sign in under a fresh session key: a citizen by id, staff by id, a partner by the code of its organisation.

    Nothing of an earlier visitor is left in the session. `means` is noted with the sign-in; `onward`: see `renew`.
    """
    at = clock.now()
    record_sign_in(by=principal, at=at, means=means)
    renew(request, onward=onward, forget=True)
    request.session["principal"] = principal_key(principal)
    request.session["roles"] = list(roles)
    request.session["entered_at"] = at.isoformat()


def enter_citizen(request: HttpRequest, citizen_id: UUID, *, means: str, onward: str) -> None:
    enter(request, Actor.citizen(citizen_id), (CITIZEN,), means=means, onward=onward)


def entered_at(request: HttpRequest) -> datetime:
    """When the visitor who is signed in came in."""
    return datetime.fromisoformat(request.session["entered_at"])


def renew(request: HttpRequest, *, onward: str, forget: bool = False) -> None:
    """Give the session a fresh key whenever it may do more than before, so that no key known earlier opens it.

    The old key keeps one note for ten minutes, the address that follows: a form sent twice, whose second request still
    carries the old key, is led on (`moved_on`) instead of being met as a stranger.
    """
    old = request.session.session_key
    if forget:
        words = request.session.get("words", [])
        request.session.flush()
        request.session["words"] = words
    else:
        request.session.cycle_key()
    if old:
        note = SessionStore(old)
        note.clear()
        note["onward"] = onward
        note.set_expiry(ONWARD_SECONDS)
        with suppress(CreateError):  # the other of two requests at once was faster
            note.save(True)


def moved_on(request: HttpRequest) -> str:
    """Where a form that was sent twice goes on, "" for everybody else."""
    return str(request.session.get("onward", ""))


def keep_sealed(request: HttpRequest, name: str, value: str) -> None:
    """Keep something personal in the session, sealed; "" drops it."""
    if value:
        request.session[name] = b64encode(vault.seal(value, place=f"session.{name}")).decode()
    else:
        request.session.pop(name, None)


def read_sealed(request: HttpRequest, name: str) -> str:
    """What `keep_sealed` kept, "" if nothing."""
    sealed = request.session.get(name)
    return vault.unseal(b64decode(sealed), place=f"session.{name}") if sealed else ""


def forget_sessions() -> None:
    """Delete sessions that are over: a task of every hour."""
    SessionStore.clear_expired()


def leave(request: HttpRequest) -> None:
    """Sign out and forget everything the session held."""
    request.session.flush()


def citizen_id(request: HttpRequest) -> UUID:
    """The signed-in citizen; only for views with `@permission("citizen")`."""
    return UUID(visitor(request).key)


def actor(request: HttpRequest) -> Actor:
    """The one in whose name an action called by this request runs."""
    who = visitor(request)
    return Actor(who.kind, who.key) if who.signed_in else Actor("visitor", "")


def safe_next(request: HttpRequest, address: str, otherwise: str) -> str:
    """`address` when it stays on this site, else `otherwise`."""
    inside = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if inside and address else otherwise


def leave_word(request: HttpRequest, tone: str, key: str, **facts: str | int) -> None:
    """Keep a short notice for the next page. `tone`: good, care, stop or info; `key`: text key."""
    request.session["words"] = [*request.session.get("words", ()), [tone, key, facts]]


def take_words(request: HttpRequest) -> list[tuple[str, str, dict[str, Any]]]:
    """The notices kept for this page; each is shown once."""
    if not request.session.get("words"):
        return []
    return [(tone, key, facts) for tone, key, facts in request.session.pop("words")]
