"""What a person allows us to use their data for."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from bekal.citizens.actions.refusals import ConsentNeeded
from bekal.citizens.models import Consent
from bekal.citizens.purposes import CONSENT_VERSIONS
from bekal.citizens.rules import REQUIRED_PURPOSES
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor


@action
def give_consents(*, by: Actor, at: datetime, citizen_id: UUID, purposes: Collection[str]) -> None:
    """Allow these purposes, each by today's version of its text. Allowed already by this version: no change."""
    given = {}
    known = {row.purpose: row for row in Consent.objects.select_for_update().filter(citizen_id=citizen_id)}
    for purpose in sorted(set(purposes)):
        version, row = CONSENT_VERSIONS[purpose], known.get(purpose)
        if row is not None and row.withdrawn_at is None and row.version == version:
            continue
        Consent.objects.update_or_create(
            citizen_id=citizen_id,
            purpose=purpose,
            defaults={"version": version, "given_at": at, "withdrawn_at": None},
            create_defaults={
                "id": ids.fresh("consent", str(citizen_id), purpose), "version": version, "given_at": at,
            },
        )  # fmt: skip
        given[purpose] = version
    if not given:
        events.nothing_changed()
        return
    events.record_person(kind="citizens.consent_given", by=by, at=at, person=citizen_id, data={"versions": given})


@action
def withdraw_consent(*, by: Actor, at: datetime, citizen_id: UUID, purpose: str) -> None:
    """Take a permission back; it holds from this instant. Raises ConsentNeeded for the check of identity."""
    if purpose in REQUIRED_PURPOSES:
        raise ConsentNeeded
    row = Consent.objects.select_for_update().filter(citizen_id=citizen_id, purpose=purpose, withdrawn_at=None).first()
    if row is None:
        events.nothing_changed()
        return
    Consent.objects.filter(pk=row.pk).update(withdrawn_at=at)
    data = {"versions": {purpose: row.version}}
    events.record_person(kind="citizens.consent_withdrawn", by=by, at=at, person=citizen_id, data=data)
