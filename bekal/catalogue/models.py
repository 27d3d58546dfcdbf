"""Trainings, schedules, reviews, ties of assessors, ratings."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from bekal.core.machine import state_check


class Mode(models.TextChoices):
    SELF_PACED = "self_paced"
    WEBINAR = "webinar"
    OFFLINE = "offline"
    BLENDED = "blended"


class TrainingState(models.TextChoices):
    PROPOSED = "proposed"
    CURATED = "curated"
    REFUSED = "refused"
    SUSPENDED = "suspended"


class ScheduleState(models.TextChoices):
    OPEN = "open"
    CLOSED = "closed"


TRAINING_MOVES: dict[str, set[str]] = {
    "proposed": {"curated", "refused"},
    "curated": {"suspended"},
    "refused": set(),
    "suspended": {"curated"},
}
SCHEDULE_MOVES: dict[str, set[str]] = {"open": {"closed"}, "closed": set()}


class Training(models.Model):
    """`hours`: whole lesson hours.

    `price`: whole rupiah; `usual_price`: the price without the programme's discount, if there is one.

    `rulebook_id`: the programme version under whose standard it was proposed.
    """

    id = models.UUIDField(primary_key=True)
    code = models.CharField(max_length=32)
    provider_id = models.UUIDField()
    rulebook_id = models.UUIDField()
    title = models.CharField(max_length=160)
    summary = models.TextField()
    skills = ArrayField(models.CharField(max_length=64))
    mode = models.CharField(max_length=16, choices=Mode.choices)
    hours = models.SmallIntegerField()
    price = models.BigIntegerField()
    usual_price = models.BigIntegerField(null=True)
    age_min = models.SmallIntegerField(null=True)
    schooling_min = models.CharField(max_length=16, null=True)
    state = models.CharField(max_length=16, choices=TrainingState.choices, default=TrainingState.PROPOSED)
    proposed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    words = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="indonesian")
        + SearchVector("summary", weight="B", config="indonesian"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["code"], name="training_code_once"),
            state_check(TrainingState, "training_state_known"),
            models.CheckConstraint(condition=models.Q(mode__in=Mode.values), name="training_mode_known"),
            models.CheckConstraint(
                condition=models.Q(hours__gt=0, price__gte=0)
                & (models.Q(usual_price__isnull=True) | models.Q(usual_price__gte=models.F("price"))),
                name="training_hours_and_price",
            ),
            models.CheckConstraint(
                condition=models.Q(state=TrainingState.PROPOSED, decided_at__isnull=True)
                | (~models.Q(state=TrainingState.PROPOSED) & models.Q(decided_at__isnull=False)),
                name="training_decided_has_time",
            ),
        )
        indexes = (
            GinIndex(fields=["words"], name="training_words"),
            GinIndex(fields=["skills"], name="training_skills"),
            models.Index(fields=["provider_id"], name="training_provider"),
            models.Index(fields=["state", "title", "code"], name="training_state_title"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class Schedule(models.Model):
    """One run of a training.

    `days`: when it meets, as shown to people; `sessions`: how many meetings need attendance.
    """

    id = models.UUIDField(primary_key=True)
    code = models.CharField(max_length=40)
    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="schedules")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    sessions = models.SmallIntegerField()
    days = models.CharField(max_length=120)
    seats = models.IntegerField()
    seats_taken = models.IntegerField(default=0)
    regency_code = models.CharField(max_length=8, null=True)
    state = models.CharField(max_length=16, choices=ScheduleState.choices, default=ScheduleState.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["code"], name="schedule_code_once"),
            state_check(ScheduleState, "schedule_state_known"),
            models.CheckConstraint(
                condition=models.Q(seats__gt=0, seats_taken__gte=0, seats_taken__lte=models.F("seats")),
                name="schedule_seats_never_oversold",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="schedule_ends_after_start"
            ),
            models.CheckConstraint(
                condition=models.Q(sessions__gte=1, sessions__lte=998), name="schedule_sessions_counted"
            ),
            models.CheckConstraint(
                condition=models.Q(state=ScheduleState.OPEN, closed_at__isnull=True)
                | models.Q(state=ScheduleState.CLOSED, closed_at__isnull=False),
                name="schedule_closed_has_time",
            ),
        )
        indexes = (models.Index(fields=["training", "starts_at"], name="schedule_of_training"),)

    def __str__(self) -> str:
        return self.code


class Review(models.Model):
    """One assessor's blind score, 0 to 100. `number` is 1 or 2: there is no third."""

    id = models.UUIDField(primary_key=True)
    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="reviews")
    number = models.SmallIntegerField()
    assessor = models.CharField(max_length=64)
    score = models.SmallIntegerField()
    remark = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["training", "number"], name="review_number_once"),
            models.UniqueConstraint(fields=["training", "assessor"], name="review_assessor_once"),
            models.CheckConstraint(condition=models.Q(number__in=[1, 2]), name="review_two_at_most"),
            models.CheckConstraint(condition=models.Q(score__gte=0, score__lte=100), name="review_score_range"),
        )

    def __str__(self) -> str:
        return f"{self.training_id} {self.number}"


class Tie(models.Model):
    """An assessor's declared tie to a provider: work, money or family."""

    id = models.UUIDField(primary_key=True)
    assessor = models.CharField(max_length=64)
    provider_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["assessor", "provider_id"], name="tie_once"),)

    def __str__(self) -> str:
        return f"{self.assessor} {self.provider_id}"


class Rating(models.Model):
    """A learner's verdict: 1 to 5 stars and words."""

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField()
    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="ratings")
    stars = models.SmallIntegerField()
    words = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["citizen_id", "training"], name="rating_once"),
            models.CheckConstraint(condition=models.Q(stars__gte=1, stars__lte=5), name="rating_stars_range"),
        )

    def __str__(self) -> str:
        return f"{self.training_id} {self.stars}"
