"""Draws: what was locked before, which random number came, what followed, and the files with which anyone checks it."""

from collections.abc import Callable
from typing import Any

import rfc8785
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from bekal.core.vault import signing_key
from bekal.doors.languages import say, spoken
from bekal.doors.listings import place_name
from bekal.doors.pages import bars, show
from bekal.doors.sessions import permission
from bekal.doors.templatetags.bekal import number
from bekal.engines.draw.commitment import public_key_hex
from bekal.engines.joining import FORMAT
from bekal.rulebooks.queries import programme_of
from bekal.rulebooks.regions import PROVINCES
from bekal.waves.queries import (
    RECEIPTS,
    DrawView,
    NoSuchWave,
    WaveView,
    draws_of,
    exclusions_file,
    file_of,
    joined_count,
    joined_counts,
    proof_file,
    published_commitment,
    wave_list,
    wave_view,
)

FOREVER = "public, max-age=31536000, immutable"
A_MINUTE = "public, max-age=60"


@permission("public")
@require_safe
def draws(request: HttpRequest) -> HttpResponse:
    """Every wave and the state of its draw."""
    joined = joined_counts()
    waves = tuple((wave, say(f"wave.{wave.state}"), joined.get(wave.id, 0)) for wave in wave_list())
    return show(request, "public/draws.html", waves=waves)


@permission("public")
@require_safe
def draw(request: HttpRequest, wave_number: int) -> HttpResponse:
    """The draws of a wave: the latest in full, those annulled before it with their reasons."""
    wave, found = _wave(wave_number), draws_of(wave_number)
    latest = found[0] if found else None
    bundle = latest.bundle if latest else None
    strata = latest.strata if latest else []
    groups = _group_names(wave)
    rows = bars([(_stratum_name(one, groups), one["places"], number(one["places"])) for one in _largest(strata)])
    return show(
        request, "public/draw.html", wave=wave, draw=latest, state=say(f"wave.{wave.state}"),
        joined=joined_count(wave), commitment=tuple(_flat(latest.commitment)) if latest else (),
        source=tuple((f"source.{name}", value) for name, value in _flat(latest.commitment["source"])) if latest else (),
        bars=rows, strata=len(strata),
        beacon=tuple(_flat(bundle["beacon"])) if bundle else (), result=bundle["result"] if bundle else None,
        tests=_tests(latest.report) if latest else (), annulled=tuple(_annulled(one) for one in found if one.annulled),
        files=_files(latest) if latest else (),
    )  # fmt: skip


def _files(found: DrawView) -> tuple[str, ...]:
    """Names of the files that are published of a draw."""
    there = {
        "commitment.json": True, "roll.bin": True, "bundle.json": found.bundle, "result.bin": found.bundle,
        "report.json": found.report, "annulment.json": found.annulled, "excluded.csv": "excluded" in found.commitment,
    }  # fmt: skip
    return tuple(name for name, published in there.items() if published)


def _tests(report: dict[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """What the output test found, attribute by attribute; without degrees there was too little chance to test."""
    return tuple(
        (say(f"draw.test_{test['attribute']}"), f"p = {test['p']}" if test["degrees"] else say("draw.test_too_few"))
        for test in (report or {"tests": ()})["tests"]
    )


def _annulled(found: DrawView) -> dict[str, object]:
    assert found.annulled
    document = found.annulled["annulment"]
    why = document["evidence"].get("why") or ", ".join(document["evidence"].get("missing", ()))
    return {
        "sequence": found.sequence, "at": found.annulled_at, "reason": say(f"draw.annulled_{document['reason']}"),
        "why": why, "files": _files(found),
    }  # fmt: skip


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
def document(request: HttpRequest, wave_number: int, sequence: int, name: str) -> HttpResponse:
    """A document of one draw in RFC 8785 form, as `tools/verify_draw.py` and `bekal draw` read it."""
    found = next((one for one in draws_of(wave_number) if one.sequence == sequence), None)
    if found is None:
        raise Http404
    contents: dict[str, Callable[[], object]] = {
        "commitment": lambda: published_commitment(wave_number, sequence),
        "bundle": lambda: found.bundle,
        "report": lambda: found.report,
        "annulment": lambda: found.annulled,
    }
    content = contents[name]() if name in contents else None
    if content is None:
        raise Http404
    return HttpResponse(
        rfc8785.dumps(content), content_type="application/json",  # type: ignore[arg-type]
        headers={"Content-Disposition": f'inline; filename="bekal-{wave_number}-{sequence}-{name}.json"'},
    )  # fmt: skip


@permission("public")
@require_safe
def roll_file(request: HttpRequest, wave_number: int, sequence: int) -> HttpResponse:
    """The committed roll, byte for byte."""
    return _binary(file_of(wave_number, sequence, "roll"), f"bekal-{wave_number}-{sequence}-roll.bin")


@permission("public")
@require_safe
def result_file(request: HttpRequest, wave_number: int, sequence: int) -> HttpResponse:
    """Winners and waiting list by ticket id, byte for byte."""
    return _binary(file_of(wave_number, sequence, "result"), f"bekal-{wave_number}-{sequence}-result.bin")


@permission("public")
@require_safe
def block_file(request: HttpRequest, wave_number: int, sequence: int, block: int) -> HttpResponse:
    """The proof file of one block of the roll: the same bytes for everybody in it, and for good once it is drawn."""
    found = proof_file(wave_number, sequence, block)
    response = _binary(found[0] if found else None, f"bekal-{wave_number}-{sequence}-{block}.bin")
    response.headers["Cache-Control"] = FOREVER if found and found[1] else A_MINUTE
    return response


@permission("public")
@require_safe
def receipt_key(request: HttpRequest) -> HttpResponse:
    """The public key (Ed25519, hex) under which receipts of joining hold; docs/joining.md says how to check one."""
    said = {"format": FORMAT, "public_key": public_key_hex(signing_key(RECEIPTS))}
    return HttpResponse(rfc8785.dumps(said), content_type="application/json")


@permission("public")
@require_safe
def excluded_file(request: HttpRequest, wave_number: int, sequence: int) -> HttpResponse:
    """Tickets that are not on the roll, each with the first rule that refused; the commitment names its SHA-256."""
    found = next((one for one in draws_of(wave_number) if one.sequence == sequence), None)
    if found is None or "excluded" not in found.commitment:
        raise Http404
    return HttpResponse(
        exclusions_file(_wave(wave_number).id), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="bekal-{wave_number}-{sequence}-excluded.csv"'},
    )  # fmt: skip


def _binary(content: bytes | None, name: str) -> HttpResponse:
    if content is None:
        raise Http404
    return HttpResponse(
        content, content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip
