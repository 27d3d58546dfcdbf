"""Training and judging a recommender: what counts as liking, the test on what came later, and whether to publish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from bekal.engines.recommend import (
    content_scores,
    ease,
    ndcg_at,
    popularity,
    rank,
    recall_at,
    score,
    temporal_split,
)  # fmt: skip

RIDGE = 50.0
WIDTH = 256
AT = 10
LATEST_SHARE = 0.2
ENOUGH_LEARNERS = 50
MOST_TESTED = 500
DISLIKED_UP_TO = 2
PER_PROVIDER = 2
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """A person chose a training at an instant; `liked` is False once they rated it with one or two stars."""

    person: UUID
    training: UUID
    at: datetime
    liked: bool


@dataclass(frozen=True, slots=True)
class Item:
    """A training as the recommender sees it."""

    id: UUID
    skills: frozenset[str]
    provider: str


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model. `neighbours` and `weights`: (items x width) strongest neighbours of each item by absolute
    weight.

    `kind`: "ease", or "content" when there was too little to test on. `publish`: not worse than popularity, or content.
    """

    kind: str
    publish: bool
    items: tuple[UUID, ...]
    counts: tuple[int, ...]
    neighbours: NDArray[np.int32]
    weights: NDArray[np.float32]
    card: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Test:
    """Mean metrics of one ranking over the people tested."""

    ndcg: float
    recall: float


@dataclass(slots=True)
class _Case:
    """One person tested: what they had taken, and what they took later."""

    person: UUID
    history: list[int] = field(default_factory=list)
    later: set[int] = field(default_factory=set)


def liked(stars: int | None) -> bool:
    """Choosing a training counts as liking it unless it was rated with one or two stars."""
    return stars is None or stars > DISLIKED_UP_TO


def train(pairs: Sequence[Pair], items: Sequence[Item], interests: Mapping[UUID, frozenset[str]]) -> Trained:
    """Train on all pairs, judged by training on the earlier four fifths and ranking for the latest fifth.

    `pairs` in order of time; pairs of trainings that are not among `items` are left out. `interests`: skill codes of
    people.
    """
    position = {item.id: place for place, item in enumerate(items)}
    used = [pair for pair in pairs if pair.liked and pair.training in position]
    matrix = _matrix(used, position)
    counts = popularity(matrix, len(items))
    tested = _judge(used, items, position, interests)
    kind = "ease" if tested["learners"] >= ENOUGH_LEARNERS else "content"
    better = kind == "content" or tested["ndcg_at_10"]["model"] >= tested["ndcg_at_10"]["popularity"]
    neighbours, weights = _strongest(matrix, len(items)) if kind == "ease" else _none(len(items))
    card = {
        "method": "EASE with skills and popularity" if kind == "ease" else "skills and popularity",
        "ridge": int(RIDGE),
        "trained_on": {"people": len({pair.person for pair in used}), "pairs": len(used), "trainings": len(items)},
        "test": tested,
        "because": _because(kind, better),
    }
    ids = tuple(item.id for item in items)
    return Trained(kind, better, ids, tuple(int(count) for count in counts), neighbours, weights, card)


def _because(kind: str, better: bool) -> str:
    if kind == "content":
        return "advice.card_too_little"
    return "advice.card_better" if better else "advice.card_worse"


def _matrix(pairs: Sequence[Pair], position: Mapping[UUID, int]) -> NDArray[np.int64]:
    person: dict[UUID, int] = {}
    rows = [(person.setdefault(pair.person, len(person)), position[pair.training]) for pair in pairs]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _strongest(matrix: NDArray[np.int64], count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    full = np.round(ease(matrix, count, RIDGE), DECIMALS)
    width = min(WIDTH, max(0, count - 1))
    order = np.argsort(-np.abs(full), axis=1, kind="stable")[:, :width]
    return order.astype(np.int32), np.take_along_axis(full, order, axis=1).astype(np.float32)


def _none(count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    return np.zeros((count, 0), np.int32), np.zeros((count, 0), np.float32)


def _judge(
    pairs: Sequence[Pair], items: Sequence[Item], position: Mapping[UUID, int], interests: Mapping[UUID, frozenset[str]]
) -> dict[str, Any]:
    """Metrics of the model and of popularity for people seen before and, apart, for new ones."""
    if not pairs:
        return {"learners": 0, "new_people": {"people": 0}}
    times = np.array([pair.at.timestamp() for pair in pairs])
    cut = np.sort(times)[int(len(times) * (1 - LATEST_SHARE))]
    before = temporal_split(times, cut)[0]
    earlier = [pair for pair, kept in zip(pairs, before, strict=True) if kept]
    cases = _cases(earlier, [pair for pair, kept in zip(pairs, before, strict=True) if not kept], position)
    matrix = _matrix(earlier, position)
    known = [case for case in cases if case.history][:MOST_TESTED]
    new = [case for case in cases if not case.history and interests.get(case.person)][:MOST_TESTED]
    counts = popularity(matrix, len(items))
    plain = np.zeros((len(items), len(items)))
    weights = ease(matrix, len(items), RIDGE) if len(known) >= ENOUGH_LEARNERS else plain
    nobody: Mapping[UUID, frozenset[str]] = {}
    popular_known, popular_new = (_measured(cases, items, plain, counts, nobody) for cases in (known, new))
    return {
        "learners": len(known),
        "cut": pairs[int(np.searchsorted(times, cut))].at.isoformat(),
        **_compared(_measured(known, items, weights, counts, interests), popular_known),
        "new_people": {
            "people": len(new),
            **_compared(_measured(new, items, plain, counts, interests), popular_new),
        },
    }


def _compared(model: Test, popular: Test) -> dict[str, Any]:
    return {
        "ndcg_at_10": {"model": round(model.ndcg, 4), "popularity": round(popular.ndcg, 4)},
        "recall_at_10": {"model": round(model.recall, 4), "popularity": round(popular.recall, 4)},
    }


def _cases(earlier: Sequence[Pair], later: Sequence[Pair], position: Mapping[UUID, int]) -> list[_Case]:
    cases: dict[UUID, _Case] = {}
    for pair in later:
        cases.setdefault(pair.person, _Case(pair.person)).later.add(position[pair.training])
    for pair in earlier:
        if pair.person in cases:
            cases[pair.person].history.append(position[pair.training])
    for case in cases.values():
        case.later -= set(case.history)
    return [cases[person] for person in sorted(cases) if cases[person].later]


def _measured(
    cases: Sequence[_Case],
    items: Sequence[Item],
    weights: NDArray[np.float64],
    counts: NDArray[np.float64],
    interests: Mapping[UUID, frozenset[str]],
) -> Test:
    skills = [item.skills for item in items]
    providers = [item.provider for item in items]
    lists = [
        rank(
            taken_together=score(case.history, weights),
            fits_skills=content_scores(interests.get(case.person, frozenset()), skills),
            popular=counts,
            providers=providers,
            seen=case.history,
            count=AT,
            per_provider=AT,
        )
        for case in cases
    ]
    shown, wanted = [[entry.item for entry in found] for found in lists], [case.later for case in cases]
    return Test(ndcg_at(shown, wanted, AT), recall_at(shown, wanted, AT))
