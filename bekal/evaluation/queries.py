"""The effect of a wave, estimated within the strata of its own draw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from bekal.citizens.queries import who_allow
from bekal.core.rows import Rows, plain_rows
from bekal.engines.evidence import Estimate, EvidenceRefused, intention_to_treat, late, randomisation_p
from bekal.evaluation.models import OutcomeAnswer
from bekal.evaluation.rules import stratum_of
from bekal.market.models import Purchase, PurchaseState
from bekal.waves.queries import assignments

OUTCOMES = ("employed", "monthly_income")
REDRAWS = 1_000


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One outcome. Effects in the outcome's unit (share in work from 0 to 1, rupiah a month), with 95 % intervals.

    `itt`: of winning the draw. `late`: of using the scholarship, for those whom winning brings to it.
    `winners`, `losers`: people compared; `left_out`: those in strata of one side; `asked_*`, `answered_*`: the sample.
    `problem`: text key when there is no estimate; then the figures are None.
    """

    outcome: str
    asked_winners: int
    asked_losers: int
    answered_winners: int
    answered_losers: int
    winners: int
    losers: int
    left_out: int
    mean_losers: float | None
    itt: float | None
    se: float | None
    low: float | None
    high: float | None
    p_value: float | None
    late: float | None
    late_se: float | None
    late_low: float | None
    late_high: float | None
    problem: str


@dataclass(frozen=True, slots=True)
class _Sample:
    """Arrays with one entry a person who answered, in the order of the draw's tickets."""

    outcomes: dict[str, Any]
    assigned: Any
    took_part: Any
    stratum: Any
    asked: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SurveyCount:
    """People asked after one wave, and how many of them answered."""

    asked: int
    answered: int


def survey_count(wave_id: UUID) -> SurveyCount:
    """How far the outcome survey of a wave has come."""
    rows = OutcomeAnswer.objects.filter(wave_id=wave_id)
    return SurveyCount(rows.count(), rows.filter(answered_at__isnull=False).count())


def unanswered(wave_id: UUID) -> list[UUID]:
    """People asked who have not answered yet, in order of id."""
    rows = OutcomeAnswer.objects.filter(wave_id=wave_id, answered_at=None)
    return list(rows.order_by("citizen_id").values_list("citizen_id", flat=True))


def effect_estimates(wave_id: UUID) -> list[EffectLine]:
    """One line an outcome; empty when nobody was asked."""
    sample = _sample(wave_id)
    return [_line(outcome, sample) for outcome in OUTCOMES] if any(sample.asked) else []


def _sample(wave_id: UUID) -> _Sample:
    asked = {
        person: (employed, income)
        for person, employed, income in OutcomeAnswer.objects.filter(wave_id=wave_id).values_list(
            "citizen_id", "employed", "monthly_income"
        )
    }
    allowed = who_allow(asked, "research")
    asked = {person: answer for person, answer in asked.items() if person in allowed}
    bought = Purchase.objects.filter(citizen_id__in=asked, state=PurchaseState.PAID)
    users = set(bought.values_list("citizen_id", flat=True))
    drawn = [row for row in assignments(wave_id) if row[0] in asked]
    rows = [(*row, *asked[row[0]]) for row in drawn if asked[row[0]][0] is not None]
    return _Sample(
        outcomes={
            "employed": np.array([float(employed or 0) for *_, employed, _ in rows]),
            "monthly_income": np.array([float(income or 0) for *_, income in rows]),
        },
        assigned=np.array([won for _, _, _, won, _, _ in rows], dtype=np.bool_),
        took_part=np.array([person in users for person, *_ in rows], dtype=np.bool_),
        stratum=np.array([stratum_of(region, group) for _, region, group, *_ in rows], dtype=np.str_),
        asked=(sum(row[3] for row in drawn), sum(not row[3] for row in drawn)),
    )


def _line(outcome: str, sample: _Sample) -> EffectLine:
    values, won, strata = sample.outcomes[outcome], sample.assigned, sample.stratum
    itt = _estimated(lambda: intention_to_treat(values, won, strata))
    through = _estimated(lambda: late(values, won, sample.took_part, strata))
    return EffectLine(
        outcome=outcome,
        asked_winners=sample.asked[0],
        asked_losers=sample.asked[1],
        answered_winners=int(won.sum()),
        answered_losers=int((~won).sum()),
        winners=itt.n_treated if itt else 0,
        losers=itt.n_control if itt else 0,
        left_out=itt.left_out if itt else len(won),
        mean_losers=float(values[~won].mean()) if (~won).any() else None,
        itt=itt.effect if itt else None,
        se=itt.standard_error if itt else None,
        low=itt.low if itt else None,
        high=itt.high if itt else None,
        p_value=randomisation_p(values, won, strata, draws=REDRAWS, seed=0) if itt else None,
        late=through.effect if through else None,
        late_se=through.standard_error if through else None,
        late_low=through.low if through else None,
        late_high=through.high if through else None,
        problem="" if itt else "evaluation.too_few_answers",
    )


def _estimated(compute: Callable[[], Estimate]) -> Estimate | None:
    try:
        return compute()
    except EvidenceRefused:
        return None


def outcome_names() -> Sequence[str]:
    """Outcomes in the order of publication; their names stand under `evaluation.outcome_<name>`."""
    return OUTCOMES


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    return {"outcome_answers": plain_rows(OutcomeAnswer.objects.filter(citizen_id=citizen_id))}
