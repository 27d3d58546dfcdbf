"""People: what they said, sealed where it identifies them, and what the civil registry said back."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from bekal.citizens.rules import DRAFT, FACE_PHOTO, FACE_REFUSALS, FAMILY, NIK, PHONE
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

    `reserved`: a phone number that becomes the person's when a change takes effect; until then it opens nothing.

    A table of its own, so that it can be distributed by the reference when `citizens_citizen` is distributed by its id.
    """

    ref = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=8)
    citizen_id = models.UUIDField(db_index=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=("nik", "phone", "reserved")), name="holding_kind_known"),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.citizen_id}"


class Consent(models.Model):
    """What a person allowed, for one purpose, by which version of its text; withdrawn consents stay with their time.

    `taken`: how: online, or before whoever helped (`rows.TAKEN`).
    """

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField()
    purpose = models.CharField(max_length=24)
    version = models.PositiveSmallIntegerField(default=1, db_default=1)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    taken = models.CharField(max_length=12, default="online")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["citizen_id", "purpose"], name="consent_once_a_purpose"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=models.F("given_at")),
                name="consent_withdrawn_later",
            ),
        )

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


COOLING = timedelta(hours=24)
"""How long a change of phone waits, and can be stopped; the database knows it too."""


class ChangeState(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"


CHANGE_MOVES: dict[str, set[str]] = {
    ChangeState.WAITING: {ChangeState.DONE, ChangeState.STOPPED},
    ChangeState.DONE: set(),
    ChangeState.STOPPED: set(),
}


class PhoneChange(models.Model):
    """A new phone number that takes effect a day after it was asked for. `way`: own, or recovery by two of the staff.

    `phone_sealed` is wiped when the change is over. `stop_hash`: of the secret in the link that was sent to the old
    number.
    """

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField()
    phone_sealed = SealedField(place=PHONE, by_row=True)
    phone_ref = models.UUIDField()
    way = models.CharField(max_length=8)
    state = models.CharField(max_length=8, choices=ChangeState.choices, default=ChangeState.WAITING)
    stop_hash = models.BinaryField(unique=True)
    asked_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "citizens_phone_change"
        constraints = (
            state_check(ChangeState, "phone_change_state_known"),
            models.CheckConstraint(condition=Q(way__in=("own", "recovery")), name="phone_change_way_known"),
            models.UniqueConstraint(
                fields=["citizen_id"], condition=Q(state="waiting"), name="phone_change_one_a_person"
            ),
            models.CheckConstraint(
                condition=Q(effective_at__gte=models.F("asked_at") + COOLING), name="phone_change_waits_a_day"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", closed_at=None)
                | Q(state="stopped", closed_at__isnull=False)
                | Q(state="done", closed_at__gte=models.F("effective_at")),
                name="phone_change_closed_with_state",
            ),
        )
        indexes = (models.Index(fields=["effective_at"], name="phone_change_due", condition=Q(state="waiting")),)

    def __str__(self) -> str:
        return f"phone of {self.citizen_id}: {self.state}"


class CaseState(models.TextChoices):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    STOPPED = "stopped"
    LAPSED = "lapsed"


CASE_MOVES: dict[str, set[str]] = {
    CaseState.OPEN: {CaseState.APPROVED, CaseState.REFUSED, CaseState.STOPPED, CaseState.LAPSED},
    CaseState.APPROVED: {CaseState.STOPPED},
    CaseState.REFUSED: set(),
    CaseState.STOPPED: set(),
    CaseState.LAPSED: set(),
}


class RecoveryCase(models.Model):
    """Somebody who knows a person's numbers, but no longer has their phone, asks for the account under a new number.

    `digest`: SHA-256 in hexadecimal of what is asked; two of the staff stand behind exactly this. `lapses_at`: until
    then it must be decided. `change`: what came of it. `phone_sealed` is wiped when the case is closed.
    """

    id = models.UUIDField(primary_key=True)
    citizen_id = models.UUIDField(db_index=True)
    phone_sealed = SealedField(place=PHONE, by_row=True)
    phone_ref = models.UUIDField()
    state = models.CharField(max_length=8, choices=CaseState.choices, default=CaseState.OPEN)
    digest = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    lapses_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    why = models.TextField(default="")
    change = models.OneToOneField(PhoneChange, on_delete=models.PROTECT, null=True, related_name="recovery")

    class Meta:
        db_table = "citizens_recovery_case"
        constraints = (
            state_check(CaseState, "recovery_state_known"),
            models.UniqueConstraint(fields=["citizen_id"], condition=Q(state="open"), name="recovery_one_open"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="recovery_closed_with_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(change__isnull=False), name="recovery_approved_has_change"
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(why=""), name="recovery_refused_says_why"),
        )
        indexes = (models.Index(fields=["asked_at"], name="recovery_open", condition=Q(state="open")),)

    def __str__(self) -> str:
        return f"recovery of {self.citizen_id}: {self.state}"


class Forgotten(models.Model):
    """That there was a person, where, and when they left: what published counts still need once the row is gone."""

    citizen_id = models.UUIDField(primary_key=True)
    regency_code = models.CharField(max_length=5)
    registered_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.citizen_id)


class Draft(models.Model):
    """Answers of a registration that is not sent yet, by the telephone number that was proven by a code.

    `id`: the number's reference under the draft's own place (core.marks); `answers_sealed`: JSON, question -> what was
    typed.
    """

    LIFE = timedelta(days=30)  # half of the time after which an idle number may be sold to somebody else

    id = models.UUIDField(primary_key=True)
    answers_sealed = SealedField(place=DRAFT, by_row=True)
    begun_at = models.DateTimeField()
    updated_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)
