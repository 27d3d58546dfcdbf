"""The open book: the same figures that staff see, and the files with which a stranger checks them."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from bekal.doors.intervals import effect_row
from bekal.doors.languages import say, spoken
from bekal.doors.pages import Bar, bars, show
from bekal.doors.public import figures
from bekal.doors.sessions import permission
from bekal.doors.templatetags.bekal import number
from bekal.evaluation.queries import effect_estimates
from bekal.rulebooks.queries import NoSuchProgramme, programme_of, rulebook_of
from bekal.rulebooks.rules import describe
from bekal.waves.queries import joined_count, wave_list

DOCUMENTS = ("catalogue", "certificates", "draws", "effect", "funnel", "money", "regions", "seals", "vacancies")


def _funnel_bars(wave_number: int) -> tuple[Bar, ...]:
    return bars(
        [
            (say(f"openbook.funnel_{line.code}"), line.people, number(line.people))
            for line in figures.funnel(wave_number)
        ]
    )


@permission("public")
@require_safe
def book(request: HttpRequest) -> HttpResponse:
    """The newest wave's funnel, the money in one line, and every document."""
    waves = wave_list()
    drawn = next((wave for wave in waves if wave.state == "announced"), waves[0] if waves else None)
    return show(
        request, "public/book.html", waves=waves, wave=drawn,
        joined=joined_count(drawn) if drawn else 0,
        bars=_funnel_bars(drawn.number) if drawn else (), digest=figures.digest(), documents=DOCUMENTS,
        money=figures.money_statement(drawn.programme_code) if drawn else None,
    )  # fmt: skip


@permission("public")
@require_safe
def effect(request: HttpRequest) -> HttpResponse:
    """What the programme changes, estimated from its own draw."""
    drawn = (wave for wave in wave_list() if wave.state == "announced")
    waves = tuple((wave, tuple(effect_row(line) for line in effect_estimates(wave.id))) for wave in drawn)
    return show(request, "public/effect.html", waves=waves)


@permission("public")
@require_safe
def rules(request: HttpRequest, code: str) -> HttpResponse:
    """The programme's rules in words, each with its source, and the file itself."""
    try:
        rulebook = rulebook_of(code)
    except NoSuchProgramme:
        raise Http404 from None
    programme = programme_of(rulebook.id)
    return show(
        request, "public/rules.html", programme=programme, name=programme.name[spoken()],
        summary=programme.summary[spoken()], sections=describe(programme, spoken()), text=rulebook.text,
    )  # fmt: skip


@permission("public")
@require_safe
def document(request: HttpRequest, name: str) -> HttpResponse:
    """One public document."""
    if name not in DOCUMENTS:
        raise Http404
    return _json_file(figures.documents()[name], f"bekal-{name}.json")


def _json_file(content: object, name: str) -> JsonResponse:
    """A document to read or keep, keys in order."""
    response = JsonResponse(
        content, safe=False, json_dumps_params={"indent": 1, "ensure_ascii": False, "sort_keys": True}
    )
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
