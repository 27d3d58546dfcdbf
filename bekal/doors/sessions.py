"""Who walks in: the session's principal, what it may open, and how it enters and leaves.

Every view states its permission with `@permission(...)`; a house test checks that none is missing.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from bekal.access.queries import sessions_ended_at
from bekal.access.rules import permissions
from bekal.core import clock, vault
from bekal.core.events import Actor
from bekal.core.vault import derived_key
from bekal.doors.passes import JOIN, JOIN_COOKIE, Pass, read_pass

V = TypeVar("V", bound=Callable[..., Any])
PUBLIC = "public"
CITIZEN = "citizen"
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


def enter(request: HttpRequest, principal: Actor, roles: Sequence[str]) -> None:
    """Sign in under a fresh session key: a citizen by id, staff by id, a partner by the code of its organisation."""
    request.session.cycle_key()
    request.session["principal"] = f"{principal.kind}:{principal.key}"
    request.session["roles"] = list(roles)
    request.session["entered_at"] = clock.now().isoformat()


def enter_citizen(request: HttpRequest, citizen_id: UUID) -> None:
    enter(request, Actor.citizen(citizen_id), (CITIZEN,))


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
