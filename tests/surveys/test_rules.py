"""When surveys open and which answers fit, without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bekal.rulebooks.rules import Question, Survey, Words
from bekal.surveys.rules import answer_faults, is_open

CERTIFIED = datetime(2023, 8, 9, tzinfo=UTC)
WORDS = Words("ya", "yes")
SURVEY = Survey(
    1, WORDS, 14, "test",
    (
        Question("work", "choice", WORDS, ("yes", "no"), ("Ya", "Tidak"), ("Yes", "No")),
        Question("income", "number", WORDS, least=0, most=1_000),
        Question("match", "scale", WORDS, least=1, most=5),
        Question("words", "text", WORDS, most=10),
    ),
)  # fmt: skip
GOOD: dict[str, Any] = {"work": "yes", "income": 0, "match": 5, "words": "baik"}


def test_a_survey_opens_its_days_after_the_certificate() -> None:
    assert not is_open(SURVEY, None, CERTIFIED + timedelta(days=99))
    assert not is_open(SURVEY, CERTIFIED, CERTIFIED + timedelta(days=13))
    assert is_open(SURVEY, CERTIFIED, CERTIFIED + timedelta(days=14))


def test_good_answers_have_no_fault() -> None:
    assert answer_faults(SURVEY, GOOD) == ()


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"work": "maybe"}, "choice_unknown"),
        ({"work": None}, "answer_missing"),
        ({"words": ""}, "answer_missing"),
        ({"words": "x" * 11}, "text_too_long"),
        ({"words": 5}, "text_too_long"),
        ({"income": -1}, "number_too_small"),
        ({"income": 1_001}, "number_too_large"),
        ({"income": "12"}, "number_expected"),
        ({"income": True}, "number_expected"),
        ({"match": 6}, "number_too_large"),
        ({"other": 1}, "question_unknown"),
    ],
)
def test_every_fault_is_named(changed: dict[str, Any], fault: str) -> None:
    (found,) = answer_faults(SURVEY, GOOD | changed)
    assert (found.question, found.code) == (next(iter(changed)), f"surveys.{fault}")


def test_all_faults_are_told_at_once() -> None:
    assert len(answer_faults(SURVEY, {})) == 4
