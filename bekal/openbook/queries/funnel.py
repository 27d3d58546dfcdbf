"""How far the people of a wave came, step by step, in the database's own counts."""

from dataclasses import dataclass

from django.db.models import QuerySet

from bekal.careers.models import Match
from bekal.catalogue.models import Rating
from bekal.citizens.models import Citizen, Forgotten
from bekal.eligibility.models import Verdict
from bekal.incentives.models import OrderKind, OrderState, PayeeAccount, PayeeState, PaymentOrder
from bekal.learning.models import Certificate, CertificateState, Enrolment
from bekal.market.models import Purchase, PurchaseState
from bekal.scholarships.models import Award
from bekal.surveys.models import SurveyAnswer
from bekal.waves.models import Application
from bekal.waves.queries import WaveView, assignments, joined_count, wave_view

STEPS = (
    "registered", "verified", "eligible", "joined", "in_roll", "selected", "awarded", "bought", "redeemed", "completed",
    "certified", "rated", "surveyed", "account_linked", "incentive_paid", "matched",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FunnelLine:
    """`code`: text key under `openbook.funnel_`; `people`: distinct people who came at least this far."""

    code: str
    people: int


def funnel(wave_number: int) -> list[FunnelLine]:
    """The steps of one wave in order. The first three count everybody registered before the wave closed. Raises
    NoSuchWave.
    """
    wave = wave_view(wave_number)
    counts = {**_before(wave), **_draw(wave), **_after(wave)}
    return [FunnelLine(code, counts[code]) for code in STEPS]


def _before(wave: WaveView) -> dict[str, int]:
    people = Citizen.objects.filter(registered_at__lt=wave.closes_at)
    gone = Forgotten.objects.filter(registered_at__lt=wave.closes_at)
    gone_joined = Application.objects.filter(wave_id=wave.id, citizen_id__in=gone.values("citizen_id"))
    eligible = Verdict.objects.filter(
        rulebook_id=wave.rulebook_id, outcome="eligible", citizen_id__in=people.values("id")
    )
    return {
        "registered": people.count() + gone.count(),
        "verified": people.filter(verified_at__isnull=False).count() + gone.filter(verified_at__isnull=False).count(),
        "eligible": _people(eligible) + _people(gone_joined),
        "joined": joined_count(wave),
    }


def _draw(wave: WaveView) -> dict[str, int]:
    won = [winner for _, _, _, winner in assignments(wave.id)]
    return {"in_roll": len(won), "selected": sum(won)}


def _after(wave: WaveView) -> dict[str, int]:
    awards = Award.objects.filter(wave_id=wave.id)
    keys, holders = awards.values("id"), awards.values("citizen_id")
    bought = Purchase.objects.filter(award_id__in=keys, state=PurchaseState.PAID)
    enrolled = Enrolment.objects.filter(award_id__in=keys)
    reported = Certificate.objects.filter(award_id__in=keys)
    paid = PaymentOrder.objects.filter(award_id__in=keys, state=OrderState.PAID).exclude(kind=OrderKind.SETTLEMENT)
    linked = PayeeAccount.objects.filter(citizen_id__in=holders, state=PayeeState.LINKED)
    return {
        "awarded": awards.count(),
        "bought": _people(bought),
        "redeemed": _people(enrolled.filter(redeemed_at__isnull=False)),
        "completed": _people(enrolled.filter(completed_at__isnull=False)),
        "certified": _people(reported.filter(state=CertificateState.ISSUED)),
        "rated": _people(Rating.objects.filter(citizen_id__in=holders)),
        "surveyed": _people(SurveyAnswer.objects.filter(award_id__in=keys)),
        "account_linked": _people(linked),
        "incentive_paid": _people(paid),
        "matched": _people(Match.objects.filter(citizen_id__in=holders)),
    }


def _people(rows: QuerySet) -> int:  # type: ignore[type-arg]
    return rows.order_by().values("citizen_id").distinct().count()
