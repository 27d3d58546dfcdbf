"""Joining a wave, the result, and the receipt with which anyone checks the draw."""

import json
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_safe

from bekal.citizens.queries import citizen_view
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.citizen.references import reference_of
from bekal.doors.moments import zone_of
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import actor, citizen_id, permission
from bekal.scholarships.queries import award_of
from bekal.waves.actions import join_wave
from bekal.waves.queries import application_of, has_receipt, receipt_of, wave_of, waves_open_at


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def wave_page(request: HttpRequest) -> HttpResponse:
    """The open wave with a button to join; after joining the receipt, after the draw the result."""
    return _join(request) if request.method == "POST" else _page(request)


def _page(request: HttpRequest, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    key = citizen_id(request)
    person, application, waves = citizen_view(key), application_of(key), waves_open_at(clock.now())
    wave = wave_of(application.wave_id) if application else waves[0] if waves else None
    return show(
        request, "citizen/wave.html", faults=faults, person=person, application=application, wave=wave,
        award=award_of(key), zone=zone_of(person.regency_code),
        reference=reference_of("G", application.id) if application else "",
        has_receipt=application is not None and has_receipt(application.wave_id),
    )  # fmt: skip


def _join(request: HttpRequest) -> HttpResponse:
    waves = waves_open_at(clock.now())
    wave = next((one for one in waves if str(one.id) == request.POST.get("wave")), None)
    if wave is None:
        return HttpResponseRedirect("/saya/gelombang")
    try:
        join_wave(by=actor(request), at=clock.now(), wave_id=wave.id, citizen_id=citizen_id(request))
    except Refused as refused:
        return _page(request, (Fault("", refusal_words(refused)),))
    return HttpResponseRedirect("/saya/gelombang")


@permission("citizen")
@require_safe
def receipt_file(request: HttpRequest) -> HttpResponse:
    """The receipt as a file, with what a person needs to check the draw alone."""
    key = citizen_id(request)
    application = application_of(key)
    receipt = receipt_of(key, application.wave_id) if application else None
    if application is None or receipt is None:
        raise Http404
    name = f"bekal-gelombang-{application.wave_number}.json"
    return HttpResponse(
        json.dumps(receipt, indent=1), content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip


@permission("citizen")
@require_safe
def check_own(request: HttpRequest) -> HttpResponse:
    """To the public page that checks a draw, with the person's receipt behind the #, which no server sees."""
    key = citizen_id(request)
    application = application_of(key)
    receipt = receipt_of(key, application.wave_id) if application else None
    if receipt is None:
        raise Http404
    return HttpResponseRedirect("/terbuka/undian/periksa#" + quote(json.dumps(receipt, separators=(",", ":"))))
