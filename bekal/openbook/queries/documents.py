"""Everything that is published as data: deterministic, sorted, without person keys and without a reading of the
clock.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import Substr

from bekal.careers.queries import open_vacancies, skills_sought, vacancy_counts
from bekal.catalogue.models import Rating, Schedule, Training, TrainingState
from bekal.catalogue.queries import training_cards
from bekal.evaluation.queries import effect_estimates
from bekal.learning.models import Certificate, CertificateState
from bekal.ledger.queries import seals
from bekal.openbook.queries.funnel import funnel
from bekal.openbook.queries.money import MoneyStatement, money_statement
from bekal.openbook.queries.regions import by_region
from bekal.openbook.rules import digest_of, withhold
from bekal.waves.queries import WaveView, bundle_of, wave_list

DECIMALS = 4


def public_documents() -> Mapping[str, Any]:
    """Document name -> what JSON can say. The names are those of `/terbuka/data/<name>.json`."""
    waves = sorted(wave_list(), key=lambda wave: (wave.programme_code, wave.number))
    return {
        "catalogue": _catalogue(),
        "certificates": _certificates(),
        "draws": [{"wave": wave.number, "bundle": bundle} for wave in waves if (bundle := bundle_of(wave.number))],
        "effect": [_effect(wave) for wave in waves],
        "funnel": [_funnel(wave) for wave in waves],
        "money": [money_document(money_statement(code)) for code in sorted({wave.programme_code for wave in waves})],
        "regions": {level: [asdict(line) for line in by_region(level)] for level in ("province", "regency")},
        "seals": [_seal(row) for row in seals()],
        "vacancies": _vacancies(),
    }


def digest() -> str:
    """SHA-256 in hex over the RFC 8785 form of the public documents."""
    return digest_of(public_documents())


def _funnel(wave: WaveView) -> dict[str, Any]:
    lines = [asdict(line) for line in funnel(wave.number)]
    return {"programme": wave.programme_code, "wave": wave.number, "places": wave.places, "lines": lines}


def money_document(statement: MoneyStatement) -> dict[str, Any]:
    """A programme's accounts as JSON can say them."""
    return {
        "programme": statement.programme_code,
        "currency": "IDR",
        "lines": [asdict(line) for line in statement.lines],
        "partners": [asdict(line) for line in statement.partners],
        "revenue": [asdict(line) for line in statement.revenue],
        "awards": asdict(statement.total),
        "waves": [asdict(line) for line in statement.waves],
        "provinces": [asdict(line) for line in statement.provinces],
        "regencies": [asdict(line) for line in statement.regencies],
        "administration": dict(statement.administration),
        "administration_cap_percent": statement.administration_cap_percent,
        "difference": statement.difference,
    }


def _effect(wave: WaveView) -> dict[str, Any]:
    lines = [_rounded(asdict(line)) for line in effect_estimates(wave.id)]
    return {"programme": wave.programme_code, "wave": wave.number, "lines": lines}


def _rounded(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, DECIMALS) if isinstance(value, float) else value for name, value in line.items()}


def _seal(row: Any) -> dict[str, Any]:
    return {"number": row.number, "size": row.size, "root": row.root, "previous": row.previous, "chain": row.chain}


def _certificates() -> dict[str, Any]:
    issued = Certificate.objects.filter(state=CertificateState.ISSUED)
    counted = dict(issued.order_by().values_list("training_id").annotate(count=Count("id")))
    trainings = Training.objects.filter(id__in=counted).order_by("code")
    rows = list(trainings.values_list("id", "code", "mode"))
    shown = withhold([counted[key] for key, _, _ in rows])
    by_mode: dict[str, int] = {}
    for key, _, mode in rows:
        by_mode[mode] = by_mode.get(mode, 0) + counted[key]
    return {
        "issued": sum(counted.values()),
        "by_mode": by_mode,
        "by_training": [{"training": code, "issued": count} for (_, code, _), count in zip(rows, shown, strict=True)],
    }


def _catalogue() -> list[dict[str, Any]]:
    rows = Training.objects.filter(state=TrainingState.CURATED).order_by("code")
    providers = {key: card.provider_name for key, card in training_cards(rows.values_list("id", flat=True)).items()}
    schedules = Schedule.objects.order_by().values_list("training_id")
    seats = {key: (offered, taken) for key, offered, taken in schedules.annotate(Sum("seats"), Sum("seats_taken"))}
    ratings = Rating.objects.order_by().values_list("training_id")
    stars = {key: (count, total) for key, count, total in ratings.annotate(Count("id"), Sum("stars"))}
    return [_training(row, providers[row.id], seats.get(row.id, (0, 0)), stars.get(row.id, (0, 0))) for row in rows]


def _training(row: Training, provider: str, seats: tuple[int, int], stars: tuple[int, int]) -> dict[str, Any]:
    enough = stars[0] >= 5
    return {
        "code": row.code,
        "title": row.title,
        "provider": provider,
        "skills": sorted(row.skills),
        "mode": row.mode,
        "hours": row.hours,
        "price": row.price,
        "seats": seats[0],
        "seats_taken": seats[1],
        "ratings": stars[0] if enough else None,
        "stars": round(stars[1] / stars[0], 2) if enough else None,
    }


def _vacancies() -> dict[str, Any]:
    counts = vacancy_counts()
    rows = open_vacancies().exclude(regency_code=None).order_by()
    places = rows.values_list(Substr("regency_code", 1, 2)).annotate(count=Count("id"))
    by_portal = open_vacancies().order_by().values_list("portal").annotate(count=Count("id"))
    return {
        "open": counts["open"],
        "all": counts["all"],
        "people_matched": counts["people_matched"],
        "by_province": dict(sorted(places)),
        "by_portal": dict(sorted(by_portal)),
        "skills_sought": [{"skill": skill, "vacancies": count} for skill, count in skills_sought(50)],
    }
