"""Joining a wave, the result, and the receipt with which anyone checks the draw."""

import json
from contextlib import suppress
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_safe

from bekal.citizens.queries import citizen_view
from bekal.core import clock
from bekal.core.vault import derived_key, signing_key
from bekal.doors.citizen.references import reference_of
from bekal.doors.headers import allow_form_to
from bekal.doors.languages import say
from bekal.doors.moments import zone_of
from bekal.doors.pages import show
from bekal.doors.passes import JOIN, JOIN_COOKIE, JOIN_LIFE, Pass, make_pass
from bekal.doors.sessions import citizen_id, permission
from bekal.eligibility.queries import verdict_of
from bekal.engines.joining import sign_group
from bekal.scholarships.queries import award_of
from bekal.waves.actions import WaveClosed, join_wave
from bekal.waves.queries import (
    RECEIPTS,
    ApplicationView,
    NoSuchWave,
    WaveView,
    application_of,
    has_receipt,
    joined_leaf_of,
    receipt_of,
    wave_of,
    waves_open_at,
)


@permission("citizen", "card")
@require_http_methods(["GET", "HEAD", "POST"])
def wave_page(request: HttpRequest, card: Pass | None = None) -> HttpResponse:
    """The open wave with a button to join; after joining the receipt, after the draw the result.

    The button leads to the hot lane where there is one; "?pintu=biasa" to this view, which does the same for one.
    """
    return _join(request, card) if request.method == "POST" else _page(request)


def _page(request: HttpRequest) -> HttpResponse:
    key, at = citizen_id(request), clock.now()
    person, application, waves = citizen_view(key), application_of(key), waves_open_at(at)
    wave = wave_of(application.wave_id) if application else waves[0] if waves else None
    lane = "" if "pintu" in request.GET else settings.LANE_URL
    response = show(
        request, "citizen/wave.html", person=person, application=application, wave=wave,
        award=award_of(key), zone=zone_of(person.regency_code), action=f"{lane}/saya/gelombang" if lane else "",
        reference=reference_of("G", application.ticket_id) if application else "",
        again="pintu" in request.GET, refusal=_refusal(key, application, wave),
        has_receipt=application is not None and application.rolled and has_receipt(application.wave_id),
    )  # fmt: skip
    if lane:
        allow_form_to(response, lane)
        response.headers["Referrer-Policy"] = "strict-origin"  # else browsers hide from the lane where the form stood
    if application is None and wave is not None:
        until = at + JOIN_LIFE
        text = make_pass(derived_key(JOIN), citizen=key.bytes, wave=wave.id.bytes, until=until)
        response.set_cookie(JOIN_COOKIE, text, httponly=True, samesite="Lax", secure=settings.HTTPS)
    return response


def _join(request: HttpRequest, card: Pass | None) -> HttpResponse:
    citizen = UUID(bytes=card.citizen) if card else citizen_id(request)
    with suppress(WaveClosed, NoSuchWave, ValueError):
        join_wave(at=clock.now(), wave_id=UUID(request.POST.get("wave", "")), citizen_id=citizen)
    return HttpResponseRedirect("/saya/gelombang")


def _refusal(key: UUID, application: ApplicationView | None, wave: WaveView | None) -> str:
    """Why a person was excluded, in words; "" who was not."""
    if application is None or application.state != "excluded" or wave is None:
        return ""
    verdict = verdict_of(key, wave.rulebook_id)
    found = next((one for one in (verdict.results if verdict else ()) if one.rule == application.reason), None)
    return say(found.reason, **found.facts) if found else say("waves.state.excluded")


@permission("citizen")
@require_safe
def come_in(request: HttpRequest) -> HttpResponse:
    """Where the lane's waiting page comes back to, when no lane runs in front of us."""
    return HttpResponseRedirect("/saya/gelombang")


@permission("citizen")
@require_safe
def join_receipt(request: HttpRequest) -> HttpResponse:
    """The signed receipt of joining, as the lane gave it, for a group of one."""
    key = citizen_id(request)
    application = application_of(key)
    leaf = joined_leaf_of(key, application.wave_id) if application else None
    if application is None or leaf is None:
        raise Http404
    name = f"bekal-tanda-terima-{application.wave_number}.json"
    return HttpResponse(
        sign_group([leaf], signing_key(RECEIPTS))[0], content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip


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
