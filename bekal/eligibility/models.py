"""Registers of facts about people, and verdicts with their reasons."""

from django.db import models


class Fact(models.Model):
    """That the person behind a blind index stands in a register, or no longer does; who says so, as of when."""

    id = models.UUIDField(primary_key=True)
    nik_index = models.BinaryField()
    kind = models.CharField(max_length=40)
    stands = models.BooleanField(default=True)
    source = models.CharField(max_length=64)
    as_of = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["nik_index", "kind"], name="fact_once_a_register"),)

    def __str__(self) -> str:
        return f"{self.kind} as of {self.as_of}"


class Verdict(models.Model):
    """The last decision about a person under one version of a programme; earlier ones stand in the events."""

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField()
    rulebook_id = models.UUIDField()
    eligible = models.BooleanField()
    results = models.JSONField()
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["citizen_id", "rulebook_id"], name="verdict_once_a_version"),)

    def __str__(self) -> str:
        return f"{self.citizen_id} {'eligible' if self.eligible else 'not eligible'}"
