"""Awards as pages, partners and later rooms see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from bekal.core.errors import Refused
from bekal.core.rows import Rows, plain_rows
from bekal.ledger.queries import balances
from bekal.rulebooks.queries import programme_of
from bekal.rulebooks.rules import Programme, Scholarship
from bekal.scholarships.models import Award, State
from bekal.scholarships.queries.purses import incentive_account, training_account
from bekal.waves.queries import wave_number


class NothingToGive(Refused):
    """The programme gives no scholarship."""

    code = "scholarships.nothing_to_give"


@dataclass(frozen=True, slots=True)
class AwardView:
    """`balance`: rupiah that can be spent on trainings now. `incentive_left`: for incentives not yet paid."""

    id: UUID
    wave_id: UUID
    wave_number: int
    citizen_id: UUID
    rulebook_id: UUID
    card_number: str
    state: str
    training_amount: int
    incentive_amount: int
    balance: int
    incentive_left: int
    granted_at: datetime
    first_purchase_at: datetime | None
    purchase_due_at: datetime | None


def award_of(citizen_id: UUID) -> AwardView | None:
    """A person's award; the latest where there were several programmes."""
    return _view(Award.objects.filter(citizen_id=citizen_id).order_by("-granted_at").first())


def award_view(award_id: UUID) -> AwardView | None:
    return _view(Award.objects.filter(pk=award_id).first())


def award_of_card(card_number: str) -> AwardView | None:
    return _view(Award.objects.filter(card_number=card_number).first())


def awards_of_wave(wave_id: UUID) -> list[Award]:
    return list(Award.objects.filter(wave_id=wave_id).order_by("card_number"))


def award_counts(wave_id: UUID) -> dict[str, int]:
    """How many awards of a wave stand in each state."""
    rows = Award.objects.filter(wave_id=wave_id).values_list("state").annotate(people=Count("id")).order_by("state")
    return dict(rows)


def unused_past_due(at: datetime, limit: int) -> list[UUID]:
    """Awards that never bought anything and whose window has passed."""
    rows = Award.objects.filter(state=State.ACTIVE, first_purchase_at=None, purchase_due_at__lt=at)
    return list(rows.order_by("purchase_due_at", "id").values_list("id", flat=True)[:limit])


def used_past_due(at: datetime, limit: int) -> list[UUID]:
    """Awards that bought before, and whose window for the next training has passed."""
    rows = Award.objects.filter(state=State.ACTIVE, first_purchase_at__isnull=False, purchase_due_at__lt=at)
    return list(rows.order_by("purchase_due_at", "id").values_list("id", flat=True)[:limit])


def family_places_taken(programme_code: str, family_refs: list[UUID]) -> dict[UUID, int]:
    """How many awards of a programme each family card holds already."""
    rows = Award.objects.filter(programme_code=programme_code, family_ref__in=family_refs)
    return dict(rows.values_list("family_ref").annotate(count=Count("id")))


def freed_places(wave_id: UUID) -> list[Award]:
    """Revoked or withdrawn awards of a wave that bought nothing and whose place nobody has taken yet."""
    rows = Award.objects.filter(wave_id=wave_id, first_purchase_at=None, replacement=None)
    rows = rows.filter(state__in=[State.REVOKED, State.WITHDRAWN])
    return list(rows.order_by("ended_at", "card_number"))


def _view(row: Award | None) -> AwardView | None:
    if row is None:
        return None
    money = balances([training_account(row.id), incentive_account(row.id)])
    training, incentive = money.get(training_account(row.id)), money.get(incentive_account(row.id))
    return AwardView(
        row.id, row.wave_id, wave_number(row.wave_id), row.citizen_id, row.rulebook_id, row.card_number, row.state,
        row.training_amount, row.incentive_amount, training.available if training else 0,
        incentive.available if incentive else 0, row.granted_at, row.first_purchase_at, row.purchase_due_at,
    )  # fmt: skip


def awards_of(citizen_id: UUID) -> list[AwardView]:
    """Every award of a person, oldest first."""
    rows = Award.objects.filter(citizen_id=citizen_id).order_by("granted_at", "id")
    return [view for row in rows if (view := _view(row))]


def family_counts(family_ref: UUID) -> bool:
    """Whether an award rests on this family card, so that later ones of the household are counted with it."""
    return Award.objects.filter(family_ref=family_ref).exists()


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    return {"awards": plain_rows(Award.objects.filter(citizen_id=citizen_id), without=("family_ref",))}


def giving(rulebook_id: UUID) -> tuple[Programme, Scholarship]:
    """A programme version and what it gives. Raises NothingToGive."""
    programme = programme_of(rulebook_id)
    if programme.scholarship is None:
        raise NothingToGive(programme=programme.code)
    return programme, programme.scholarship
