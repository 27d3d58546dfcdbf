"""Messages to people, kept until a gateway has taken them."""

from django.db import models

from bekal.core.fields import SealedField
from bekal.core.machine import state_check


class State(models.TextChoices):
    QUEUED = "queued"
    SENT = "sent"


MOVES: dict[str, set[str]] = {State.QUEUED: {State.SENT}, State.SENT: set()}


class Notice(models.Model):
    """One message. The address and the text are sealed until sent; a one-time code never rests in clear.

    `owner_key`: whose message it is, a key that means nothing in this room.
    """

    id = models.UUIDField(primary_key=True)
    reference = models.CharField(max_length=160, unique=True)
    address_sealed = SealedField(place="notices.address")
    text_sealed = SealedField(place="notices.text")
    template = models.CharField(max_length=64)
    owner_key = models.UUIDField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            state_check(State, "notice_state_known"),
            models.CheckConstraint(
                condition=models.Q(state="queued", sent_at=None) | models.Q(state="sent", sent_at__isnull=False),
                name="notice_sent_has_time",
            ),
        )
        indexes = (
            models.Index(fields=["queued_at"], name="notice_queued", condition=models.Q(state="queued")),
            models.Index(
                fields=["owner_key", "queued_at"], name="notice_of_owner", condition=models.Q(owner_key__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.template} {self.reference}"
