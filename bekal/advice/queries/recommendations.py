"""The next training for one person: a few small queries, the rest from what the process keeps."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from bekal.advice.queries.person import Person, next_schedules, person_of
from bekal.advice.queries.shelf import Shelf, shelf
from bekal.advice.rules.training import PER_PROVIDER
from bekal.catalogue.queries import ScheduleView, TrainingCard
from bekal.core import clock
from bekal.engines.recommend import Reason, content_scores, rank
from bekal.engines.recommend import Recommendation as Ranked

LOOKED_AT = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A training that the person can begin (`training.next_schedule` has a seat), and why: text key and facts."""

    training: TrainingCard
    reason: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Scores:
    """One entry a training of the shelf."""

    together: Floats
    skills: Floats
    popular: Floats


def recommendations_for(
    citizen_id: UUID, *, limit: int = 6, opt_out: bool = False, mode: str = "", at: datetime | None = None
) -> list[Recommendation]:
    """At most `limit` trainings, best first; the same data gives the same list.

    Never one that is bought, too dear for the balance, without a seat, not begun in time, or held in another regency.
    `opt_out`: neither interests nor past purchases are used. Raises `Citizen.DoesNotExist`.
    """
    at = at or clock.now()
    person, goods = person_of(citizen_id), shelf(at)
    told = replace(person, interests=frozenset(), bought=frozenset()) if opt_out else person
    scores = _scores(goods, told)
    allowed = _allowed(goods, person, mode)
    found, schedules = _with_seats(goods, scores, allowed, person, limit, at)
    return [_recommendation(goods, scores, told, place, schedules) for place in found]


def _scores(goods: Shelf, person: Person) -> _Scores:
    together = np.zeros(len(goods.cards))
    for training in person.bought:
        if row := goods.rows.get(training):
            together[row.positions] += row.weights
    popular = goods.counts if goods.counts.any() else _fair_turns(person, len(goods.cards))
    return _Scores(together, content_scores(person.interests, goods.skills), popular)


def _fair_turns(person: Person, size: int) -> Floats:
    """While nothing is popular yet, everybody sees the catalogue in another order, so that every training is seen."""
    seed = int.from_bytes(hashlib.sha256(b"turns" + person.id.bytes).digest()[:8], "big")
    return np.random.default_rng(seed).random(size)


def _allowed(goods: Shelf, person: Person, mode: str) -> NDArray[np.int64]:
    fits = np.ones(len(goods.cards), dtype=np.bool_)
    fits[[goods.place[key] for key in person.barred if key in goods.place]] = False
    if person.balance is not None:
        fits &= goods.prices <= person.balance
    if mode:
        fits &= goods.modes == mode
    return np.flatnonzero(fits)


def _with_seats(
    goods: Shelf, scores: _Scores, allowed: NDArray[np.int64], person: Person, limit: int, at: datetime
) -> tuple[list[int], Mapping[UUID, ScheduleView]]:
    """The best allowed positions with a seat in reach; looks at a few first and at all only when those do not
    suffice.
    """
    few = _ranked(goods, scores, allowed, limit * LOOKED_AT, limit)
    for places in (few, allowed.tolist()):
        schedules = next_schedules((goods.cards[place].id for place in places), person.regency_code, at)
        seated = np.array([place for place in places if goods.cards[place].id in schedules], dtype=np.int64)
        if len(seated) >= limit or len(places) >= len(allowed):
            break
    return _ranked(goods, scores, np.sort(seated), limit, PER_PROVIDER), schedules


def _ranked(goods: Shelf, scores: _Scores, places: NDArray[np.int64], count: int, per_provider: int) -> list[int]:
    ranked: Sequence[Ranked] = rank(
        taken_together=scores.together[places],
        fits_skills=scores.skills[places],
        popular=scores.popular[places],
        providers=[goods.providers[place] for place in places],
        count=count,
        per_provider=per_provider,
    )
    return [int(places[entry.item]) for entry in ranked]


def _recommendation(
    goods: Shelf, scores: _Scores, person: Person, place: int, schedules: Mapping[UUID, ScheduleView]
) -> Recommendation:
    card = replace(goods.cards[place], next_schedule=schedules[goods.cards[place].id])
    reason = _reason(scores, place)
    if reason is Reason.TAKEN_TOGETHER:
        return Recommendation(card, "advice.reason_taken_together", {"title": _closest(goods, person, place)})
    if reason is Reason.FITS_SKILLS:
        shared = sorted(person.interests & goods.skills[place])
        return Recommendation(card, "advice.reason_fits_skills", {"skills": shared, "count": len(shared)})
    if goods.counts[place]:
        return Recommendation(card, "advice.reason_popular", {"people": int(goods.counts[place])})
    return Recommendation(card, "advice.reason_open", {"seats": schedules[card.id].seats_left})


def _reason(scores: _Scores, place: int) -> Reason:
    """What is personal comes first: taken together, then skills; else popularity."""
    if scores.together[place] > 0:
        return Reason.TAKEN_TOGETHER
    return Reason.FITS_SKILLS if scores.skills[place] > 0 else Reason.POPULAR


def _closest(goods: Shelf, person: Person, place: int) -> str:
    """The title of the bought training that speaks most for this one."""
    best, title = 0.0, ""
    for training in sorted(person.bought & goods.rows.keys()):
        row = goods.rows[training]
        weight = float(row.weights[row.positions == place].sum())
        if weight > best and training in goods.place:
            best, title = weight, goods.cards[goods.place[training]].title
    return title
