"""An estimate with its 95 % interval, in words and as a line with a point."""

from dataclasses import dataclass

from bekal.core.money import format_rupiah
from bekal.doors.languages import say, spoken
from bekal.evaluation.queries import EffectLine


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One outcome. `marks`: places of low, estimate, high and no effect on a scale of 0 to 100; () without estimate."""

    title: str
    problem: str
    effect: str
    low: str
    high: str
    winners: int
    losers: int
    marks: tuple[str, ...]


def effect_row(line: EffectLine) -> EffectRow:
    title = say(f"evaluation.outcome_{line.outcome}")
    if line.itt is None or line.low is None or line.high is None:
        problem = say(line.problem or "evaluation.too_few_answers")
        return EffectRow(title, problem, "", "", "", line.winners, line.losers, ())
    return EffectRow(
        title, "", _words(line.outcome, line.itt), _words(line.outcome, line.low), _words(line.outcome, line.high),
        line.winners, line.losers, _marks(line.low, line.itt, line.high),
    )  # fmt: skip


def _marks(low: float, estimate: float, high: float) -> tuple[str, ...]:
    """Places on a scale that holds the interval and zero, with a margin of a tenth on each side."""
    least, most = min(low, 0.0), max(high, 0.0)
    width = (most - least) or 1.0
    return tuple(f"{10 + 80 * (value - least) / width:.2f}" for value in (low, estimate, high, 0.0))


def _words(outcome: str, value: float) -> str:
    if outcome == "employed":
        points = f"{100 * value:+.1f}"
        return say("effect.points", points=points.replace(".", ",") if spoken() == "id" else points)
    return ("+" if value > 0 else "") + format_rupiah(round(value))
