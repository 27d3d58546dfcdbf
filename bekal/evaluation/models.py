"""The outcome survey of winners and losers of a draw."""

from django.db import models
from django.db.models import Q


class OutcomeAnswer(models.Model):
    """One person asked after one draw. `monthly_income`: whole rupiah. Nobody is asked twice about one wave."""

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField()
    wave_id = models.UUIDField(db_index=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    employed = models.BooleanField(null=True)
    monthly_income = models.BigIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["citizen_id", "wave_id"], name="outcome_asked_once"),
            models.CheckConstraint(
                condition=Q(answered_at=None, employed=None, monthly_income=None)
                | Q(answered_at__isnull=False, employed__isnull=False, monthly_income__isnull=False),
                name="outcome_answered_whole",
            ),
            models.CheckConstraint(
                condition=Q(monthly_income=None) | Q(monthly_income__gte=0, monthly_income__lte=1_000_000_000),
                name="outcome_income_range",
            ),
        )

    def __str__(self) -> str:
        return f"{self.citizen_id} {self.wave_id}"
