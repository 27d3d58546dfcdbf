"""Answers to the questionnaires of a programme file."""

from django.db import models


class SurveyAnswer(models.Model):
    """One recipient's answers to one survey; the questions stand in the programme file under `rulebook_id`."""

    id = models.UUIDField(primary_key=True)
    award_id = models.UUIDField()
    citizen_id = models.UUIDField(db_index=True)
    rulebook_id = models.UUIDField()
    number = models.PositiveSmallIntegerField()
    answers = models.JSONField()
    answered_at = models.DateTimeField()

    class Meta:
        db_table = "surveys_answer"
        constraints = (
            models.UniqueConstraint(fields=["award_id", "number"], name="survey_answered_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="survey_number_counted"),
        )

    def __str__(self) -> str:
        return f"{self.award_id} survey {self.number}"
