"""The registration in hand: which phone was typed, which is proven, and the answers kept under the proven one.

Before a code has proven the phone only the number itself rests, sealed, in the session; afterwards the answers rest in
the citizens room, by that number. Nothing of them is ever on the phone.
"""

from collections.abc import Mapping, Sequence

from django.http import HttpRequest

from bekal.citizens.actions import keep_answers, move_draft
from bekal.citizens.queries import draft_answers
from bekal.core import clock
from bekal.doors.sessions import actor, keep_sealed, read_sealed, renew

Draft = dict[str, list[str]]
TYPED, PROVEN = "typed_phone", "proven_phone"


def proven_phone(request: HttpRequest) -> str:
    """The phone (E.164) that this session has proven, "" for none."""
    return read_sealed(request, PROVEN)


def typed_phone(request: HttpRequest) -> str:
    """A phone, as typed, that waits for its code; "" for none."""
    return read_sealed(request, TYPED)


def ask_code_for(request: HttpRequest, typed: str) -> None:
    keep_sealed(request, TYPED, typed)
    if not request.session.session_key:
        request.session.create()


def take_back(request: HttpRequest) -> None:
    """The phone that waited for a code is not wanted any more."""
    keep_sealed(request, TYPED, "")


def read_draft(request: HttpRequest) -> Draft:
    """What was answered so far, by question."""
    phone = proven_phone(request)
    return draft_answers(phone, clock.now()) if phone else {}


def keep(request: HttpRequest, answers: Mapping[str, Sequence[str]]) -> Draft:
    """Keep answers under the proven phone and give back the whole draft."""
    return keep_answers(by=actor(request), at=clock.now(), phone=proven_phone(request), answers=answers)


def prove(request: HttpRequest, phone: str, *, onward: str) -> Draft:
    """The code was right. What was answered under another proven phone comes along; gives back the whole draft."""
    typed, before = typed_phone(request), proven_phone(request)
    renew(request, onward=onward)
    keep_sealed(request, PROVEN, phone)
    take_back(request)
    if before and before != phone:
        move_draft(by=actor(request), at=clock.now(), phone=before, to=phone)
    return keep(request, {"phone": [typed]})


def open_with(request: HttpRequest, phone: str, answers: Mapping[str, Sequence[str]]) -> None:
    """Open the questions with these answers for somebody whose phone (E.164) is known to be theirs."""
    keep_sealed(request, PROVEN, phone)
    take_back(request)
    keep(request, answers)
