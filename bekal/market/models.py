"""Purchases and settlements."""

from django.db import models
from django.db.models import Q

from bekal.core.machine import state_check


class PurchaseState(models.TextChoices):
    RESERVED = "reserved"
    PAID = "paid"
    LAPSED = "lapsed"
    VOID = "void"
    REFUNDED = "refunded"


class SettlementState(models.TextChoices):
    CLOSED = "closed"
    PAID = "paid"


PURCHASE_MOVES: dict[str, set[str]] = {
    "reserved": {"paid", "lapsed"},
    "paid": {"void", "refunded"},
    "lapsed": set(),
    "void": set(),
    "refunded": set(),
}
SETTLEMENT_MOVES: dict[str, set[str]] = {"closed": {"paid"}, "paid": {"closed"}}

_BOUGHT = Q(
    invoice_code__isnull=False,
    transaction_code__isnull=False,
    redeem_code__isnull=False,
    paid_at__isnull=False,
    settles_at__isnull=False,
)
_NOT_BOUGHT = Q(
    invoice_code__isnull=True,
    transaction_code__isnull=True,
    redeem_code__isnull=True,
    paid_at__isnull=True,
    settles_at__isnull=True,
)


class Purchase(models.Model):
    """One purchase from reservation on. Amounts in whole rupiah; `commission` is the platform's part of `amount`.

    What was sold (`training_code` to `ends_at`) is kept as it was sold. `settles_at`: from when it may be settled.
    """

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField()
    award_id = models.UUIDField()
    rulebook_id = models.UUIDField()
    training_id = models.UUIDField()
    schedule_id = models.UUIDField()
    provider_id = models.UUIDField()
    platform_id = models.UUIDField()
    platform_user = models.CharField(max_length=128)
    training_code = models.CharField(max_length=32)
    training_title = models.CharField(max_length=160)
    schedule_code = models.CharField(max_length=40)
    mode = models.CharField(max_length=16)
    sessions = models.SmallIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    amount = models.BigIntegerField()
    commission = models.BigIntegerField()
    state = models.CharField(max_length=16, choices=PurchaseState.choices, default=PurchaseState.RESERVED)
    codes_sent = models.SmallIntegerField(default=1)
    reserved_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    invoice_code = models.CharField(max_length=128, null=True)
    invoice_url = models.CharField(max_length=512, default="")
    transaction_code = models.CharField(max_length=26, null=True)
    redeem_code = models.CharField(max_length=32, null=True)
    paid_at = models.DateTimeField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    settles_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            state_check(PurchaseState, "purchase_state_known"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, commission__gte=0, commission__lte=models.F("amount")),
                name="purchase_amounts",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("reserved_at")), name="purchase_expires_later"),
            models.CheckConstraint(
                condition=(Q(state="reserved", ended_at__isnull=True) & _NOT_BOUGHT)
                | (Q(state="lapsed", ended_at__isnull=False) & _NOT_BOUGHT)
                | (Q(state="paid", ended_at__isnull=True) & _BOUGHT)
                | (Q(state__in=["void", "refunded"], ended_at__isnull=False) & _BOUGHT),
                name="purchase_columns_fit_state",
            ),
            models.CheckConstraint(
                condition=Q(redeemed_at__isnull=True) | Q(state__in=["paid", "refunded"]),
                name="purchase_redeemed_was_paid",
            ),
            models.UniqueConstraint(
                fields=["award_id"], condition=Q(state="reserved"), name="purchase_one_reservation"
            ),
            models.UniqueConstraint(
                fields=["citizen_id", "training_id"],
                condition=Q(state__in=["reserved", "paid"]),
                name="purchase_training_once",
            ),
            models.UniqueConstraint(fields=["platform_id", "invoice_code"], name="purchase_invoice_once"),
            models.UniqueConstraint(fields=["transaction_code"], name="purchase_transaction_once"),
            models.UniqueConstraint(fields=["redeem_code"], name="purchase_redeem_code_once"),
        )
        indexes = (
            models.Index(fields=["citizen_id", "reserved_at"], name="purchase_of_citizen"),
            models.Index(fields=["award_id"], name="purchase_of_award"),
            models.Index(fields=["schedule_id"], name="purchase_of_schedule"),
            models.Index(fields=["platform_id", "platform_user"], name="purchase_of_platform_user"),
            models.Index(fields=["expires_at"], condition=Q(state="reserved"), name="purchase_open"),
            models.Index(
                fields=["provider_id", "settles_at"], condition=Q(state="paid"), name="purchase_settles_provider"
            ),
            models.Index(
                fields=["platform_id", "settles_at"], condition=Q(state="paid"), name="purchase_settles_platform"
            ),
        )

    def __str__(self) -> str:
        return f"{self.training_code} {self.state}"


class Settlement(models.Model):
    """What an organisation earned by purchases that became due by `until`. `number` counts per organisation from 1."""

    id = models.UUIDField(primary_key=True)
    organisation_id = models.UUIDField()
    number = models.IntegerField()
    until = models.DateTimeField()
    amount = models.BigIntegerField()
    state = models.CharField(max_length=16, choices=SettlementState.choices, default=SettlementState.CLOSED)
    closed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            state_check(SettlementState, "settlement_state_known"),
            models.UniqueConstraint(fields=["organisation_id", "number"], name="settlement_number_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_amount_positive"),
            models.CheckConstraint(
                condition=Q(state="closed", paid_at__isnull=True) | Q(state="paid", paid_at__isnull=False),
                name="settlement_paid_has_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.number}"


class SettlementLine(models.Model):
    """One purchase's part in a settlement: the provider's share or the platform's commission."""

    id = models.BigAutoField(primary_key=True)
    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="lines")
    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="settlement_lines")
    part = models.CharField(max_length=16, choices=[("share", "share"), ("commission", "commission")])
    amount = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["purchase", "part"], name="settlement_line_once"),
            models.CheckConstraint(condition=Q(part__in=["share", "commission"]), name="settlement_line_part_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_line_amount_positive"),
        )

    def __str__(self) -> str:
        return f"{self.purchase_id} {self.part}"
