"""What people chose, finished and liked, as pairs of person and training for the recommender."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from bekal.advice.rules.training import Item, Pair, liked
from bekal.catalogue.models import Rating, Training, TrainingState
from bekal.citizens.models import Citizen
from bekal.citizens.queries import who_allow
from bekal.learning.models import Certificate, CertificateState
from bekal.market.models import Purchase, PurchaseState


def pairs() -> list[Pair]:
    """One pair for everything bought or finished with a certificate, at the instant of buying, in order of time.

    Of people who allow recommendations today; whoever takes that back is not learnt from in the next training.
    """
    stars = {(person, training): count for person, training, count in _columns(Rating.objects.all(), "stars")}
    issued = Certificate.objects.filter(state=CertificateState.ISSUED)
    paid = Purchase.objects.filter(state=PurchaseState.PAID, paid_at__isnull=False)
    chosen = {(person, training): at for person, training, at in _columns(issued, "reported_at")}
    chosen |= {(person, training): at for person, training, at in _columns(paid, "paid_at")}
    allowed = who_allow({person for person, _ in chosen}, "recommendations")
    found = [Pair(*key, at, liked(stars.get(key))) for key, at in chosen.items() if key[0] in allowed]
    return sorted(found, key=lambda pair: (pair.at, pair.person, pair.training))


def items() -> list[Item]:
    """Every admitted training, by code."""
    rows = Training.objects.filter(state=TrainingState.CURATED).order_by("code")
    columns = rows.values_list("id", "skills", "provider_id")
    return [Item(key, frozenset(skills), str(provider)) for key, skills, provider in columns]


def _columns(rows: QuerySet[Any], third: str) -> Iterable[tuple[UUID, UUID, Any]]:
    return rows.values_list("citizen_id", "training_id", third)


def interests(people: Iterable[UUID]) -> Mapping[UUID, frozenset[str]]:
    """Skill codes that these people named at registration."""
    rows = Citizen.objects.filter(id__in=list(people)).values_list("id", "interests")
    return {person: frozenset(codes) for person, codes in rows}
