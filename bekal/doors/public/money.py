"""Where every rupiah is: from the treasury to people and back, by wave and by place, and the files to keep."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from bekal.doors.languages import say
from bekal.doors.pages import show
from bekal.doors.public import figures
from bekal.doors.sessions import permission
from bekal.doors.templatetags.bekal import decimal
from bekal.openbook.queries import GroupSums, MoneyLine, MoneyStatement, journal, money_document
from bekal.rulebooks.regions import PROVINCES, REGENCIES, province_of
from bekal.waves.queries import wave_list

WIDTH, GAP, LEAST, ROOM_TO_SAY = 360, 4, 2, 10
"""Of the drawing, in its own units: whole width, room between two streams, the thinnest stream, the thinnest that
bears its number."""
GROUP_COLUMNS = ("people", "granted", "spent", "left", "returned")


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of a statement of money. `sign`: + for money in, − for money out."""

    words: str
    sign: str
    amount: int


@dataclass(frozen=True, slots=True)
class Stream:
    """One way that money took. `share`: of all money in; `tone`: its colour; `path`, `left`, `width`, `middle`: of the
    drawing."""

    number: int
    tone: int
    words: str
    amount: int
    share: str
    path: str = ""
    left: str = ""
    width: str = ""
    middle: str = ""


def _statements() -> tuple[MoneyStatement, ...]:
    return tuple(figures.money_statement(code) for code in sorted({wave.programme_code for wave in wave_list()}))


@permission("public")
@require_safe
def money(request: HttpRequest) -> HttpResponse:
    """Programme by programme: the flow, the four sums, what administration cost, non-tax revenue, partners."""
    shown = tuple(
        {
            "one": one, "streams": streams(one), "paid_in": _paid_in(one), "lines": _sums(one.lines),
            "partners": _sums(one.partners), "revenue": _sums(one.revenue), "costs": _costs(one),
            "cost": sum(amount for _, amount in one.administration),
            "cost_share": _share(sum(amount for _, amount in one.administration), one.amount("funded")),
        }
        for one in _statements()
    )  # fmt: skip
    files = tuple((address, hashlib.sha256(_file(name)).hexdigest()) for name, address in FILES.items())
    return show(request, "public/money.html", shown=shown, files=files, counted_at=figures.counted_at())


@permission("public")
@require_safe
def places(request: HttpRequest) -> HttpResponse:
    """The four sums by province."""
    tables = tuple(
        (one.programme_code, tuple((PROVINCES[row.code], f"wilayah/{row.code}", row) for row in one.provinces))
        for one in _statements()
    )
    return show(request, "public/money_places.html", tables=tables, province="")


@permission("public")
@require_safe
def province(request: HttpRequest, code: str) -> HttpResponse:
    """The four sums by regency of one province."""
    if code not in PROVINCES:
        raise Http404
    tables = tuple(
        (
            one.programme_code,
            tuple((REGENCIES[row.code].name, "", row) for row in one.regencies if province_of(row.code) == code),
        )
        for one in _statements()
    )
    return show(request, "public/money_places.html", tables=tables, province=PROVINCES[code])


@permission("public")
@require_safe
def money_file(request: HttpRequest, name: str) -> HttpResponse:
    """One of the files, byte for byte as its digest says."""
    if name not in FILES:
        raise Http404
    kind = "application/json" if name.endswith(".json") else "text/csv; charset=utf-8"
    return _kept_as(_file(name), kind, f"bekal-{name}")


@permission("public")
@require_safe
def journal_file(request: HttpRequest) -> HttpResponse:
    """Seals and proofs, as `tools/verify_ledger.py` reads them; `?ref=` (repeatable) picks the transfers to prove."""
    return _kept_as(_json(journal(request.GET.getlist("ref"))), "application/json", "bekal-buku.json")


