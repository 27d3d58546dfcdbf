"""What a person sees and decides about their data: who looked, permissions, a copy, and being forgotten."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bekal.access.actions import CodeTooSoon
from bekal.citizens.actions import give_consents, withdraw_consent
from bekal.citizens.purposes import CONSENT_VERSIONS
from bekal.citizens.queries import citizen_place, citizen_view, consent_history
from bekal.citizens.readings import read_numbers
from bekal.citizens.rules import REQUIRED_PURPOSES
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.core.texts import table
from bekal.doors.citizen.questions import CODE
from bekal.doors.fields import asked, read_form
from bekal.doors.languages import say
from bekal.doors.moments import zone_of
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import actor, citizen_id, leave, leave_word, permission
from bekal.privacy.actions import read_own_numbers
from bekal.privacy.queries import Reading, export_parts, holds_of, readings_of
from bekal.privacy.tasks import ask_to_forget, forget


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One purpose in words. `state`: allowed, withdrawn or never; `optional`: it can be withdrawn."""

    purpose: str
    title: str
    words: str
    version: int
    state: str
    since: datetime | None
    optional: bool


@permission("citizen")
@require_safe
def privacy_page(request: HttpRequest) -> HttpResponse:
    """Who looked, the permissions, and the ways to a copy and to deletion."""
    return _page(request, citizen_id(request), {})


@permission("citizen")
@require_POST
def show_numbers(request: HttpRequest) -> HttpResponse:
    """The same page with the person's own numbers in the clear, once; that is recorded."""
    key = citizen_id(request)
    numbers = read_numbers(
        by=actor(request), at=clock.now(), citizen_id=key, fields=("nik", "family_card", "phone"), purpose="own_view"
    )
    return _page(request, key, numbers)


def _page(request: HttpRequest, key: UUID, numbers: Mapping[str, str]) -> HttpResponse:
    return show(
        request, "citizen/privacy.html", person=citizen_view(key), numbers=numbers, consents=_consents(key),
        readings=tuple(_reading(one) for one in readings_of(key)), zone=zone_of(citizen_place(key)),
    )  # fmt: skip


def _reading(one: Reading) -> dict[str, Any]:
    prefix = {"staff": "role.", "outside": "reading.to.", "partner": ""}[one.who]
    who = say(prefix + one.name) if prefix + one.name in table() else one.name
    fields = ", ".join(say(f"reading.field.{name}") for name in one.fields)
    return {"at": one.at, "who": who, "fields": fields, "purpose": say(f"reading.purpose.{one.purpose}"),
            "asked": one.asked}  # fmt: skip


def _consents(key: UUID) -> tuple[ConsentRow, ...]:
    given = consent_history(key)
    rows = []
    for purpose, newest in CONSENT_VERSIONS.items():
        one = given.get(purpose)
        version = one.version if one else newest
        state = "never" if one is None else "withdrawn" if one.withdrawn_at else "allowed"
        since = None if one is None else one.withdrawn_at or one.given_at
        rows.append(
            ConsentRow(
                purpose, say(f"consent.{purpose}.title"), say(f"consent.{purpose}.{version}"), version, state, since,
                purpose not in REQUIRED_PURPOSES,
            )
        )  # fmt: skip
    return tuple(rows)


@permission("citizen")
@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    """Give or take back one permission; it holds at once."""
    key, by, at = citizen_id(request), actor(request), clock.now()
    purpose = request.POST.get("purpose", "")
    if purpose in CONSENT_VERSIONS:
        try:
            if request.POST.get("act") == "allow":
                give_consents(by=by, at=at, citizen_id=key, purposes=[purpose])
            else:
                withdraw_consent(by=by, at=at, citizen_id=key, purpose=purpose)
        except Refused as refused:
            leave_word(request, "care", refused.code)
    return HttpResponseRedirect("/saya/privasi")


@permission("citizen")
@require_POST
def copy_file(request: HttpRequest) -> StreamingHttpResponse:
    """Everything we keep about the person, as JSON, sent as it is read."""
    key, at = citizen_id(request), clock.now()
    numbers = read_own_numbers(by=actor(request), at=at, citizen_id=key)
    response = StreamingHttpResponse(_json_parts(key, numbers, at), content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="bekal-{at:%Y-%m-%d}.json"'
    return response


def _json_parts(key: UUID, numbers: Mapping[str, str], at: datetime) -> Iterator[str]:
    yield '{"made_at": ' + json.dumps(at.isoformat()) + ',\n"numbers": ' + json.dumps(dict(numbers))
    for name, part in export_parts(key):
        yield f',\n"{name}": ' + json.dumps(part, ensure_ascii=False, default=str)
    yield "}\n"


@permission("citizen")
@require_POST
def copy_page(request: HttpRequest) -> HttpResponse:
    """The same copy to read: one folded section each, with tables of what is kept."""
    key, at = citizen_id(request), clock.now()
    numbers = read_own_numbers(by=actor(request), at=at, citizen_id=key)
    sections = tuple((say(f"privacy.section.{name}"), tuple(_tables(part))) for name, part in export_parts(key))
    named = tuple((say(f"reading.field.{name}"), value) for name, value in numbers.items())
    return show(request, "citizen/copy.html", numbers=named, sections=sections, at=at)


def _tables(part: Any, title: str = "") -> Iterator[tuple[str, tuple[tuple[tuple[str, str], ...], ...]]]:
    """(title, records) of a section; each record as (name, value) pairs in plain words."""
    if isinstance(part, Mapping):
        for name, inner in part.items():
            yield from _tables(inner, str(name))
        return
    rows = [row if isinstance(row, Mapping) else {"": row} for row in part]
    if rows:
        yield title, tuple(tuple((str(name), _plain(value)) for name, value in row.items()) for row in rows)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "–" if value in (None, "") else str(value)


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def forget_page(request: HttpRequest) -> HttpResponse:
    """What goes and what stays; a code; then the end. Refused with reasons and dates while something is open."""
    key = citizen_id(request)
    if request.method != "POST":
        return _forget(request, key, sent=False)
    if "send" in request.POST:
        try:
            ask_to_forget(key)
        except CodeTooSoon as refused:
            leave_word(request, "care", refused.code, **refused.facts)
        except Refused as refused:
            return _forget(request, key, sent=False, faults=(Fault("", refusal_words(refused)),))
        return _forget(request, key, sent=True)
    reading = read_form([CODE], dict(request.POST.lists()))
    faults = reading.faults
    if not faults:
        try:
            forget(key, reading.values["code"])
        except Refused as refused:
            faults = (Fault("code", refusal_words(refused)),)
    if faults:
        return _forget(request, key, sent=True, faults=faults)
    leave(request)
    leave_word(request, "good", "privacy.forgotten")
    response = HttpResponseRedirect("/")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _forget(request: HttpRequest, key: UUID, *, sent: bool, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    holds = tuple((say(f"privacy.hold.{one.code}"), one.until) for one in holds_of(key, clock.now()))
    return show(
        request,
        "citizen/forget.html",
        faults=faults,
        holds=holds,
        sent=sent and not holds,
        asked=asked(CODE, (), faults),
    )
