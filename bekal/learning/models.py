"""One person's way through one training: enrolment, attendance, assignments, certificate."""

from django.db import models
from django.db.models import F, Q

from bekal.core.machine import state_check


class EnrolmentState(models.TextChoices):
    OPENED = "opened"
    REDEEMED = "redeemed"
    COMPLETED = "completed"


ENROLMENT_MOVES: dict[str, set[str]] = {
    EnrolmentState.OPENED: {EnrolmentState.REDEEMED},
    EnrolmentState.REDEEMED: {EnrolmentState.COMPLETED},
    EnrolmentState.COMPLETED: set(),
}


class Enrolment(models.Model):
    """A redeem code in use. The schedule's facts are those of the day the code was first shown."""

    id = models.UUIDField(primary_key=True)
    purchase_id = models.UUIDField(unique=True)
    award_id = models.UUIDField(null=True, db_index=True)
    citizen_id = models.UUIDField(db_index=True)
    training_id = models.UUIDField()
    provider_id = models.UUIDField(db_index=True)
    provider_name = models.CharField(max_length=120)
    training_code = models.CharField(max_length=32)
    training_title = models.CharField(max_length=160)
    rulebook_id = models.UUIDField()
    redeem_code = models.CharField(max_length=32, unique=True)
    email_index = models.BinaryField(null=True)
    mode = models.CharField(max_length=16)
    sessions = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=EnrolmentState.choices)
    post_test_score = models.PositiveSmallIntegerField(null=True)
    opened_at = models.DateTimeField()
    redeemed_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "learning_enrolment"
        constraints = (
            state_check(EnrolmentState, "enrolment_state_known"),
            models.UniqueConstraint(fields=["training_id", "email_index"], name="enrolment_email_once_a_training"),
            models.CheckConstraint(
                condition=Q(state="opened", redeemed_at=None)
                | Q(state__in=["redeemed", "completed"], redeemed_at__isnull=False),
                name="enrolment_redeemed_at_with_state",
            ),
            models.CheckConstraint(
                condition=Q(state="completed", completed_at__isnull=False)
                | Q(~Q(state="completed"), completed_at=None),
                name="enrolment_completed_at_with_state",
            ),
            models.CheckConstraint(
                condition=Q(post_test_score=None) | Q(post_test_score__lte=100), name="enrolment_score_within_100"
            ),
            models.CheckConstraint(condition=Q(sessions__gte=1, sessions__lte=998), name="enrolment_sessions_counted"),
        )

    def __str__(self) -> str:
        return f"{self.redeem_code} {self.state}"


class AttendanceState(models.TextChoices):
    OPENED = "opened"
    TO_CONFIRM = "to_confirm"
    PRESENT = "present"


ATTENDANCE_MOVES: dict[str, set[str]] = {
    AttendanceState.OPENED: {AttendanceState.PRESENT, AttendanceState.TO_CONFIRM},
    AttendanceState.TO_CONFIRM: {AttendanceState.PRESENT},
    AttendanceState.PRESENT: set(),
}


class Proof(models.TextChoices):
    FACE = "face"
    PROVIDER = "provider"


class Attendance(models.Model):
    """One session of one enrolment; sequence 999 is the post-test."""

    id = models.UUIDField(primary_key=True)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="attendances")
    sequence = models.PositiveSmallIntegerField()
    token = models.CharField(max_length=43, unique=True)
    redirect_uri = models.CharField(max_length=500)
    state = models.CharField(max_length=16, choices=AttendanceState.choices)
    proof = models.CharField(max_length=16, choices=Proof.choices, default="", blank=True)
    score = models.PositiveSmallIntegerField(null=True)
    opened_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "learning_attendance"
        constraints = (
            state_check(AttendanceState, "attendance_state_known"),
            models.UniqueConstraint(fields=["enrolment", "sequence"], name="attendance_once_a_session"),
            models.CheckConstraint(
                condition=Q(sequence__gte=1, sequence__lte=999), name="attendance_sequence_within_999"
            ),
            models.CheckConstraint(
                condition=Q(state="present", verified_at__isnull=False, proof__in=Proof.values)
                | Q(~Q(state="present"), verified_at=None, proof=""),
                name="attendance_proof_with_state",
            ),
            models.CheckConstraint(
                condition=Q(state="opened", checked_at=None) | Q(~Q(state="opened"), checked_at__isnull=False),
                name="attendance_checked_at_with_state",
            ),
        )

    def __str__(self) -> str:
        return f"{self.enrolment_id} #{self.sequence} {self.state}"


