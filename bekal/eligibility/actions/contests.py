"""What stands in a register and was decided otherwise: the decision is contested, and waits for a person."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from bekal.citizens.actions import Word, tell_citizens
from bekal.citizens.rules import LANGUAGES
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.eligibility.actions.decisions import decide_people
from bekal.eligibility.models import RegisterList, Review, Verdict
from bekal.eligibility.queries import barring
from bekal.rulebooks.rules import day_in_words

REVIEW_DAYS = 14
CHUNK = 5_000

_CONTEST = """
    UPDATE eligibility_fact f SET standing = 'contested' FROM citizens_citizen c
    WHERE f.kind = %s AND f.standing = 'stands' AND c.nik_ref = f.nik_ref AND EXISTS (
        SELECT FROM eligibility_verdict v
        WHERE v.citizen_id = c.id AND v.rulebook_id = ANY(%s) AND v.outcome <> 'refused')
"""
_UNREVIEWED = """
    SELECT c.id FROM eligibility_fact f JOIN citizens_citizen c ON c.nik_ref = f.nik_ref
    WHERE f.kind = %s AND f.standing = 'contested' AND NOT EXISTS (
        SELECT FROM eligibility_review r WHERE r.citizen_id = c.id AND r.kind = f.kind AND r.state = 'open')
    ORDER BY c.id LIMIT %s
"""


@action
def contest_decisions(*, by: Actor, at: datetime, kind: str) -> int:
    """Contest every favourable decision about somebody who stands in a register that bars it; how many people.

    A decision that knew of the register would have refused, so each such pair is a list that came late. Each gets a
    review with a date, waits, and is told. Safe to repeat: it looks at what stands.
    """
    row = RegisterList.objects.filter(kind=kind).order_by("-as_of", "-imported_at").first()
    books = barring(kind)
    if row is None or not books:
        events.nothing_changed()
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_CONTEST, [kind, books])
    contested = 0
    while people := _unreviewed(kind):
        _open_reviews(by, at, row, people)
        contested += len(people)
    events.nothing_changed()
    return contested


def decide_again(by: Actor, at: datetime, people: Sequence[UUID]) -> None:
    """Every decision that stands about these people, anew from what is known now, as of the day it was made for."""
    verdicts = Verdict.objects.filter(citizen_id__in=people).values_list("rulebook_id", "decided_on", "citizen_id")
    groups: dict[tuple[UUID, date], list[UUID]] = {}
    for rulebook_id, on, citizen_id in verdicts.order_by("rulebook_id", "decided_on", "citizen_id"):
        groups.setdefault((rulebook_id, on), []).append(citizen_id)
    for (rulebook_id, on), own in groups.items():
        decide_people(by=by, at=at, rulebook_id=rulebook_id, citizen_ids=own, on=on)


def _unreviewed(kind: str) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_UNREVIEWED, [kind, CHUNK])
        return [citizen_id for (citizen_id,) in cursor.fetchall()]


def _open_reviews(by: Actor, at: datetime, row: RegisterList, people: Sequence[UUID]) -> None:
    due = at.date() + timedelta(days=REVIEW_DAYS)
    Review.objects.bulk_create(
        Review(
            id=ids.fresh("review", str(citizen_id), str(row.id)), citizen_id=citizen_id, kind=row.kind,
            register_list=row, opened_at=at, due_on=due,
        )
        for citizen_id in people
    )  # fmt: skip
    decide_again(by, at, people)
    facts = {"source": row.source} | {f"due_{language}": day_in_words(due, language) for language in LANGUAGES}
    words = [Word(citizen_id, f"under_review:{row.id}:{citizen_id}", facts) for citizen_id in people]
    tell_citizens(by=by, at=at, template="eligibility.under_review", words=words)
