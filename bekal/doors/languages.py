"""Which language a page speaks: `?lang=`, else the cookie, else Indonesian."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse

from bekal.core.texts import LANGUAGES, text

COOKIE = "bahasa"
YEAR = 365 * 24 * 3600
_spoken: ContextVar[str] = ContextVar("language of the page", default="id")


def spoken() -> str:
    """The language of the page that is being made: "id" or "en"."""
    return _spoken.get()


def say(key: str, **facts: Any) -> str:
    """The text under `key` in the language of the page."""
    return text(key, spoken(), **facts)


class Language:
    """Sets the language for the time of a request, remembers a choice made by `?lang=`, and tells caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("lang", "")
        remembered = request.COOKIES.get(COOKIE, "")
        language = next((word for word in (asked, remembered) if word in LANGUAGES), LANGUAGES[0])
        token = _spoken.set(language)
        try:
            response = self.get_response(request)
        finally:
            _spoken.reset(token)
        response.headers.setdefault("Content-Language", language)
        if asked in LANGUAGES and asked != remembered:
            response.set_cookie(COOKIE, asked, max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure())
        return response
