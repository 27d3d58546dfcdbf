"""Reads of the careers room: vacancies for one person, for everybody, and graduates whose matches are due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Count, Q, QuerySet

from bekal.careers.models import SEARCH, Graduate, Match, Vacancy
from bekal.careers.rules import Opening, dotted_regency
from bekal.catalogue.models import Training
from bekal.catalogue.queries import Page
from bekal.citizens.models import Citizen
from bekal.core import clock
from bekal.core.rows import Rows, plain_rows
from bekal.learning.models import Certificate, CertificateState

PAGE_SIZE = 20

_DUE = """
    SELECT c.citizen_id FROM (
        SELECT citizen_id, max(issued_at) AS issued_at
        FROM learning_certificate WHERE state = 'issued' GROUP BY citizen_id
    ) c LEFT JOIN careers_graduate g USING (citizen_id)
    WHERE g.citizen_id IS NULL OR g.matched_at < c.issued_at OR g.next_due_on <= %s
       OR g.matched_at < (SELECT max(changed_at) FROM careers_vacancy)
    ORDER BY c.citizen_id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class VacancyCard:
    """What a list shows of a vacancy. Wages: whole rupiah a month. `skills`: codes of the house vocabulary."""

    id: UUID
    title: str
    employer: str
    description: str
    regency_code: str | None
    skills: tuple[str, ...]
    wage_low: int | None
    wage_high: int | None
    posted_on: date
    valid_until: date | None
    url: str
    portal: str


@dataclass(frozen=True, slots=True)
class MatchedVacancy:
    """A vacancy for one graduate. `reasons`: pairs of text key and facts, most telling first."""

    vacancy: VacancyCard
    score: int
    reasons: tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class GraduateProfile:
    """What a match needs of a person: skills learnt with a certificate, and the place of residence."""

    citizen_id: UUID
    skills: frozenset[str]
    regency_code: str


def vacancies_for(citizen_id: UUID) -> list[MatchedVacancy]:
    """The person's matches that are open today, best first; at most ten."""
    open_today = Q(vacancy__valid_until=None) | Q(vacancy__valid_until__gte=today())
    rows = Match.objects.filter(open_today, citizen_id=citizen_id).select_related("vacancy")
    return [_matched(row) for row in rows.order_by("-score", "vacancy__portal", "vacancy__key")]


def vacancies_page(search: str = "", *, skill: str = "", regency: str = "", page: int = 1) -> Page[VacancyCard]:
    """Open vacancies, newest first. `search`: words that must all occur (Indonesian stems); `regency`: "32.73" or a
    province "32".
    """
    rows = open_vacancies()
    if words := search.replace("\x00", " ").strip():
        rows = rows.annotate(words=SEARCH).filter(
            words=SearchQuery(words, config="indonesian", search_type="websearch")
        )
    if skill:
        rows = rows.filter(skills__contains=[skill])
    if regency:
        rows = rows.filter(regency_code__startswith=regency)
    total = rows.count()
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(1, page), pages)
    cards = rows.order_by("-posted_on", "portal", "key")[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return Page(tuple(_card(row) for row in cards), number, pages, total)


def open_vacancies(on: date | None = None) -> QuerySet[Vacancy]:
    """Vacancies that may still be answered on this day (today when not said)."""
    return Vacancy.objects.filter(Q(valid_until=None) | Q(valid_until__gte=on or today()))


def openings(on: date) -> tuple[list[UUID], list[Opening]]:
    """Every open vacancy that names a skill, in order of portal and key: ids, and what a match needs, side by side."""
    rows = open_vacancies(on).exclude(skills=[]).order_by("portal", "key")
    columns = list(rows.values_list("id", "portal", "key", "skills", "regency_code"))
    return (
        [row[0] for row in columns],
        [Opening((portal, key), frozenset(skills), regency) for _, portal, key, skills, regency in columns],
    )


def graduate_profiles(citizens: Iterable[UUID]) -> list[GraduateProfile]:
    """Those among `citizens` who hold an issued certificate, in order of id."""
    learnt: dict[UUID, set[str]] = {}
    issued = Certificate.objects.filter(citizen_id__in=list(citizens), state=CertificateState.ISSUED)
    pairs = list(issued.values_list("citizen_id", "training_id"))
    taught = dict(Training.objects.filter(id__in={training for _, training in pairs}).values_list("id", "skills"))
    for citizen_id, training_id in pairs:
        learnt.setdefault(citizen_id, set()).update(taught.get(training_id, ()))
    homes = dict(Citizen.objects.filter(id__in=learnt).values_list("id", "regency_code"))
    return [
        GraduateProfile(key, frozenset(learnt[key]), dotted_regency(homes.get(key)) or "") for key in sorted(learnt)
    ]


def graduates_due(at: datetime, limit: int) -> list[UUID]:
    """Certificate holders never matched, or matched before their newest certificate, the newest change of a vacancy
    or an end of one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [at.date(), limit])
        return [row[0] for row in cursor.fetchall()]


def skills_sought(limit: int = 20) -> list[tuple[str, int]]:
    """The skills that most open vacancies ask for: (skill code, vacancies), most first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT skill, count(*) FROM careers_vacancy, unnest(skills) AS skill"
            " WHERE valid_until IS NULL OR valid_until >= %s GROUP BY skill ORDER BY 2 DESC, 1 LIMIT %s",
            [today(), limit],
        )
        return [(skill, count) for skill, count in cursor.fetchall()]


def vacancy_counts() -> dict[str, int]:
    """All vacancies, those open today, and how many people have a match."""
    matched = Match.objects.aggregate(people=Count("citizen_id", distinct=True))
    return {"all": Vacancy.objects.count(), "open": open_vacancies().count(), "people_matched": matched["people"]}


def matched_people(citizens: Sequence[UUID] | None = None) -> set[UUID]:
    """The people (among `citizens` when given) who were shown at least one vacancy."""
    rows = Match.objects.all() if citizens is None else Match.objects.filter(citizen_id__in=citizens)
    return set(rows.values_list("citizen_id", flat=True).distinct())


def today() -> date:
    """The present day in UTC; a vacancy of the last day is open until that day ends there."""
    return clock.now().date()


def _matched(row: Match) -> MatchedVacancy:
    reasons = tuple((reason["code"], reason["facts"]) for reason in row.reasons)
    return MatchedVacancy(_card(row.vacancy), row.score, reasons)


def _card(row: Vacancy) -> VacancyCard:
    return VacancyCard(
        id=row.id,
        title=row.title,
        employer=row.employer,
        description=row.description,
        regency_code=row.regency_code,
        skills=tuple(row.skills),
        wage_low=row.wage_low,
        wage_high=row.wage_high,
        posted_on=row.posted_on,
        valid_until=row.valid_until,
        url=row.url,
        portal=row.portal,
    )


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    return {
        "graduates": plain_rows(Graduate.objects.filter(citizen_id=citizen_id)),
        "job_matches": plain_rows(Match.objects.filter(citizen_id=citizen_id)),
    }
