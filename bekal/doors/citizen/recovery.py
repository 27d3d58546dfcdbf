"""The way back without the old number. Every answer is the same whether we know the person or not."""

import json
from contextlib import suppress
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_safe

from bekal.access.actions import CodeTooSoon, issue_code, redeem_code
from bekal.citizens.actions import Claim, open_recovery
from bekal.citizens.purposes import phone_masked
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors import answers
from bekal.doors.citizen.phone import NEW_PHONE
from bekal.doors.citizen.questions import CODE, nik_reading
from bekal.doors.fields import Field, ask_form, asked, read_form
from bekal.doors.languages import spoken
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import actor, keep_sealed, permission, read_sealed

FORM = (
    Field("nik", "digits", lambda given: nik_reading(given).digits, width="w20", longest=40),
    Field("born", "day", answers.day),
    Field("family_tail", "digits", answers.digits(4), width="w10", longest=8),
    NEW_PHONE,
)
KEPT, PURPOSE = "recovery", "recovery"
ANSWERED_WITHIN = timedelta(days=3)


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def claim_page(request: HttpRequest) -> HttpResponse:
    """What only the person knows, and the new number."""
    if request.method != "POST":
        return show(request, "citizen/recover.html", fields=tuple(asked(field) for field in FORM))
    reading = read_form(FORM, dict(request.POST.lists()))
    if reading.faults:
        return show(request, "citizen/recover.html", faults=reading.faults, fields=ask_form(FORM, reading))
    said = reading.values
    keep_sealed(request, KEPT, json.dumps({
        "nik": said["nik"], "birth_date": said["born"].isoformat(), "family_tail": said["family_tail"],
        "phone": said["new_phone"],
    }))  # fmt: skip
    _send(request, said["new_phone"])
    return HttpResponseRedirect("/masuk/pulihkan/kode")


def _send(request: HttpRequest, number: str) -> None:
    with suppress(CodeTooSoon):  # the latest code is still good
        issue_code(
            by=actor(request), at=clock.now(), purpose=PURPOSE, bound_to=number, to=number,
            template="citizens.recovery_code", facts={}, language=spoken(),
        )  # fmt: skip


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def code_page(request: HttpRequest) -> HttpResponse:
    """The code that proves the new number; then the claim is taken in."""
    kept = read_sealed(request, KEPT)
    if not kept:
        return HttpResponseRedirect("/masuk/pulihkan")
    said = json.loads(kept)
    if request.method != "POST":
        return _code(request, said["phone"])
    if "baru" in request.POST:
        _send(request, said["phone"])
        return HttpResponseRedirect("/masuk/pulihkan/kode")
    reading = read_form([CODE], dict(request.POST.lists()))
    faults = reading.faults or _wrong(request, said["phone"], reading.values["code"])
    if faults:
        return _code(request, said["phone"], faults)
    keep_sealed(request, KEPT, "")
    claim = Claim(said["nik"], date.fromisoformat(said["birth_date"]), said["family_tail"], said["phone"])
    open_recovery(by=actor(request), at=clock.now(), claim=claim)
    return HttpResponseRedirect("/masuk/pulihkan/selesai")


def _code(request: HttpRequest, number: str, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    return show(
        request, "citizen/recover_code.html", faults=faults, asked=asked(CODE, (), faults), phone=phone_masked(number)
    )


def _wrong(request: HttpRequest, number: str, code: str) -> tuple[Fault, ...]:
    try:
        redeem_code(by=actor(request), at=clock.now(), purpose=PURPOSE, bound_to=number, code=code)
    except Refused as refused:
        return (Fault("code", refusal_words(refused)),)
    return ()


@permission("public")
@require_safe
def done_page(request: HttpRequest) -> HttpResponse:
    """What happens next, whether anything fits or not."""
    return show(request, "citizen/recover_done.html", day=(clock.now() + ANSWERED_WITHIN).date())
