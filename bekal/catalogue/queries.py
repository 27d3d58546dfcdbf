"""What anyone may read of the catalogue. Every list costs the same number of queries however long it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Avg, Count, F, Q, QuerySet

from bekal.catalogue.models import Rating, Review, Schedule, ScheduleState, Tie, Training, TrainingState
from bekal.core import clock
from bekal.core.rows import Rows, plain_rows
from bekal.partners.queries import organisation_names, organisation_view

PAGE_SIZE = 12
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `number` counts from 1; `total` counts items, `pages` pages (at least 1)."""

    items: tuple[T, ...]
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class ScheduleView:
    id: UUID
    code: str
    training_id: UUID
    training_code: str
    starts_at: datetime
    ends_at: datetime
    sessions: int
    days: str
    seats: int
    seats_left: int
    regency_code: str | None
    state: str


@dataclass(frozen=True, slots=True)
class TrainingCard:
    """`rating`: average stars with one decimal, None without ratings. `price`, `usual_price`: whole rupiah."""

    id: UUID
    code: str
    title: str
    summary: str
    provider_id: UUID
    provider_name: str
    skills: tuple[str, ...]
    mode: str
    hours: int
    price: int
    usual_price: int | None
    rating: float | None
    rating_count: int
    next_schedule: ScheduleView | None


