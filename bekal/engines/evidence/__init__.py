"""The effect of the programme from its own lottery: inside a stratum of the draw, only luck sets winners apart.

Arrays have one entry a person: `outcome` (any number), `assigned` (won the draw), `took_part`, `stratum` (any label).
Sources: Neyman 1923; Imbens & Angrist 1994 (LATE); randomisation test with the add-one p of Phipson & Smyth 2010.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[Any]

LEVEL = 0.95
CELLS_AT_ONCE = 1 << 22


class EvidenceRefused(ValueError):
    """The data cannot carry the estimate."""


@dataclass(frozen=True)
class Estimate:
    """Effect in units of the outcome, with its standard error and 95 % interval.

    `left_out`: people of strata in which everybody or nobody won, who say nothing.
    """

    effect: float
    standard_error: float
    low: float
    high: float
    n_treated: int
    n_control: int
    left_out: int = 0


@dataclass(frozen=True)
class _Cells:
    """Strata with both arms: people of each arm, sums of the outcome and of squared deviations, share of all people."""

    counts: Floats
    means: Floats
    squares: Floats
    weights: Floats
    left_out: int

    @property
    def effect(self) -> float:
        return float(self.weights @ (self.means[1] - self.means[0]))

    @property
    def variance(self) -> float:
        """Neyman's variance; an arm of one person borrows the pooled variance of its arm over all strata."""
        freedom = self.counts - 1
        if not freedom.sum(axis=1).all():
            raise EvidenceRefused("no stratum has two people of the same arm")
        pooled = (self.squares.sum(axis=1) / freedom.sum(axis=1))[:, None]
        spread = np.where(freedom > 0, self.squares / np.maximum(freedom, 1), pooled)
        return float((self.weights**2 * (spread / self.counts).sum(axis=0)).sum())


def _cells(outcome: Floats, assigned: Flags, stratum: Labels) -> _Cells:
    if not len(outcome) == len(assigned) == len(stratum):
        raise EvidenceRefused("arrays of different lengths")
    _, code = np.unique(stratum, return_inverse=True)
    place = code + assigned * (code.max(initial=-1) + 1)
    size = 2 * (int(code.max(initial=-1)) + 1)
    counts = np.bincount(place, minlength=size).reshape(2, -1).astype(np.float64)
    sums = np.bincount(place, weights=outcome, minlength=size).reshape(2, -1)
    means = sums / np.maximum(counts, 1)
    deviations = (outcome - means.ravel()[place]) ** 2
    squares = np.bincount(place, weights=deviations, minlength=size).reshape(2, -1).astype(np.float64)
    both = (counts > 0).all(axis=0)
    if not both.any():
        raise EvidenceRefused("no stratum has winners and losers")
    people = counts[:, both].sum(axis=0)
    left_out = len(outcome) - int(people.sum())
    return _Cells(counts[:, both], means[:, both], squares[:, both], people / people.sum(), left_out)


def _estimate(effect: float, error: float, cells: _Cells) -> Estimate:
    margin = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    treated, control = int(cells.counts[1].sum()), int(cells.counts[0].sum())
    return Estimate(effect, error, effect - margin, effect + margin, treated, control, cells.left_out)


def intention_to_treat(outcome: Floats, assigned: Flags, stratum: Labels) -> Estimate:
    """Mean difference winners - losers in each stratum, weighted by the stratum's people; robust (Neyman) error.

    Raises EvidenceRefused when no stratum has both, or no arm anywhere has two people.
    """
    cells = _cells(np.asarray(outcome, float), np.asarray(assigned, bool), np.asarray(stratum))
    return _estimate(cells.effect, float(np.sqrt(cells.variance)), cells)


def late(outcome: Floats, assigned: Flags, took_part: Flags, stratum: Labels) -> Estimate:
    """Effect on those whom winning brings to take part: effect on the outcome / effect on taking part (Wald, 2SLS).

    The error is by the delta method: that of the residual outcome - effect x took_part, divided by the first stage.
    Raises EvidenceRefused when winning does not change who takes part.
    """
    y, d = np.asarray(outcome, float), np.asarray(took_part, float)
    z, strata = np.asarray(assigned, bool), np.asarray(stratum)
    first_stage = _cells(d, z, strata).effect
    if first_stage == 0:
        raise EvidenceRefused("winning does not change who takes part")
    effect = _cells(y, z, strata).effect / first_stage
    residual = _cells(y - effect * d, z, strata)
    return _estimate(effect, float(np.sqrt(residual.variance)) / abs(first_stage), residual)


def randomisation_p(outcome: Floats, assigned: Flags, stratum: Labels, *, draws: int, seed: int) -> float:
    """Two-sided p-value of "no effect on anybody": share of `draws` re-drawn lotteries, inside strata, whose difference
    is at least the real one. Never 0; the same for the same seed. Raises EvidenceRefused."""
    y, z, strata = np.asarray(outcome, float), np.asarray(assigned, bool), np.asarray(stratum)
    real = abs(_cells(y, z, strata).effect)
    _, code = np.unique(strata, return_inverse=True)
    order = np.argsort(code, kind="stable")
    code, y = code[order], y[order]
    weight = _weights(z[order], code)
    random, beaten, tolerance = np.random.default_rng(seed), 0, 1e-12 * max(1.0, real)
    at_once = max(1, CELLS_AT_ONCE // len(y))
    for start in range(0, draws, at_once):
        shape = (min(at_once, draws - start), len(y))
        shuffled = np.argsort(random.random(shape) + code, axis=1, kind="stable")
        beaten += int((np.abs(y[shuffled] @ weight) >= real - tolerance).sum())
    return (1 + beaten) / (1 + draws)


def _weights(assigned: Flags, code: npt.NDArray[np.int64]) -> Floats:
    """Coefficient of each place in the weighted difference; 0 in strata without both arms."""
    won, people = np.bincount(code, weights=assigned), np.bincount(code)
    lost = people - won
    both = (won > 0) & (lost > 0)
    share = np.where(both, people, 0) / people[both].sum()
    chosen: Floats = np.where(assigned, (share / np.maximum(won, 1))[code], -(share / np.maximum(lost, 1))[code])
    return chosen
