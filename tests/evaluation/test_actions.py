"""The outcome survey and the effect computed from it, on a real draw."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest

from bekal.core.models import Event
from bekal.evaluation.actions import (
    AlreadyAnswered,
    IncomeOutOfRange,
    NotDrawn,
    NotInvited,
    invite_sample,
    record_outcome,
)
from bekal.evaluation.models import OutcomeAnswer
from bekal.evaluation.queries import effect_estimates, outcome_names, survey_count, unanswered
from bekal.notices.models import Notice
from bekal.rulebooks.models import RuleBook
from bekal.waves.models import Wave
from bekal.waves.queries import assignments
from tests.rulebooks.making import loaded_programme
from tests.waves.making import BY, DRAWN, drawn_wave, planned_wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(clock_at: Callable[[datetime], None], seeded: None) -> RuleBook:
    return loaded_programme("prakerja-2023")


@pytest.fixture
def wave(book: RuleBook) -> Wave:
    return drawn_wave(book, people=12, places=6)


def answered(wave: Wave, person: UUID, *, employed: bool = True, income: int = 2_000_000) -> OutcomeAnswer:
    return record_outcome(by=BY, at=DRAWN, citizen_id=person, wave_id=wave.id, employed=employed, monthly_income=income)


def test_winners_and_losers_are_asked_alike_and_once(wave: Wave) -> None:
    asked = invite_sample(by=BY, at=DRAWN, wave_id=wave.id, size=8)
    won = {person for person, _, _, winner in assignments(wave.id) if winner}
    assert (len(asked), len(won & set(asked))) == (8, 4)
    assert Notice.objects.filter(template="evaluation.notice_invited").count() == 8
    before = Event.objects.count()
    assert invite_sample(by=BY, at=DRAWN, wave_id=wave.id, size=8) == []
    assert Event.objects.count() == before
    assert len(invite_sample(by=BY, at=DRAWN, wave_id=wave.id, size=10)) == 2
    assert survey_count(wave.id).asked == 10


def test_before_the_draw_nobody_is_asked(book: RuleBook) -> None:
    with pytest.raises(NotDrawn):
        invite_sample(by=BY, at=DRAWN, wave_id=planned_wave(book).id, size=8)


def test_an_answer_stands(wave: Wave) -> None:
    person, other = invite_sample(by=BY, at=DRAWN, wave_id=wave.id, size=2)
    answered(wave, person)
    answered(wave, person)
    with pytest.raises(AlreadyAnswered):
        answered(wave, person, income=1)
    with pytest.raises(IncomeOutOfRange):
        answered(wave, other, income=-5)
    with pytest.raises(NotInvited):
        answered(wave, UUID(int=1))
    assert unanswered(wave.id) == [other]
    assert (survey_count(wave.id).asked, survey_count(wave.id).answered) == (2, 1)


def test_the_effect_is_that_of_winning_within_strata(wave: Wave) -> None:
    invite_sample(by=BY, at=DRAWN, wave_id=wave.id, size=12)
    for number, (person, _, _, won) in enumerate(assignments(wave.id)):
        answered(wave, person, employed=won or number % 2 == 0, income=2_000_000 + 500_000 * won + 1_000 * number)
    work, income = effect_estimates(wave.id)
    assert [work.outcome, income.outcome] == list(outcome_names())
    assert (income.winners, income.losers, income.left_out, income.asked_winners) == (6, 6, 0, 6)
    assert income.itt is not None
    assert income.low is not None
    assert income.high is not None
    assert income.low < income.itt < income.high
    assert 490_000 < income.itt < 510_000
    assert income.p_value is not None
    assert 0 < income.p_value < 0.05
    assert income.late is None
    assert work.problem == ""


def test_too_few_answers_are_told_not_hidden(wave: Wave) -> None:
    assert effect_estimates(wave.id) == []
    invite_sample(by=BY, at=DRAWN, wave_id=wave.id, size=4)
    line = effect_estimates(wave.id)[0]
    assert (line.problem, line.itt, line.asked_winners, line.answered_winners) == (
        "evaluation.too_few_answers", None, 2, 0,
    )  # fmt: skip
