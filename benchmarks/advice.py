"""Training, ranking, packages and matching against bounds in one process: python -m benchmarks.advice [--quick]

CPU seconds of this process; each figure is a ratio of two measurements of this run. Last line: RESULT {json}.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # waiting threads would count as CPU time

import numpy as np
from numpy.typing import NDArray

from bekal.advice.rules.package import Option, best_package
from bekal.careers.rules import Opening, Openings
from bekal.engines.recommend import content_scores, ease, ndcg_at, popularity, rank, score

Figure = dict[str, Any]
RIDGE = 50.0
SKILLS = [f"skill{number}" for number in range(120)]


def cpu(action: Callable[[], object], repeat: int = 3) -> float:
    """Median CPU seconds of some runs."""
    spent = []
    for _ in range(repeat):
        start = time.process_time()
        action()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def figure(value: float, goal: float, of: str, size: str, met: bool | None) -> Figure:
    return {"value": round(value, 4), "goal": goal, "met": met, "of": of, "size": size}


def made_pairs(people: int, items: int, seed: int = 1) -> NDArray[np.int64]:
    """About three trainings a person, Zipf within one of twenty tastes; the last one of a person stands last."""
    dice = np.random.default_rng(seed)
    taste = dice.integers(0, 20, people)
    rounds = []
    for _ in range(3):
        place = np.minimum(dice.zipf(1.6, people) - 1, items // 20 - 1)
        rounds.append(np.stack([np.arange(people), taste + 20 * place], axis=1))
    return np.concatenate(rounds).astype(np.int64)


def trained(people: int, items: int, counts: bool) -> tuple[Figure, Figure]:
    """EASE from pairs, against inverting a matrix of its size; and its counting alone, against one pass over the
    pairs.
    """
    pairs = made_pairs(people, items)
    matrix = np.eye(items) * RIDGE + np.random.default_rng(2).random((items, items)) / items
    whole, inverse = cpu(lambda: ease(pairs, items, RIDGE)), cpu(lambda: np.linalg.inv(matrix))
    one_pass = cpu(lambda: popularity(pairs, items))
    size = f"{people:,} people x {items:,} trainings"
    first, second = whole / inverse, max(0.0, whole - inverse) / one_pass
    return (
        figure(first, 3.0, "EASE from pairs / NumPy inverse of the same size", size, first <= 3 if counts else None),
        figure(
            second, 10.0, "EASE without its inverse / counting each training", size, second <= 10 if counts else None
        ),
    )


def quality(people: int, items: int) -> Figure:
    """nDCG@10 of each person's last training, EASE over popularity, ranked by the serving code."""
    pairs = made_pairs(people, items)
    learned, last = pairs[: 2 * people], pairs[2 * people :, 1]
    weights, counts = ease(learned, items, RIDGE), popularity(learned, items)
    providers = [str(number % 50) for number in range(items)]
    tested = range(0, people, max(1, people // 400))
    histories = [[int(learned[person, 1]), int(learned[people + person, 1])] for person in tested]
    wanted = [{int(last[person])} - set(history) for person, history in zip(tested, histories, strict=True)]
    nothing = np.zeros(items)

    def ndcg(model: bool) -> float:
        lists = [
            rank(
                taken_together=score(history, weights) if model else nothing,
                fits_skills=nothing, popular=counts, providers=providers, seen=history, per_provider=10,
            )
            for history in histories
        ]  # fmt: skip
        return ndcg_at([[entry.item for entry in found] for found in lists], wanted, 10)

    value = ndcg(True) / max(ndcg(False), 1e-9)
    return figure(
        value, 1.0, "nDCG@10 of EASE / of popularity, held-out last training", f"{people:,} people", value > 1
    )


def ranked(items: int, counts: bool) -> Figure:
    """One person's ranked list, against one sort of as many scores."""
    dice = np.random.default_rng(3)
    skills = [frozenset(dice.choice(SKILLS, 3).tolist()) for _ in range(items)]
    together, popular = dice.random(items), dice.random(items)
    providers = [str(number % 50) for number in range(items)]
    person = frozenset(SKILLS[:3])

    def fifty() -> None:
        for _ in range(50):
            rank(
                taken_together=together, fits_skills=content_scores(person, skills), popular=popular,
                providers=providers, count=6, per_provider=2,
            )  # fmt: skip

    ratio = cpu(fifty) / cpu(lambda: [sorted(together.tolist()) for _ in range(50)])
    met = ratio <= 20 if counts else None
    return figure(ratio, 20.0, "one ranked list / one Python sort of the scores", f"{items:,}", met)


def packaged(options: int) -> Figure:
    """The exact package, against a greedy one that only looks for the most new skills per rupiah."""
    dice = np.random.default_rng(4)
    field = SKILLS[:12]
    shelf = [
        Option(f"T{number:04}", int(dice.integers(2, 13)) * 100_000, frozenset(dice.choice(field, 3).tolist()))
        for number in range(options)
    ]

    def greedy() -> None:
        left, missing = 3_500_000, set(field)
        while fits := [entry for entry in shelf if entry.price <= left and entry.skills & missing]:
            best = max(fits, key=lambda entry: len(entry.skills & missing) / entry.price)
            left, missing = left - best.price, missing - best.skills

    exact = cpu(lambda: best_package(shelf, field, 3_500_000))
    ratio = exact / max(cpu(greedy), 1e-6)
    return figure(ratio, 50.0, "exact package / greedy package", f"{options} trainings, 12 skills", ratio <= 50)


def matched(people: int, vacancies: int) -> Figure:
    """Ten best vacancies for everybody, against comparing everybody's skills with every vacancy."""
    dice = np.random.default_rng(5)
    openings = [
        Opening(("portal", f"{number:06}"), frozenset(dice.choice(SKILLS, 3).tolist()), f"{11 + number % 80}.01")
        for number in range(vacancies)
    ]
    graduates = [
        (frozenset(dice.choice(SKILLS, 3).tolist()), f"{11 + int(dice.integers(0, 80))}.01") for _ in range(people)
    ]

    def all_of_them() -> None:
        index = Openings(openings)
        for skills, home in graduates:
            index.best(skills, home)

    def one_by_one() -> None:
        for skills, _ in graduates[: max(1, people // 20)]:
            [len(opening.skills & skills) for opening in openings]

    ratio = cpu(all_of_them, 1) / (20 * cpu(one_by_one, 1))
    return figure(ratio, 1.0, "ten best for all / comparing all with all", f"{people:,} x {vacancies:,}", ratio <= 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, at most 50 s")
    quick = parser.parse_args().quick
    training, counting = trained(*((5_000, 600) if quick else (20_000, 2_000)), counts=not quick)
    figures = {
        "ease_over_inverse": training,
        "counting_over_one_pass": counting,
        "ease_over_popularity": quality(3_000 if quick else 20_000, 400),
        "list_over_sort": ranked(300 if quick else 7_000, not quick),
        "package_over_greedy": packaged(60 if quick else 200),
        "matching_over_all_pairs": matched(500 if quick else 5_000, 1_000 if quick else 10_000),
    }
    for name, found in figures.items():
        print(f"{name:28} {found['value']:>10}  {found['of']} ({found['size']})")
    print("RESULT " + json.dumps(figures))


if __name__ == "__main__":
    main()
