"""Answering a survey of the programme: its questions come from the programme file."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors.fields import Asked, Choice
from bekal.doors.languages import say, spoken
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import actor, citizen_id, leave_word, permission
from bekal.rulebooks.rules import Question, Survey
from bekal.scholarships.queries import award_of
from bekal.surveys.actions import AnswersWrong, answer_survey
from bekal.surveys.queries import open_surveys


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def survey_page(request: HttpRequest, number: int) -> HttpResponse:
    """One survey. It is short, so its questions stand on one page."""
    key = citizen_id(request)
    survey = next((one for one in open_surveys(key, clock.now()) if one.number == number), None)
    award = award_of(key)
    if survey is None or award is None:
        raise Http404
    if request.method != "POST":
        return _page(request, survey)
    values = {question.code: _typed(question, request.POST.get(question.code, "")) for question in survey.questions}
    try:
        answer_survey(
            by=actor(request), at=clock.now(), citizen_id=key, award_id=award.id, number=number, answers=values
        )
    except AnswersWrong as wrong:
        faults = tuple(Fault(_anchor(survey, one.question), say(one.code, **dict(one.facts))) for one in wrong.faults)
        return _page(request, survey, faults)
    except Refused as refused:
        return _page(request, survey, (Fault("", refusal_words(refused)),))
    leave_word(request, "good", "survey.thanks")
    return HttpResponseRedirect("/saya")


def _typed(question: Question, given: str) -> Any:
    """The answer as its kind wants it; a number that is none stays text and is refused with its reason."""
    plain = given.strip()
    if question.kind in ("number", "scale"):
        digits = plain.removeprefix("Rp").replace(".", "").replace(" ", "")
        return int(digits) if digits.isascii() and digits.isdigit() else plain
    return plain


def _page(request: HttpRequest, survey: Survey, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    shown = tuple(_asked(question, request.POST.get(question.code, ""), faults) for question in survey.questions)
    return show(request, "citizen/survey.html", faults=faults, title=survey.title[spoken()], fields=shown)


def _asked(question: Question, given: str, faults: Sequence[Fault]) -> Asked:
    kind = {"choice": "choice", "scale": "stars", "number": "digits", "text": "words"}[question.kind]
    anchor = f"{question.code}-1" if kind in ("choice", "stars") else question.code
    fault = next((one.text for one in faults if one.anchor == anchor), "")
    return Asked(
        question.code, kind, question.text[spoken()], "", (given,), fault, _choices(question), (), "w20", "off",
        question.most if question.kind == "text" and question.most else 200,
    )  # fmt: skip


def _choices(question: Question) -> tuple[Choice, ...]:
    if question.kind == "scale":
        return tuple(Choice(str(mark), str(mark)) for mark in range(question.least or 1, (question.most or 5) + 1))
    return tuple(Choice(choice.code, choice.text[spoken()]) for choice in question.choices)


def _anchor(survey: Survey, code: str) -> str:
    kinds = {question.code: question.kind for question in survey.questions}
    return f"{code}-1" if kinds.get(code) in ("choice", "scale") else code
