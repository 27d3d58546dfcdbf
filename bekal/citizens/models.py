"""People: what they said, sealed where it identifies them, and what the civil registry said back."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from bekal.citizens.rules import FACE_PHOTO, FACE_REFUSALS, FAMILY, NIK, PHONE
from bekal.core.fields import SealedField
from bekal.core.machine import state_check


class State(models.TextChoices):
    REGISTERED = "registered"
    VERIFIED = "verified"
    MISMATCHED = "mismatched"


MOVES: dict[str, set[str]] = {
    State.REGISTERED: {State.VERIFIED, State.MISMATCHED},
    State.MISMATCHED: {State.VERIFIED, State.REGISTERED},
    State.VERIFIED: set(),
}


class Citizen(models.Model):
    """One registered person. Only the vault opens `*_sealed` columns; `nik_ref`, `family_ref` and `phone_ref` are the
    references that stand for these numbers (core.marks)."""

    id = models.UUIDField(primary_key=True)
    nik_sealed = SealedField(place=NIK, by_row=True)
    nik_ref = models.UUIDField(db_index=True)
    family_sealed = SealedField(place=FAMILY, by_row=True)
    family_ref = models.UUIDField(db_index=True)
    phone_sealed = SealedField(place=PHONE, by_row=True)
    phone_ref = models.UUIDField()
    name = models.CharField(max_length=200)
    birth_date = models.DateField()
    sex = models.CharField(max_length=1)
    regency_code = models.CharField(max_length=5, db_index=True)
    schooling = models.CharField(max_length=16)
    disability = models.CharField(max_length=40, default="")
    occupation = models.CharField(max_length=16)
    interests = ArrayField(models.CharField(max_length=40), default=list)
    language = models.CharField(max_length=2, default="id")
    state = models.CharField(max_length=16, choices=State.choices, default=State.REGISTERED)
    mismatching = ArrayField(models.CharField(max_length=16), default=list)
    registry_as_of = models.DateField(null=True)
    registered_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            state_check(State, "citizen_state_known"),
            models.CheckConstraint(condition=Q(sex__in=("F", "M")), name="citizen_sex_known"),
            models.CheckConstraint(
                condition=Q(state=State.VERIFIED, verified_at__isnull=False)
                | (~Q(state=State.VERIFIED) & Q(verified_at__isnull=True)),
                name="citizen_verified_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state=State.MISMATCHED, mismatching__len__gt=0)
                | (~Q(state=State.MISMATCHED) & Q(mismatching=[])),
                name="citizen_mismatch_names_fields",
            ),
            models.CheckConstraint(
                condition=Q(state=State.REGISTERED) | Q(checked_at__isnull=False, registry_as_of__isnull=False),
                name="citizen_checked_has_time",
            ),
        )
        indexes = (
            models.Index(fields=["registered_at"], name="citizen_unchecked", condition=Q(state=State.REGISTERED)),
            models.Index(fields=["birth_date"], name="citizen_birth_date"),
        )

    def __str__(self) -> str:
        return str(self.id)


class Holding(models.Model):
    """Whose number it is: no NIK and no phone number stands for two people. `ref`: the number's reference.

    A table of its own, so that it can be distributed by the reference when `citizens_citizen` is distributed by its id.
    """

    ref = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=8)
    citizen_id = models.UUIDField(db_index=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(kind__in=("nik", "phone")), name="holding_kind_known"),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.citizen_id}"


class Consent(models.Model):
    """What a person allowed, for one purpose. `taken`: how: online, or before whoever helped (`rows.TAKEN`)."""

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField()
    purpose = models.CharField(max_length=24)
    given_at = models.DateTimeField()
    taken = models.CharField(max_length=12, default="online")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["citizen_id", "purpose"], name="consent_once_a_purpose"),)

    def __str__(self) -> str:
        return f"{self.purpose} by {self.citizen_id}"


class FaceState(models.TextChoices):
    WAITING = "waiting"
    OPEN = "open"
    MATCHED = "matched"
    REVIEW = "review"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


FACE_MOVES: dict[str, set[str]] = {
    FaceState.WAITING: {FaceState.MATCHED, FaceState.OPEN, FaceState.REVIEW},
    FaceState.OPEN: {FaceState.WAITING},
    FaceState.REVIEW: {FaceState.CONFIRMED, FaceState.REFUSED},
    FaceState.REFUSED: {FaceState.WAITING},
    FaceState.MATCHED: set(),
    FaceState.CONFIRMED: set(),
}


FACE_SETTLED = (FaceState.MATCHED, FaceState.CONFIRMED, FaceState.REFUSED)


class FaceCheck(models.Model):
    """Whether a person's face is the registry's.

    waiting: a photo is here and its answer is not; open: the person's turn; review: a human looks.

    `number` counts the photos; `tried` those that were answered in this round, which ends when a human decided.
    """

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField(unique=True)
    state = models.CharField(max_length=16, choices=FaceState.choices, default=FaceState.WAITING)
    number = models.PositiveIntegerField(default=1)
    tried = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    review_due_on = models.DateField(null=True)
    taken_by = models.CharField(max_length=128, default="")
    taken_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    refused_for = models.CharField(max_length=24, default="")

    class Meta:
        constraints = (
            state_check(FaceState, "face_state_known"),
            models.CheckConstraint(
                condition=~Q(state=FaceState.REVIEW) | Q(review_due_on__isnull=False), name="face_review_has_date"
            ),
            models.CheckConstraint(
                condition=Q(state=FaceState.REFUSED, refused_for__in=FACE_REFUSALS)
                | (~Q(state=FaceState.REFUSED) & Q(refused_for="")),
                name="face_refusal_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(state__in=FACE_SETTLED, settled_at__isnull=False)
                | (~Q(state__in=FACE_SETTLED) & Q(settled_at__isnull=True)),
                name="face_settled_has_time",
            ),
            models.CheckConstraint(
                condition=Q(taken_by="", taken_at__isnull=True) | (~Q(taken_by="") & Q(taken_at__isnull=False)),
                name="face_taken_has_time",
            ),
        )
        indexes = (
            models.Index(fields=["sent_at"], name="face_waiting", condition=Q(state=FaceState.WAITING)),
            models.Index(fields=["review_due_on", "sent_at"], name="face_review", condition=Q(state=FaceState.REVIEW)),
        )

    def __str__(self) -> str:
        return f"face of {self.citizen_id}"


class FaceTry(models.Model):
    """One answer of the face match. `score`: likeness, 0 to 100."""

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField()
    number = models.PositiveIntegerField()
    live = models.BooleanField()
    score = models.PositiveSmallIntegerField()
    answered_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["citizen_id", "number"], name="face_try_once"),
            models.CheckConstraint(condition=Q(score__lte=100), name="face_score_to_100"),
        )

    def __str__(self) -> str:
        return f"try {self.number} of {self.citizen_id}"


class FacePhoto(models.Model):
    """A person's last photo, sealed, until `keep_until`; None as long as a check or review is open."""

    citizen_id = models.UUIDField(primary_key=True)
    jpeg_sealed = SealedField(place=FACE_PHOTO, by_row=True, batch=50)
    keep_until = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return f"photo of {self.citizen_id}"