def streams(statement: MoneyStatement) -> tuple[Stream, ...]:
    """Where the money that came in is now, as streams of a drawing and rows of a table; they add up to what came in."""
    amounts = [(tone, name, amount) for tone, (name, amount) in enumerate(_whereabouts(statement), 1) if amount]
    whole = _paid_in(statement) or 1
    room = WIDTH - GAP * max(len(amounts) - 1, 0)
    above = below = 0.0
    found = []
    for number, (tone, name, amount) in enumerate(amounts, 1):
        upper, lower = WIDTH * amount / whole, max(room * amount / whole, LEAST)
        middle = f"{below + lower / 2:.1f}" if lower >= ROOM_TO_SAY else ""
        found.append(Stream(
            number, tone, say(f"money.stream_{name}"), amount, _share(amount, whole),
            _ribbon(above, upper, below, lower), f"{below:.1f}", f"{lower:.1f}", middle,
        ))  # fmt: skip
        above, below = above + upper, below + lower + GAP
    return tuple(found)


def _ribbon(above: float, upper: float, below: float, lower: float) -> str:
    left, right, low_left, low_right = above, above + upper, below, below + lower
    return (
        f"M{left:.1f} 30C{left:.1f} 95 {low_left:.1f} 95 {low_left:.1f} 160H{low_right:.1f}"
        f"C{low_right:.1f} 95 {right:.1f} 95 {right:.1f} 30Z"
    )


def _paid_in(one: MoneyStatement) -> int:
    return one.amount("funded") + one.amount("repaid")


def _whereabouts(one: MoneyStatement) -> Iterable[tuple[str, int]]:
    yield "training", one.amount("training") + one.amount("commission") - one.amount("refunded")
    yield "incentives", one.amount("incentives")
    yield "administration", one.amount("administration")
    yield (
        "people",
        sum(
            one.amount(code) for code in ("held_training", "reserved_training", "held_incentive", "reserved_incentive")
        ),
    )
    yield "fund", one.amount("held_programme") + one.amount("held_waves")
    yield "returned", one.amount("returned")


def _share(amount: int, whole: int) -> str:
    return f"{decimal(100 * amount / whole, 2)} %" if whole else "–"


def _sums(lines: tuple[MoneyLine, ...]) -> tuple[Sum, ...]:
    return tuple(
        Sum(say(f"openbook.money_{line.code}"), "+" if line.side == "in" else "−", line.amount) for line in lines
    )


def _costs(one: MoneyStatement) -> tuple[tuple[str, int], ...]:
    return tuple((say(f"money.cost_{category}"), amount) for category, amount in one.administration if amount)


FILES = {
    "uang.json": "/terbuka/uang/uang.json",
    "uang.csv": "/terbuka/uang/uang.csv",
    "gelombang.csv": "/terbuka/uang/gelombang.csv",
    "wilayah.csv": "/terbuka/uang/wilayah.csv",
}


def _file(name: str) -> bytes:
    if name == "uang.json":
        return _json([money_document(one) for one in _statements()])
    if name == "uang.csv":
        lines_of = [
            (one.programme_code, side, line.code, line.side, line.amount)
            for one in _statements()
            for side, lines in (("programme", one.lines), ("partners", one.partners), ("revenue", one.revenue))
            for line in lines
        ]
        return _csv(("programme", "statement", "code", "side", "rupiah"), lines_of)
    if name == "gelombang.csv":
        rows = [_cells(one, "wave", row) for one in _statements() for row in one.waves]
    else:
        rows = [_cells(one, "province", row) for one in _statements() for row in one.provinces]
        rows += [_cells(one, "regency", row) for one in _statements() for row in one.regencies]
    return _csv(("programme", "level", "code", *GROUP_COLUMNS), rows)


def _cells(one: MoneyStatement, level: str, row: GroupSums) -> tuple[object, ...]:
    return (one.programme_code, level, row.code, *(getattr(row, name) for name in GROUP_COLUMNS))


def _csv(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()


def _json(content: object) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True).encode()


def _kept_as(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
