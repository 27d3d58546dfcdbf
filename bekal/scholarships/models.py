"""Awards."""

from django.db import models
from django.db.models import F, Q

from bekal.core.machine import state_check


class State(models.TextChoices):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


MOVES: dict[str, set[str]] = {
    State.ACTIVE: {State.EXPIRED, State.REVOKED, State.WITHDRAWN, State.CLOSED},
    State.EXPIRED: {State.WITHDRAWN, State.CLOSED},
    State.REVOKED: set(),
    State.WITHDRAWN: {State.CLOSED},
    State.CLOSED: set(),
}


class Award(models.Model):
    """One person's scholarship. Its money stands in the ledger under `award:<id>:training` and `award:<id>:incentive`.

    `purchase_due_at`: until when the next training must be bought; none while one is under way.
    `family_place`: which of the places of a family card this award takes; unique per programme and card.
    `replaces`: the revoked award whose place this one took from the waiting list.
    """

    id = models.UUIDField(primary_key=True)
    wave_id = models.UUIDField()
    application_id = models.UUIDField(unique=True)
    citizen_id = models.UUIDField()
    rulebook_id = models.UUIDField()
    programme_code = models.CharField(max_length=40)
    region = models.CharField(max_length=5)
    regency_code = models.CharField(max_length=5)
    group = models.CharField(max_length=32)
    family_ref = models.UUIDField()
    family_place = models.PositiveSmallIntegerField()
    family_limit = models.PositiveSmallIntegerField()
    card_number = models.CharField(max_length=16, unique=True)
    training_amount = models.BigIntegerField()
    incentive_amount = models.BigIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.ACTIVE)
    granted_at = models.DateTimeField()
    first_purchase_at = models.DateTimeField(null=True)
    purchase_due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replacement")

    class Meta:
        constraints = (
            state_check(State, "award_state_known"),
            models.UniqueConstraint(fields=["citizen_id", "programme_code"], name="award_once_in_a_lifetime"),
            models.UniqueConstraint(
                fields=["programme_code", "family_ref", "family_place"], name="award_family_place_once"
            ),
            models.CheckConstraint(
                condition=Q(family_place__gte=1, family_place__lte=F("family_limit")), name="award_family_limit"
            ),
            models.CheckConstraint(
                condition=Q(training_amount__gte=0, incentive_amount__gte=0), name="award_amounts_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(state="active", ended_at=None) | (~Q(state="active") & Q(ended_at__isnull=False)),
                name="award_ended_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="revoked") | Q(first_purchase_at=None), name="award_revoked_unused"
            ),
        )
        indexes = (
            models.Index(fields=["wave_id", "state"], name="award_wave_state"),
            models.Index(fields=["purchase_due_at"], name="award_due", condition=Q(state="active")),
        )

    def __str__(self) -> str:
        return self.card_number
