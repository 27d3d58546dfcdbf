"""Planning, opening, joining, closing and announcing a wave, and what becomes of its applications."""

from datetime import datetime
from uuid import UUID

from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.rulebooks.actions import mark_used
from bekal.rulebooks.queries import programme_of
from bekal.waves.actions.refusals import NoSelection, NotYetDue
from bekal.waves.models import WAVE_MOVES, Application, ApplicationState, Wave, WaveState


@action
def plan_wave(
    *, by: Actor, at: datetime, rulebook_id: UUID, number: int, opens_at: datetime, closes_at: datetime, places: int
) -> Wave:
    """Plan a wave of the programme version `rulebook_id`; planned again the same way, nothing changes."""
    programme = programme_of(rulebook_id)
    if programme.selection is None:
        raise NoSelection(programme=programme.code)
    wave, fresh = Wave.objects.get_or_create(
        programme_code=programme.code,
        number=number,
        defaults={
            "id": ids.fresh("wave", programme.code, str(number)),
            "rulebook_id": rulebook_id,
            "opens_at": opens_at,
            "closes_at": closes_at,
            "places": places,
        },
    )
    if not fresh:
        events.nothing_changed()
        return wave
    mark_used(by=by, at=at, rulebook_id=rulebook_id)
    events.record(kind="waves.wave_planned", by=by, at=at, about="wave", key=str(wave.id), data={"places": places})
    return wave


@action
def open_wave(*, by: Actor, at: datetime, wave_id: UUID) -> Wave:
    """Let people join, from the planned instant on."""
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    if at < wave.opens_at:
        raise NotYetDue(when=wave.opens_at)
    move(wave, WaveState.OPEN, moves=WAVE_MOVES)
    events.record(kind="waves.wave_opened", by=by, at=at, about="wave", key=str(wave.id))
    return wave


@action
def close_wave(*, by: Actor, at: datetime, wave_id: UUID) -> Wave:
    """Nobody joins from here on."""
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    if at < wave.closes_at:
        raise NotYetDue(when=wave.closes_at)
    move(wave, WaveState.CLOSED, moves=WAVE_MOVES)
    events.record(kind="waves.wave_closed", by=by, at=at, about="wave", key=str(wave.id))
    return wave


@action
def announce_wave(*, by: Actor, at: datetime, wave_id: UUID) -> Wave:
    """Publish the result."""
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    move(wave, WaveState.ANNOUNCED, moves=WAVE_MOVES, announced_at=at)
    events.record(kind="waves.announced", by=by, at=at, about="wave", key=str(wave_id))
    return wave


@action
def settle_applications(
    *,
    by: Actor,
    at: datetime,
    wave_id: UUID,
    awarded: list[UUID],
    skipped: list[tuple[UUID, str]],
) -> None:
    """Told by the scholarships room: which drawn applications became awards, and which were skipped and why."""
    drawn = Application.objects.filter(wave_id=wave_id, state__in=[ApplicationState.SELECTED, ApplicationState.WAITING])
    done = drawn.filter(pk__in=awarded).update(state=ApplicationState.AWARDED)
    assert done == len(awarded)
    for reason in sorted({reason for _, reason in skipped}):
        keys = [key for key, why in skipped if why == reason]
        drawn.filter(pk__in=keys).update(state=ApplicationState.SKIPPED, reason=reason)
    events.record_batch(
        kind="waves.applications_settled", by=by, at=at, about="wave", key=str(wave_id),
        lines=[(str(key), {"state": "awarded"}) for key in awarded]
        + [(str(key), {"state": "skipped", "reason": why}) for key, why in skipped],
    )  # fmt: skip


@action
def end_waiting_list(*, by: Actor, at: datetime, wave_id: UUID) -> int:
    """Close what is left of the waiting list: no further place of this wave can come."""
    ended = Application.objects.filter(wave_id=wave_id, state=ApplicationState.WAITING).update(
        state=ApplicationState.NOT_DRAWN
    )
    events.record(kind="waves.waiting_ended", by=by, at=at, about="wave", key=str(wave_id), data={"people": ended})
    return ended
