"""Recommendations and packages for one person, and the models behind them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from bekal.advice.models import Model, ModelState
from bekal.advice.queries.package import NoSuchGoal, Package, goals, package_for
from bekal.advice.queries.recommendations import Recommendation, recommendations_for

__all__ = [
    "ModelCard",
    "NoSuchGoal",
    "Package",
    "Recommendation",
    "goals",
    "latest_model",
    "package_for",
    "published_model",
    "recommendations_for",
]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is told about a model. `card`: method, what it was trained on, its test, and `because`: a text key."""

    id: UUID
    number: int
    kind: str
    state: str
    trained_at: datetime
    card: dict[str, Any]


def published_model() -> ModelCard | None:
    """The model that serves now; None while none was published."""
    return _card(Model.objects.filter(state=ModelState.PUBLISHED).first())


def latest_model() -> ModelCard | None:
    """The model trained last, published or refused."""
    return _card(Model.objects.order_by("-number").first())


def _card(row: Model | None) -> ModelCard | None:
    return ModelCard(row.id, row.number, row.kind, row.state, row.trained_at, row.card) if row else None
