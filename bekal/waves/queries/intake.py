"""The intake of a wave, and the list of people who were excluded from its draw."""

import hashlib
from typing import Any
from uuid import UUID

from django.db import connection

from bekal.engines.draw.instants import instant_text
from bekal.engines.joining import joined_leaf
from bekal.waves.models import Application, ApplicationState, Joining
from bekal.waves.queries.waves import wave_of

_UNSETTLED = """
    SELECT j.citizen_id FROM waves_joining AS j
    WHERE j.wave_id = %s AND j.citizen_id > %s AND NOT EXISTS (
        SELECT FROM waves_application AS a WHERE a.wave_id = j.wave_id AND a.citizen_id = j.citizen_id
    )
    ORDER BY j.citizen_id LIMIT %s
"""
FIRST = UUID(int=0)


def unsettled(wave_id: UUID, limit: int, after: UUID = FIRST) -> list[UUID]:
    """People who joined a wave and have no application yet, by id, from the one after `after` on."""
    with connection.cursor() as cursor:
        cursor.execute(_UNSETTLED, [wave_id, after, limit])
        return [row[0] for row in cursor.fetchall()]


def exclusions_file(wave_id: UUID) -> bytes:
    """The published list: a head line, then `ticket id,reason` of each, by ticket id; lines end in LF."""
    rows = Application.objects.filter(wave_id=wave_id, state=ApplicationState.EXCLUDED).order_by("ticket_id")
    lines = [f"{bytes(ticket).hex()},{reason}\n" for ticket, reason in rows.values_list("ticket_id", "reason")]
    return ("ticket_id,reason\n" + "".join(lines)).encode()


def exclusions_of(wave_id: UUID) -> dict[str, Any]:
    """What the commitment says of the list: how many stand on it, and its SHA-256."""
    file = exclusions_file(wave_id)
    return {"count": file.count(b"\n") - 1, "sha256": hashlib.sha256(file).hexdigest()}


def joined_leaf_of(citizen_id: UUID, wave_id: UUID) -> bytes | None:
    """What a receipt of joining says of a person, from the table; None who did not join."""
    row = Joining.objects.filter(citizen_id=citizen_id, wave_id=wave_id).first()
    if row is None:
        return None
    wave = wave_of(wave_id)
    return joined_leaf(
        wave=f"{wave.programme_code}/{wave.number}", ticket_id=bytes(row.ticket_id).hex(),
        joined_at=instant_text(row.joined_at),
    )  # fmt: skip
