"""Headers that keep a page to itself: no foreign source, no frame, and no script but our own where a page needs it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action {form_action}; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def allow_form_to(response: HttpResponse, origin: str) -> None:
    """Let the forms of this page end at `origin` ("https://lembaga.example"), which browsers check after a redirect."""
    response.headers["Content-Security-Policy"] = POLICY.format(form_action=f"'self' {origin}")


def allow_own_script(response: HttpResponse) -> None:
    """Let this page run our script files, never script inside the page, and let them read our own addresses."""
    policy = POLICY.format(form_action="'self'")
    response.headers["Content-Security-Policy"] = f"{policy}; script-src 'self'; connect-src 'self'"


class SecurityHeaders:
    """Adds the headers that a view has not set itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY.format(form_action="'self'"))
        response.headers.setdefault(
            "Permissions-Policy", "camera=(self), geolocation=(), microphone=(), interest-cohort=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
