"""Organisations, their credentials, and the answers kept for honest retries."""

from django.db import models

from bekal.core.fields import SealedField
from bekal.core.machine import state_check


class Kind(models.TextChoices):
    PROVIDER = "provider"
    PLATFORM = "platform"
    PORTAL = "portal"
    EMPLOYER = "employer"


class OrganisationState(models.TextChoices):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class CredentialState(models.TextChoices):
    ACTIVE = "active"
    REVOKED = "revoked"


ORGANISATION_MOVES: dict[str, set[str]] = {"active": {"suspended"}, "suspended": {"active"}}
CREDENTIAL_MOVES: dict[str, set[str]] = {"active": {"revoked"}, "revoked": set()}


class Organisation(models.Model):
    """`commission_percent`: what a platform agreed to take of the price; null means as much as the programme allows."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=120)
    regency_code = models.CharField(max_length=8)
    state = models.CharField(max_length=16, choices=OrganisationState.choices, default=OrganisationState.ACTIVE)
    bank_account_sealed = SealedField(place="partners.bank_account", null=True)
    commission_percent = models.SmallIntegerField(null=True)
    registered_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["code"], name="organisation_code_once"),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="organisation_kind_known"),
            state_check(OrganisationState, "organisation_state_known"),
            models.CheckConstraint(
                condition=models.Q(commission_percent__isnull=True)
                | models.Q(kind=Kind.PLATFORM, commission_percent__gte=0, commission_percent__lte=100),
                name="organisation_commission_of_platforms",
            ),
        )
        indexes = (models.Index(fields=["kind", "name"], name="organisation_kind"),)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Credential(models.Model):
    """A client code and the sealed key that signs its requests."""

    client_code = models.CharField(primary_key=True, max_length=32)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="credentials")
    sign_key_sealed = SealedField(place="partners.sign_key")
    state = models.CharField(max_length=16, choices=CredentialState.choices, default=CredentialState.ACTIVE)
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            state_check(CredentialState, "credential_state_known"),
            models.CheckConstraint(
                condition=models.Q(state=CredentialState.ACTIVE, revoked_at__isnull=True)
                | models.Q(state=CredentialState.REVOKED, revoked_at__isnull=False),
                name="credential_revoked_has_time",
            ),
        )

    def __str__(self) -> str:
        return self.client_code


class KeptAnswer(models.Model):
    """What a signed request that changed something was answered.

    `request_key`: SHA-256 over client code, timestamp, path and signature.
    """

    request_key = models.BinaryField(primary_key=True)
    status = models.SmallIntegerField()
    body = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["at"], name="kept_answer_at"),)

    def __str__(self) -> str:
        return f"{bytes(self.request_key).hex()[:12]} {self.status}"
