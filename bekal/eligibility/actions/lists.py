"""Taking in a list of a register. One that comes after a decision contests it, and a person looks first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import connection

from bekal.citizens.actions import Word, tell_citizens
from bekal.citizens.rules import LANGUAGES, NIK
from bekal.core import events, ids, marks
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.eligibility.actions.decisions import decide_people
from bekal.eligibility.models import RegisterList, Review, Verdict
from bekal.rulebooks.queries import programme_of, rulebooks
from bekal.rulebooks.rules import day_in_words

REVIEW_DAYS = 14
CHUNK = 50_000


class ListTooOld(Refused):
    """A newer list of this register is in force."""

    code: ClassVar[str] = "eligibility.list_too_old"


@dataclass(frozen=True, slots=True)
class ImportedList:
    """What a list did. `people`: on it; `added` and `ended`: facts that changed; `contested`: decisions that somebody
    must look at again. `known`: this very file was taken in before, and nothing changed."""

    id: UUID
    people: int
    added: int = 0
    ended: int = 0
    contested: int = 0
    known: bool = False


_ADD = """
    INSERT INTO eligibility_fact AS f (nik_ref, kind, standing, source, as_of, recorded_at)
    SELECT n.ref, %s, CASE WHEN EXISTS (
            SELECT FROM citizens_citizen c JOIN eligibility_verdict v ON v.citizen_id = c.id
            WHERE c.nik_ref = n.ref AND v.rulebook_id = ANY(%s) AND v.outcome <> 'refused'
        ) THEN 'contested' ELSE 'stands' END, %s, %s, %s
    FROM unnest(%s::uuid[]) AS n(ref)
    ON CONFLICT (nik_ref, kind) DO UPDATE SET
        standing = CASE WHEN f.standing = 'ended' THEN excluded.standing ELSE f.standing END,
        source = excluded.source, as_of = excluded.as_of, recorded_at = excluded.recorded_at
        WHERE f.as_of <= excluded.as_of
"""
_END = """
    UPDATE eligibility_fact f SET standing = 'ended', as_of = %s, source = %s, recorded_at = %s
    WHERE f.kind = %s AND f.standing <> 'ended' AND f.as_of <= %s
        AND NOT EXISTS (SELECT FROM unnest(%s::uuid[]) AS n(ref) WHERE n.ref = f.nik_ref)
    RETURNING f.nik_ref
"""
_CONTESTED = """
    SELECT c.id FROM eligibility_fact f JOIN citizens_citizen c ON c.nik_ref = f.nik_ref
    WHERE f.kind = %s AND f.standing = 'contested' AND NOT EXISTS (
        SELECT FROM eligibility_review r WHERE r.citizen_id = c.id AND r.kind = f.kind AND r.state = 'open')
    ORDER BY c.id
