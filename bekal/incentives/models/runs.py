"""Pay runs: the orders that two members of staff let go together."""

from django.db import models
from django.db.models import Q

from bekal.core.machine import state_check
from bekal.incentives.models.accounts import Channel


class RunState(models.TextChoices):
    PLANNED = "planned"
    APPROVED = "approved"
    HALTED = "halted"
    REJECTED = "rejected"
    CLOSED = "closed"


RUN_MOVES: dict[str, set[str]] = {
    RunState.PLANNED: {RunState.APPROVED, RunState.REJECTED},
    RunState.APPROVED: {RunState.HALTED, RunState.CLOSED},
    RunState.HALTED: {RunState.APPROVED},
    RunState.REJECTED: set(),
    RunState.CLOSED: set(),
}


class PayRun(models.Model):
    """Orders of one channel, planned by one member of staff and approved by another.

    `halted`: the payer told us to stop.
    """

    id = models.UUIDField(primary_key=True)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=8, choices=RunState.choices)
    digest = models.CharField(max_length=64)
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
                condition=Q(state__in=["planned", "rejected"], approved_by="")
                | Q(~Q(state__in=["planned", "rejected"]), ~Q(approved_by=models.F("planned_by")), ~Q(approved_by="")),
                name="pay_run_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(state="planned", decided_at=None) | Q(~Q(state="planned"), decided_at__isnull=False),
                name="pay_run_decided_at_with_state",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | Q(~Q(state="closed"), closed_at=None),
                name="pay_run_closed_at_with_state",
            ),
            models.CheckConstraint(condition=Q(orders_count__gte=1, total_amount__gte=1), name="pay_run_not_empty"),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
