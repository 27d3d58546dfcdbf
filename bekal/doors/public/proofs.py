"""Checking a draw from one receipt: the page whose script does it in the browser."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from bekal.doors.headers import allow_own_script
from bekal.doors.languages import say
from bekal.doors.pages import show
from bekal.doors.sessions import permission

CHECKS = ("file", "commitment", "stratum", "entry", "roll", "source", "randomness", "thresholds", "ticket")
VALUES = (
    "id", "position", "stratum", "people", "places", "promised", "commitment", "roll", "due", "round", "randomness",
    "thresholds", "ticket", "threshold",
)  # fmt: skip
VERDICTS = {
    "won": "good", "lost": "info", "waiting": "info", "wrong": "stop", "unreadable": "care", "missing": "care",
}  # fmt: skip
STATES = {"good": "good", "wrong": "stop", "open": ""}


@permission("public")
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """Paste a receipt; `check.js` fetches the proof file of its block and checks it. Every word is in the page."""
    response = show(
        request, "public/check.html",
        checks=tuple((name, say(f"proof.check_{name}")) for name in CHECKS),
        values=tuple((name, say(f"proof.value_{name}")) for name in VALUES),
        verdicts=tuple((one, tone, say(f"proof.{one}"), say(f"proof.{one}_words")) for one, tone in VERDICTS.items()),
        states=tuple((name, tone, say(f"proof.state_{name}")) for name, tone in STATES.items()),
    )  # fmt: skip
    allow_own_script(response)
    return response
