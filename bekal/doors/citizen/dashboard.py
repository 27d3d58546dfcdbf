"""The citizen's first page: the whole way; and the data we hold, with the registry's and the programme's reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from bekal.citizens.queries import answer_promised, citizen_view, face_of
from bekal.citizens.readings import read_identity, read_numbers
from bekal.core import clock
from bekal.core.texts import table
from bekal.doors.citizen import draft as drafts
from bekal.doors.citizen.face import face_asked
from bekal.doors.citizen.questions import DISABILITIES, STEPS
from bekal.doors.citizen.tracker import Standing, way
from bekal.doors.languages import say
from bekal.doors.pages import show
from bekal.doors.sessions import actor, citizen_id, leave_word, permission
from bekal.doors.skill_names import skill_names
from bekal.eligibility.queries import VerdictView, verdict_of
from bekal.eligibility.tasks import verify_and_decide
from bekal.incentives.queries import checklist, entitlements_of
from bekal.learning.queries import learning_of
from bekal.rulebooks.queries import NoSuchProgramme, rulebook_of
from bekal.scholarships.queries import award_of
from bekal.surveys.queries import surveys_of
from bekal.waves.queries import application_of, wave_of, waves_open_at


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule in words: why it passed or not, how to have it corrected, who says so, and as of which day."""

    passed: bool
    reason: str
    correction: str
    source: str
    as_of: date | None


def standing_of(key: UUID) -> Standing:
    """Everything a person's way is made of."""
    at = clock.now()
    application, open_waves = application_of(key), waves_open_at(at)
    wave = wave_of(application.wave_id) if application else (open_waves[0] if open_waves else None)
    return Standing(
        person=citizen_view(key),
        verdict=_verdict(key),
        wave=wave,
        application=application,
        award=award_of(key),
        learning=learning_of(key),
        done={item.code.removeprefix("incentives.step_"): item.done for item in checklist(key, at)},
        entitlements=entitlements_of(key, at),
        surveys=surveys_of(key, at),
        face=_face(key),
    )


def _face(key: UUID) -> str:
    try:
        if not face_asked():
            return ""
    except NoSuchProgramme:
        return ""
    check = face_of(key)
    return check.state if check else "first"


def _verdict(key: UUID) -> VerdictView | None:
    try:
        return verdict_of(key, rulebook_of(settings.PROGRAMME).id)
    except NoSuchProgramme:
        return None


@permission("citizen")
@require_safe
def way_page(request: HttpRequest) -> HttpResponse:
    """The one tracker."""
    found = standing_of(citizen_id(request))
    return show(request, "citizen/way.html", steps=way(found), person=found.person, award=found.award)


@permission("citizen")
@require_safe
def data_page(request: HttpRequest) -> HttpResponse:
    """What we hold about the person, what the registry said, and each rule's result with its source."""
    key = citizen_id(request)
    person, verdict = citizen_view(key), _verdict(key)
    results = tuple(
        RuleRow(
            result.passed, _words(result.reason, result.facts), _words(result.correction, result.facts),
            _words(f"source.{result.source}", {}) or result.source, result.as_of,
        )
        for result in (verdict.results if verdict else ())
    )  # fmt: skip
    return show(
        request, "citizen/data.html", person=person, results=results, verdict=verdict,
        mismatching=tuple((name, say(f"citizens.field.{name}")) for name in person.mismatching),
        promised_on=answer_promised(key, clock.now()),
        interests=", ".join(skill_names(person.interests)),
    )  # fmt: skip


def _words(key: str, facts: Mapping[str, Any]) -> str:
    """The text under a key, or "" where there is none."""
    return say(key, **facts) if key in table() else ""


@permission("citizen")
@require_POST
def correct(request: HttpRequest) -> HttpResponse:
    """Open the questions again with the answers we hold: the one named by `field`, or the summary."""
    key = citizen_id(request)
    by, at = actor(request), clock.now()
    person, said = citizen_view(key), read_identity(by=by, at=at, citizen_id=key, purpose="correction")
    phone = read_numbers(by=by, at=at, citizen_id=key, fields=("phone",), purpose="correction")["phone"]
    disability = (
        person.disability if person.disability in DISABILITIES else "none" if person.disability is None else "other"
    )
    answers = {
        "phone": [phone], "name": [said.name], "nik": [said.nik], "family_card": [said.family_card],
        "birth_date": [said.birth_date.isoformat()], "province": [person.regency_code[:2]],
        "regency": [person.regency_code], "schooling": [person.schooling], "occupation": [person.occupation],
        "disability": [disability], "interests": list(person.interests),
    }  # fmt: skip
    drafts.open_with(request, phone, answers)
    request.session["correcting"] = True
    slug = next((step.slug for step in STEPS if step.name == request.POST.get("field")), None)
    return HttpResponseRedirect(f"/daftar/{slug}?ubah=1" if slug else "/daftar/periksa")


@permission("citizen")
@require_POST
def check_again(request: HttpRequest) -> HttpResponse:
    """Ask the civil registry again."""
    try:
        verify_and_decide(citizen_id(request), rulebook_of(settings.PROGRAMME).id)
    except ConnectionError:
        leave_word(request, "care", "no.partner")
    return HttpResponseRedirect("/saya/data")
