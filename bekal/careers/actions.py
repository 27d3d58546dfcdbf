"""Writes of the careers room: taking in a portal's postings, and matching graduates with vacancies."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import rfc8785

from bekal.careers import queries, rules
from bekal.careers.models import Graduate, Match, Vacancy
from bekal.careers.ports import Posting
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.engines.skills import extract_skills, load_vocabulary

CONTENT = (
    "title", "employer", "description", "regency_code", "skills", "wage_low", "wage_high", "posted_on", "valid_until",
    "url",
)  # fmt: skip
SAFE_ADDRESSES = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a batch of postings. `left_out`: how many by name of the fault."""

    new: int = 0
    changed: int = 0
    same: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


@action
def take_in_postings(*, by: Actor, at: datetime, portal: str, postings: Sequence[Posting]) -> Intake:
    """Keep these postings of a portal. Idempotent by (portal, key); of two with one key the later one in the batch
    counts.

    Postings without key or title, with impossible wages or dates are left out and counted by fault.
    """
    judged = [(posting, _fault(posting)) for posting in postings]
    faults = Counter(fault for _, fault in judged if fault)
    kept = {posting.key: posting for posting, fault in judged if not fault}
    known = dict(Vacancy.objects.filter(portal=portal, key__in=kept).values_list("key", "content_digest"))
    rows = [_vacancy(portal, posting, at) for _, posting in sorted(kept.items())]
    fresh = [row for row in rows if bytes(known.get(row.key, b"")) != row.content_digest]
    Vacancy.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["portal", "key"],
        update_fields=[*CONTENT, "content_digest", "changed_at"],
        batch_size=1_000,
    )
    new = sum(row.key not in known for row in fresh)
    intake = Intake(new, len(fresh) - new, len(rows) - len(fresh), dict(sorted(faults.items())))
    _record_intake(intake, by=by, at=at, portal=portal)
    return intake


@action
def match_graduates(*, by: Actor, at: datetime, citizens: Sequence[UUID]) -> int:
    """Find the vacancies that suit these people, one batch; returns how many matches stand for them afterwards.

    People without an issued certificate are passed over. Matches that no longer hold are replaced.
    """
    profiles = queries.graduate_profiles(citizens)
    if not profiles:
        events.nothing_changed()
        return 0
    vacancy_ids, openings = queries.openings(at.date())
    index = rules.Openings(openings)
    fits = {profile.citizen_id: index.best(profile.skills, profile.regency_code) for profile in profiles}
    rows = [
        Match(
            citizen_id=person,
            vacancy_id=vacancy_ids[fit.position],
            score=fit.score,
            reasons=_reasons(fit),
            matched_at=at,
        )
        for person, best in fits.items()
        for fit in best
    ]
    _replace_matches(fits, rows, at)
    lines = [(str(person), {"vacancies": len(best)}) for person, best in fits.items()]
    events.record_batch(
        kind="careers.graduates_matched", by=by, at=at, about="graduates", key=f"{len(fits)} people", lines=lines
    )
    return len(rows)


def _replace_matches(fits: Mapping[UUID, tuple[rules.Fit, ...]], rows: Sequence[Match], at: datetime) -> None:
    people = sorted(fits)
    wanted = {(row.citizen_id, row.vacancy_id) for row in rows}
    standing = Match.objects.select_for_update().filter(citizen_id__in=people).order_by("id")
    gone = [key for key, *pair in standing.values_list("id", "citizen_id", "vacancy_id") if tuple(pair) not in wanted]
    Match.objects.filter(id__in=gone).delete()
    Match.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["citizen_id", "vacancy"],
        update_fields=["score", "reasons", "matched_at"],
        batch_size=2_000,
    )
    ends = _next_ends(rows)
    Graduate.objects.bulk_create(
        [Graduate(citizen_id=person, matched_at=at, next_due_on=ends.get(person)) for person in people],
        update_conflicts=True,
        unique_fields=["citizen_id"],
        update_fields=["matched_at", "next_due_on"],
        batch_size=5_000,
    )


def _next_ends(rows: Sequence[Match]) -> dict[UUID, date]:
    vacancies = {row.vacancy_id for row in rows}
    ends = dict(Vacancy.objects.filter(id__in=vacancies, valid_until__isnull=False).values_list("id", "valid_until"))
    due: dict[UUID, date] = {}
    for row in rows:
        end = ends.get(row.vacancy_id)
        if end is not None:
            after = end + timedelta(days=1)
            due[row.citizen_id] = min(after, due.get(row.citizen_id, after))
    return due


def _reasons(fit: rules.Fit) -> list[dict[str, Any]]:
    return [{"code": reason.code, "facts": dict(reason.facts)} for reason in fit.reasons]


def _fault(posting: Posting) -> str | None:
    return rules.posting_fault(
        key=posting.key,
        title=rules.plain_text(posting.title),
        wage_low=posting.wage_low,
        wage_high=posting.wage_high,
        posted_on=posting.posted_on,
        valid_until=posting.valid_until,
    )


def _vacancy(portal: str, posting: Posting, at: datetime) -> Vacancy:
    content = _content(posting)
    return Vacancy(
        id=ids.fresh("vacancy", portal, posting.key),
        portal=portal,
        key=posting.key,
        content_digest=_digest(content),
        changed_at=at,
        **content,
    )


def _content(posting: Posting) -> dict[str, Any]:
    title = rules.plain_text(posting.title)[:200]
    description = rules.plain_text(posting.description)
    text = f"{title}\n{description}\n{', '.join(posting.skills)}"
    given = [skill for skill in posting.skills if skill in load_vocabulary().codes]
    return {
        "title": title,
        "employer": rules.plain_text(posting.employer)[:200],
        "description": description,
        "regency_code": rules.dotted_regency(posting.regency),
        "skills": list(rules.skills_of(given, (found.code for found in extract_skills(text, load_vocabulary())))),
        "wage_low": posting.wage_low,
        "wage_high": posting.wage_high,
        "posted_on": posting.posted_on,
        "valid_until": posting.valid_until,
        "url": posting.url if posting.url.startswith(SAFE_ADDRESSES) and len(posting.url) <= 500 else "",
    }


def _digest(content: Mapping[str, Any]) -> bytes:
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in content.items()}
    return hashlib.sha256(rfc8785.dumps(plain)).digest()


def _record_intake(intake: Intake, *, by: Actor, at: datetime, portal: str) -> None:
    if not (intake.new or intake.changed or intake.left_out):
        events.nothing_changed()
        return
    data = {"new": intake.new, "changed": intake.changed, "same": intake.same, "left_out": dict(intake.left_out)}
    events.record(kind="careers.postings_taken_in", by=by, at=at, about="portal", key=portal[:64], data=data)


@action
def forget_graduate(*, by: Actor, at: datetime, citizen_id: UUID) -> None:
    """Drop which vacancies were looked up for a person."""
    Match.objects.filter(citizen_id=citizen_id).delete()
    Graduate.objects.filter(citizen_id=citizen_id).delete()
    events.record_person(kind="careers.graduate_forgotten", by=by, at=at, person=citizen_id)
