"""Opening and closing schedules; taking and giving back seats."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import F

from bekal.catalogue import rules
from bekal.catalogue.actions.refusals import NotCurated, ScheduleCodeTaken, ScheduleMalformed, SeatsGone
from bekal.catalogue.models import SCHEDULE_MOVES, Mode, Schedule, ScheduleState, Training, TrainingState
from bekal.core import ids
from bekal.core.atomic import action
from bekal.core.events import Actor, nothing_changed, record, record_batch
from bekal.core.machine import move
from bekal.rulebooks.regions import REGENCIES


@action
def open_schedule(
    *,
    by: Actor,
    at: datetime,
    training_id: UUID,
    code: str,
    starts_at: datetime,
    ends_at: datetime,
    sessions: int,
    days: str,
    seats: int,
    regency_code: str | None = None,
) -> Schedule:
    """Offer one run of an admitted training. Refusals: NotCurated, ScheduleMalformed, ScheduleCodeTaken."""
    training = Training.objects.get(pk=training_id)
    if training.state != TrainingState.CURATED:
        raise NotCurated(code=training.code)
    schedule = Schedule(
        id=ids.fresh("schedule", code),
        code=code,
        training=training,
        starts_at=starts_at,
        ends_at=ends_at,
        sessions=sessions,
        days=days.strip(),
        seats=seats,
        regency_code=regency_code,
        opened_at=at,
    )
    _check_schedule(schedule, at)
    if Schedule.objects.filter(code=code).exists():
        raise ScheduleCodeTaken(code=code)
    schedule.save(force_insert=True)
    record(
        kind="catalogue.schedule_opened",
        by=by,
        at=at,
        about="schedule",
        key=str(schedule.id),
        data={"code": code, "seats": seats},
    )
    return schedule


def _check_schedule(schedule: Schedule, at: datetime) -> None:
    on_site = schedule.training.mode in (Mode.OFFLINE, Mode.BLENDED)
    faults = {
        "code": rules.SCHEDULE_CODE.fullmatch(schedule.code) is None,
        "starts_at": schedule.starts_at <= at,
        "ends_at": schedule.ends_at <= schedule.starts_at,
        "sessions": not 1 <= schedule.sessions <= 998,
        "days": len(schedule.days) > 120,
        "seats": not 1 <= schedule.seats <= 1_000_000,
        "regency_code": (on_site and schedule.regency_code is None)
        or (schedule.regency_code is not None and schedule.regency_code not in REGENCIES),
    }
    for field, wrong in faults.items():
        if wrong:
            raise ScheduleMalformed(field=field)


@action
def take_seat(*, by: Actor, at: datetime, schedule_id: UUID) -> None:
    """Take one seat of an open schedule in one conditional statement. Refusal: SeatsGone (none left, or closed)."""
    taken = Schedule.objects.filter(pk=schedule_id, state=ScheduleState.OPEN, seats_taken__lt=F("seats")).update(
        seats_taken=F("seats_taken") + 1
    )
    if taken == 0:
        raise SeatsGone()
    record(kind="catalogue.seat_taken", by=by, at=at, about="schedule", key=str(schedule_id))


@action
def release_seats(*, by: Actor, at: datetime, seats: Mapping[UUID, int]) -> None:
    """Give back seats, as many for each schedule as named; locks the schedules in order of their ids."""
    list(Schedule.objects.select_for_update().filter(pk__in=seats).order_by("pk").values_list("pk"))
    for schedule_id, count in sorted(seats.items()):
        Schedule.objects.filter(pk=schedule_id).update(seats_taken=F("seats_taken") - count)
    record_batch(
        kind="catalogue.seats_released",
        by=by,
        at=at,
        about="schedules",
        key="batch",
        lines=[(str(schedule_id), {"seats": count}) for schedule_id, count in sorted(seats.items())],
    )


@action
def release_seat(*, by: Actor, at: datetime, schedule_id: UUID) -> None:
    """Give back one seat."""
    release_seats(by=by, at=at, seats={schedule_id: 1})


@action
def close_schedule(*, by: Actor, at: datetime, schedule_id: UUID, why: str) -> Schedule:
    """Let no more seats be taken; again is no change. Refunds are the market's (`cancel_schedule`)."""
    schedule = Schedule.objects.select_for_update().get(pk=schedule_id)
    if schedule.state == ScheduleState.CLOSED:
        nothing_changed()
        return schedule
    move(schedule, ScheduleState.CLOSED, moves=SCHEDULE_MOVES, closed_at=at)
    record(kind="catalogue.schedule_closed", by=by, at=at, about="schedule", key=str(schedule.id), why=why)
    return schedule
