"""What others may read about surveys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from bekal.core.rows import Rows, plain_rows
from bekal.learning.queries import first_certified_at
from bekal.rulebooks.queries import programme_of
from bekal.rulebooks.rules import Survey
from bekal.scholarships.queries import AwardView, award_of
from bekal.surveys.models import SurveyAnswer
from bekal.surveys.rules import is_open, opens_at


@dataclass(frozen=True, slots=True)
class SurveyStanding:
    """One survey of a recipient's programme.

    `state`: waiting (opens later), open, or answered; `opens_at` None before a certificate.
    """

    survey: Survey
    state: str
    opens_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class SurveyFigures:
    """How many recipients answered survey `number` of programme version `rulebook_id`."""

    rulebook_id: UUID
    number: int
    answered: int


def surveys_of(citizen_id: UUID, at: datetime) -> list[SurveyStanding]:
    """Every survey of the programme the citizen holds an award of, in the file's order."""
    award = award_of(citizen_id)
    return standings(award, at) if award else []


def standings(award: AwardView, at: datetime) -> list[SurveyStanding]:
    """The surveys of one award and where each stands at `at`."""
    first = first_certified_at(award.id)
    answered = dict(SurveyAnswer.objects.filter(award_id=award.id).values_list("number", "answered_at"))
    return [
        SurveyStanding(
            survey=survey,
            state="answered" if survey.number in answered else "open" if is_open(survey, first, at) else "waiting",
            opens_at=opens_at(survey, first) if first else None,
            answered_at=answered.get(survey.number),
        )
        for survey in programme_of(award.rulebook_id).surveys
    ]


def open_surveys(citizen_id: UUID, at: datetime) -> list[Survey]:
    """The surveys a citizen may answer now."""
    return [standing.survey for standing in surveys_of(citizen_id, at) if standing.state == "open"]


def answered(award_id: UUID) -> set[int]:
    """Numbers of the surveys that were answered under an award."""
    return set(SurveyAnswer.objects.filter(award_id=award_id).values_list("number", flat=True))


def answered_of(award_ids: Iterable[UUID]) -> dict[UUID, set[int]]:
    """The same for many awards, in one statement; awards without an answer are absent."""
    found: dict[UUID, set[int]] = {}
    rows = SurveyAnswer.objects.filter(award_id__in=list(award_ids)).values_list("award_id", "number")
    for award_id, number in rows:
        found.setdefault(award_id, set()).add(number)
    return found


def survey_figures() -> list[SurveyFigures]:
    """Answers counted by programme version and survey."""
    rows = (
        SurveyAnswer.objects.values_list("rulebook_id", "number")
        .annotate(answered=Count("id"))
        .order_by("rulebook_id", "number")
    )
    return [SurveyFigures(*row) for row in rows]


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    return {"survey_answers": plain_rows(SurveyAnswer.objects.filter(citizen_id=citizen_id))}
