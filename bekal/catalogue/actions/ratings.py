"""What learners say of a training."""

from datetime import datetime
from uuid import UUID

from bekal.catalogue.actions.refusals import RatingOutOfRange, RatingWordy
from bekal.catalogue.models import Rating
from bekal.core import ids
from bekal.core.atomic import action
from bekal.core.events import Actor, record, record_person


@action
def rate_training(*, by: Actor, at: datetime, citizen_id: UUID, training_id: UUID, stars: int, words: str) -> Rating:
    """Rate a training, or change one's rating. The market checks that it was bought (`rate_purchase`).

    Refusals: RatingOutOfRange (1 to 5 stars), RatingWordy (at most 2,000 letters).
    """
    if not 1 <= stars <= 5:
        raise RatingOutOfRange()
    if len(words) > 2000:
        raise RatingWordy()
    rating, fresh = Rating.objects.update_or_create(
        citizen_id=citizen_id,
        training_id=training_id,
        defaults={"stars": stars, "words": words.replace("\x00", "").strip(), "at": at},
        create_defaults={
            "id": ids.fresh("rating", str(citizen_id), str(training_id)),
            "stars": stars,
            "words": words.replace("\x00", "").strip(),
            "at": at,
        },
    )
    record(
        kind="catalogue.training_rated",
        by=by,
        at=at,
        about="training",
        key=str(training_id),
        person=citizen_id,
        data={"stars": stars, "first": fresh},
    )
    return rating


@action
def forget_rater(*, by: Actor, at: datetime, citizen_id: UUID) -> None:
    """Wipe what a person wrote about trainings; the stars stay in the averages."""
    Rating.objects.filter(citizen_id=citizen_id).update(words="")
    record_person(kind="catalogue.rater_forgotten", by=by, at=at, person=citizen_id)
