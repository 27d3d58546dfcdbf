"""Trained recommendation models; at most one is published."""

from django.db import models
from django.db.models import Q

from bekal.core.machine import state_check


class ModelState(models.TextChoices):
    PUBLISHED = "published"
    REFUSED = "refused"
    RETIRED = "retired"


MODEL_MOVES: dict[str, set[str]] = {
    ModelState.PUBLISHED: {ModelState.RETIRED},
    ModelState.REFUSED: set(),
    ModelState.RETIRED: set(),
}


class Kind(models.TextChoices):
    EASE = "ease"
    CONTENT = "content"


class Model(models.Model):
    """One training of the recommender, numbered from 1. `items`: training ids in the order of its rows.

    `neighbours` (int32) and `weights` (float32), little-endian, row by row: for each item its `width` strongest
    neighbours.
    `card`: what it was trained on, how it was tested, and why it was published or refused.
    """

    id = models.UUIDField(primary_key=True)
    number = models.PositiveIntegerField(unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=12, choices=ModelState.choices)
    items = models.JSONField(default=list)
    counts = models.JSONField(default=list)
    width = models.PositiveIntegerField(default=0)
    neighbours = models.BinaryField(default=b"")
    weights = models.BinaryField(default=b"")
    card = models.JSONField(default=dict)
    trained_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            state_check(ModelState, "model_state_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="model_kind_known"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="published"), name="model_one_published"),
            models.CheckConstraint(
                condition=Q(state="refused", published_at=None) | (~Q(state="refused") & Q(published_at__isnull=False)),
                name="model_published_has_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.trained_at}"
