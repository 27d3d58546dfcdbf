"""The open book: the same figures that staff see, and the files with which a stranger checks them."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from bekal.doors.intervals import effect_row
from bekal.doors.languages import say, spoken
from bekal.doors.listings import place_name
from bekal.doors.pages import Bar, bars, show
from bekal.doors.public import figures
from bekal.doors.sessions import permission
from bekal.doors.templatetags.bekal import number
from bekal.evaluation.queries import effect_estimates
from bekal.openbook.queries import MoneyLine, journal
from bekal.rulebooks.queries import NoSuchProgramme, programme_of, rulebook_of
from bekal.rulebooks.regions import PROVINCES
from bekal.rulebooks.rules import describe
from bekal.waves.queries import NoSuchWave, WaveView, bundle_of, draw_of, roll_of, wave_list, wave_view

DOCUMENTS = ("catalogue", "certificates", "draws", "effect", "funnel", "money", "regions", "seals", "vacancies")


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of a statement of money. `sign`: + for money in, − for money out."""

    words: str
    sign: str
    amount: int


def _funnel_bars(wave_number: int) -> tuple[Bar, ...]:
    return bars(
        [
            (say(f"openbook.funnel_{line.code}"), line.people, number(line.people))
            for line in figures.funnel(wave_number)
        ]
    )


def _sums(lines: tuple[MoneyLine, ...]) -> tuple[Sum, ...]:
    return tuple(
        Sum(say(f"openbook.money_{line.code}"), "+" if line.side == "in" else "−", line.amount) for line in lines
    )


@permission("public")
@require_safe
def book(request: HttpRequest) -> HttpResponse:
    """The newest wave's funnel, the money in one line, and every document."""
    waves = wave_list()
    drawn = next((wave for wave in waves if wave.state == "announced"), waves[0] if waves else None)
    return show(
        request, "public/book.html", waves=waves, wave=drawn, bars=_funnel_bars(drawn.number) if drawn else (),
        money=figures.money_statement(drawn.programme_code) if drawn else None, digest=figures.digest(),
        documents=DOCUMENTS,
    )  # fmt: skip


@permission("public")
@require_safe
def draws(request: HttpRequest) -> HttpResponse:
    """Every wave and the state of its draw."""
    return show(request, "public/draws.html", waves=tuple((wave, say(f"wave.{wave.state}")) for wave in wave_list()))


@permission("public")
@require_safe
def draw(request: HttpRequest, wave_number: int) -> HttpResponse:
    """One draw: what was locked before, which random number came, what followed, and how to check it oneself."""
    wave, found = _wave(wave_number), draw_of(wave_number)
    commitment: dict[str, Any] = found.commitment if found else {}
    bundle = found.bundle if found else None
    strata = bundle["strata"] if bundle else []
    groups = _group_names(wave)
    rows = bars([(_stratum_name(one, groups), one["places"], number(one["places"])) for one in _largest(strata)])
    return show(
        request, "public/draw.html", wave=wave, draw=found, commitment=tuple(_flat(commitment)), bars=rows,
        beacon=tuple(_flat(bundle["beacon"])) if bundle else (), winners=len(bundle["winners"]) if bundle else 0,
        strata=len(strata), state=say(f"wave.{wave.state}"),
    )  # fmt: skip


def _largest(strata: list[dict[str, Any]], most: int = 12) -> list[dict[str, Any]]:
    return sorted(strata, key=lambda one: -int(one["places"]))[:most]


def _group_names(wave: WaveView) -> dict[str, str]:
    selection = programme_of(wave.rulebook_id).selection
    return {group.code: group.name[spoken()] for group in selection.groups} if selection else {}


def _stratum_name(stratum: dict[str, Any], groups: dict[str, str]) -> str:
    code = stratum["region"]
    region = PROVINCES.get(code) or place_name(code) or code
    return f"{region} · {groups.get(stratum['group'], say('draw.general'))}"


def _flat(values: dict[str, Any]) -> list[tuple[str, str]]:
    """The simple values of a document, in its own names; longer parts are in the file."""
    return [(name, str(value)) for name, value in values.items() if isinstance(value, str | int) and value != ""]


def _wave(wave_number: int) -> WaveView:
    try:
        return wave_view(wave_number)
    except NoSuchWave:
        raise Http404 from None


@permission("public")
@require_safe
def bundle_file(request: HttpRequest, wave_number: int) -> HttpResponse:
    """The draw's bundle, as `tools/verify_draw.py` reads it."""
    bundle = bundle_of(wave_number)
    if bundle is None:
        raise Http404
    return _json_file(bundle, f"bekal-undian-{wave_number}.json")


@permission("public")
@require_safe
def roll_file(request: HttpRequest, wave_number: int) -> HttpResponse:
    """The committed roll, byte for byte."""
    roll = roll_of(wave_number)
    if roll is None:
        raise Http404
    name = f"bekal-peserta-{wave_number}.bin"
    return HttpResponse(
        roll, content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip


@permission("public")
@require_safe
def money(request: HttpRequest) -> HttpResponse:
    """Where every rupiah is, programme by programme."""
    codes = sorted({wave.programme_code for wave in wave_list()})
    statements = tuple((one, _sums(one.lines), _sums(one.partners)) for one in map(figures.money_statement, codes))
    return show(request, "public/money.html", statements=statements)


@permission("public")
@require_safe
def journal_file(request: HttpRequest) -> HttpResponse:
    """Seals and proofs, as `tools/verify_ledger.py` reads them; `?ref=` (repeatable) picks the transfers to prove."""
    return _json_file(journal(request.GET.getlist("ref")), "bekal-buku.json")


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
    response = JsonResponse(
        content, safe=False, json_dumps_params={"indent": 1, "ensure_ascii": False, "sort_keys": True}
    )
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