class AssignmentState(models.TextChoices):
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"


ASSIGNMENT_MOVES: dict[str, set[str]] = {
    AssignmentState.SUBMITTED: {AssignmentState.ACCEPTED, AssignmentState.RETURNED},
    AssignmentState.RETURNED: {AssignmentState.SUBMITTED},
    AssignmentState.ACCEPTED: set(),
}


class Assignment(models.Model):
    """A practice task (scope tpm, 1 to 998) or the skill demonstration (scope uk, 999), with the trainer's words."""

    id = models.UUIDField(primary_key=True)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="assignments")
    scope = models.CharField(max_length=3)
    sequence = models.PositiveSmallIntegerField()
    url_file = models.CharField(max_length=500)
    state = models.CharField(max_length=16, choices=AssignmentState.choices)
    notes = models.TextField(default="", blank=True)
    feedback_url = models.CharField(max_length=500, default="", blank=True)
    submitted_at = models.DateTimeField()
    feedback_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "learning_assignment"
        constraints = (
            state_check(AssignmentState, "assignment_state_known"),
            models.UniqueConstraint(fields=["enrolment", "scope", "sequence"], name="assignment_once_a_task"),
            models.CheckConstraint(
                condition=Q(scope="tpm", sequence__gte=1, sequence__lte=998) | Q(scope="uk", sequence=999),
                name="assignment_sequence_of_scope",
            ),
            models.CheckConstraint(
                condition=Q(state="submitted") | Q(feedback_at__isnull=False), name="assignment_feedback_before_verdict"
            ),
        )

    def __str__(self) -> str:
        return f"{self.enrolment_id} {self.scope} {self.sequence} {self.state}"


class CertificateState(models.TextChoices):
    REPORTED = "reported"
    VERIFIED = "verified"
    ISSUED = "issued"


CERTIFICATE_MOVES: dict[str, set[str]] = {
    CertificateState.REPORTED: {CertificateState.VERIFIED},
    CertificateState.VERIFIED: {CertificateState.ISSUED},
    CertificateState.ISSUED: set(),
}


class Certificate(models.Model):
    """The provider's report of a finished training, and what became of it.

    The evidence it was verified on stands in the row, so that the database itself refuses a certificate without
    attendance, assignment and a passed test.
    """

    id = models.UUIDField(primary_key=True)
    enrolment = models.OneToOneField(Enrolment, on_delete=models.PROTECT, related_name="certificate")
    award_id = models.UUIDField(null=True)
    citizen_id = models.UUIDField(db_index=True)
    training_id = models.UUIDField(db_index=True)
    number = models.CharField(max_length=16, unique=True)
    holder = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=CertificateState.choices)
    sessions_required = models.PositiveSmallIntegerField()
    sessions_attended = models.PositiveSmallIntegerField()
    assignment_required = models.BooleanField()
    assignment_accepted = models.BooleanField()
    post_test_pass = models.PositiveSmallIntegerField()
    post_test_score = models.PositiveSmallIntegerField()
    credential = models.JSONField(null=True)
    reported_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "learning_certificate"
        constraints = (
            state_check(CertificateState, "certificate_state_known"),
            models.CheckConstraint(
                condition=Q(state="reported")
                | Q(
                    Q(assignment_required=False) | Q(assignment_accepted=True),
                    sessions_attended__gte=F("sessions_required"),
                    post_test_score__gte=F("post_test_pass"),
                ),
                name="certificate_needs_evidence",
            ),
            models.CheckConstraint(
                condition=Q(state="reported", verified_at=None) | Q(~Q(state="reported"), verified_at__isnull=False),
                name="certificate_verified_at_with_state",
            ),
            models.CheckConstraint(
                condition=Q(state="issued", issued_at__isnull=False, credential__isnull=False)
                | Q(~Q(state="issued"), issued_at=None, credential=None),
                name="certificate_credential_with_state",
            ),
        )
        indexes = (
            models.Index(fields=["verified_at"], name="certificate_to_issue", condition=Q(state="verified")),
            models.Index(fields=["award_id", "issued_at"], name="certificate_of_award", condition=Q(state="issued")),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.state}"
