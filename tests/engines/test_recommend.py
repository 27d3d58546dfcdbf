import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.recommend import (
    Reason,
    content_scores,
    ease,
    leave_last,
    model,
    ndcg_at,
    popularity,
    rank,
    recall_at,
    score,
    temporal_split,
)

X = (np.random.default_rng(7).random((80, 12)) < 0.3).astype(np.float64)
PAIRS = np.argwhere(X > 0)


def test_each_column_of_ease_is_the_ridge_regression_without_itself() -> None:
    """Steck 2019: B minimises |X - XB|^2 + ridge |B|^2 with zero diagonal; column j is a regression on the others."""
    weights = ease(X, 12, ridge=5.0)
    for item in range(12):
        others = [i for i in range(12) if i != item]
        left = X[:, others]
        expected = np.linalg.solve(left.T @ left + 5.0 * np.eye(11), left.T @ X[:, item])
        assert np.allclose(weights[others, item], expected)
        assert weights[item, item] == 0


def test_pairs_and_matrix_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ease(X, 12, 5.0)
    monkeypatch.setattr(model, "CELLS_AT_ONCE", 100)
    assert np.allclose(ease(X > 0, 12, 5.0), whole)
    assert np.allclose(ease(np.concatenate([PAIRS, PAIRS[:9]]), 12, 5.0), whole)
    assert np.array_equal(popularity(PAIRS, 12), X.sum(axis=0))


def test_nobody_yet_gives_no_weights() -> None:
    assert not ease(np.zeros((0, 2), dtype=np.int64), 3, 1.0).any()


@pytest.mark.parametrize(
    ("interactions", "ridge"),
    [(X, 0.0), (X[:, :5], 1.0), (X[0], 1.0), (np.array([[0, 12]]), 1.0), (np.array([[0, -1]]), 1.0)],
)
def test_bad_interactions_are_refused(interactions: np.ndarray, ridge: float) -> None:
    with pytest.raises(ValueError, match=r"ridge|columns|dimensions|outside"):
        ease(interactions, 12, ridge)


def test_ease_beats_popularity_on_people_with_tastes() -> None:
    rng = np.random.default_rng(3)
    taste = rng.integers(0, 4, 400)
    likes = np.where(taste[:, None] == np.arange(40)[None] // 10, 0.4, 0.03)
    matrix = rng.random((400, 40)) < likes
    held = [{int(rng.choice(np.flatnonzero(row)))} if row.sum() > 2 else set() for row in matrix]
    train = matrix.copy()
    for person, wanted in enumerate(held):
        train[person, list(wanted)] = False
    weights, crowd = ease(train, 40, 20.0), popularity(train, 40)

    def top(scores: np.ndarray, seen: np.ndarray) -> list[int]:
        return [int(i) for i in np.argsort(-np.where(seen, -np.inf, scores), kind="stable")]

    by_ease = [top(score(list(np.flatnonzero(row)), weights), row) for row in train]
    by_crowd = [top(crowd, row) for row in train]
    assert recall_at(by_ease, held, 5) > 1.5 * recall_at(by_crowd, held, 5)
    assert ndcg_at(by_ease, held, 5) > 1.5 * ndcg_at(by_crowd, held, 5)


def test_content_scores_are_cosines() -> None:
    items = [frozenset("ab"), frozenset("a"), frozenset("c"), frozenset()]
    assert np.allclose(content_scores({"a", "b"}, items), [1.0, 1 / np.sqrt(2), 0, 0])
    assert not content_scores(set(), items).any()


def test_rank_gives_reasons_and_leaves_out_what_was_seen() -> None:
    ranked = rank(
        taken_together=np.array([0.9, 0.0, 0.0, 0.1]),
        fits_skills=np.array([0.0, 0.5, 0.0, 0.0]),
        popular=np.array([1.0, 0.0, 30.0, 1.0]),
        providers=["p", "q", "r", "s"],
        seen={3},
    )
    assert [r.item for r in ranked] == [0, 1, 2]
    assert [r.reason for r in ranked] == [Reason.TAKEN_TOGETHER, Reason.FITS_SKILLS, Reason.POPULAR]
    assert ranked[0].score > ranked[1].score > ranked[2].score


def test_rank_spreads_over_providers_and_breaks_ties_by_index() -> None:
    nothing = np.zeros(6)
    ranked = rank(
        taken_together=nothing,
        fits_skills=nothing,
        popular=nothing,
        providers=["p", "p", "p", "q", "p", "r"],
        count=5,
        per_provider=1,
    )
    assert [r.item for r in ranked] == [0, 3, 5, 1, 2]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.integers(1, 10), st.integers(1, 3))
@settings(deadline=None)
def test_rank_never_repeats_and_never_runs_short(scores: list[float], count: int, per_provider: int) -> None:
    nothing = np.zeros(len(scores))
    ranked = rank(
        taken_together=np.array(scores),
        fits_skills=nothing,
        popular=nothing,
        providers=[str(i % 4) for i in range(len(scores))],
        count=count,
        per_provider=per_provider,
    )
    assert len({r.item for r in ranked}) == len(ranked) == min(count, len(scores))


def test_metrics_by_hand() -> None:
    assert recall_at([[1, 2, 3], [4]], [{2, 9}, set()], 2) == 0.5
    assert ndcg_at([[1, 2, 3]], [{2}], 3) == pytest.approx(1 / np.log2(3))
    assert recall_at([[1]], [set()], 2) == ndcg_at([[1]], [set()], 2) == 0.0


def test_splits_respect_time() -> None:
    times = np.array([3, 1, 2, 5, 5])
    before, after = temporal_split(times, 3)
    assert before.tolist() == [False, True, True, False, False]
    assert after.tolist() == [True, False, False, True, True]
    assert leave_last(np.array([1, 1, 2, 2, 2]), times).tolist() == [True, False, False, False, True]
