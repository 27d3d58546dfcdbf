import numpy as np
import pytest

from bekal.engines.evidence import EvidenceRefused, intention_to_treat, late, randomisation_p


def lottery(seed: int, people: int = 600, effect: float = 2.0, compliance: float = 0.7) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    stratum = rng.integers(0, 6, people)
    assigned = rng.random(people) < np.linspace(0.2, 0.7, 6)[stratum]
    took_part = assigned & (rng.random(people) < compliance)
    outcome = rng.normal(size=people) + stratum * 3.0 + effect * took_part
    return outcome, assigned, took_part, stratum


def test_by_hand() -> None:
    outcome = np.array([1.0, 3.0, 4.0, 6.0, 10.0, 12.0, 20.0, 22.0])
    assigned = np.array([0, 0, 1, 1, 0, 0, 1, 1], dtype=bool)
    found = intention_to_treat(outcome, assigned, np.array(["a"] * 4 + ["b"] * 4))
    assert found.effect == pytest.approx(0.5 * 3 + 0.5 * 10)
    assert found.standard_error == pytest.approx(np.sqrt(2 * 0.25 * (2 / 2 + 2 / 2)))
    assert (found.n_treated, found.n_control, found.left_out) == (4, 4, 0)
    assert found.high - found.effect == pytest.approx(1.959964 * found.standard_error, rel=1e-5)


def test_equals_weighted_interacted_regression() -> None:
    """The stratified difference is the regression on assignment fully interacted with centred stratum dummies."""
    outcome, assigned, _, stratum = lottery(1)
    dummies = (stratum[:, None] == np.arange(6)).astype(float)
    shares = dummies.mean(axis=0)
    centred = dummies[:, 1:] - shares[1:]
    design = np.column_stack([np.ones(len(outcome)), assigned, centred, centred * assigned[:, None]])
    coefficients = np.linalg.lstsq(design, outcome, rcond=None)[0]
    assert intention_to_treat(outcome, assigned, stratum).effect == pytest.approx(coefficients[1])


def test_intervals_cover_the_truth() -> None:
    covered = [lottery(seed, effect=2.0, compliance=1.0) for seed in range(200)]
    found = [intention_to_treat(y, z, s) for y, z, _, s in covered]
    share = np.mean([e.low <= 2.0 <= e.high for e in found])
    assert 0.90 <= share <= 0.99


def test_late_undoes_incomplete_compliance() -> None:
    found = [late(*lottery(seed, effect=2.0, compliance=0.5)) for seed in range(200)]
    assert np.mean([e.effect for e in found]) == pytest.approx(2.0, abs=0.05)
    assert 0.90 <= np.mean([e.low <= 2.0 <= e.high for e in found]) <= 0.99


def test_late_with_full_compliance_is_the_plain_effect() -> None:
    outcome, assigned, _, stratum = lottery(5)
    assert late(outcome, assigned, assigned, stratum) == intention_to_treat(outcome, assigned, stratum)


def test_strata_without_both_arms_are_left_out() -> None:
    outcome = np.array([1.0, 2.0, 3.0, 5.0, 100.0, 100.0])
    assigned = np.array([0, 0, 1, 1, 1, 1], dtype=bool)
    found = intention_to_treat(outcome, assigned, np.array([0, 0, 0, 0, 1, 1]))
    assert (found.effect, found.left_out) == (2.5, 2)


def test_an_arm_of_one_borrows_the_pooled_variance() -> None:
    outcome = np.array([0.0, 2.0, 10.0, 14.0, 5.0, 0.0, 2.0])
    assigned = np.array([0, 0, 1, 1, 1, 0, 0], dtype=bool)
    found = intention_to_treat(outcome, assigned, np.array([0, 0, 0, 0, 1, 1, 1]))
    expected = (4 / 7) ** 2 * (8 / 2 + 2 / 2) + (3 / 7) ** 2 * (8 / 1 + 2 / 2)
    assert found.standard_error == pytest.approx(np.sqrt(expected))


def test_randomisation_p_is_small_for_an_effect_and_repeatable() -> None:
    outcome, assigned, _, stratum = lottery(2)
    first = randomisation_p(outcome, assigned, stratum, draws=300, seed=1)
    assert first == randomisation_p(outcome, assigned, stratum, draws=300, seed=1) == 1 / 301


def test_randomisation_p_is_uniform_without_effect() -> None:
    found = []
    for seed in range(120):
        outcome, assigned, _, stratum = lottery(seed, people=80, effect=0.0)
        found.append(randomisation_p(outcome, assigned, stratum, draws=99, seed=seed))
    assert np.mean(np.array(found) <= 0.2) == pytest.approx(0.2, abs=0.1)


@pytest.mark.parametrize(
    ("outcome", "assigned", "stratum"),
    [
        ([1.0, 2.0], [True, True], [0, 0]),
        ([1.0, 2.0], [True, False], [0, 1]),
        ([1.0, 2.0], [True, False], [0, 0]),
        ([1.0], [True, False], [0, 0]),
        ([], [], []),
    ],
)
def test_data_that_cannot_carry_an_estimate_is_refused(
    outcome: list[float], assigned: list[bool], stratum: list[int]
) -> None:
    with pytest.raises(EvidenceRefused):
        intention_to_treat(np.array(outcome), np.array(assigned, dtype=bool), np.array(stratum))


def test_late_needs_a_first_stage() -> None:
    outcome, assigned, _, stratum = lottery(2)
    with pytest.raises(EvidenceRefused):
        late(outcome, assigned, np.zeros(len(outcome), dtype=bool), stratum)