@dataclass(frozen=True, slots=True)
class RatingView:
    stars: int
    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TrainingView:
    """A training with its open and past schedules, earliest first, and its ten latest ratings."""

    card: TrainingCard
    state: str
    rulebook_id: UUID
    provider_code: str
    age_min: int | None
    schooling_min: str | None
    schedules: tuple[ScheduleView, ...]
    ratings: tuple[RatingView, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a buyer of one schedule is offered, as it stands now. `price`, `usual_price`: whole rupiah."""

    schedule: ScheduleView
    training_state: str
    title: str
    provider_id: UUID
    mode: str
    hours: int
    price: int
    usual_price: int | None
    age_min: int | None
    schooling_min: str | None


@dataclass(frozen=True, slots=True)
class ReviewView:
    number: int
    assessor: str
    score: int
    remark: str


def catalogue_page(
    *,
    search: str = "",
    skill: str = "",
    mode: str = "",
    regency: str = "",
    price_max: int | None = None,
    page: int = 1,
    at: datetime | None = None,
) -> Page[TrainingCard]:
    """Admitted trainings that fit every filter given, best match first, else by title.

    `search` is what a person types: stemmed Indonesian words, quotes and minus signs as in a web search, or a part of
    the title.
    """
    found = _matching(search.replace("\x00", "").strip(), skill, mode, regency, price_max)
    total = found.count()
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(1, page), pages)
    rows = list(found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE])
    return Page(tuple(_cards(rows, at or clock.now())), number, pages, total)


def curated_trainings(at: datetime | None = None) -> list[TrainingCard]:
    """Every admitted training, by code."""
    return _cards(list(Training.objects.filter(state=TrainingState.CURATED).order_by("code")), at or clock.now())


def training_view(code: str) -> TrainingView | None:
    """Everything a page shows of one training, whatever its state; None when there is none."""
    training = Training.objects.filter(code=code).first()
    if training is None:
        return None
    (card,) = _cards([training], clock.now())
    return TrainingView(
        card=card,
        state=training.state,
        rulebook_id=training.rulebook_id,
        provider_code=organisation_view(training.provider_id).code,
        age_min=training.age_min,
        schooling_min=training.schooling_min,
        schedules=tuple(
            _schedule(row) for row in training.schedules.select_related("training").order_by("starts_at", "code")
        ),
        ratings=tuple(RatingView(row.stars, row.words, row.at) for row in training.ratings.order_by("-at", "id")[:10]),
    )


def training_cards(training_ids: Iterable[UUID], at: datetime | None = None) -> Mapping[UUID, TrainingCard]:
    """Cards of these trainings, whatever their state."""
    rows = list(Training.objects.filter(pk__in=set(training_ids)))
    return {card.id: card for card in _cards(rows, at or clock.now())}


def trainings_of(provider_id: UUID) -> list[TrainingCard]:
    """Every training of a provider, whatever its state, by code."""
    return _cards(list(Training.objects.filter(provider_id=provider_id).order_by("code")), clock.now())


def proposed_trainings(assessor: str) -> list[TrainingCard]:
    """Trainings that wait for a score of this assessor: not yet scored by them, no tie to the provider."""
    waiting = (
        Training.objects.filter(state=TrainingState.PROPOSED)
        .exclude(reviews__assessor=assessor)
        .order_by("proposed_at", "code")
    )
    tied = set(Tie.objects.filter(assessor=assessor).values_list("provider_id", flat=True))
    return _cards([row for row in waiting if row.provider_id not in tied], clock.now())


def reviews_of(training_id: UUID, *, assessor: str = "") -> list[ReviewView]:
    """Scores of a training. Until both are given, an assessor sees only their own and everybody else none."""
    rows = Review.objects.filter(training_id=training_id).order_by("number")
    if Training.objects.filter(pk=training_id, state=TrainingState.PROPOSED).exists():
        rows = rows.filter(assessor=assessor)
    return [ReviewView(row.number, row.assessor, row.score, row.remark) for row in rows]


def schedule_view(code: str) -> ScheduleView | None:
    row = Schedule.objects.select_related("training").filter(code=code).first()
    return _schedule(row) if row else None


def offer_of(schedule_code: str) -> Offer | None:
    """A schedule with its training, read together."""
    row = Schedule.objects.select_related("training").filter(code=schedule_code).first()
    if row is None:
        return None
    training = row.training
    return Offer(
        schedule=_schedule(row),
        training_state=training.state,
        title=training.title,
        provider_id=training.provider_id,
        mode=training.mode,
        hours=training.hours,
        price=training.price,
        usual_price=training.usual_price,
        age_min=training.age_min,
        schooling_min=training.schooling_min,
    )


def schedule_views(schedule_ids: Iterable[UUID]) -> Mapping[UUID, ScheduleView]:
    rows = Schedule.objects.select_related("training").filter(pk__in=set(schedule_ids))
    return {row.id: _schedule(row) for row in rows}


def rating_of(citizen_id: UUID, training_id: UUID) -> int | None:
    """The stars this citizen gave, None when not rated."""
    return Rating.objects.filter(citizen_id=citizen_id, training_id=training_id).values_list("stars", flat=True).first()


def rated_at(citizen_id: UUID, training_id: UUID) -> datetime | None:
    """When this citizen rated this training, None when not rated."""
    return Rating.objects.filter(citizen_id=citizen_id, training_id=training_id).values_list("at", flat=True).first()


def ratings_of(citizen_ids: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
    """(citizen, training) of every rating these citizens gave."""
    return set(Rating.objects.filter(citizen_id__in=citizen_ids).values_list("citizen_id", "training_id"))


def _matching(search: str, skill: str, mode: str, regency: str, price_max: int | None) -> QuerySet[Training]:
    found = Training.objects.filter(state=TrainingState.CURATED)
    if skill:
        found = found.filter(skills__contains=[skill])
    if mode:
        found = found.filter(mode=mode)
    if regency:
        found = found.filter(Q(schedules__regency_code=regency, schedules__state=ScheduleState.OPEN)).distinct()
    if price_max is not None:
        found = found.filter(price__lte=price_max)
    if not search:
        return found.order_by("title", "code")
    query = SearchQuery(search, config="indonesian", search_type="websearch")
    return (
        found.filter(Q(words=query) | Q(title__icontains=search))
        .annotate(rank=SearchRank(F("words"), query))
        .order_by("-rank", "title", "code")
    )


def _cards(rows: Sequence[Training], at: datetime) -> list[TrainingCard]:
    keys = [row.id for row in rows]
    providers = organisation_names(row.provider_id for row in rows)
    schedules = _next_schedules(keys, at)
    ratings = {
        row["training_id"]: (round(float(row["average"]), 1), int(row["count"]))
        for row in Rating.objects.filter(training_id__in=keys)
        .values("training_id")
        .annotate(average=Avg("stars"), count=Count("id"))
    }
    return [
        _card(row, providers[row.provider_id], ratings.get(row.id, (None, 0)), schedules.get(row.id)) for row in rows
    ]


def _card(
    row: Training, provider_name: str, rating: tuple[float | None, int], next_schedule: ScheduleView | None
) -> TrainingCard:
    return TrainingCard(
        id=row.id,
        code=row.code,
        title=row.title,
        summary=row.summary,
        provider_id=row.provider_id,
        provider_name=provider_name,
        skills=tuple(row.skills),
        mode=row.mode,
        hours=row.hours,
        price=row.price,
        usual_price=row.usual_price,
        rating=rating[0],
        rating_count=rating[1],
        next_schedule=next_schedule,
    )


def _next_schedules(training_ids: Sequence[UUID], at: datetime) -> Mapping[UUID, ScheduleView]:
    """The next open schedule with a seat left that has not begun, for each training that has one."""
    rows = (
        Schedule.objects.select_related("training")
        .filter(training_id__in=training_ids, state=ScheduleState.OPEN, starts_at__gt=at, seats_taken__lt=F("seats"))
        .order_by("training_id", "starts_at", "code")
        .distinct("training_id")
    )
    return {row.training_id: _schedule(row) for row in rows}


def _schedule(row: Schedule) -> ScheduleView:
    return ScheduleView(
        id=row.id,
        code=row.code,
        training_id=row.training_id,
        training_code=row.training.code,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        sessions=row.sessions,
        days=row.days,
        seats=row.seats,
        seats_left=row.seats - row.seats_taken,
        regency_code=row.regency_code,
        state=row.state,
    )


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    return {"ratings": plain_rows(Rating.objects.filter(citizen_id=citizen_id))}
