"""Partner organisations for tests, made by calling actions."""

from datetime import UTC, datetime

from bekal.core.events import Actor
from bekal.partners.actions import IssuedCredential, issue_credential, register_organisation
from bekal.partners.models import Organisation

AT = datetime(2023, 8, 1, 3, 0, tzinfo=UTC)
BY = Actor.system("tests")


def organisation(kind: str = "provider", code: str = "LP-1", *, commission_percent: int | None = None) -> Organisation:
    return register_organisation(
        by=BY,
        at=AT,
        kind=kind,
        code=code,
        name=f"Organisasi {code}",
        regency_code="32.73",
        bank_account="1234567890",
        commission_percent=commission_percent,
    )


def credential(made: Organisation) -> IssuedCredential:
    return issue_credential(by=BY, at=AT, organisation_id=made.id)
