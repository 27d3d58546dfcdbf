"""Passkeys: the page that lists, adds and removes one's own, and signing in with one.

`passkey.js` talks to the browser. What it must sign is kept in the session and taken out by the first answer, right or
wrong.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.http import require_http_methods, require_POST

from bekal.access import webauthn
from bekal.access.actions import Challenge, Told, register_passkey, remove_passkey, use_passkey
from bekal.access.queries import passkeys_of, principal_key
from bekal.access.rules import CODE_MINUTES
from bekal.citizens.queries import citizen_view
from bekal.citizens.readings import read_contacts
from bekal.core import clock, ids
from bekal.core.errors import Refused
from bekal.doors.citizen.sign_in import HOME, phone_page
from bekal.doors.fields import Field, WrongAnswer, asked, read_form
from bekal.doors.headers import allow_own_script
from bekal.doors.languages import say
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import (
    CITIZEN,
    actor,
    citizen_id,
    enter_citizen,
    entered_at,
    leave_word,
    moved_on,
    permission,
    visitor,
)

LONGEST_NAME = 60
ADD, ENTER = "passkey_add", "passkey_enter"


def _read_name(given: Sequence[str]) -> str:
    """What a key is called; nothing typed is "Kunci sandi"."""
    name = (given[0] if given else "").strip()
    if not name:
        return say("security.unnamed")
    if len(name) > LONGEST_NAME:
        raise WrongAnswer("form.too_long", longest=LONGEST_NAME)
    if not name.isprintable():
        raise WrongAnswer("sign")
    return name


NAME = Field("key_name", "text", _read_name, width="w20", longest=LONGEST_NAME)


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def security_page(request: HttpRequest) -> HttpResponse:
    """One's own passkeys; a POST brings the browser's answer and adds one."""
    if request.method != "POST":
        return _security(request)
    reading = read_form([NAME], dict(request.POST.lists()))
    faults = reading.faults or _not_added(request, reading.values["key_name"])
    if faults:
        return _security(request, faults, reading.raw["key_name"])
    leave_word(request, "good", "security.added")
    return HttpResponseRedirect("/saya/keamanan")


def _security(request: HttpRequest, faults: tuple[Fault, ...] = (), name: Sequence[str] = ()) -> HttpResponse:
    keys = tuple((webauthn.to_web(one.credential_id), one) for one in passkeys_of(actor(request)))
    response = show(
        request,
        "citizen/security.html",
        faults=faults,
        keys=keys,
        fresh=_fresh(request),
        asked=asked(NAME, name, faults),
    )
    allow_own_script(response)
    return response


def _fresh(request: HttpRequest) -> bool:
    """Whether the visitor came in so lately that nobody else sits at their open page."""
    return clock.now() - entered_at(request) <= timedelta(minutes=CODE_MINUTES)


def _not_added(request: HttpRequest, name: str) -> tuple[Fault, ...]:
    challenge = _take(request, ADD)
    if not _fresh(request):
        return (Fault("", say("security.stale")),)
    try:
        register_passkey(
            by=actor(request), at=clock.now(), challenge=challenge, answer=request.POST.get("answer", ""), name=name,
            told=_told(request),
        )  # fmt: skip
    except Refused as refused:
        return (Fault("", refusal_words(refused)),)
    return ()


@permission("citizen")
@require_POST
def add_challenge(request: HttpRequest) -> HttpResponse:
    """What the browser is asked to make a new key."""
    owner, person = actor(request), citizen_view(citizen_id(request))
    options = webauthn.creation_options(
        settings.SITE_URL, _challenge(request, ADD), principal_key(owner), person.name,
        [one.credential_id for one in passkeys_of(owner)],
    )  # fmt: skip
    return JsonResponse(dict(options))


@permission("citizen")
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Take back one key. The last one may go too: phone and code remain."""
    key = webauthn.from_web(request.POST.get("key", ""))
    if key:
        remove_passkey(by=actor(request), at=clock.now(), credential_id=key, told=_told(request))
        leave_word(request, "good", "security.removed")
    return HttpResponseRedirect("/saya/keamanan")


@permission("public")
@require_POST
def enter_challenge(request: HttpRequest) -> HttpResponse:
    """What the browser is asked to sign with whichever key it holds for us; no number needs to be typed."""
    return JsonResponse(dict(webauthn.request_options(settings.SITE_URL, _challenge(request, ENTER))))


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def enter_with_key(request: HttpRequest) -> HttpResponse:
    """Sign in with the browser's answer."""
    if request.method != "POST" or visitor(request).kind == CITIZEN:
        return HttpResponseRedirect(HOME[CITIZEN] if visitor(request).kind == CITIZEN else "/masuk")
    if moved_on(request):
        return HttpResponseRedirect(moved_on(request))
    challenge = _take(request, ENTER)
    try:
        owner = use_passkey(
            by=actor(request), at=clock.now(), challenge=challenge, answer=request.POST.get("answer", "")
        )
    except Refused as refused:
        return phone_page(request, (Fault("", refusal_words(refused)),))
    address = request.session.get("next", HOME[CITIZEN])
    enter_citizen(request, UUID(owner.key), means="passkey", onward=address)
    return HttpResponseRedirect(address)


def _challenge(request: HttpRequest, name: str) -> bytes:
    if not request.session.session_key:
        request.session.create()
    at = clock.now().isoformat()
    value = ids.fresh_secret("passkey challenge", name, str(request.session.session_key), at)
    request.session[name] = [value.hex(), at]
    return value


def _take(request: HttpRequest, name: str) -> Challenge | None:
    """The challenge this session was given, once."""
    value, at = request.session.pop(name, ("", ""))
    return Challenge(bytes.fromhex(value), datetime.fromisoformat(at)) if value else None


def _told(request: HttpRequest) -> Told:
    key = citizen_id(request)
    contact = read_contacts(by=actor(request), at=clock.now(), citizen_ids=[key])[key]
    return Told(contact.phone, contact.language)
