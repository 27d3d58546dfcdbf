"""Registering: one question a page, a code to the phone, check answers, receipt."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_safe

from bekal.access.actions import CodeTooSoon, issue_code, redeem_code
from bekal.citizens.actions import DraftGone, correct_from_draft, register_from_draft
from bekal.citizens.doubts import doubts
from bekal.citizens.purposes import CONSENT_VERSIONS, family_masked
from bekal.citizens.queries import citizen_of_phone, citizen_view
from bekal.citizens.rules import (
    PURPOSES,
    REQUIRED_PURPOSES,
    Details,
    Registration,
    nik_masked,
    read_registration,
)
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.citizen import draft as drafts
from bekal.doors.citizen.questions import (
    CODE,
    CONSENT,
    NOT_MINE,
    PHONE,
    STEPS,
    Step,
    answered_values,
    first_open,
    nik_reading,
    question_of,
    read_phone,
    step_of,
    typed_answer,
)
from bekal.doors.citizen.references import reference_of
from bekal.doors.citizen.waits import wait_words
from bekal.doors.fields import Asked, Choice, Field, ask_form, asked, read_form
from bekal.doors.languages import say, spoken
from bekal.doors.moments import day_words
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import (
    CITIZEN,
    actor,
    citizen_id,
    enter_citizen,
    keep_sealed,
    leave_word,
    moved_on,
    permission,
    read_sealed,
    visitor,
)
from bekal.doors.skill_names import skill_names
from bekal.eligibility.tasks import verify_and_decide
from bekal.rulebooks.queries import rulebook_of
from bekal.rulebooks.regions import PROVINCES, regency_name

KNOWN = "known_phone"
JUST_NOW = timedelta(minutes=10)
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
    begun = bool(drafts.proven_phone(request))
    first = "lanjut" if begun else STEPS[0].slug
    return _settled(request) or show(request, "citizen/register_start.html", begun=begun, first=first)


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, slug: str) -> HttpResponse:
    """One question. `?ubah=1` leads back to the summary."""
    step = step_of(slug)
    if step is None:
        raise Http404
    if step is STEPS[0]:
        return _settled(request) or _phone_question(request, step)
    draft = drafts.read_draft(request)
    elsewhere = _settled(request) or _unproven(request) or _open_before(step, draft)
    if elsewhere:
        return elsewhere
    if request.method == "POST":
        return _take_answer(request, step, draft)
    return _ask(request, question_of(step, draft, draft.get(step.name, ())), _back(request, step))


def _ask(request: HttpRequest, question: Asked, back: str, faults: Sequence[Fault] = ()) -> HttpResponse:
    return show(request, "citizen/register_question.html", faults=faults, asked=question, back=back)


def _settled(request: HttpRequest) -> HttpResponse | None:
    """Who is registered already is led on, unless they are correcting."""
    if visitor(request).kind == CITIZEN and not request.session.get("correcting"):
        return HttpResponseRedirect("/daftar/selesai")
    return None


def _unproven(request: HttpRequest) -> HttpResponse | None:
    """Away from a page that needs a proven phone. A form sent into nowhere is told so."""
    if drafts.proven_phone(request):
        return None
    if moved_on(request):
        return HttpResponseRedirect(moved_on(request))
    if drafts.typed_phone(request):
        return HttpResponseRedirect("/daftar/kode")
    if request.method == "POST":
        leave_word(request, "care", "register.who")
    return HttpResponseRedirect(f"/daftar/{STEPS[0].slug}")


def _open_before(step: Step, draft: drafts.Draft) -> HttpResponse | None:
    """No question can be jumped over."""
    reached = first_open(draft)
    if reached is not None and STEPS.index(reached) < STEPS.index(step):
        return HttpResponseRedirect(f"/daftar/{reached.slug}")
    return None


def _take_answer(request: HttpRequest, step: Step, draft: drafts.Draft) -> HttpResponse:
    data = dict(request.POST.lists())
    if step.name == "birth_date" and data.get(step.name) == [NOT_MINE]:
        leave_word(request, "info", "register.nik_again")
        return HttpResponseRedirect("/daftar/nik" + _changing(request))
    field = step.field(draft)
    reading = read_form([field], data)
    if reading.faults:
        return _ask(
            request, question_of(step, draft, reading.raw[field.name], reading.faults), _back(request, step),
            reading.faults,
        )  # fmt: skip
    kept = drafts.keep(request, {step.name: typed_answer(step, draft, data)})
    return HttpResponseRedirect(_next(request, step, kept))


def _phone_question(request: HttpRequest, step: Step) -> HttpResponse:
    """The first question; its answer is proven by a code before anything else is asked."""
    if request.method != "POST":
        typed = drafts.typed_phone(request)
        given = [typed] if typed else drafts.read_draft(request).get(step.name, ())
        return _ask(request, asked(PHONE, given), _back(request, step))
    reading = read_form([PHONE], dict(request.POST.lists()))
    if reading.faults:
        return _ask(request, ask_form([PHONE], reading)[0], _back(request, step), reading.faults)
    if drafts.proven_phone(request) == reading.values["phone"]:
        drafts.take_back(request)
        kept = drafts.keep(request, {step.name: reading.raw["phone"][:1]})
        return HttpResponseRedirect(_next(request, step, kept))
    drafts.ask_code_for(request, reading.raw["phone"][0])
    return _send_code(request, reading.values["phone"])


def _send_code(request: HttpRequest, phone: str) -> HttpResponse:
    try:
        issue_code(
            by=actor(request), at=clock.now(), purpose="register", bound_to=phone, to=phone,
            template="access.code_register", facts={}, language=spoken(),
        )  # fmt: skip
    except CodeTooSoon as refused:
        leave_word(request, "care", refused.code, **refused.facts)
    return HttpResponseRedirect("/daftar/kode" + _changing(request))


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def phone_code(request: HttpRequest) -> HttpResponse:
    """The code that proves the phone. "baru" in the form asks for a new one."""
    typed = drafts.typed_phone(request)
    if not typed:
        return _known(request) or go_on(request)
    phone = read_phone([typed])
    if "baru" in request.POST:
        return _send_code(request, phone)
    reading = read_form([CODE], dict(request.POST.lists()))
    if request.method != "POST":
        return _code_page(request, typed, phone)
    faults = reading.faults or _wrong_code(request, phone, reading.values["code"])
    return _code_page(request, typed, phone, faults) if faults else _proven(request, phone)


def _code_page(request: HttpRequest, typed: str, phone: str, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    return show(
        request, "citizen/register_code.html", faults=faults, asked=asked(CODE, (), faults), phone=typed,
        back=f"/daftar/{STEPS[0].slug}", wait=wait_words("register", phone),
    )  # fmt: skip


def _wrong_code(request: HttpRequest, phone: str, code: str) -> tuple[Fault, ...]:
    try:
        redeem_code(by=actor(request), at=clock.now(), purpose="register", bound_to=phone, code=code)
    except Refused as refused:
        return (Fault("code", refusal_words(refused)),)
    return ()


def _proven(request: HttpRequest, phone: str) -> HttpResponse:
    """Go on where the answers of this number stop; a number that is registered may only sign in."""
    owner = citizen_of_phone(phone)
    if owner is not None and not (visitor(request).kind == CITIZEN and citizen_id(request) == owner):
        keep_sealed(request, KNOWN, drafts.typed_phone(request))
        drafts.take_back(request)
        return HttpResponseRedirect("/daftar/terdaftar")
    resumes = not drafts.proven_phone(request)
    kept = drafts.prove(request, phone, onward="/daftar/lanjut")
    if resumes and len(kept) > 1:
        leave_word(request, "good", "register.resumed")
    return HttpResponseRedirect(_onward(kept))


def _onward(draft: drafts.Draft) -> str:
    """The first open question, or the summary."""
    reached = first_open(draft)
    return f"/daftar/{reached.slug}" if reached else "/daftar/periksa"


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def go_on(request: HttpRequest) -> HttpResponse:
    """To the first open question."""
    return _settled(request) or _unproven(request) or HttpResponseRedirect(_onward(drafts.read_draft(request)))


@permission("public")
@require_safe
def known(request: HttpRequest) -> HttpResponse:
    """The number that was just proven is registered: told after the code only, with the way to sign in."""
    phone = read_sealed(request, KNOWN)
    return show(request, "citizen/register_known.html", phone=phone) if phone else HttpResponseRedirect("/daftar")


def _known(request: HttpRequest) -> HttpResponse | None:
    return HttpResponseRedirect("/daftar/terdaftar") if read_sealed(request, KNOWN) else None


@permission("public")
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """All answers on one page, each with a way to change it; sending them registers the person."""
    elsewhere = _settled(request) or _unproven(request)
    if elsewhere:
        return elsewhere
    if drafts.typed_phone(request):
        return HttpResponseRedirect("/daftar/kode")
    draft = drafts.read_draft(request)
    if first_open(draft) is not None:
        return HttpResponseRedirect(_onward(draft))
    if request.method != "POST":
        return _checked(request, draft)
    reading = read_form([CONSENT], dict(request.POST.lists()))
    if reading.faults:
        return _checked(request, draft, reading.faults)
    return _send(request, draft, read_form([ALLOW], dict(request.POST.lists())).values["allow"])


def _checked(request: HttpRequest, draft: drafts.Draft, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    return show(
        request, "citizen/register_check.html", faults=faults, answered=_answered(draft),
        consent=asked(CONSENT, (), faults), back=f"/daftar/{STEPS[-1].slug}",
        allow=None if _correcting(request) else asked(ALLOW, request.POST.getlist("allow")), doubts=_doubts(draft),
    )  # fmt: skip


def _doubts(draft: drafts.Draft) -> tuple[str, ...]:
    """What looks like a typing error and may yet be right: the person looks again and decides."""
    read = read_registration(_registration(draft), clock.now().date())
    found = doubts(read) if isinstance(read, Details) else []
    return tuple(say(f"citizens.doubt.{fault.kind}", **fault.facts) for _, fault in found)


def _correcting(request: HttpRequest) -> bool:
    return visitor(request).kind == CITIZEN


def _send(request: HttpRequest, draft: drafts.Draft, allowed: tuple[str, ...]) -> HttpResponse:
    correcting = _correcting(request)
    try:
        key = _correct(request, draft) if correcting else _enter(request, draft, allowed)
    except Refused as refused:
        return _checked(request, draft, (Fault("", refusal_words(refused)),))
    with suppress(ConnectionError):  # the registry is asked again when it is back
        verify_and_decide(key, rulebook_of(settings.PROGRAMME).id)
    return HttpResponseRedirect("/saya/data" if correcting else "/daftar/selesai")


def _enter(request: HttpRequest, draft: drafts.Draft, allowed: tuple[str, ...]) -> UUID:
    """Register and come in. Of a form sent twice at once the second finds the person registered, and comes in too."""
    at, phone = clock.now(), drafts.proven_phone(request)
    try:
        key = register_from_draft(by=actor(request), at=at, phone=phone, registration=_registration(draft, allowed)).id
    except DraftGone:
        just_now = citizen_of_phone(phone)
        if just_now is None or at - citizen_view(just_now).registered_at > JUST_NOW:
            raise
        key = just_now
    enter_citizen(request, key, means="registration", onward="/daftar/selesai")
    return key


def _correct(request: HttpRequest, draft: drafts.Draft) -> UUID:
    key = citizen_id(request)
    with suppress(DraftGone):  # sent twice at once: the first was taken
        correct_from_draft(
            by=actor(request), at=clock.now(), phone=drafts.proven_phone(request), citizen_id=key,
            registration=_registration(draft),
        )  # fmt: skip
    request.session.pop("correcting", None)
    return key


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


def _changing(request: HttpRequest) -> str:
    return "?ubah=1" if "ubah" in request.GET else ""


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
