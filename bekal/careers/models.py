"""Vacancies of the portals, and which graduate fits which of them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q

SEARCH = SearchVector("title", "employer", "description", config="indonesian")


class Vacancy(models.Model):
    """One vacancy of one portal. Wages are whole rupiah a month; no regency means remote or not said."""

    id = models.UUIDField(primary_key=True)
    portal = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    title = models.CharField(max_length=200)
    employer = models.CharField(max_length=200)
    description = models.TextField()
    regency_code = models.CharField(max_length=5, null=True)
    skills = ArrayField(models.CharField(max_length=64), default=list)
    wage_low = models.BigIntegerField(null=True)
    wage_high = models.BigIntegerField(null=True)
    posted_on = models.DateField()
    valid_until = models.DateField(null=True)
    url = models.CharField(max_length=500)
    content_digest = models.BinaryField()
    changed_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["portal", "key"], name="vacancy_once_a_portal"),
            models.CheckConstraint(condition=Q(wage_low=None) | Q(wage_low__gt=0), name="vacancy_wage_low_positive"),
            models.CheckConstraint(condition=Q(wage_high=None) | Q(wage_high__gt=0), name="vacancy_wage_high_positive"),
            models.CheckConstraint(
                condition=Q(wage_low=None) | Q(wage_high=None) | Q(wage_high__gte=F("wage_low")),
                name="vacancy_wages_in_order",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("posted_on")), name="vacancy_dates_in_order"
            ),
        )
        indexes = (
            GinIndex(SEARCH, name="vacancy_search"),
            GinIndex(fields=["skills"], name="vacancy_skills"),
            models.Index(fields=["valid_until"], name="vacancy_valid_until"),
        )

    def __str__(self) -> str:
        return f"{self.portal}:{self.key} {self.title}"


class Graduate(models.Model):
    """A person with a certificate, and when vacancies were last looked up for them."""

    citizen_id = models.UUIDField(primary_key=True)
    matched_at = models.DateTimeField()
    next_due_on = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.citizen_id} matched {self.matched_at}"


class Match(models.Model):
    """A vacancy that suits a graduate. `reasons`: list of {"code": text key, "facts": {...}}."""

    id = models.BigAutoField(primary_key=True)
    citizen_id = models.UUIDField()
    vacancy = models.ForeignKey(Vacancy, on_delete=models.PROTECT, related_name="matches")
    score = models.PositiveIntegerField()
    reasons = models.JSONField(default=list)
    matched_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["citizen_id", "vacancy"], name="match_once"),)

    def __str__(self) -> str:
        return f"{self.citizen_id} {self.vacancy_id} {self.score}"
