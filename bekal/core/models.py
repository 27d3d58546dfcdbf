"""The one table of everything that happened: audit log and outbox at once."""

from django.db import models


class Event(models.Model):
    """Who did what, about what and whom, why and when. Append-only: a trigger refuses change and deletion."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=64)
    actor_kind = models.CharField(max_length=16)
    actor_key = models.CharField(max_length=128)
    about = models.CharField(max_length=32)
    key = models.CharField(max_length=128)
    person_id = models.UUIDField(null=True)
    why = models.TextField(default="")
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["about", "key"], name="event_about_key"),
            models.Index(fields=["person_id", "at"], name="event_person", condition=models.Q(person_id__isnull=False)),
            models.Index(fields=["kind", "id"], name="event_kind"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.about}:{self.key}"


class EventLine(models.Model):
    """One thing among the many of a set-based event."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="lines")
    key = models.CharField(max_length=128)
    data = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.event_id}:{self.key}"


class Mark(models.Model):
    """The one place that knows whose number this is: the blind index of a number, and the reference that stands for it.

    While index keys are renewed a number has a row under each version. The table is distributed by the index.
    """

    index = models.BinaryField(primary_key=True)
    place = models.CharField(max_length=24)
    version = models.PositiveSmallIntegerField()
    ref = models.UUIDField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["ref", "version"], name="mark_once_a_reference"),)

    def __str__(self) -> str:
        return f"{self.place} of {self.ref}"
