"""Staff, one-time codes, links and passkeys, when somebody last came in, and approvals by a second person."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Staff(models.Model):
    """A person who works for the programme."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=120)
    email = models.CharField(max_length=200, unique=True)
    roles = ArrayField(models.CharField(max_length=32))
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.email


class OneTimeCode(models.Model):
    """A code sent to a telephone for one act. An earlier code stays good until it expires: messages arrive late.

    `bound_to` is a keyed hash of what the code is bound to; a code that was sent to nobody has a hash no code meets.
    """

    id = models.UUIDField(primary_key=True)
    purpose = models.CharField(max_length=32)
    bound_to = models.CharField(max_length=128)
    code_hash = models.BinaryField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["purpose", "bound_to"], name="code_bound"),)

    def __str__(self) -> str:
        return f"{self.purpose} {self.bound_to}"


class SignInLink(models.Model):
    """A link that signs in one principal once."""

    token_hash = models.BinaryField(primary_key=True)
    principal_kind = models.CharField(max_length=16)
    principal_key = models.CharField(max_length=64)
    roles = ArrayField(models.CharField(max_length=32))
    demo = models.BooleanField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.principal_kind}:{self.principal_key}"


class Passkey(models.Model):
    """One WebAuthn credential. `principal`: "citizen:<id>"; `public_key`: COSE key as CBOR; `sign_count`: the last
    counter seen, 0 where the device does not count."""

    credential_id = models.BinaryField(primary_key=True)
    principal = models.CharField(max_length=96, db_index=True)
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField()
    transports = ArrayField(models.CharField(max_length=16), default=list)
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(sign_count__gte=0), name="passkey_counter_counts"),)

    def __str__(self) -> str:
        return f"{self.name} of {self.principal}"


class LastSignIn(models.Model):
    """When a principal ("citizen:<id>") last came in, and the wrong second proofs given since."""

    principal = models.CharField(max_length=96, primary_key=True)
    signed_in_at = models.DateTimeField(null=True)
    wrong_proofs = models.PositiveSmallIntegerField(default=0)
    wrong_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.principal


class Approval(models.Model):
    """Four eyes over the digest of what is to be done."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    maker = models.CharField(max_length=64)
    proposed_at = models.DateTimeField()
    checker = models.CharField(max_length=64, null=True)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["kind", "key", "digest"], name="approval_once"),
            models.CheckConstraint(
                condition=models.Q(checker=None) | ~models.Q(checker=models.F("maker")), name="approval_four_eyes"
            ),
            models.CheckConstraint(
                condition=models.Q(checker=None, approved_at=None)
                | models.Q(checker__isnull=False, approved_at__isnull=False),
                name="approval_checker_and_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class SessionsEnded(models.Model):
    """Sessions of a principal ("citizen:<id>") that began before this instant open nothing any more."""

    principal = models.CharField(max_length=96, primary_key=True)
    ended_at = models.DateTimeField()

    class Meta:
        db_table = "access_sessions_ended"

    def __str__(self) -> str:
        return self.principal
