"""A certificate that anyone may look up by its number, and its signed credential."""

import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from bekal.doors.pages import show
from bekal.doors.sessions import permission
from bekal.learning.queries import certificate, certificate_view


@permission("public")
@require_safe
def certificate_page(request: HttpRequest, number: str) -> HttpResponse:
    """Whose certificate it is, for what, since when; the QR code leads back here."""
    found = certificate_view(number)
    if found is None or found.state != "issued":
        raise Http404
    address = f"{settings.SITE_URL}/sertifikat/{number}"
    code = segno.make(address, error="m").svg_inline(scale=4, border=0, omitsize=True, svgclass="", lineclass="")
    return show(
        request, "public/certificate.html", certificate=found, address=address,
        qr=mark_safe(code),  # noqa: S308 - drawn by segno from our own address
    )  # fmt: skip


@permission("public")
@require_safe
def certificate_file(request: HttpRequest, number: str) -> JsonResponse:
    """The Open Badges credential; its signature is checked without us."""
    credential = certificate(number)
    if credential is None:
        raise Http404
    response = JsonResponse(credential, json_dumps_params={"indent": 1, "ensure_ascii": False})
    response.headers["Content-Type"] = "application/ld+json; charset=utf-8"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
