"""Signing in: phone and one-time code, or a one-time link; signing out."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from bekal.access.actions import TooManyCodes, issue_code, redeem_code, use_sign_in_link
from bekal.citizens.queries import citizen_of_phone
from bekal.citizens.rules import read_phone
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.citizen.questions import CODE, PHONE
from bekal.doors.fields import ask_form, asked, read_form
from bekal.doors.languages import spoken
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.passes import ADMISSION_COOKIE, JOIN_COOKIE
from bekal.doors.sessions import actor, enter, enter_citizen, leave, leave_word, permission, safe_next

HOME = {"citizen": "/saya", "staff": "/operator", "partner": "/lembaga"}


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """Ask for the phone. The answer is the same whether we know the number or not."""
    if request.method != "POST":
        request.session["next"] = safe_next(request, request.GET.get("lanjut", ""), "/saya")
        return show(request, "citizen/sign_in.html", asked=asked(PHONE))
    reading = read_form([PHONE], dict(request.POST.lists()))
    if reading.faults:
        return show(request, "citizen/sign_in.html", faults=reading.faults, asked=ask_form([PHONE], reading)[0])
    request.session["phone"] = request.POST["phone"]
    _send(request, reading.values["phone"])
    return HttpResponseRedirect("/masuk/kode")


def _send(request: HttpRequest, number: str) -> None:
    if citizen_of_phone(number) is None:
        return
    with suppress(TooManyCodes):  # the answer must not tell whether we know the number; the latest code is still good
        issue_code(
            by=actor(request), at=clock.now(), purpose="sign_in", bound_to=number, to=number,
            template="access.code_message", facts={}, language=spoken(),
        )  # fmt: skip


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code; "baru" in the form asks for a new one."""
    spelled = request.session.get("phone", "")
    number = read_phone(spelled)
    if not isinstance(number, str):
        return HttpResponseRedirect("/masuk")
    if request.method != "POST":
        return show(request, "citizen/sign_in_code.html", asked=asked(CODE), phone=spelled)
    if "baru" in request.POST:
        _send(request, number)
        return HttpResponseRedirect("/masuk/kode")
    reading = read_form([CODE], dict(request.POST.lists()))
    faults = reading.faults or _refused(request, number, reading.values["code"])
    if faults:
        return show(request, "citizen/sign_in_code.html", faults=faults, asked=asked(CODE, (), faults), phone=spelled)
    citizen_id = citizen_of_phone(number)
    assert citizen_id is not None
    address = request.session.get("next", "/saya")
    enter_citizen(request, citizen_id)
    return HttpResponseRedirect(address)


def _refused(request: HttpRequest, number: str, given: str) -> tuple[Fault, ...]:
    try:
        redeem_code(by=actor(request), at=clock.now(), purpose="sign_in", bound_to=number, code=given)
    except Refused as refused:
        return (Fault("code", refusal_words(refused)),)
    return ()


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """A sign-in link. Opening it changes nothing (mail scanners open links); the button uses it."""
    if request.method != "POST":
        return show(request, "citizen/link.html")
    try:
        principal, roles = use_sign_in_link(by=actor(request), at=clock.now(), token=token)
    except Refused as refused:
        return show(request, "citizen/link.html", faults=(Fault("", refusal_words(refused)),))
    enter(request, principal, roles)
    return HttpResponseRedirect(HOME.get(principal.kind, "/"))


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
