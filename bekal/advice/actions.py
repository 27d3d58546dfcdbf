"""The write of the advice room: training a model and publishing it when it deserves to be."""

from datetime import datetime

import numpy as np
from django.db import connection
from django.db.models import Max

from bekal.advice.models import MODEL_MOVES, Model, ModelState
from bekal.advice.queries import interactions
from bekal.advice.rules.training import Trained, train
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.machine import move


@action
def train_model(*, by: Actor, at: datetime) -> Model:
    """Train on everything chosen so far; the new model takes the place of the published one unless its test refuses it.

    Returns the model in state published or refused; its card says why. Two trainings at once wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE advice_model IN SHARE ROW EXCLUSIVE MODE")
    pairs = interactions.pairs()
    trained = train(pairs, interactions.items(), interactions.interests({pair.person for pair in pairs}))
    if trained.publish:
        _retire_published()
    model = _kept(trained, at)
    events.record(
        kind=f"advice.model_{model.state}", by=by, at=at, about="model", key=str(model.id), data=dict(trained.card)
    )
    return model


def _retire_published() -> None:
    for standing in Model.objects.select_for_update().filter(state=ModelState.PUBLISHED).order_by("id"):
        move(standing, ModelState.RETIRED, moves=MODEL_MOVES)


def _kept(trained: Trained, at: datetime) -> Model:
    state = ModelState.PUBLISHED if trained.publish else ModelState.REFUSED
    number = (Model.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    return Model.objects.create(
        id=ids.fresh("model", str(number)),
        number=number,
        kind=trained.kind,
        state=state,
        items=[str(key) for key in trained.items],
        counts=list(trained.counts),
        width=trained.weights.shape[1],
        neighbours=trained.neighbours.astype("<i4").tobytes(),
        weights=trained.weights.astype(np.dtype("<f4")).tobytes(),
        card=dict(trained.card),
        trained_at=at,
        published_at=at if trained.publish else None,
    )
