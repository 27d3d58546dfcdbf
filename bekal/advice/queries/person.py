"""What advice needs of a person, and which trainings that person could begin: one small statement each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from bekal.catalogue.queries import ScheduleView
from bekal.citizens.models import Citizen
from bekal.ledger.queries import balance
from bekal.scholarships.queries import training_account

_PERSON = """
    SELECT interests, regency_code,
        (SELECT id FROM scholarships_award a WHERE a.citizen_id = c.id AND state = 'active'
         ORDER BY granted_at DESC LIMIT 1),
        ARRAY(SELECT training_id FROM market_purchase p WHERE p.citizen_id = c.id AND state = 'paid'),
        ARRAY(SELECT training_id FROM market_purchase p WHERE p.citizen_id = c.id AND state = 'reserved')
    FROM citizens_citizen c WHERE id = %s
"""
_SCHEDULES = """
    SELECT DISTINCT ON (s.training_id) s.id, s.code, s.training_id, t.code, s.starts_at, s.ends_at, s.sessions, s.days,
        s.seats, s.seats - s.seats_taken, s.regency_code, s.state
    FROM catalogue_schedule s JOIN catalogue_training t ON t.id = s.training_id
    WHERE s.training_id = ANY(%s) AND s.state = 'open' AND s.starts_at > %s AND s.seats_taken < s.seats
        AND (s.regency_code IS NULL OR s.regency_code = %s)
    ORDER BY s.training_id, s.starts_at, s.code
"""


@dataclass(frozen=True, slots=True)
class Person:
    """`balance`: rupiah left for trainings, None without an active award. `interests`: skill codes from registration.

    `bought`: trainings paid; `barred`: also those being bought.
    """

    id: UUID
    interests: frozenset[str]
    regency_code: str
    balance: int | None
    bought: frozenset[UUID]
    barred: frozenset[UUID]


def person_of(citizen_id: UUID) -> Person:
    """Raises `Citizen.DoesNotExist`."""
    with connection.cursor() as cursor:
        cursor.execute(_PERSON, [citizen_id])
        row = cursor.fetchone()
    if row is None:
        raise Citizen.DoesNotExist(citizen_id)
    interests, regency_code, award_id, bought, reserved = row
    return Person(
        id=citizen_id,
        interests=frozenset(interests),
        regency_code=regency_code,
        balance=balance(training_account(award_id)).available if award_id else None,
        bought=frozenset(bought),
        barred=frozenset((*bought, *reserved)),
    )


def next_schedules(trainings: Iterable[UUID], regency_code: str, at: datetime) -> Mapping[UUID, ScheduleView]:
    """The next open schedule with a seat left, in this regency or without a place, of each training that has one."""
    with connection.cursor() as cursor:
        cursor.execute(_SCHEDULES, [list(trainings), at, regency_code])
        return {row[2]: ScheduleView(*row) for row in cursor.fetchall()}
