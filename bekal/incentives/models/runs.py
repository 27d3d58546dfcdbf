"""Pay runs: the orders that two members of staff let go together."""

from django.db import models
from django.db.models import Q

from bekal.core.machine import state_check
from bekal.incentives.models.accounts import Channel


class RunState(models.TextChoices):
    DRAFTING = "drafting"
    PLANNED = "planned"
    APPROVED = "approved"
    HALTED = "halted"
    REJECTED = "rejected"
    CLOSED = "closed"


UNDECIDED = (RunState.DRAFTING, RunState.PLANNED)
RUN_MOVES: dict[str, set[str]] = {
    RunState.DRAFTING: {RunState.PLANNED},
    RunState.PLANNED: {RunState.APPROVED, RunState.REJECTED},
    RunState.APPROVED: {RunState.HALTED, RunState.CLOSED},
    RunState.HALTED: {RunState.APPROVED},
    RunState.REJECTED: set(),
    RunState.CLOSED: set(),
}


class PayRun(models.Model):
    """Orders of one channel, planned by one member of staff and approved by another.

    `drafting`: its orders are being planned piece by piece; accounts up to `drafted_to` have been looked at.
    `halted`: the payer told us to stop.
    """

    id = models.UUIDField(primary_key=True)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=8, choices=RunState.choices)
    digest = models.CharField(max_length=64, default="", blank=True)
    drafted_to = models.UUIDField(null=True)
    orders_count = models.PositiveIntegerField()
    total_amount = models.PositiveBigIntegerField()
    planned_by = models.CharField(max_length=64)
    approved_by = models.CharField(max_length=64, default="", blank=True)
    halted_code = models.CharField(max_length=16, default="", blank=True)
    planned_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "incentives_pay_run"
        constraints = (
            state_check(RunState, "pay_run_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=[*UNDECIDED, "rejected"], approved_by="")
                | Q(~Q(state__in=[*UNDECIDED, "rejected"]), ~Q(approved_by__in=["", models.F("planned_by")])),
                name="pay_run_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(state__in=UNDECIDED, decided_at=None)
                | Q(~Q(state__in=UNDECIDED), decided_at__isnull=False),
                name="pay_run_decided_at_with_state",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | Q(~Q(state="closed"), closed_at=None),
                name="pay_run_closed_at_with_state",
            ),
            models.CheckConstraint(condition=Q(orders_count__gte=1, total_amount__gte=1), name="pay_run_not_empty"),
            models.CheckConstraint(
                condition=Q(state="drafting", digest="") | Q(~Q(state="drafting"), ~Q(digest=""), drafted_to=None),
                name="pay_run_digest_when_whole",
            ),
            models.UniqueConstraint(
                fields=["channel"], condition=Q(state="drafting"), name="pay_run_one_draft_a_channel"
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
