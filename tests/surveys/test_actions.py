"""Opening and answering surveys, on the real database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bekal.core.models import Event
from bekal.surveys.actions import AnswersWrong, SurveyAnswered, SurveyNotOpen, SurveyUnknown, answer_survey
from bekal.surveys.queries import answered, answered_of, open_surveys, survey_figures, surveys_of
from tests.learning.making import BY, ENDS_AT, Bought, awarded, bought, certified
from tests.surveys.making import FIRST, SECOND

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded", "clock_at")]
LATER = ENDS_AT + timedelta(days=56)


def answer(one: Bought, number: int = 1, answers: dict[str, Any] = FIRST, **changes: Any) -> Any:
    wanted = {
        "by": BY, "at": ENDS_AT, "citizen_id": one.citizen_id, "award_id": one.award_id, "number": number,
        "answers": answers,
    }  # fmt: skip
    return answer_survey(**{**wanted, **changes})


def test_surveys_open_after_the_certificate() -> None:
    one = bought()
    assert [(s.survey.number, s.state, s.opens_at) for s in surveys_of(one.citizen_id, LATER)] == [
        (1, "waiting", None), (2, "waiting", None),
    ]  # fmt: skip
    certified(one)
    assert [s.number for s in open_surveys(one.citizen_id, ENDS_AT)] == [1]
    assert [s.number for s in open_surveys(one.citizen_id, LATER)] == [1, 2]


def test_a_survey_is_answered_once() -> None:
    one = certified(bought())
    first = answer(one)
    assert answer(one).id == first.id
    with pytest.raises(SurveyAnswered):
        answer(one, answers=FIRST | {"monthly_income": 1})
    answer(one, 2, SECOND, at=LATER)
    assert answered(one.award_id) == {1, 2}
    assert answered_of([one.award_id, one.citizen_id]) == {one.award_id: {1, 2}}
    assert open_surveys(one.citizen_id, LATER) == []
    assert Event.objects.filter(kind="surveys.survey_answered", person_id=one.citizen_id).count() == 2
    assert [(line.number, line.answered) for line in survey_figures()] == [(1, 1), (2, 1)]


def test_answers_that_cannot_be() -> None:
    one = certified(bought())
    stranger = awarded(2)
    with pytest.raises(SurveyNotOpen):
        answer(one, 2, SECOND)
    with pytest.raises(SurveyUnknown):
        answer(one, 3)
    with pytest.raises(SurveyUnknown):
        answer(one, citizen_id=stranger.citizen_id)
    with pytest.raises(SurveyUnknown):
        answer(one, award_id=UUID(int=0))
    with pytest.raises(AnswersWrong) as wrong:
        answer(one, answers={"reason": "fun", "monthly_income": -5})
    assert len(wrong.value.faults) == 6
    assert answered(one.award_id) == set()


def test_someone_without_an_award_has_no_survey() -> None:
    assert surveys_of(UUID(int=0), ENDS_AT) == []
