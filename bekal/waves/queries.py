"""Waves as pages, tasks and later rooms see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Count

from bekal.engines.draw.receipt import receipt
from bekal.engines.draw.result import WaitingEntry
from bekal.engines.draw.roll import decode_roll
from bekal.waves.models import Application, ApplicationState, Draw, Endorsement, Wave, WaveState, Witness


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
    joined: int


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """`rank`: place among all winners, or on the waiting list, in drawn order; 1 is first."""

    id: UUID
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


@dataclass(frozen=True, slots=True)
class Signed:
    name: str
    role: str
    public_key: str
    signed_at: str


@dataclass(frozen=True, slots=True)
class DrawView:
    wave_number: int
    sequence: int
    commitment: dict[str, Any]
    commitment_hash: str
    endorsements: tuple[Signed, ...]
    bundle: dict[str, Any] | None
    committed_at: datetime
    drawn_at: datetime | None


def wave_list() -> list[WaveView]:
    """Every wave, newest first."""
    rows = Wave.objects.annotate(joined=Count("applications")).order_by("-opens_at", "-number")
    return [_wave_view(row) for row in rows]


def waves_open_at(at: datetime) -> list[WaveView]:
    """Waves that can be joined at this instant."""
    return [wave for wave in wave_list() if wave.state == WaveState.OPEN and wave.opens_at <= at < wave.closes_at]


def wave_view(number: int) -> WaveView:
    """The wave with this number. Raises NoSuchWave."""
    row = Wave.objects.annotate(joined=Count("applications")).filter(number=number).order_by("-opens_at").first()
    if row is None:
        raise NoSuchWave(number)
    return _wave_view(row)


def wave_of(wave_id: UUID) -> WaveView:
    row = Wave.objects.annotate(joined=Count("applications")).filter(pk=wave_id).first()
    if row is None:
        raise NoSuchWave(wave_id)
    return _wave_view(row)


@cache
def wave_number(wave_id: UUID) -> int:
    """The number of a wave, which never changes."""
    return Wave.objects.values_list("number", flat=True).get(pk=wave_id)


def application_of(citizen_id: UUID, wave_id: UUID | None = None) -> ApplicationView | None:
    """A person's application to a wave, or their latest."""
    rows = Application.objects.filter(citizen_id=citizen_id).select_related("wave").order_by("-joined_at")
    row = (rows.filter(wave_id=wave_id) if wave_id else rows).first()
    if row is None:
        return None
    ahead = None
    if row.state == ApplicationState.WAITING:
        line = Application.objects.filter(wave_id=row.wave_id, state=ApplicationState.WAITING)
        ahead = line.filter(rank__lt=row.rank).count() + 1
    return ApplicationView(
        row.id, row.wave_id, row.wave.number, row.citizen_id, row.state, row.reason, row.joined_at,
        bytes(row.ticket_id).hex(), row.region, row.regency_code, row.group, row.rank, ahead,
    )  # fmt: skip


def counts_by_state(wave_id: UUID) -> dict[str, int]:
    """How many applications of a wave stand in each state."""
    rows = Application.objects.filter(wave_id=wave_id).values_list("state").annotate(people=Count("id"))
    return dict(rows.order_by("state"))


def applicants_of(wave_id: UUID) -> list[UUID]:
    """Everybody who joined a wave."""
    return list(Application.objects.filter(wave_id=wave_id).order_by("id").values_list("citizen_id", flat=True))


def draw_of(wave_number: int) -> DrawView | None:
    """The latest draw of a wave, from its commitment on."""
    row = Draw.objects.filter(wave__number=wave_number).order_by("-sequence").defer("roll").first()
    if row is None:
        return None
    signed = tuple(Signed(e.name, e.role, e.public_key, e.signed_at) for e in row.endorsements.order_by("role", "name"))
    return DrawView(
        wave_number, row.sequence, row.commitment, bytes(row.commitment_hash).hex(), signed, row.bundle,
        row.committed_at, row.drawn_at,
    )  # fmt: skip


def bundle_of(wave_number: int) -> dict[str, Any] | None:
    """The published result of a wave; None before the draw."""
    draw = draw_of(wave_number)
    return draw.bundle if draw else None


def roll_of(wave_number: int) -> bytes | None:
    """The committed roll file of a wave."""
    row = Draw.objects.filter(wave__number=wave_number).order_by("-sequence").values_list("roll", flat=True).first()
    return None if row is None else bytes(row)


def receipt_of(citizen_id: UUID, wave_id: UUID) -> dict[str, Any] | None:
    """What a person keeps to check the draw alone; None before the roll is committed."""
    application = Application.objects.filter(citizen_id=citizen_id, wave_id=wave_id).first()
    draw = Draw.objects.filter(wave_id=wave_id).order_by("-sequence").first()
    if application is None or draw is None:
        return None
    roll = bytes(draw.roll)
    return receipt(decode_roll(roll), roll, bytes(application.ticket_id))


def applications_in_state(wave_id: UUID, state: str) -> list[Application]:
    """Applications in drawn order (for the actions of later rooms)."""
    return list(Application.objects.filter(wave_id=wave_id, state=state).order_by("rank", "id"))


def waiting_entries(wave_id: UUID) -> list[WaitingEntry]:
    """The waiting list in its overall drawn order, as `WaitingLine` reads it."""
    rows = applications_in_state(wave_id, ApplicationState.WAITING)
    return [WaitingEntry(bytes(row.ticket_id), row.region, row.group) for row in rows]


def assignments(wave_id: UUID) -> Iterable[tuple[UUID, str, str, bool]]:
    """For impact studies: (citizen, region, group, drawn as winner) of everybody on the roll."""
    draw = Draw.objects.filter(wave_id=wave_id, bundle__isnull=False).order_by("-sequence").first()
    if draw is None or draw.bundle is None:
        return []
    winners = set(draw.bundle["winners"])
    rows = Application.objects.filter(wave_id=wave_id).order_by("ticket_id")
    return [
        (citizen, region, group, bytes(ticket).hex() in winners)
        for citizen, region, group, ticket in rows.values_list("citizen_id", "region", "group", "ticket_id")
    ]


def endorsements_of(draw_id: UUID) -> list[Endorsement]:
    return list(Endorsement.objects.filter(draw_id=draw_id).order_by("role", "name"))


def witness_keys() -> dict[str, str]:
    """The published keys of the outside witnesses."""
    return dict(Witness.objects.order_by("name").values_list("name", "public_key"))


def _wave_view(row: Wave) -> WaveView:
    return WaveView(
        row.id, row.programme_code, row.number, row.rulebook_id, row.opens_at, row.closes_at, row.places, row.state,
        row.announced_at, row.joined,  # type: ignore[attr-defined]
    )  # fmt: skip
