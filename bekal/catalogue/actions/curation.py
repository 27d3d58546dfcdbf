"""Proposing trainings and admitting them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bekal.catalogue import rules
from bekal.catalogue.actions.refusals import (
    AlreadyDecided,
    AlreadyReviewed,
    AssessorTied,
    BelowStandard,
    NotAProvider,
    NotCurated,
    ScoreOutOfRange,
    TrainingCodeTaken,
    TrainingMalformed,
)
from bekal.catalogue.models import TRAINING_MOVES, Mode, Review, Tie, Training, TrainingState
from bekal.core import ids
from bekal.core.atomic import action
from bekal.core.events import Actor, nothing_changed, record
from bekal.core.machine import move
from bekal.partners.queries import organisation_view
from bekal.rulebooks.queries import programme_of


@action
def propose_training(
    *,
    by: Actor,
    at: datetime,
    rulebook_id: UUID,
    provider_id: UUID,
    code: str,
    title: str,
    summary: str,
    skills: Sequence[str],
    mode: str,
    hours: int,
    price: int,
    usual_price: int | None = None,
    age_min: int | None = None,
    schooling_min: str | None = None,
) -> Training:
    """Hand in a training for curation. Refusals: TrainingMalformed, NotAProvider, BelowStandard, TrainingCodeTaken."""
    training = Training(
        id=ids.fresh("training", code),
        code=code,
        provider_id=provider_id,
        rulebook_id=rulebook_id,
        title=title.strip(),
        summary=summary.strip(),
        skills=list(skills),
        mode=mode,
        hours=hours,
        price=price,
        usual_price=usual_price,
        age_min=age_min,
        schooling_min=schooling_min,
        proposed_at=at,
    )
    _check_training(training)
    training.save(force_insert=True)
    record(
        kind="catalogue.training_proposed",
        by=by,
        at=at,
        about="training",
        key=str(training.id),
        data={"code": code, "price": price},
    )
    return training


def _check_training(training: Training) -> None:
    faults = {
        "code": rules.CODE.fullmatch(training.code) is None,
        "title": not 4 <= len(training.title) <= 160,
        "summary": not 1 <= len(training.summary) <= 4000,
        "skills": not 1 <= len(training.skills) <= 20 or any(not 1 <= len(skill) <= 64 for skill in training.skills),
        "mode": training.mode not in Mode.values,
        "usual_price": training.usual_price is not None and training.usual_price < training.price,
        "age_min": training.age_min is not None and not 0 <= training.age_min <= 100,
        "schooling_min": training.schooling_min is not None and training.schooling_min not in rules.SCHOOLING,
    }
    for field, wrong in faults.items():
        if wrong:
            raise TrainingMalformed(field=field)
    if organisation_view(training.provider_id).kind != "provider":
        raise NotAProvider()
    purchase = programme_of(training.rulebook_id).purchase
    missed = rules.standard_faults(
        purchase, mode=training.mode, hours=training.hours, price=training.price, usual_price=training.usual_price
    )
    if missed:
        raise BelowStandard(fields=", ".join(missed))
    if Training.objects.filter(code=training.code).exists():
        raise TrainingCodeTaken(code=training.code)


@action
def declare_tie(*, by: Actor, at: datetime, assessor: str, provider_id: UUID) -> None:
    """Note that an assessor is tied to a provider and may not score its trainings; again is no change."""
    tie = Tie(id=ids.fresh("tie", assessor, str(provider_id)), assessor=assessor, provider_id=provider_id, at=at)
    if Tie.objects.filter(assessor=assessor, provider_id=provider_id).exists():
        nothing_changed()
        return
    tie.save(force_insert=True)
    record(
        kind="catalogue.tie_declared",
        by=by,
        at=at,
        about="organisation",
        key=str(provider_id),
        data={"assessor": assessor},
    )


@action
def review_training(*, by: Actor, at: datetime, training_id: UUID, score: int, remark: str) -> Training:
    """Give one blind score, 0 to 100. The second one decides: the average against the pass mark.

    Refusals: ScoreOutOfRange, AlreadyDecided, AlreadyReviewed, AssessorTied.
    """
    if not 0 <= score <= 100:
        raise ScoreOutOfRange()
    training = Training.objects.select_for_update().get(pk=training_id)
    if training.state != TrainingState.PROPOSED:
        raise AlreadyDecided(code=training.code)
    if Tie.objects.filter(assessor=by.key, provider_id=training.provider_id).exists():
        raise AssessorTied(code=training.code)
    given = list(Review.objects.filter(training=training).values_list("assessor", "score"))
    if by.key in {assessor for assessor, _ in given}:
        raise AlreadyReviewed(code=training.code)
    number = len(given) + 1
    Review.objects.create(
        id=ids.fresh("review", training.code, str(number)),
        training=training,
        number=number,
        assessor=by.key,
        score=score,
        remark=remark,
        at=at,
    )
    record(
        kind="catalogue.training_reviewed",
        by=by,
        at=at,
        about="training",
        key=str(training.id),
        data={"number": number},
    )
    if number == 2:
        _decide(by, at, training, [given[0][1], score])
    return training


def _decide(by: Actor, at: datetime, training: Training, scores: Sequence[int]) -> None:
    state = TrainingState.CURATED if rules.admitted(scores) else TrainingState.REFUSED
    move(training, state, moves=TRAINING_MOVES, decided_at=at)
    record(
        kind=f"catalogue.training_{state.value}",
        by=by,
        at=at,
        about="training",
        key=str(training.id),
        data={"scores": list(scores)},
    )


@action
def suspend_training(*, by: Actor, at: datetime, training_id: UUID, why: str) -> Training:
    """Take a training out of the catalogue; what was bought stays. Refusal: NotCurated."""
    training = Training.objects.select_for_update().get(pk=training_id)
    if training.state != TrainingState.CURATED:
        raise NotCurated(code=training.code)
    move(training, TrainingState.SUSPENDED, moves=TRAINING_MOVES)
    record(kind="catalogue.training_suspended", by=by, at=at, about="training", key=str(training.id), why=why)
    return training
