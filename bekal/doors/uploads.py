"""Bodies that are too large are refused before a byte of them is read."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from bekal.doors.pages import show

LARGEST_BODY = 32 * 1024 * 1024
"""Twice the largest photo, so that one that is a little too large is still refused on its own page, with its reason."""


class BodyLimit:
    """Answers 413 to a body above `LARGEST_BODY`. One of unknown length is none: WSGI servers pass its length on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > LARGEST_BODY:
            return show(request, "public/no.html", status=413, code="413")
        return self.get_response(request)
