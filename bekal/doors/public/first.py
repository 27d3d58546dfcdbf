"""The first page, help, the page style, health, and pages that say no."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from bekal.core import clock
from bekal.core.money import format_rupiah
from bekal.doors import answers
from bekal.doors.citizen.tracker import Stage
from bekal.doors.fields import Choice, Field, asked
from bekal.doors.languages import say
from bekal.doors.pages import Fault, bars, show
from bekal.doors.sessions import permission
from bekal.rulebooks.queries import NoSuchProgramme, programme_of, rulebook_of
from bekal.waves.queries import waves_open_at

TOPICS = ("certificate", "incentive", "identity", "draw", "code", "number", "face", "fraud")


@permission("public")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, whether a wave is open, and the way in."""
    waves = waves_open_at(clock.now())
    return show(request, "public/home.html", lead=_lead(), wave=waves[0] if waves else None)


def _lead() -> str:
    try:
        programme = programme_of(rulebook_of(settings.PROGRAMME).id)
    except NoSuchProgramme:
        return say("home.lead_plain")
    if programme.scholarship is None:
        return say("home.lead_plain")
    balance = format_rupiah(programme.scholarship.training_balance)
    return say("home.lead", balance=balance, incentive=format_rupiah(programme.incentive_total))


@permission("public")
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Answers to the problems people ask about most."""
    topics = tuple((topic, say(f"help.{topic}"), say(f"help.{topic}_words")) for topic in TOPICS)
    return show(request, "public/help.html", topics=topics)


@permission("public")
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Every component with example content."""
    fault = Fault("name", say("style.example_fault"))
    fields = (
        Field("name", "text", answers.line()),
        Field("nik", "digits", answers.digits(16), width="w20"),
        Field("birth_date", "day", answers.day),
        Field("schooling", "choice", answers.one_of(()), lambda: _choices("schooling", ("primary", "senior"))),
        Field("channel", "choice", answers.one_of(()), _channels),
        Field("mode", "select", answers.one_of(()), lambda: (Choice("", say("form.mode.any")),)),
        Field("words", "words", answers.line(), longest=500),
        Field("photo", "photo", answers.line()),
        Field("consent", "tick", answers.tick),
    )
    shown = tuple(asked(field, (), (fault,)) for field in fields)
    chart = bars(
        [
            (say(f"openbook.funnel_{code}"), people, str(people))
            for code, people in (("registered", 300), ("awarded", 100))
        ]
    )
    return show(
        request, "public/style.html", faults=(fault,), status=200, shown=shown, steps=_example_steps(), bars=chart,
        moment=datetime(2026, 3, 17, 7, 30, tzinfo=UTC), amount=600_000,
    )  # fmt: skip


def _choices(name: str, codes: tuple[str, ...]) -> tuple[Choice, ...]:
    return tuple(Choice(code, say(f"form.{name}.{code}")) for code in codes)


def _channels() -> tuple[Choice, ...]:
    return tuple(
        Choice(code, say(f"form.channel.{code}"), say(f"form.channel.{code}_hint")) for code in ("bank", "wallet")
    )


def _example_steps() -> tuple[Stage, ...]:
    stages = (("identity", "done"), ("wave", "yours"), ("draw", "process"), ("buy", "waiting"))
    return tuple(
        Stage(code, state, say("style.sample"), say(f"turn.{'you' if state == 'yours' else 'us'}"))
        for code, state in stages
    )


@permission("public")
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Whether this process and its database answer: 200, or 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"database": False}, status=503)
    return JsonResponse({"database": True})


@permission("public")
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return show(request, "public/no.html", status=404, code="404")


@permission("public")
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return show(request, "public/no.html", status=403, code="403")


@permission("public")
def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    return show(request, "public/no.html", status=403, code="csrf")


@permission("public")
def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request too large or malformed: plain text that needs neither session nor database."""
    words = f"{say('no.400.title')}. {say('no.400.words')}"
    return HttpResponse(words, status=400, content_type="text/plain; charset=utf-8")


@permission("public")
def broken(request: HttpRequest) -> HttpResponse:
    """A fault of ours: plain text that needs neither session nor database."""
    words = f"{say('no.500.title')}. {say('no.500.words')}"
    return HttpResponse(words, status=500, content_type="text/plain; charset=utf-8")
