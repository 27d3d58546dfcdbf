"""Where a citizen is paid."""

from django.db import models
from django.db.models import Q

from bekal.core.fields import SealedField
from bekal.core.machine import state_check
from bekal.incentives.rules import HOLDER_PLACE, PLACE


class Channel(models.TextChoices):
    BANK = "bank"
    WALLET = "wallet"


class PayeeState(models.TextChoices):
    LINKED = "linked"
    REFUSED = "refused"
    CLOSED = "closed"


PAYEE_MOVES: dict[str, set[str]] = {
    PayeeState.LINKED: {PayeeState.REFUSED, PayeeState.CLOSED},
    PayeeState.REFUSED: {PayeeState.LINKED, PayeeState.CLOSED},
    PayeeState.CLOSED: {PayeeState.LINKED},
}


class PayeeAccount(models.Model):
    """Where a citizen is paid. `refused`: the payer refused a payment for a reason that only another account cures.

    `pays_from`: before this instant no payment is planned to it: the instant of linking, or a day after a change.
    `checked_at`: when the payer said last that it is the citizen's own and open.
    """

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField(unique=True)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    account_sealed = SealedField(place=PLACE)
    account_ref = models.UUIDField(unique=True)
    account_tail = models.CharField(max_length=4)
    holder_masked = models.CharField(max_length=100)
    holder_sealed = SealedField(place=HOLDER_PLACE)
    state = models.CharField(max_length=8, choices=PayeeState.choices)
    refused_code = models.CharField(max_length=16, default="", blank=True)
    linked_at = models.DateTimeField()
    pays_from = models.DateTimeField()
    checked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "incentives_payee_account"
        constraints = (
            state_check(PayeeState, "payee_state_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="payee_channel_known"),
            models.CheckConstraint(
                condition=Q(state="linked", ended_at=None) | Q(~Q(state="linked"), ended_at__isnull=False),
                name="payee_ended_at_with_state",
            ),
            models.CheckConstraint(condition=Q(pays_from__gte=models.F("linked_at")), name="payee_pays_after_linking"),
        )

    def __str__(self) -> str:
        return f"{self.channel} …{self.account_tail} {self.state}"
