"""Waves and applications as pages, tasks and later rooms see them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from django.db.models import Count, Q

from bekal.core import vault
from bekal.core.rows import Rows, plain_rows
from bekal.engines.draw.result import WaitingEntry
from bekal.waves.models import Application, ApplicationState, Joining, Wave, WaveState

OPEN_WAVES = """
    SELECT id, programme_code || '/' || number, extract(epoch FROM opens_at)::float8,
           extract(epoch FROM closes_at)::float8
    FROM waves_wave WHERE state = 'open'
"""
"""For the hot lane: id, name in documents, first instant and the one after the last, in seconds since 1970."""
UNSETTLED = (WaveState.OPEN, WaveState.CLOSED)
"""States in which the intake tells who joined."""
RECEIPTS = "joining receipts"
"""Purpose of the key that signs receipts of joining."""


class NoSuchWave(LookupError):
    """No wave has this number or id."""


@dataclass(frozen=True, slots=True)
class WaveView:
    id: UUID
    programme_code: str
    number: int
    rulebook_id: UUID
    opens_at: datetime
    closes_at: datetime
    places: int
    state: str
    announced_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """`settled`: after closing, decided; before, only the receipt is sure. `rank`: place among all winners, or on the
    waiting list, in drawn order; 1 is first."""

    settled: bool
    wave_id: UUID
    wave_number: int
    citizen_id: UUID
    state: str
    reason: str
    joined_at: datetime
    ticket_id: str
    region: str
    regency_code: str
    group: str
    rank: int | None
    position_in_waiting: int | None

    @property
    def rolled(self) -> bool:
        """Whether the person stands on the roll."""
        return self.settled and self.state != ApplicationState.EXCLUDED


def wave_list() -> list[WaveView]:
    """Every wave, newest first."""
    return [_wave_view(row) for row in Wave.objects.order_by("-opens_at", "-number")]


def waves_open_at(at: datetime) -> list[WaveView]:
    """Waves that can be joined at this instant, newest first."""
    rows = Wave.objects.filter(state=WaveState.OPEN, opens_at__lte=at, closes_at__gt=at)
    return [_wave_view(row) for row in rows.order_by("-opens_at", "-number")]


def wave_view(number: int) -> WaveView:
    """The wave with this number. Raises NoSuchWave."""
    row = Wave.objects.filter(number=number).order_by("-opens_at").first()
    if row is None:
        raise NoSuchWave(number)
    return _wave_view(row)


def wave_of(wave_id: UUID) -> WaveView:
    row = Wave.objects.filter(pk=wave_id).first()
    if row is None:
        raise NoSuchWave(wave_id)
    return _wave_view(row)


def joined_counts() -> dict[UUID, int]:
    """How many joined each wave; waves that nobody joined are not in it."""
    waves = Wave.objects.filter(state__in=UNSETTLED).values("id")
    fresh = Joining.objects.filter(wave_id__in=waves).values_list("wave_id").annotate(people=Count("*"))
    rows = Application.objects.exclude(wave_id__in=waves).values_list("wave_id").annotate(people=Count("id"))
    return dict(rows.order_by("wave_id")) | dict(fresh.order_by("wave_id"))


def wave_key(wave_id: UUID) -> bytes:
    """The secret under which ticket ids of a wave are made."""
    return vault.derived_key(f"wave {wave_id}")


@cache
def wave_number(wave_id: UUID) -> int:
    """The number of a wave, which never changes."""
    return Wave.objects.values_list("number", flat=True).get(pk=wave_id)


def application_of(citizen_id: UUID, wave_id: UUID | None = None) -> ApplicationView | None:
    """A person's application to a wave, or their latest; before it is settled, what the intake holds."""
    rows = Application.objects.filter(citizen_id=citizen_id).select_related("wave").order_by("-joined_at")
    row = (rows.filter(wave_id=wave_id) if wave_id else rows).first()
    fresh = _joining(citizen_id, wave_id)
    if fresh is not None and (row is None or (row.wave_id != fresh.wave_id and row.joined_at <= fresh.joined_at)):
        return ApplicationView(
            False, fresh.wave_id, wave_number(fresh.wave_id), citizen_id, ApplicationState.JOINED, "", fresh.joined_at,
            bytes(fresh.ticket_id).hex(), "", "", "", None, None,
        )  # fmt: skip
    if row is None:
        return None
    ahead = None
    if row.state == ApplicationState.WAITING:
        line = Application.objects.filter(wave_id=row.wave_id, state=ApplicationState.WAITING)
        ahead = line.filter(rank__lt=row.rank).count() + 1
    return ApplicationView(
        True, row.wave_id, row.wave.number, row.citizen_id, row.state, row.reason, row.joined_at,
        bytes(row.ticket_id).hex(), row.region, row.regency_code, row.group, row.rank, ahead,
    )  # fmt: skip


