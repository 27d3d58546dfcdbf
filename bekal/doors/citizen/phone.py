"""Changing the phone: both numbers proven, a day's notice, and a way to stop it."""

import json

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from bekal.access.actions import CodeTooSoon, issue_code, redeem_code
from bekal.citizens.actions import NEW_NUMBER, ask_phone_change, send_code, stop_phone_change
from bekal.citizens.purposes import phone_masked
from bekal.citizens.queries import change_of_link, citizen_place, citizen_view, waiting_change
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors import answers
from bekal.doors.citizen.questions import read_phone
from bekal.doors.fields import Field, asked, read_form
from bekal.doors.languages import spoken
from bekal.doors.moments import zone_of
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import actor, citizen_id, keep_sealed, leave_word, permission, read_sealed

NEW_PHONE = Field("new_phone", "phone", read_phone, width="w20", autocomplete="tel", longest=40)
CODES = tuple(
    Field(name, "digits", answers.digits(6), width="w10", autocomplete="one-time-code", longest=12)
    for name in ("old_code", "new_code")
)
KEPT = "phone_change"
OLD, NEW = "phone_old", "phone_new"
"""Purposes of the two codes; each is bound to the person and the new number."""


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def phone_page(request: HttpRequest) -> HttpResponse:
    """The present number, a change that waits, or the question for a new number."""
    key = citizen_id(request)
    if request.method != "POST":
        return _page(request)
    reading = read_form([NEW_PHONE], dict(request.POST.lists()))
    if reading.faults:
        return _page(request, reading.faults)
    number = reading.values["new_phone"]
    try:
        _send(request, number)
    except CodeTooSoon as refused:
        leave_word(request, "care", refused.code, **refused.facts)
    keep_sealed(request, KEPT, json.dumps({"citizen": str(key), "number": number, "proven": []}))
    return HttpResponseRedirect("/saya/telepon/kode")


def _page(request: HttpRequest, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    key = citizen_id(request)
    typed = (request.POST.get("new_phone", ""),) if request.method == "POST" else ()
    return show(
        request, "citizen/phone.html", faults=faults, person=citizen_view(key), waiting=waiting_change(key),
        asked=asked(NEW_PHONE, typed, faults), zone=zone_of(citizen_place(key)),
    )  # fmt: skip


def _bound_to(request: HttpRequest, number: str) -> str:
    return f"{citizen_id(request)}:{number}"


def _send(request: HttpRequest, number: str) -> None:
    by, at, key, bound_to = actor(request), clock.now(), citizen_id(request), _bound_to(request, number)
    send_code(
        by=by, at=at, citizen_id=key, purpose=OLD, bound_to=bound_to, template="citizens.phone_code_old",
        facts={"phone": phone_masked(number)},
    )  # fmt: skip
    issue_code(
        by=by, at=at, purpose=NEW, bound_to=bound_to, to=number, template="citizens.phone_code_new", facts={},
        language=spoken(),
    )  # fmt: skip


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def codes_page(request: HttpRequest) -> HttpResponse:
    """Both codes; one that was right stays right while the other is put right."""
    kept = _kept(request)
    if kept is None:
        return HttpResponseRedirect("/saya/telepon")
    number, proven = kept
    fields = [field for field in CODES if field.name not in proven]
    if request.method != "POST":
        return _codes(request, number, fields)
    reading = read_form(fields, dict(request.POST.lists()))
    faults = list(reading.faults)
    for name in reading.values:
        refused = _redeem(request, number, name, reading.values[name])
        if refused is None:
            proven = (*proven, name)
        else:
            faults.append(Fault(name, refusal_words(refused)))
    if faults:
        kept_now = {"citizen": str(citizen_id(request)), "number": number, "proven": proven}
        keep_sealed(request, KEPT, json.dumps(kept_now))
        return _codes(request, number, [field for field in fields if field.name not in proven], tuple(faults))
    keep_sealed(request, KEPT, "")
    return _ask(request, number)


def _kept(request: HttpRequest) -> tuple[str, tuple[str, ...]] | None:
    """(new number, codes already redeemed) of this person, if a change was begun in this session."""
    kept = read_sealed(request, KEPT)
    found = json.loads(kept) if kept else {}
    if found.get("citizen") != str(citizen_id(request)):
        return None
    return found["number"], tuple(found["proven"])


def _codes(request: HttpRequest, number: str, fields: list[Field], faults: tuple[Fault, ...] = ()) -> HttpResponse:
    return show(
        request, "citizen/phone_codes.html", faults=faults, old=citizen_view(citizen_id(request)).phone_masked,
        new=phone_masked(number), fields=tuple(asked(field, (), faults) for field in fields),
    )  # fmt: skip


def _redeem(request: HttpRequest, number: str, name: str, code: str) -> Refused | None:
    purpose = OLD if name == "old_code" else NEW
    try:
        redeem_code(by=actor(request), at=clock.now(), purpose=purpose, bound_to=_bound_to(request, number), code=code)
    except Refused as refused:
        return refused
    return None


def _ask(request: HttpRequest, number: str) -> HttpResponse:
    try:
        ask_phone_change(
            by=actor(request), at=clock.now(), citizen_id=citizen_id(request), phone=number,
            proven={NEW_NUMBER, "old_number"},
        )  # fmt: skip
    except Refused as refused:
        leave_word(request, "stop", refused.code, **refused.facts)
    else:
        leave_word(request, "good", "phone.asked")
    return HttpResponseRedirect("/saya/telepon")


@permission("citizen")
@require_POST
def stop_own(request: HttpRequest) -> HttpResponse:
    """The signed-in person cancels the change that waits."""
    change = waiting_change(citizen_id(request))
    if change is not None:
        try:
            stop_phone_change(by=actor(request), at=clock.now(), change_id=change.id)
            leave_word(request, "good", "phone.stopped")
        except Refused as refused:
            leave_word(request, "stop", refused.code)
    return HttpResponseRedirect("/saya/telepon")


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def stop_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link that was sent to the old number. Opening it changes nothing; the button stops the change."""
    change, stopped = change_of_link(token), False
    faults: tuple[Fault, ...] = ()
    if request.method == "POST" and change is not None:
        try:
            stop_phone_change(by=actor(request), at=clock.now(), change_id=change.id)
            stopped = True
        except Refused as refused:
            faults = (Fault("", refusal_words(refused)),)
    return show(request, "citizen/phone_stop.html", faults=faults, change=change, stopped=stopped)
