"""What payers say they booked, and where that differs from our orders and our ledger."""

from django.db import models
from django.db.models import F, Q

from bekal.core.machine import state_check
from bekal.incentives.differences import KINDS
from bekal.incentives.models.accounts import Channel


class StatementState(models.TextChoices):
    TAKEN = "taken"
    COMPARED = "compared"


STATEMENT_MOVES: dict[str, set[str]] = {
    StatementState.TAKEN: {StatementState.COMPARED},
    StatementState.COMPARED: set(),
}


class PayerStatement(models.Model):
    """What a payer booked on our account on one day. `sha256`: of the file as it was laid down. Sums: whole rupiah."""

    id = models.UUIDField(primary_key=True)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    number = models.CharField(max_length=64)
    account = models.CharField(max_length=34)
    day = models.DateField()
    opening = models.BigIntegerField()
    closing = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    entries_count = models.PositiveIntegerField()
    paid_amount = models.PositiveBigIntegerField()
    returned_amount = models.PositiveBigIntegerField()
    in_amount = models.PositiveBigIntegerField()
    fee_amount = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=StatementState.choices)
    taken_at = models.DateTimeField()
    compared_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "incentives_statement"
        constraints = (
            state_check(StatementState, "statement_state_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="statement_channel_known"),
            models.UniqueConstraint(fields=["channel", "number"], name="statement_once_a_number"),
            models.UniqueConstraint(fields=["channel", "day"], name="statement_once_a_day"),
            models.CheckConstraint(
                condition=Q(
                    closing=F("opening") + F("in_amount") + F("returned_amount") - F("paid_amount") - F("fee_amount")
                ),
                name="statement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(state="taken", compared_at=None) | Q(state="compared", compared_at__isnull=False),
                name="statement_compared_at_with_state",
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.number}"


class EntryKind(models.TextChoices):
    PAID = "paid"
    RETURNED = "returned"
    IN = "in"
    FEE = "fee"


class StatementEntry(models.Model):
    """One booking. `reference`: ours; where the payer names none, its statement's number and the place in it."""

    id = models.BigAutoField(primary_key=True)
    statement = models.ForeignKey(PayerStatement, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=8, choices=EntryKind.choices)
    reference = models.CharField(max_length=80)
    amount = models.PositiveBigIntegerField()
    partner_reference = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "incentives_statement_entry"
        constraints = (
            models.CheckConstraint(condition=Q(amount__gte=1), name="entry_amount_positive"),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="entry_kind_known"),
        )
        indexes = (
            models.Index(fields=["reference"], name="entry_of_payment", condition=Q(kind__in=["paid", "returned"])),
        )

    def __str__(self) -> str:
        return f"{self.reference} {self.kind}"


class DifferenceState(models.TextChoices):
    OPEN = "open"
    PROPOSED = "proposed"
    EXPLAINED = "explained"
    MENDED = "mended"


DIFFERENCE_MOVES: dict[str, set[str]] = {
    DifferenceState.OPEN: {DifferenceState.PROPOSED, DifferenceState.EXPLAINED},
    DifferenceState.PROPOSED: {DifferenceState.OPEN, DifferenceState.MENDED, DifferenceState.EXPLAINED},
    DifferenceState.EXPLAINED: set(),
    DifferenceState.MENDED: set(),
}
UNRESOLVED = (DifferenceState.OPEN, DifferenceState.PROPOSED)


class Difference(models.Model):
    """Where two of order, ledger and statement differ, in the class of `kind`; found once, resolved once.

    `reference`: of the payment, else what it is about (a statement's number, a day). The amounts are those at finding:
    that of the order, the ledger's, the payer's, and what is at stake. `owner`: the role to resolve it by `due_on`.
    `mended`: money was moved, proposed by one and agreed to by another. `why` is whoever resolved it speaking (a key
    of the texts where it was the system); `told` what was wrong with a file.
    """

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=24, choices=[(kind, kind) for kind in KINDS])
    channel = models.CharField(max_length=8, choices=Channel.choices)
    day = models.DateField()
    reference = models.CharField(max_length=120)
    statement = models.ForeignKey(PayerStatement, on_delete=models.PROTECT, null=True, related_name="differences")
    order_id = models.UUIDField(null=True)
    order_state = models.CharField(max_length=8, default="", blank=True)
    ledger_phase = models.CharField(max_length=8, default="", blank=True)
    order_amount = models.BigIntegerField(null=True)
    ledger_amount = models.BigIntegerField(null=True)
    payer_amount = models.BigIntegerField(null=True)
    stake_amount = models.PositiveBigIntegerField(default=0)
    owner = models.CharField(max_length=24)
    due_on = models.DateField()
    state = models.CharField(max_length=9, choices=DifferenceState.choices)
    told = models.CharField(max_length=300, default="", blank=True)
    why = models.CharField(max_length=300, default="", blank=True)
    proposed_by = models.CharField(max_length=64, default="", blank=True)
    resolved_by = models.CharField(max_length=64, default="", blank=True)
    found_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "incentives_difference"
        constraints = (
            state_check(DifferenceState, "difference_state_known"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="difference_kind_known"),
            models.UniqueConstraint(fields=["channel", "kind", "reference"], name="difference_once"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "proposed"], resolved_at=None, resolved_by="")
                | Q(~Q(state__in=["open", "proposed"]), ~Q(resolved_by=""), ~Q(why=""), resolved_at__isnull=False),
                name="difference_resolved_with_state",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["proposed", "mended"])
                | Q(~Q(proposed_by=""), ~Q(why=""), ~Q(resolved_by=F("proposed_by"))),
                name="difference_four_eyes",
            ),
        )
        indexes = (
            models.Index(
                fields=["kind", "due_on", "id"], name="difference_open", condition=Q(state__in=["open", "proposed"])
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.reference} {self.state}"
