"""Answering a survey."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.scholarships.queries import award_view
from bekal.surveys.models import SurveyAnswer
from bekal.surveys.queries import standings
from bekal.surveys.rules import AnswerFault, answer_faults


class SurveyUnknown(Refused):
    code = "surveys.unknown"


class SurveyNotOpen(Refused):
    code = "surveys.not_open"


class SurveyAnswered(Refused):
    code = "surveys.answered"


class AnswersWrong(Refused):
    """Raised with the faults of every question at once."""

    code = "surveys.answers_wrong"

    def __init__(self, faults: tuple[AnswerFault, ...]) -> None:
        self.faults = faults
        super().__init__(count=len(faults))


@action
def answer_survey(
    *, by: Actor, at: datetime, citizen_id: UUID, award_id: UUID, number: int, answers: Mapping[str, Any]
) -> SurveyAnswer:
    """Keep a recipient's answers to survey `number`: question code to answer. A survey is answered once.

    The same answers again change nothing. Raises SurveyUnknown, SurveyNotOpen, SurveyAnswered, AnswersWrong.
    """
    award = award_view(award_id)
    if award is None or award.citizen_id != citizen_id:
        raise SurveyUnknown(number=number)
    standing = next((one for one in standings(award, at) if one.survey.number == number), None)
    if standing is None:
        raise SurveyUnknown(number=number)
    if standing.state == "answered":
        return _answered_before(award_id, number, answers)
    if standing.state != "open":
        raise SurveyNotOpen(number=number)
    faults = answer_faults(standing.survey, answers)
    if faults:
        raise AnswersWrong(faults)
    row, fresh = SurveyAnswer.objects.get_or_create(
        award_id=award_id,
        number=number,
        defaults={
            "id": ids.fresh("survey answer", str(award_id), str(number)),
            "citizen_id": citizen_id,
            "rulebook_id": award.rulebook_id,
            "answers": dict(answers),
            "answered_at": at,
        },
    )
    if not fresh:
        return _answered_before(award_id, number, answers)
    events.record(
        kind="surveys.survey_answered", by=by, at=at, about="award", key=str(award_id), person=citizen_id,
        data={"number": number},
    )  # fmt: skip
    return row


def _answered_before(award_id: UUID, number: int, answers: Mapping[str, Any]) -> SurveyAnswer:
    found = SurveyAnswer.objects.get(award_id=award_id, number=number)
    if found.answers != dict(answers):
        raise SurveyAnswered(number=number)
    events.nothing_changed()
    return found


@action
def forget_answers(*, by: Actor, at: datetime, citizen_id: UUID) -> None:
    """Wipe what a person answered; that they answered stays, since money rests on it."""
    SurveyAnswer.objects.filter(citizen_id=citizen_id).update(answers={})
    events.record_person(kind="surveys.answers_forgotten", by=by, at=at, person=citizen_id)