def _joining(citizen_id: UUID, wave_id: UUID | None) -> Joining | None:
    """The latest intake of a person in a wave that is not settled in full."""
    waves = Wave.objects.filter(state__in=UNSETTLED)
    rows = Joining.objects.filter(
        citizen_id=citizen_id, wave_id__in=(waves.filter(pk=wave_id) if wave_id else waves).values("id")
    )
    return rows.order_by("-joined_at").first()


def joined_count(wave: WaveView) -> int:
    """How many people joined a wave."""
    rows = Joining.objects if wave.state in UNSETTLED else Application.objects
    return rows.filter(wave_id=wave.id).count()


def waves_to_award() -> list[UUID]:
    """Announced waves with winners whose place is neither given nor passed on."""
    rows = Application.objects.filter(state=ApplicationState.SELECTED, wave__state=WaveState.ANNOUNCED)
    return list(rows.order_by("wave_id").values_list("wave_id", flat=True).distinct())


def counts_by_state(wave_id: UUID) -> dict[str, int]:
    """How many applications of a wave stand in each state."""
    rows = Application.objects.filter(wave_id=wave_id).values_list("state").annotate(people=Count("id"))
    return dict(rows.order_by("state"))


def applicants_of(wave_id: UUID) -> list[UUID]:
    """Everybody on the roll of a wave."""
    rows = Application.objects.filter(wave_id=wave_id).exclude(state=ApplicationState.EXCLUDED)
    return list(rows.order_by("id").values_list("citizen_id", flat=True))


def applications_in_state(wave_id: UUID, state: str) -> list[Application]:
    """Applications in drawn order (for the actions of later rooms)."""
    return list(Application.objects.filter(wave_id=wave_id, state=state).order_by("rank", "id"))


def waiting_entries(wave_id: UUID) -> list[WaitingEntry]:
    """The waiting list in its overall drawn order, as `WaitingLine` reads it."""
    rows = applications_in_state(wave_id, ApplicationState.WAITING)
    return [WaitingEntry(bytes(row.ticket_id), row.region, row.group) for row in rows]


def _wave_view(row: Wave) -> WaveView:
    return WaveView(
        row.id, row.programme_code, row.number, row.rulebook_id, row.opens_at, row.closes_at, row.places, row.state,
        row.announced_at,
    )  # fmt: skip


def unfinished_waves(citizen_id: UUID) -> list[WaveView]:
    """The waves in which a person still waits for a result or a place."""
    waits = (ApplicationState.JOINED, ApplicationState.SELECTED, ApplicationState.WAITING)
    drawing = Application.objects.filter(citizen_id=citizen_id, state__in=waits).values("wave_id")
    joined = Joining.objects.filter(citizen_id=citizen_id).values("wave_id")
    taking_in = Q(id__in=joined, state__in=(WaveState.PLANNED, WaveState.OPEN, WaveState.CLOSED))
    return [_wave_view(row) for row in Wave.objects.filter(Q(id__in=drawing) | taking_in).order_by("closes_at", "id")]


def waves_drawn(citizen_id: UUID) -> list[UUID]:
    """Every wave on whose roll or exclusion list a person stood, in order."""
    rows = Application.objects.filter(citizen_id=citizen_id).order_by("joined_at", "id")
    return list(rows.values_list("wave_id", flat=True))


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    return {
        "joinings": plain_rows(Joining.objects.filter(citizen_id=citizen_id)),
        "applications": plain_rows(Application.objects.filter(citizen_id=citizen_id)),
    }
