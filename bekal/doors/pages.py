"""Making a page: a template, plain facts, and what every page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from bekal.core.errors import Refused
from bekal.doors.languages import say
from bekal.doors.sessions import take_words, visitor


@dataclass(frozen=True, slots=True)
class Note:
    """A notice on a page. `tone`: good, care, stop or info."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right: `anchor` is the id of the field, "" when no field can right it."""

    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart: `share` is 0 to 100 of the longest bar."""

    label: str
    figure: str
    share: float

    @property
    def width(self) -> str:
        """The share as SVG reads it, whatever the language of the page."""
        return f"{self.share:.2f}"


def show(
    request: HttpRequest, template: str, *, status: int | None = None, faults: Sequence[Fault] = (), **facts: Any
) -> HttpResponse:
    """Render a page. With `faults` its title says so and the summary of errors stands on top (status 422)."""
    who = visitor(request)
    notes = tuple(Note(tone, say(key, **words)) for tone, key, words in take_words(request))
    facts |= {
        "visitor": who,
        "notes": notes,
        "faults": tuple(faults),
        "here": request.path,
        "programme_code": settings.PROGRAMME,
    }
    return render(request, template, facts, status=status or (422 if faults else 200))


def refusal_words(refused: Refused) -> str:
    """The one text of a refusal, in the language of the page."""
    return say(refused.code, **refused.facts)


def bars(rows: Sequence[tuple[str, int, str]]) -> tuple[Bar, ...]:
    """Bars of (label, value, figure as text), all from zero and to one scale."""
    longest = max((value for _, value, _ in rows), default=0) or 1
    return tuple(Bar(label, figure, round(100 * max(value, 0) / longest, 2)) for label, value, figure in rows)
