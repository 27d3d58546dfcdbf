"""Keeping that people stand in registers."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from bekal.citizens.models import Citizen
from bekal.citizens.ports import RegistryAnswer
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.eligibility.models import Fact, Review, Stands, Verdict
from bekal.eligibility.queries import facts_about
from bekal.eligibility.rules.definition import PRIOR_RECIPIENT

REGISTRY = "civil_registry"

_RECORD = """
    INSERT INTO eligibility_fact AS f (nik_ref, kind, standing, source, as_of, recorded_at)
    SELECT c.nik_ref, %s, 'stands', %s, %s, %s FROM citizens_citizen c WHERE c.id = ANY(%s)
    ON CONFLICT (nik_ref, kind) DO UPDATE
        SET standing = 'stands', source = excluded.source, as_of = excluded.as_of, recorded_at = excluded.recorded_at
        WHERE f.standing <> 'stands' OR f.as_of < excluded.as_of
"""


@action
def record_fact(*, by: Actor, at: datetime, kind: str, citizen_id: UUID, source: str, as_of: date) -> None:
    """Keep that a person stands in a register. Known already: no change."""
    record_facts(by=by, at=at, kind=kind, citizen_ids=[citizen_id], source=source, as_of=as_of)


@action
def record_facts(*, by: Actor, at: datetime, kind: str, citizen_ids: Sequence[UUID], source: str, as_of: date) -> None:
    """Keep that many people stand in a register, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [kind, source, as_of, at, list(citizen_ids)])
        changed = cursor.rowcount
    if not changed:
        events.nothing_changed()
        return
    data = {"register": kind, "as_of": as_of.isoformat(), "people": changed}
    person = citizen_ids[0] if len(citizen_ids) == 1 else None
    events.record(kind="eligibility.facts_recorded", by=by, at=at, about="register", key=kind, person=person, data=data)


@action
def end_fact(*, by: Actor, at: datetime, kind: str, citizen_id: UUID, source: str, as_of: date) -> None:
    """Keep that a person no longer stands in a register. Known already: no change."""
    ref = Citizen.objects.values_list("nik_ref", flat=True).get(id=citizen_id)
    rows = Fact.objects.filter(nik_ref=ref, kind=kind).exclude(standing=Stands.ENDED)
    if not rows.update(standing=Stands.ENDED, source=source, as_of=as_of, recorded_at=at):
        events.nothing_changed()
        return
    data = {"register": kind, "as_of": as_of.isoformat()}
    events.record(kind="eligibility.fact_ended", by=by, at=at, about="register", key=kind, person=citizen_id, data=data)


@action
def record_registers(*, by: Actor, at: datetime, citizen_id: UUID, answer: RegistryAnswer) -> None:
    """Keep in which registers the civil registry sees a person, and in which it no longer does.

    An answer about nobody changes nothing; one that is older than a fact does not end that fact.
    """
    before = {}
    if answer.result != "not_found":
        ref = Citizen.objects.values_list("nik_ref", flat=True).get(id=citizen_id)
        before = {fact.kind: fact for fact in facts_about(ref) if fact.standing != Stands.ENDED}
        for kind in answer.registers:
            if kind not in before:
                record_fact(by=by, at=at, kind=kind, citizen_id=citizen_id, source=REGISTRY, as_of=answer.as_of)
    for kind, fact in before.items():
        if fact.source == REGISTRY and kind not in answer.registers and fact.as_of <= answer.as_of:
            end_fact(by=by, at=at, kind=kind, citizen_id=citizen_id, source=REGISTRY, as_of=answer.as_of)
    events.nothing_changed()


@action
def forget_decisions(*, by: Actor, at: datetime, citizen_id: UUID) -> bool:
    """Drop what was decided about a person, and what the civil registry told because they had registered.

    What stays speaks of the NIK whoever registers under it: that it had its one benefit, and what agencies' own lists
    say. Returns whether anything stays.
    """
    ref = Citizen.objects.values_list("nik_ref", flat=True).get(id=citizen_id)
    Verdict.objects.filter(citizen_id=citizen_id).delete()
    Review.objects.filter(citizen_id=citizen_id).delete()
    Fact.objects.filter(nik_ref=ref, source=REGISTRY).exclude(kind=PRIOR_RECIPIENT).delete()
    Fact.objects.filter(nik_ref=ref, standing=Stands.ENDED).delete()
    events.record_person(kind="eligibility.decisions_forgotten", by=by, at=at, person=citizen_id)
    return Fact.objects.filter(nik_ref=ref).exists()
