"""Payment orders: one payment each, until its outcome is certain."""

from django.db import models
from django.db.models import Q

from bekal.core.fields import SealedField
from bekal.core.machine import state_check
from bekal.incentives.models.accounts import Channel
from bekal.incentives.models.runs import PayRun
from bekal.incentives.rules import HOLDER_PLACE, PLACE


class OrderKind(models.TextChoices):
    COMPLETION = "completion"
    SURVEY = "survey"
    SETTLEMENT = "settlement"


class OrderState(models.TextChoices):
    PLANNED = "planned"
    HELD = "held"
    APPROVED = "approved"
    SENT = "sent"
    UNKNOWN = "unknown"
    PAID = "paid"
    REFUSED = "refused"
    DROPPED = "dropped"
    RETURNED = "returned"


ORDER_MOVES: dict[str, set[str]] = {
    OrderState.PLANNED: {OrderState.APPROVED, OrderState.HELD, OrderState.DROPPED},
    OrderState.HELD: {OrderState.PLANNED, OrderState.APPROVED, OrderState.DROPPED, OrderState.PAID},
    OrderState.APPROVED: {OrderState.SENT, OrderState.HELD, OrderState.PAID, OrderState.UNKNOWN},
    OrderState.SENT: {OrderState.PAID, OrderState.REFUSED, OrderState.UNKNOWN, OrderState.APPROVED},
    OrderState.UNKNOWN: {OrderState.PAID, OrderState.REFUSED, OrderState.APPROVED},
    OrderState.PAID: {OrderState.RETURNED},
    OrderState.REFUSED: set(),
    OrderState.DROPPED: set(),
    OrderState.RETURNED: set(),
}
OPEN = (OrderState.PLANNED, OrderState.HELD, OrderState.APPROVED, OrderState.SENT, OrderState.UNKNOWN)
"""Money is set aside, and the outcome is not certain yet."""
LIVE = (*OPEN, OrderState.PAID)
DEAD = (OrderState.REFUSED, OrderState.RETURNED)
"""Certainly not with the payee: another order may take its place, and names it."""
IN_FLIGHT = (OrderState.SENT, OrderState.UNKNOWN)


class PaymentOrder(models.Model):
    """One payment to one account under one reference that never changes.

    An entitlement (award, kind, number; or one settlement) has at most one order that is not dead. A refused or
    returned order is dead; the next attempt is another order that names it in `replaces`. `sendings` counts how often
    the instruction left the house, `asks` how often the payer was asked what became of it since it left last;
    `ask_after`: when it may be asked next. `batch`: the file it travelled in, empty when it was called alone.
    """

    id = models.UUIDField(primary_key=True)
    pay_run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="orders")
    kind = models.CharField(max_length=12, choices=OrderKind.choices)
    number = models.PositiveSmallIntegerField()
    award_id = models.UUIDField(null=True)
    citizen_id = models.UUIDField(null=True, db_index=True)
    organisation_id = models.UUIDField(null=True, db_index=True)
    settlement_id = models.UUIDField(null=True)
    reference = models.CharField(max_length=64, unique=True)
    attempt = models.PositiveSmallIntegerField()
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replacements")
    amount = models.PositiveBigIntegerField()
    channel = models.CharField(max_length=8, choices=Channel.choices)
    account_sealed = SealedField(place=PLACE)
    account_ref = models.UUIDField()
    holder_sealed = SealedField(place=HOLDER_PLACE)
    state = models.CharField(max_length=8, choices=OrderState.choices)
    sendings = models.PositiveSmallIntegerField(default=0)
    last_outcome = models.CharField(max_length=8, default="", blank=True)
    partner_code = models.CharField(max_length=16, default="", blank=True)
    partner_reference = models.CharField(max_length=64, default="", blank=True)
    batch = models.CharField(max_length=35, default="", blank=True)
    asks = models.PositiveSmallIntegerField(default=0)
    held_by = models.CharField(max_length=128, default="", blank=True)
    held_why = models.CharField(max_length=200, default="", blank=True)
    planned_at = models.DateTimeField()
    intent_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    send_after = models.DateTimeField(null=True)
    ask_after = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "incentives_payment_order"
        constraints = (
            state_check(OrderState, "order_state_known"),
            models.CheckConstraint(condition=Q(amount__gte=1), name="order_amount_positive"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="order_channel_known"),
            models.CheckConstraint(
                condition=Q(kind="settlement", organisation_id__isnull=False, settlement_id__isnull=False)
                & Q(award_id=None, citizen_id=None)
                | Q(kind__in=["completion", "survey"], award_id__isnull=False, citizen_id__isnull=False)
                & Q(organisation_id=None, settlement_id=None),
                name="order_owes_somebody",
            ),
            models.UniqueConstraint(
                fields=["award_id", "kind", "number"], condition=Q(state__in=LIVE, award_id__isnull=False),
                name="order_one_alive_an_entitlement",
            ),
            models.UniqueConstraint(
                fields=["settlement_id"], condition=Q(state__in=LIVE, settlement_id__isnull=False),
                name="order_one_alive_a_settlement",
            ),
            models.CheckConstraint(
                condition=Q(attempt=1, replaces=None) | Q(attempt__gt=1, replaces__isnull=False),
                name="order_names_the_dead",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "dropped"], intent_at=None, sendings=0)
                | Q(state__in=["approved", "held"])
                | Q(
                    state__in=["sent", "unknown", "paid", "refused", "returned"], intent_at__isnull=False,
                    sendings__gte=1,
                ),
                name="order_intent_before_call",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["paid", "refused", "returned"], settled_at__isnull=False)
                | Q(~Q(state__in=["paid", "refused", "returned"]), settled_at=None),
                name="order_settled_at_with_state",
            ),
            models.CheckConstraint(
                condition=Q(Q(state="held", held_at__isnull=False), ~Q(held_by=""), ~Q(held_why=""))
                | Q(~Q(state="held"), held_at=None, held_by="", held_why=""),
                name="order_held_says_why",
            ),
            models.CheckConstraint(
                condition=Q(state="returned", returned_at__isnull=False) | Q(~Q(state="returned"), returned_at=None),
                name="order_returned_at_with_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["sent", "unknown"], ask_after__isnull=False)
                | Q(~Q(state__in=["sent", "unknown"]), ask_after=None),
                name="order_is_asked_about",
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=["channel", "send_after", "id"], name="order_to_send", condition=Q(state="approved")),
            models.Index(
                fields=["channel", "ask_after"], name="order_to_ask", condition=Q(state__in=["sent", "unknown"])
            ),
            models.Index(fields=["channel", "asked_at"], name="order_asked", condition=Q(asks__gte=1)),
            models.Index(fields=["batch", "planned_at", "id"], name="order_in_batch", condition=~Q(batch="")),
        )

    def __str__(self) -> str:
        return f"{self.reference} {self.state}"
