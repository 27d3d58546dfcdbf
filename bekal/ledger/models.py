"""Accounts and transfers. TigerBeetle's shape: two ends, four counters, pending and resolved, nothing ever changed."""

from django.db import models
from django.db.models import F, Func, Q, Value

NUMBERS = "ledger_transfer_number_seq"


class Limit(models.TextChoices):
    DEBITS = "debits"
    NONE = "none"


class Phase(models.TextChoices):
    SINGLE = "single"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


class Account(models.Model):
    """A place where money can be. `limit=debits`: never more out (pending included) than came in."""

    key = models.CharField(max_length=80, primary_key=True)
    kind = models.CharField(max_length=24)
    limit = models.CharField(max_length=8, choices=Limit.choices)
    currency = models.CharField(max_length=3, default="IDR")
    debits_pending = models.BigIntegerField(default=0)
    debits_posted = models.BigIntegerField(default=0)
    credits_pending = models.BigIntegerField(default=0)
    credits_posted = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(limit__in=Limit.values), name="account_limit_known"),
            models.CheckConstraint(
                condition=Q(debits_pending__gte=0, debits_posted__gte=0, credits_pending__gte=0, credits_posted__gte=0),
                name="account_counters_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(limit="none") | Q(credits_posted__gte=F("debits_posted") + F("debits_pending")),
                name="account_not_overdrawn",
            ),
        )

    def __str__(self) -> str:
        return self.key


class Transfer(models.Model):
    """Money from `debit` to `credit`; append-only. A post or void is a transfer that names its pending one."""

    key = models.UUIDField(primary_key=True)
    number = models.BigIntegerField(unique=True, db_default=Func(Value(NUMBERS), function="nextval"))
    debit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    credit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    code = models.CharField(max_length=24)
    phase = models.CharField(max_length=8, choices=Phase.choices)
    reference = models.CharField(max_length=120, unique=True)
    pending = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="resolution")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_two_ends"),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="transfer_phase_known"),
            models.CheckConstraint(
                condition=Q(phase__in=["post", "void"], pending__isnull=False)
                | Q(phase__in=["single", "pending"], pending=None),
                name="transfer_resolution_names_pending",
            ),
        )

    def __str__(self) -> str:
        return self.reference


class Seal(models.Model):
    """A Merkle root over a run of transfers, chained to the seal before. Append-only."""

    number = models.BigIntegerField(primary_key=True)
    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField(unique=True)
    size = models.BigIntegerField()
    root = models.BinaryField()
    previous = models.BinaryField()
    chain = models.BinaryField(unique=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(last__gte=F("first")), name="seal_run_not_empty"),)

    def __str__(self) -> str:
        return str(self.number)
