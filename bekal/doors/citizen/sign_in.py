"""Signing in: phone and one-time code, after a long absence a second proof too, or a one-time link; signing out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from bekal.access.actions import CodeTooSoon, give_proof, issue_code, redeem_code, use_sign_in_link
from bekal.access.queries import last_sign_in
from bekal.access.rules import CODE_MINUTES, asks_second_proof
from bekal.citizens.queries import citizen_of_phone, citizen_view, knows_birth_and_card
from bekal.citizens.rules import read_phone
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.doors import answers
from bekal.doors.citizen.questions import CODE, PHONE
from bekal.doors.citizen.waits import wait_words
from bekal.doors.fields import Field, asked, read_form
from bekal.doors.headers import allow_own_script
from bekal.doors.languages import spoken
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.passes import ADMISSION_COOKIE, JOIN_COOKIE
from bekal.doors.sessions import (
    CITIZEN,
    actor,
    enter,
    enter_citizen,
    keep_sealed,
    leave,
    leave_word,
    moved_on,
    permission,
    read_sealed,
    safe_next,
    visitor,
)

HOME = {"citizen": "/saya", "staff": "/operator", "partner": "/lembaga"}
PROOF = (Field("born", "day", answers.day), Field("card_end", "digits", answers.digits(4), width="w10", longest=12))
TYPED, HALF_IN = "sign_in_phone", "half_in"


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """Ask for the phone. The answer is the same whether we know the number or not."""
    if request.method != "POST":
        request.session["next"] = safe_next(request, request.GET.get("lanjut", ""), "/saya")
        return phone_page(request)
    reading = read_form([PHONE], dict(request.POST.lists()))
    if reading.faults:
        return phone_page(request, reading.faults, reading.raw["phone"])
    keep_sealed(request, TYPED, reading.raw["phone"][0])
    return _send(request, reading.values["phone"])


def phone_page(request: HttpRequest, faults: tuple[Fault, ...] = (), given: Sequence[str] = ()) -> HttpResponse:
    """The page of the two ways in: phone and code, or, where the browser can, a passkey."""
    response = show(request, "citizen/sign_in.html", faults=faults, asked=asked(PHONE, given, faults))
    allow_own_script(response)
    return response


def _send(request: HttpRequest, number: str) -> HttpResponse:
    known = citizen_of_phone(number) is not None
    try:
        issue_code(
            by=actor(request), at=clock.now(), purpose="sign_in", bound_to=number, to=number if known else None,
            template="access.code_sign_in", facts={}, language=spoken(),
        )  # fmt: skip
    except CodeTooSoon as refused:
        leave_word(request, "care", refused.code, **refused.facts)
    return HttpResponseRedirect("/masuk/kode")


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code; "baru" in the form asks for a new one."""
    typed = read_sealed(request, TYPED)
    number = read_phone(typed)
    if not isinstance(number, str):
        return HttpResponseRedirect(_elsewhere(request))
    if "baru" in request.POST:
        return _send(request, number)
    if request.method != "POST":
        return _code_page(request, typed, number)
    reading = read_form([CODE], dict(request.POST.lists()))
    faults = reading.faults or _refused(request, number, reading.values["code"])
    if faults:
        return _code_page(request, typed, number, faults)
    found = citizen_of_phone(number)
    assert found is not None  # codes of unknown numbers meet nothing
    return _come_in(request, found)


def _code_page(request: HttpRequest, typed: str, number: str, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    return show(
        request, "citizen/sign_in_code.html", faults=faults, asked=asked(CODE, (), faults), phone=typed,
        wait=wait_words("sign_in", number),
    )  # fmt: skip


def _elsewhere(request: HttpRequest) -> str:
    """Where a code leads that nobody waits for: on, for who is in already or sent the form twice; else to the start."""
    if visitor(request).kind == CITIZEN:
        return HOME[CITIZEN]
    if moved_on(request):
        return moved_on(request)
    if request.method == "POST":
        leave_word(request, "care", "enter.who")
    return "/masuk"


def _refused(request: HttpRequest, number: str, given: str) -> tuple[Fault, ...]:
    try:
        redeem_code(by=actor(request), at=clock.now(), purpose="sign_in", bound_to=number, code=given)
    except Refused as refused:
        return (Fault("code", refusal_words(refused)),)
    return ()


def _come_in(request: HttpRequest, key: UUID) -> HttpResponse:
    """After the right code: in, or to the second proof when nobody came in for long."""
    at = clock.now()
    last_in = last_sign_in(Actor.citizen(key)) or citizen_view(key).registered_at
    if asks_second_proof(last_in, at):
        keep_sealed(request, HALF_IN, f"{key} {at.isoformat()}")
        keep_sealed(request, TYPED, "")
        return HttpResponseRedirect("/masuk/bukti")
    return _let_in(request, key)


def _let_in(request: HttpRequest, key: UUID) -> HttpResponse:
    address = request.session.get("next", HOME[CITIZEN])
    enter_citizen(request, key, means="code", onward=address)
    return HttpResponseRedirect(address)


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def proof(request: HttpRequest) -> HttpResponse:
    """The second proof after a long absence: birth date and the last four digits of the family card."""
    key = _half_in(request)
    if key is None:
        return HttpResponseRedirect(_elsewhere(request))
    if request.method != "POST":
        return show(request, "citizen/sign_in_proof.html", fields=tuple(asked(field) for field in PROOF))
    reading = read_form(PROOF, dict(request.POST.lists()))
    faults = reading.faults or _unproven(request, key, **reading.values)
    if not faults:
        return _let_in(request, key)
    fields = tuple(asked(field, reading.raw[field.name], faults) for field in PROOF)
    return show(request, "citizen/sign_in_proof.html", faults=faults, fields=fields)


def _half_in(request: HttpRequest) -> UUID | None:
    """Who gave the right code within the last ten minutes and owes the second proof."""
    key, _, since = read_sealed(request, HALF_IN).partition(" ")
    if not key or clock.now() - datetime.fromisoformat(since) > timedelta(minutes=CODE_MINUTES):
        return None
    return UUID(key)


def _unproven(request: HttpRequest, key: UUID, **given: object) -> tuple[Fault, ...]:
    right = knows_birth_and_card(key, given["born"], given["card_end"])  # type: ignore[arg-type]
    try:
        give_proof(by=actor(request), at=clock.now(), principal=Actor.citizen(key), right=right)
    except Refused as refused:
        return (Fault("born-day", refusal_words(refused)),)
    return ()


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """A sign-in link. Opening it changes nothing (mail scanners open links); the button uses it."""
    if request.method != "POST":
        return show(request, "citizen/link.html")
    if moved_on(request):
        return HttpResponseRedirect(moved_on(request))
    try:
        principal, roles = use_sign_in_link(by=actor(request), at=clock.now(), token=token)
    except Refused as refused:
        return show(request, "citizen/link.html", faults=(Fault("", refusal_words(refused)),))
    address = HOME.get(principal.kind, "/")
    enter(request, principal, roles, means="link", onward=address)
    return HttpResponseRedirect(address)


@permission("public")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    leave(request)
    leave_word(request, "good", "enter.left")
    response = HttpResponseRedirect("/")
    for name in (JOIN_COOKIE, ADMISSION_COOKIE):
        response.delete_cookie(name)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
