"""The same join as a lean Django view: no middleware, no session, one statement. Served by Granian (WSGI)."""

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import path

from bekal.core import clock
from bekal.doors.sessions import shown_pass
from bekal.waves.actions import join_wave


def join(request: HttpRequest) -> HttpResponse:
    """The ticket of the person behind a pass."""
    card = shown_pass(request)
    if card is None:
        return HttpResponse(status=403)
    joined = join_wave(at=clock.now(), wave_id=UUID(bytes=card.wave), citizen_id=UUID(bytes=card.citizen))
    body = json.dumps({"ticket_id": joined.ticket_id.hex()}).encode()
    return HttpResponse(body, content_type="application/json", headers={"Content-Length": str(len(body))})


urlpatterns = [path("saya/gelombang", join)]
