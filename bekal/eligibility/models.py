"""Registers of facts about people, verdicts with their reasons, and what a late list contests."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from bekal.core.machine import state_check


class Stands(models.TextChoices):
    STANDS = "stands"
    CONTESTED = "contested"
    ENDED = "ended"


class Outcome(models.TextChoices):
    ELIGIBLE = "eligible"
    PENDING = "pending"
    REFUSED = "refused"


class ReviewState(models.TextChoices):
    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


REVIEW_MOVES: dict[str, set[str]] = {
    ReviewState.OPEN: {ReviewState.CONFIRMED, ReviewState.DISMISSED},
    ReviewState.CONFIRMED: set(),
    ReviewState.DISMISSED: set(),
}


class RegisterList(models.Model):
    """A list of a register as an agency sent it: of which day, by which file, and how many people it names.

    `whole`: who is not on it does not stand in the register; otherwise it only adds.
    """

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=40)
    as_of = models.DateField()
    source = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    whole = models.BooleanField()
    people = models.PositiveIntegerField()
    refused_rows = models.PositiveIntegerField()
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=128)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "as_of", "sha256", "whole"], name="list_once_a_day"),)
        indexes = (models.Index(fields=["kind", "-as_of"], name="list_newest"),)

    def __str__(self) -> str:
        return f"{self.kind} as of {self.as_of}"


class Fact(models.Model):
    """That the person behind a NIK's reference stands in a register, or no longer does; who says so, as of when.

    `contested`: a list that came after a decision says so, and a person has yet to look at it.
    """

    pk = models.CompositePrimaryKey("nik_ref", "kind")
    nik_ref = models.UUIDField()
    kind = models.CharField(max_length=40)
    standing = models.CharField(max_length=9, choices=Stands.choices, default=Stands.STANDS)
    source = models.CharField(max_length=64)
    as_of = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(standing__in=Stands.values), name="fact_standing_known"),)
        indexes = (models.Index(fields=["kind", "standing"], name="fact_kind_standing"),)

    def __str__(self) -> str:
        return f"{self.kind} as of {self.as_of}"


class Verdict(models.Model):
    """The last decision about a person under one version of a programme; earlier ones stand in the events.

    `outcomes`: for each rule of the version, in its order, which arm decided (0: passed); `as_of`: the day of the data
    it rested on. `decided_on`, `age`, `regency_code` and `group` are what the decision saw.
    """

    pk = models.CompositePrimaryKey("citizen_id", "rulebook_id")
    citizen_id = models.UUIDField()
    rulebook_id = models.UUIDField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    outcomes = ArrayField(models.SmallIntegerField())
    as_of = ArrayField(models.DateField(null=True))
    age = models.SmallIntegerField()
    regency_code = models.CharField(max_length=5)
    group = models.CharField(max_length=32)
    decided_on = models.DateField()
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="verdict_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcomes__len=F("as_of__len")) | Q(outcomes=[], as_of=[]), name="verdict_dates_every_rule"
            ),
        )

    def __str__(self) -> str:
        return f"{self.citizen_id} {self.outcome}"


class Review(models.Model):
    """A past decision that a later list contests: a person looks, and either confirms the list or dismisses it."""

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    register_list = models.ForeignKey(RegisterList, on_delete=models.PROTECT, related_name="reviews")
    state = models.CharField(max_length=9, choices=ReviewState.choices, default=ReviewState.OPEN)
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    proposed_by = models.CharField(max_length=128, default="")
    why = models.TextField(default="")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=128, default="")

    class Meta:
        constraints = (
            state_check(ReviewState, "review_state_known"),
            models.UniqueConstraint(
                fields=["citizen_id", "kind"], condition=Q(state=ReviewState.OPEN), name="review_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state=ReviewState.OPEN, closed_at=None, closed_by="")
                | (~Q(state=ReviewState.OPEN) & Q(closed_at__isnull=False) & ~Q(closed_by="") & ~Q(why="")),
                name="review_closed_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReviewState.CONFIRMED) | (~Q(proposed_by="") & ~Q(proposed_by=F("closed_by"))),
                name="review_four_eyes",
            ),
        )
        indexes = (models.Index(fields=["opened_at"], name="review_open", condition=Q(state=ReviewState.OPEN)),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.citizen_id}: {self.state}"
