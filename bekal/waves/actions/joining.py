"""Joining a wave: one SQL statement, for one person here and for many at once in the hot lane (`doors/hotlane`).

The row is the record of what happened, so a join leaves no event; closing and settling leave theirs. One statement is
one transaction: no action opens another around it.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from bekal.engines.draw.roll import ticket_id
from bekal.waves.actions.refusals import WaveClosed
from bekal.waves.queries import wave_key, wave_of


class Joined(NamedTuple):
    """A ticket and the second in which the person first joined."""

    ticket_id: bytes
    joined_at: datetime


_JOIN = """
    WITH open AS MATERIALIZED (
        SELECT id FROM waves_wave
        WHERE id = {wave} AND state = 'open' AND opens_at <= {at} AND closes_at > {at} FOR SHARE
    ), taken AS (
        INSERT INTO waves_joining AS j (wave_id, citizen_id, ticket_id, joined_at, attempts)
        SELECT open.id, p.citizen_id, p.ticket_id, {at}, p.attempts
        FROM open, unnest({citizens}, {tickets}, {attempts}) AS p(citizen_id, ticket_id, attempts)
        ON CONFLICT (wave_id, citizen_id) DO UPDATE SET attempts = j.attempts + excluded.attempts
        RETURNING citizen_id, joined_at, attempts
    )
    SELECT open.id, taken.citizen_id, taken.joined_at FROM open LEFT JOIN taken ON taken.attempts > 1
"""
JOIN = _JOIN.format(
    wave="$1::uuid", at="$2::timestamptz", citizens="$3::uuid[]", tickets="$4::bytea[]", attempts="$5::int[]"
)
"""Let people join: wave, instant in whole seconds, then citizen ids (rising, each once), their tickets, how often each.

No row: the wave is not open, and nothing was written; closing waits for us (FOR SHARE). Else everybody is in the table,
and those who had joined before, or join twice now, come back with the instant that counts.
"""
_JOIN_ONE = _JOIN.format(
    wave="%(wave)s::uuid", at="%(at)s::timestamptz", citizens="ARRAY[%(citizen)s::uuid]",
    tickets="ARRAY[%(ticket)s::bytea]", attempts="ARRAY[1]",
)  # fmt: skip


def join_wave(*, at: datetime, wave_id: UUID, citizen_id: UUID) -> Joined:
    """A person takes a ticket. Joining again gives the same one back and counts; the order is worth nothing.

    Raises WaveClosed, NoSuchWave.
    """
    second = at.replace(microsecond=0)
    ticket = ticket_id(wave_key=wave_key(wave_id), person=citizen_id)
    with connection.cursor() as cursor:
        cursor.execute(_JOIN_ONE, {"wave": wave_id, "at": second, "citizen": citizen_id, "ticket": ticket})
        row = cursor.fetchone()
    if row is None:
        raise WaveClosed(number=wave_of(wave_id).number)
    return Joined(ticket, row[2] or second)
