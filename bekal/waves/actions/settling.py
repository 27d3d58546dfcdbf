"""After closing: everybody in the intake becomes one application, on the roll or excluded, in sets."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.eligibility.actions import decide_people
from bekal.eligibility.queries import Decided, decided
from bekal.rulebooks.queries import programme_of
from bekal.waves import rules
from bekal.waves.actions.refusals import NotYetDue
from bekal.waves.models import ApplicationState, Wave, WaveState

_SETTLE = """
    INSERT INTO waves_application (id, wave_id, citizen_id, region, regency_code, "group", ticket_id, joined_at,
                                   attempts, state, reason)
    SELECT s.id, j.wave_id, j.citizen_id, s.region, s.regency_code, s."group", j.ticket_id, j.joined_at, j.attempts,
           s.state, s.reason
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
         AS s(citizen_id, id, region, regency_code, "group", state, reason)
    JOIN waves_joining AS j ON j.wave_id = %s AND j.citizen_id = s.citizen_id
    ON CONFLICT (citizen_id, wave_id) DO NOTHING
"""


@action
def settle_joinings(*, by: Actor, at: datetime, wave_id: UUID, citizen_ids: Sequence[UUID]) -> int:
    """Decide about people who joined a closed wave, and settle each once; how many were settled now.

    Whom a rule refuses is excluded with the first that did. Whose register or photo is still being checked stays on
    the roll: nobody loses a place by our partners' delay. Raises NotYetDue before the wave is closed.
    """
    if not citizen_ids:
        events.nothing_changed()
        return 0
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    if wave.state != WaveState.CLOSED:
        raise NotYetDue(when=wave.closes_at)
    selection = programme_of(wave.rulebook_id).selection
    assert selection
    decide_people(by=by, at=at, rulebook_id=wave.rulebook_id, citizen_ids=citizen_ids)
    known = decided(wave.rulebook_id, citizen_ids)
    lines = [
        (
            citizen_id, ids.fresh("application", str(wave_id), str(citizen_id)),
            rules.region_of(place, selection.region_level), place, group, state, reason,
        )
        for citizen_id in citizen_ids
        for place, group, state, reason in [_standing(known.get(citizen_id))]
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [*(list(column) for column in zip(*lines, strict=True)), wave_id])
        settled: int = cursor.rowcount
    excluded = sum(line[5] == ApplicationState.EXCLUDED for line in lines)
    events.record(
        kind="waves.joinings_settled", by=by, at=at, about="wave", key=str(wave_id),
        data={"people": settled, "excluded": excluded},
    )  # fmt: skip
    return settled


def _standing(found: Decided | None) -> tuple[str, str, str, str]:
    """Regency, group, state and reason of an application."""
    if found is None:
        return "", rules.GENERAL, ApplicationState.EXCLUDED, rules.GONE
    reason = rules.reason_to_exclude(found.state, found.refused_by)
    return found.regency_code, found.group, ApplicationState.EXCLUDED if reason else ApplicationState.JOINED, reason
