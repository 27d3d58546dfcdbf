"""The programme files as they were loaded."""

from django.db import models
from django.db.models import Q

from bekal.core.machine import state_check


class State(models.TextChoices):
    LOADED = "loaded"
    USED = "used"


MOVES: dict[str, set[str]] = {State.LOADED: {State.USED}, State.USED: set()}


class RuleBook(models.Model):
    """One version of one programme: the file's text and its SHA-256. A trigger keeps the
    text as it is, and a used version for ever."""

    id = models.UUIDField(primary_key=True)
    code = models.CharField(max_length=64)
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    in_force_from = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.LOADED)
    loaded_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["code", "version"], name="rulebook_version_once"),
            state_check(State, "rulebook_state_known"),
            models.CheckConstraint(
                condition=Q(state=State.USED, used_at__isnull=False) | Q(state=State.LOADED, used_at__isnull=True),
                name="rulebook_used_has_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.code}/{self.version}"
