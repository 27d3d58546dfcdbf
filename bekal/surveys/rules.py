"""Pure decisions about surveys: when one is open, and whether answers fit its questions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bekal.rulebooks.rules import Question, Survey

LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class AnswerFault:
    """What is wrong with the answer to one question; `code` is the key of its text and `facts` fill it."""

    question: str
    code: str
    facts: tuple[tuple[str, Any], ...] = ()


def opens_at(survey: Survey, first_certified_at: datetime) -> datetime:
    """A survey opens its number of days after the first training was finished."""
    return first_certified_at + timedelta(days=survey.opens_after_days)


def is_open(survey: Survey, first_certified_at: datetime | None, at: datetime) -> bool:
    """Whether the survey may be answered at `at`; never before a first training was finished."""
    return first_certified_at is not None and at >= opens_at(survey, first_certified_at)


def answer_faults(survey: Survey, answers: Mapping[str, Any]) -> tuple[AnswerFault, ...]:
    """Every fault of a set of answers: each question answered, none unknown, each answer of the question's kind."""
    return tuple(_faults(survey, answers))


def _faults(survey: Survey, answers: Mapping[str, Any]) -> Iterable[AnswerFault]:
    known = {question.code for question in survey.questions}
    for code in sorted(answers.keys() - known):
        yield AnswerFault(code, "surveys.question_unknown")
    for question in survey.questions:
        fault = _fault(question, answers.get(question.code))
        if fault is not None:
            yield fault


def _fault(question: Question, answer: Any) -> AnswerFault | None:
    if answer is None or answer == "":
        return AnswerFault(question.code, "surveys.answer_missing")
    if question.kind == "choice":
        return None if answer in question.choice_codes else AnswerFault(question.code, "surveys.choice_unknown")
    if question.kind == "text":
        return _text_fault(question, answer)
    return _number_fault(question, answer)


def _text_fault(question: Question, answer: Any) -> AnswerFault | None:
    most = question.most or LONGEST_TEXT
    if isinstance(answer, str) and len(answer) <= most:
        return None
    return AnswerFault(question.code, "surveys.text_too_long", (("most", most),))


def _number_fault(question: Question, answer: Any) -> AnswerFault | None:
    if not isinstance(answer, int) or isinstance(answer, bool):
        return AnswerFault(question.code, "surveys.number_expected")
    if question.least is not None and answer < question.least:
        return AnswerFault(question.code, "surveys.number_too_small", (("least", question.least),))
    if question.most is not None and answer > question.most:
        return AnswerFault(question.code, "surveys.number_too_large", (("most", question.most),))
    return None
