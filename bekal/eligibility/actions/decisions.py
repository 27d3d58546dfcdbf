"""Deciding: one statement for one person and for millions."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from bekal.citizens import actions as citizens
from bekal.citizens.ports import RegistryAnswer
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.eligibility.actions.facts import record_registers
from bekal.eligibility.queries import VerdictView, newest_lists, verdict_of
from bekal.eligibility.sets import decision
from bekal.rulebooks.actions import mark_used
from bekal.rulebooks.queries import is_used, programme_of

_KEEP = """
    WITH people AS (SELECT unnest(%s::uuid[]) AS id),
    found AS MATERIALIZED ({decision}),
    before AS (
        SELECT v.citizen_id, v.outcome, v.outcomes, v.as_of, v.decided_at
        FROM eligibility_verdict v JOIN found n ON n.id = v.citizen_id
        WHERE v.rulebook_id = %s AND (v.outcome, v.outcomes, v."group", v.regency_code)
            IS DISTINCT FROM (n.outcome, n.outcomes, n."group", n.regency_code)
    ),
    kept AS (
        INSERT INTO eligibility_verdict AS v (
            citizen_id, rulebook_id, outcome, outcomes, as_of, age, regency_code, "group", decided_on, decided_at
        )
        SELECT n.id, %s, n.outcome, n.outcomes, n.as_of, n.age, n.regency_code, n."group", %s, %s FROM found n
        ON CONFLICT (citizen_id, rulebook_id) DO UPDATE SET
            outcome = excluded.outcome, outcomes = excluded.outcomes, as_of = excluded.as_of, age = excluded.age,
            regency_code = excluded.regency_code, "group" = excluded."group", decided_on = excluded.decided_on,
            decided_at = excluded.decided_at
    )
    SELECT (SELECT coalesce(jsonb_object_agg(outcome, people), '{{}}') FROM (
                SELECT outcome, count(*) AS people FROM found GROUP BY outcome) AS counted),
           (SELECT coalesce(jsonb_agg(before), '[]') FROM before)
"""


@action
def decide_people(
    *, by: Actor, at: datetime, rulebook_id: UUID, citizen_ids: Sequence[UUID], on: date | None = None
) -> dict[str, int]:
    """Decide about people under a version of a programme, from what is known now; how many have each outcome.

    `on`: the day for which it is decided, by which ages count; today unless an earlier decision is looked at again.
    One event; where a decision changed, a line with the one before. The first decision under a version freezes it.
    """
    on = on or at.date()
    if not is_used(rulebook_id):
        mark_used(by=by, at=at, rulebook_id=rulebook_id)
    text, parameters = decision(programme_of(rulebook_id), on, newest_lists())
    with connection.cursor() as cursor:
        cursor.execute(_KEEP.format(decision=text), [list(citizen_ids), *parameters, rulebook_id, rulebook_id, on, at])
        counts, before = cursor.fetchone()
    counted: dict[str, int] = _read(counts)
    replaced: list[dict[str, Any]] = _read(before)
    lines = [(row.pop("citizen_id"), row) for row in replaced]
    only = citizen_ids[0] if len(citizen_ids) == 1 else None
    number = events.record(
        kind="eligibility.decided", by=by, at=at, about="rulebook", key=str(rulebook_id), person=only, data=counted
    )
    events.add_lines(number, lines)
    return counted


@action
def decide_eligibility(*, by: Actor, at: datetime, citizen_id: UUID, rulebook_id: UUID) -> VerdictView:
    """Decide about one person."""
    decide_people(by=by, at=at, rulebook_id=rulebook_id, citizen_ids=[citizen_id])
    found = verdict_of(citizen_id, rulebook_id)
    assert found
    return found


@action
def settle_identity(
    *, by: Actor, at: datetime, citizen_id: UUID, rulebook_id: UUID, answer: RegistryAnswer
) -> VerdictView:
    """Keep the registry's answer about identity and registers, and decide: all of it or nothing."""
    citizens.record_identity(by=by, at=at, citizen_id=citizen_id, answer=answer)
    record_registers(by=by, at=at, citizen_id=citizen_id, answer=answer)
    return decide_eligibility(by=by, at=at, citizen_id=citizen_id, rulebook_id=rulebook_id)


def _read(value: Any) -> Any:
    """A JSON value; Django's cursors leave JSON as text."""
    return json.loads(value) if isinstance(value, str) else value
