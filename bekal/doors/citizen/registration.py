"""Registering: one question a page, a code to the phone, check answers, receipt."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_safe

from bekal.access.actions import TooManyCodes, issue_code, redeem_code
from bekal.citizens.actions import correct_details, register_citizen
from bekal.citizens.models import Citizen
from bekal.citizens.purposes import CONSENT_VERSIONS, family_masked
from bekal.citizens.queries import citizen_view
from bekal.citizens.rules import PURPOSES, REQUIRED_PURPOSES, Registration, nik_masked
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.citizen import draft as drafts
from bekal.doors.citizen.questions import (
    CODE,
    CONSENT,
    STEPS,
    Step,
    answered_values,
    first_open,
    nik_reading,
    step_of,
    suggestion,
    typed_answer,
)
from bekal.doors.citizen.references import reference_of
from bekal.doors.fields import Choice, Field, ask_form, asked, read_form
from bekal.doors.languages import say, spoken
from bekal.doors.moments import day_words
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import CITIZEN, actor, citizen_id, enter_citizen, leave_word, permission, visitor
from bekal.doors.skill_names import skill_names
from bekal.eligibility.tasks import verify_and_decide
from bekal.rulebooks.queries import rulebook_of
from bekal.rulebooks.regions import PROVINCES, regency_name

Answered = tuple[tuple[str, str, str], ...]


OPTIONAL = tuple(purpose for purpose in PURPOSES if purpose not in REQUIRED_PURPOSES)
ALLOW = Field(
    "allow", "choices", lambda given: tuple(purpose for purpose in OPTIONAL if purpose in given),
    lambda: tuple(
        Choice(one, say(f"consent.{one}.title"), say(f"consent.{one}.{CONSENT_VERSIONS[one]}")) for one in OPTIONAL
    ),
)  # fmt: skip


@permission("public")
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """What registering takes, and the way in."""
    return show(request, "citizen/register_start.html", begun=bool(drafts.read_draft(request)), first=STEPS[0].slug)


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, slug: str) -> HttpResponse:
    """One question. `?ubah=1` leads back to the summary."""
    step, draft = step_of(slug), drafts.read_draft(request)
    if step is None:
        raise Http404
    reached = first_open(draft)
    if reached is not None and STEPS.index(reached) < STEPS.index(step):
        return HttpResponseRedirect(f"/daftar/{reached.slug}")
    if request.method == "POST":
        return _take_answer(request, step, draft)
    shown = asked(step.field(draft), suggestion(step, draft))
    return show(request, "citizen/register_question.html", asked=shown, back=_back(request, step))


def _take_answer(request: HttpRequest, step: Step, draft: drafts.Draft) -> HttpResponse:
    field = step.field(draft)
    reading = read_form([field], dict(request.POST.lists()))
    if reading.faults:
        shown = ask_form([field], reading)[0]
        return show(
            request, "citizen/register_question.html", faults=reading.faults, asked=shown, back=_back(request, step)
        )
    kept = drafts.keep(request, step.name, typed_answer(step, draft, dict(request.POST.lists())))
    if step.name == "phone" and request.session.get("proven_phone") != reading.values["phone"]:
        return _send_code(request, reading.values["phone"])
    return HttpResponseRedirect(_next(request, step, kept))


def _send_code(request: HttpRequest, phone: str) -> HttpResponse:
    if not request.session.session_key:
        request.session.create()
    try:
        issue_code(
            by=actor(request), at=clock.now(), purpose="register", bound_to=phone, to=phone,
            template="access.code_message", facts={}, language=spoken(),
        )  # fmt: skip
    except TooManyCodes as refused:
        leave_word(request, "care", refused.code, **refused.facts)
    return HttpResponseRedirect("/daftar/kode" + ("?ubah=1" if "ubah" in request.GET else ""))


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def phone_code(request: HttpRequest) -> HttpResponse:
    """The code that proves the phone. "baru" in the form asks for a new one."""
    draft = drafts.read_draft(request)
    if "phone" not in draft:
        return HttpResponseRedirect(f"/daftar/{STEPS[0].slug}")
    phone = STEPS[0].field(draft).read(draft["phone"])
    facts: dict[str, Any] = {"phone": draft["phone"][0], "back": f"/daftar/{STEPS[0].slug}"}
    if request.method != "POST":
        return show(request, "citizen/register_code.html", asked=asked(CODE), **facts)
    if "baru" in request.POST:
        return _send_code(request, phone)
    reading = read_form([CODE], dict(request.POST.lists()))
    faults = reading.faults or _wrong_code(request, phone, reading.values["code"])
    if faults:
        return show(request, "citizen/register_code.html", faults=faults, asked=asked(CODE, (), faults), **facts)
    request.session["proven_phone"] = phone
    return HttpResponseRedirect(_next(request, STEPS[0], draft))


def _wrong_code(request: HttpRequest, phone: str, code: str) -> tuple[Fault, ...]:
    try:
        redeem_code(by=actor(request), at=clock.now(), purpose="register", bound_to=phone, code=code)
    except Refused as refused:
        return (Fault("code", refusal_words(refused)),)
    return ()


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """All answers on one page, each with a way to change it; sending them registers the person."""
    draft = drafts.read_draft(request)
    reached = first_open(draft)
    if reached is not None:
        return HttpResponseRedirect(f"/daftar/{reached.slug}")
    if request.session.get("proven_phone") != STEPS[0].field(draft).read(draft["phone"]):
        return HttpResponseRedirect("/daftar/kode")
    if request.method != "POST":
        return _checked(request, draft)
    reading = read_form([CONSENT], dict(request.POST.lists()))
    if reading.faults:
        return _checked(request, draft, reading.faults)
    return _register(request, draft, read_form([ALLOW], dict(request.POST.lists())).values["allow"])


def _checked(request: HttpRequest, draft: drafts.Draft, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    return show(
        request, "citizen/register_check.html", faults=faults, answered=_answered(draft),
        consent=asked(CONSENT, (), faults), back=f"/daftar/{STEPS[-1].slug}",
        allow=None if _correcting(request) else asked(ALLOW, request.POST.getlist("allow")),
    )  # fmt: skip


def _correcting(request: HttpRequest) -> bool:
    return visitor(request).kind == CITIZEN and bool(request.session.get("correcting"))


def _register(request: HttpRequest, draft: drafts.Draft, allowed: tuple[str, ...]) -> HttpResponse:
    correcting = _correcting(request)
    try:
        citizen = _correct(request, draft) if correcting else _enter(request, draft, allowed)
    except Refused as refused:
        return _checked(request, draft, (Fault("", refusal_words(refused)),))
    drafts.drop(request)
    request.session.pop("correcting", None)
    with suppress(ConnectionError):  # the registry is asked again when it is back
        verify_and_decide(citizen.id, rulebook_of(settings.PROGRAMME).id)
    return HttpResponseRedirect("/saya/data" if correcting else "/daftar/selesai")


def _enter(request: HttpRequest, draft: drafts.Draft, allowed: tuple[str, ...]) -> Citizen:
    citizen = register_citizen(by=actor(request), at=clock.now(), registration=_registration(draft, allowed))
    enter_citizen(request, citizen.id)
    return citizen


def _correct(request: HttpRequest, draft: drafts.Draft) -> Citizen:
    return correct_details(
        by=actor(request), at=clock.now(), citizen_id=citizen_id(request), registration=_registration(draft)
    )


def _registration(draft: drafts.Draft, allowed: tuple[str, ...] = ()) -> Registration:
    values = answered_values(draft)
    return Registration(
        nik=values["nik"], family_card=values["family_card"], name=values["name"], birth_date=values["birth_date"],
        sex=nik_reading(draft["nik"]).sex, regency_code=values["regency"], phone=values["phone"],
        schooling=values["schooling"], disability=None if values["disability"] == "none" else values["disability"],
        occupation=values["occupation"], interests=values["interests"], language="en" if spoken() == "en" else "id",
        consents=(*REQUIRED_PURPOSES, *allowed),
    )  # fmt: skip


@permission("citizen")
@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """Registered: reference, what happens next and when."""
    person = citizen_view(citizen_id(request))
    return show(
        request, "citizen/register_receipt.html", reference=reference_of("D", person.id), person=person,
        next_on=person.registered_at + timedelta(days=1),
    )  # fmt: skip


def _back(request: HttpRequest, step: Step) -> str:
    if "ubah" in request.GET:
        return "/daftar/periksa"
    place = STEPS.index(step)
    return f"/daftar/{STEPS[place - 1].slug}" if place else "/daftar"


def _next(request: HttpRequest, step: Step, draft: drafts.Draft) -> str:
    """The page after an answer: the next question, or after a change the summary, once nothing is open any more."""
    if "ubah" in request.GET:
        reached = first_open(draft)
        return f"/daftar/{reached.slug}?ubah=1" if reached else "/daftar/periksa"
    place = STEPS.index(step) + 1
    return f"/daftar/{STEPS[place].slug}" if place < len(STEPS) else "/daftar/periksa"


def _answered(draft: drafts.Draft) -> Answered:
    """(label, answer, address that changes it) of every question."""
    values = answered_values(draft)
    words = {
        "phone": draft["phone"][0],
        "nik": nik_masked(values["nik"]),
        "family_card": family_masked(values["family_card"]),
        "birth_date": day_words(values["birth_date"], spoken()),
        "province": PROVINCES[values["province"]],
        "regency": regency_name(values["regency"]),
        "schooling": say(f"form.schooling.{values['schooling']}"),
        "occupation": say(f"form.occupation.{values['occupation']}"),
        "disability": say(f"form.disability.{values['disability']}"),
        "interests": ", ".join(skill_names(values["interests"])),
    }
    return tuple(
        (say(f"check.{step.name}"), words.get(step.name) or str(values[step.name]), f"/daftar/{step.slug}?ubah=1")
        for step in STEPS
    )