"""


@action
def import_list(
    *, by: Actor, at: datetime, kind: str, as_of: date, source: str, sha256: str, whole: bool, niks: Sequence[str],
    refused_rows: int = 0,
) -> ImportedList:  # fmt: skip
    """Take in who stands in a register on a day. The same file again changes nothing.

    `niks`: sixteen digits each, whether registered with us or not. `whole`: who is not on it no longer stands in the
    register. Whoever a favourable decision was given to is contested, not refused: `reviews` decide.
    Raises ListTooOld.
    """
    known = RegisterList.objects.filter(kind=kind, sha256=sha256).first()
    if known is not None:
        events.nothing_changed()
        return ImportedList(known.id, known.people, known=True)
    newest = RegisterList.objects.filter(kind=kind).order_by("-as_of").first()
    if newest is not None and newest.as_of > as_of:
        raise ListTooOld(newest_id=day_in_words(newest.as_of, "id"), newest_en=day_in_words(newest.as_of, "en"))
    people = list(dict.fromkeys(niks))
    row = RegisterList.objects.create(
        id=ids.fresh("register list", kind, sha256), kind=kind, as_of=as_of, source=source, sha256=sha256, whole=whole,
        people=len(people), refused_rows=refused_rows, imported_at=at, imported_by=by.key,
    )  # fmt: skip
    refs = _refs(people)
    added, ended = _write(row, refs, at)
    contested = _contest(by, at, row)
    again = _citizens_of(ended)
    _decide_again(by, at, again)
    done = ImportedList(row.id, len(people), added, len(ended), len(contested))
    events.record(
        kind="eligibility.list_imported", by=by, at=at, about="register", key=kind,
        data={"list": str(row.id), "as_of": as_of.isoformat(), "people": done.people, "added": added,
              "ended": done.ended, "contested": done.contested, "refused_rows": refused_rows},
    )  # fmt: skip
    return done


def _refs(niks: Sequence[str]) -> list[UUID]:
    found: list[UUID] = []
    for start in range(0, len(niks), CHUNK):
        chunk = niks[start : start + CHUNK]
        refs = marks.refer({(NIK, nik): ids.fresh(NIK, nik) for nik in chunk})
        found += [refs[NIK, nik] for nik in chunk]
    return found


def _write(row: RegisterList, refs: list[UUID], at: datetime) -> tuple[int, list[UUID]]:
    """How many facts were written, and the references of those that ended."""
    barring = [book.id for book in rulebooks() if _bars(book.id, row.kind)]
    with connection.cursor() as cursor:
        ended: list[UUID] = []
        if row.whole:
            cursor.execute(_END, [row.as_of, row.source, at, row.kind, row.as_of, refs])
            ended = [ref for (ref,) in cursor.fetchall()]
        cursor.execute(_ADD, [row.kind, barring, row.source, row.as_of, at, refs])
        return cursor.rowcount, ended


def _bars(rulebook_id: UUID, kind: str) -> bool:
    rules = programme_of(rulebook_id).eligibility
    return rules is not None and kind in rules.registers_barred


def _contest(by: Actor, at: datetime, row: RegisterList) -> list[UUID]:
    """Open a review for every newly contested person, let their decisions wait, and tell them."""
    with connection.cursor() as cursor:
        cursor.execute(_CONTESTED, [row.kind])
        people = [citizen_id for (citizen_id,) in cursor.fetchall()]
    due = at.date() + timedelta(days=REVIEW_DAYS)
    Review.objects.bulk_create(
        [
            Review(
                id=ids.fresh("review", str(citizen_id), str(row.id)), citizen_id=citizen_id, kind=row.kind,
                register_list=row, opened_at=at, due_on=due,
            )
            for citizen_id in people
        ],
        batch_size=5_000,
    )  # fmt: skip
    _decide_again(by, at, people)
    facts = {"source": row.source} | {f"due_{language}": day_in_words(due, language) for language in LANGUAGES}
    words = [Word(citizen_id, f"under_review:{row.id}:{citizen_id}", facts) for citizen_id in people]
    tell_citizens(by=by, at=at, template="eligibility.under_review", words=words)
    return people


def _citizens_of(refs: Sequence[UUID]) -> list[UUID]:
    if not refs:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM citizens_citizen WHERE nik_ref = ANY(%s) ORDER BY id", [list(refs)])
        return [citizen_id for (citizen_id,) in cursor.fetchall()]


def _decide_again(by: Actor, at: datetime, people: Sequence[UUID]) -> None:
    """Every decision that stands about these people, anew."""
    verdicts = Verdict.objects.filter(citizen_id__in=people).values_list("rulebook_id", "citizen_id")
    by_book: dict[UUID, list[UUID]] = {}
    for rulebook_id, citizen_id in verdicts.order_by("rulebook_id", "citizen_id"):
        by_book.setdefault(rulebook_id, []).append(citizen_id)
    for rulebook_id, own in by_book.items():
        decide_people(by=by, at=at, rulebook_id=rulebook_id, citizen_ids=own)
