"""How long until the next one-time code may be asked for, in words for a page."""

from bekal.access.queries import code_standing
from bekal.access.rules import wait_in_words
from bekal.core import clock
from bekal.doors.languages import say


def wait_words(purpose: str, phone: str) -> str:
    """Which code of today this is and when a new one may be asked for; the same for every number."""
    standing = code_standing(purpose, phone, clock.now())
    if not standing.sent:
        return ""
    if not standing.wait:
        return say("enter.code_again", sent=standing.sent)
    return say("enter.code_wait", sent=standing.sent, **wait_in_words(standing.wait))
