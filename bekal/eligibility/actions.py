"""Keeping facts about people and deciding about them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bekal.citizens import actions as citizens
from bekal.citizens.models import Citizen
from bekal.citizens.ports import RegistryAnswer
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.eligibility import rules
from bekal.eligibility.models import Fact, Verdict
from bekal.eligibility.queries import VerdictView, facts_about, person_facts
from bekal.rulebooks.actions import mark_used
from bekal.rulebooks.queries import is_used, programme_of

REGISTRY = "civil_registry"


@action
def record_fact(*, by: Actor, at: datetime, kind: str, nik_index: bytes, source: str, as_of: date) -> None:
    """Keep that the person behind a blind index stands in a register. Known already: no change."""
    known = {fact.kind: fact for fact in facts_about(nik_index)}.get(kind)
    if known is not None and known.stands and known.as_of >= as_of:
        events.nothing_changed()
        return
    fact = _keep([_fact(nik_index, kind, True, source, as_of, at)])[0]
    data = {"register": kind, "as_of": as_of.isoformat()}
    events.record(kind="eligibility.fact_recorded", by=by, at=at, about="fact", key=str(fact.id), data=data)


@action
def end_fact(*, by: Actor, at: datetime, kind: str, nik_index: bytes, source: str, as_of: date) -> None:
    """Keep that the person behind a blind index no longer stands in a register. Never stood: no change."""
    known = {fact.kind: fact for fact in facts_about(nik_index)}.get(kind)
    if known is None or not known.stands:
        events.nothing_changed()
        return
    fact = _keep([_fact(nik_index, kind, False, source, as_of, at)])[0]
    data = {"register": kind, "as_of": as_of.isoformat()}
    events.record(kind="eligibility.fact_ended", by=by, at=at, about="fact", key=str(fact.id), data=data)


@action
def record_facts(*, by: Actor, at: datetime, kind: str, nik_indexes: Sequence[bytes], source: str, as_of: date) -> None:
    """Keep that many people stand in a register, in one statement."""
    if not nik_indexes:
        events.nothing_changed()
        return
    facts = _keep([_fact(index, kind, True, source, as_of, at) for index in nik_indexes])
    data = {"register": kind, "as_of": as_of.isoformat(), "people": len(facts)}
    events.record(kind="eligibility.facts_recorded", by=by, at=at, about="register", key=kind, data=data)


@action
def record_registers(*, by: Actor, at: datetime, citizen_id: UUID, answer: RegistryAnswer) -> None:
    """Keep in which registers the civil registry sees a person, and in which it no longer does."""
    citizen = Citizen.objects.get(id=citizen_id)
    _record_registers(by, at, citizen, answer, facts_about(bytes(citizen.nik_index)))


@action
def decide_eligibility(*, by: Actor, at: datetime, citizen_id: UUID, rulebook_id: UUID) -> VerdictView:
    """Decide about a person under a version of a programme, from what is known now. The first decision freezes it."""
    citizen = Citizen.objects.get(id=citizen_id)
    return _decide(by, at, citizen, rulebook_id, facts_about(bytes(citizen.nik_index)))


@action
def settle_identity(
    *, by: Actor, at: datetime, citizen_id: UUID, rulebook_id: UUID, answer: RegistryAnswer
) -> VerdictView:
    """Keep the registry's answer about identity and registers, and decide: all of it or nothing."""
    citizen = citizens.record_identity(by=by, at=at, citizen_id=citizen_id, answer=answer)
    facts = _record_registers(by, at, citizen, answer, facts_about(bytes(citizen.nik_index)))
    return _decide(by, at, citizen, rulebook_id, facts)


def _record_registers(
    by: Actor, at: datetime, citizen: Citizen, answer: RegistryAnswer, facts: list[Fact]
) -> list[Fact]:
    """The facts as they stand after the answer. An answer about nobody, or older than a fact, changes nothing."""
    if answer.result == "not_found":
        events.nothing_changed()
        return facts
    standing = {fact.kind: fact for fact in facts}
    changed = [
        _fact(bytes(citizen.nik_index), kind, True, REGISTRY, answer.as_of, at)
        for kind in answer.registers
        if kind not in standing or not standing[kind].stands
    ]
    changed += [
        _fact(bytes(citizen.nik_index), fact.kind, False, REGISTRY, answer.as_of, at)
        for fact in facts
        if fact.stands and fact.source == REGISTRY and fact.kind not in answer.registers and fact.as_of <= answer.as_of
    ]
    if not changed:
        events.nothing_changed()
        return facts
    _keep(changed)
    data = {"registers": {fact.kind: fact.stands for fact in changed}, "as_of": answer.as_of.isoformat()}
    _record("eligibility.registers_recorded", by, at, citizen.id, data)
    return list((standing | {fact.kind: fact for fact in changed}).values())


def _decide(by: Actor, at: datetime, citizen: Citizen, rulebook_id: UUID, facts: list[Fact]) -> VerdictView:
    if not is_used(rulebook_id):
        mark_used(by=by, at=at, rulebook_id=rulebook_id)
    found = rules.verdict(programme_of(rulebook_id), person_facts(citizen, facts, at.date()))
    verdict = Verdict(
        id=ids.fresh("verdict", str(citizen.id), str(rulebook_id)),
        citizen_id=citizen.id,
        rulebook_id=rulebook_id,
        eligible=found.eligible,
        results=[_stored(result) for result in found.results],
        decided_at=at,
    )
    Verdict.objects.bulk_create(
        [verdict],
        update_conflicts=True,
        unique_fields=["citizen_id", "rulebook_id"],
        update_fields=["eligible", "results", "decided_at"],
    )
    data = {"rulebook": str(rulebook_id), "eligible": found.eligible, "refused_by": list(found.refused_by)}
    _record("eligibility.eligibility_decided", by, at, citizen.id, data)
    return VerdictView(verdict.id, citizen.id, rulebook_id, found.eligible, found.results, at)


def _record(kind: str, by: Actor, at: datetime, citizen_id: UUID, data: dict[str, Any]) -> None:
    events.record(kind=kind, by=by, at=at, about="citizen", key=str(citizen_id), person=citizen_id, data=data)


def _fact(nik_index: bytes, kind: str, stands: bool, source: str, as_of: date, at: datetime) -> Fact:
    number = ids.fresh("fact", nik_index.hex(), kind)
    return Fact(id=number, nik_index=nik_index, kind=kind, stands=stands, source=source, as_of=as_of, recorded_at=at)


def _keep(facts: list[Fact]) -> list[Fact]:
    return Fact.objects.bulk_create(
        facts,
        update_conflicts=True,
        unique_fields=["nik_index", "kind"],
        update_fields=["stands", "source", "as_of", "recorded_at"],
    )


def _stored(result: rules.RuleResult) -> dict[str, Any]:
    return {
        "rule": result.rule,
        "passed": result.passed,
        "reason": result.reason,
        "facts": dict(result.facts),
        "source": result.source,
        "as_of": None if result.as_of is None else result.as_of.isoformat(),
        "correction": result.correction,
    }
