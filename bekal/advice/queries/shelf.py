"""The catalogue and the published model as this process keeps them, until either changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from bekal.advice.models import Model
from bekal.catalogue.queries import TrainingCard, curated_trainings

RATINGS_FRESH_FOR = 300

Stamp = tuple[UUID | None, int, datetime | None, int]

_STAMP = """
    SELECT (SELECT id FROM advice_model WHERE state = 'published'), count(*), max(decided_at)
    FROM catalogue_training WHERE state = 'curated'
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One training's strongest neighbours: positions on the shelf, and their weights."""

    positions: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Every admitted training, by code. Arrays and lists have one entry a training; `place`: id to position."""

    cards: tuple[TrainingCard, ...]
    place: Mapping[UUID, int]
    skills: tuple[frozenset[str], ...]
    providers: tuple[str, ...]
    prices: NDArray[np.int64]
    modes: NDArray[np.str_]
    counts: NDArray[np.float64]
    rows: Mapping[UUID, Row]


_kept: dict[str, tuple[Stamp, Shelf]] = {}


def shelf(at: datetime) -> Shelf:
    """The catalogue and model in force, read anew when the model or an admission changed, and for ratings every five
    minutes.
    """
    stamp = _stamp(at)
    kept = _kept.get("shelf")
    if kept is None or kept[0] != stamp:
        kept = _kept["shelf"] = (stamp, _read(stamp[0], at))
    return kept[1]


def forget() -> None:
    """Drop what this process keeps."""
    _kept.clear()


def _stamp(at: datetime) -> Stamp:
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        model_id, count, decided_at = cursor.fetchone()
    return model_id, count, decided_at, int(at.timestamp()) // RATINGS_FRESH_FOR


def _read(model_id: UUID | None, at: datetime) -> Shelf:
    cards = tuple(curated_trainings(at))
    place = {card.id: position for position, card in enumerate(cards)}
    model = Model.objects.filter(pk=model_id).first() if model_id else None
    return Shelf(
        cards=cards,
        place=place,
        skills=tuple(frozenset(card.skills) for card in cards),
        providers=tuple(str(card.provider_id) for card in cards),
        prices=np.array([card.price for card in cards], dtype=np.int64),
        modes=np.array([card.mode for card in cards], dtype=np.str_),
        counts=_counts(model, place),
        rows=_rows(model, place) if model and model.width else {},
    )


def _counts(model: Model | None, place: Mapping[UUID, int]) -> NDArray[np.float64]:
    counts = np.zeros(len(place))
    for key, count in zip(model.items, model.counts, strict=True) if model else ():
        position = place.get(UUID(key))
        if position is not None:
            counts[position] = count
    return counts


def _rows(model: Model, place: Mapping[UUID, int]) -> dict[UUID, Row]:
    items = [UUID(key) for key in model.items]
    position = np.array([place.get(key, -1) for key in items], dtype=np.int64)
    neighbours = np.frombuffer(bytes(model.neighbours), "<i4").reshape(len(items), model.width)
    weights = np.frombuffer(bytes(model.weights), "<f4").reshape(len(items), model.width).astype(np.float64)
    rows = {}
    for number, key in enumerate(items):
        there = position[neighbours[number]]
        rows[key] = Row(there[there >= 0], weights[number][there >= 0])
    return rows
