"""Answers of a registration that is not sent yet, kept question by question for whoever proves the telephone."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bekal.citizens.actions.registration import correct_details, register_citizen
from bekal.citizens.models import Citizen, Draft
from bekal.citizens.queries import Answers, answers_in
from bekal.citizens.rules import DRAFT, Registration
from bekal.core import events, ids, marks, vault
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor


class DraftGone(Refused):
    """The answers were sent already, or nobody touched them for thirty days."""

    code = "citizens.draft_gone"


@action
def keep_answers(*, by: Actor, at: datetime, phone: str, answers: Mapping[str, Sequence[str]]) -> Answers:
    """Merge these answers into the draft of a proven phone (E.164) and give back all of them.

    Question by question the last answer wins, from whichever phone or page it comes.
    """
    row = _locked((phone,), at)[phone]
    before = answers_in(row) if row.updated_at > at - Draft.LIFE else {}
    after = before | {name: list(given) for name, given in answers.items()}
    if after == before:
        events.nothing_changed()
        return after
    changed = sorted(name for name in after if after[name] != before.get(name))
    _write(row, after, at)
    _record("citizens.draft_answered", by, at, row.id, {"questions": changed})
    return after


@action
def move_draft(*, by: Actor, at: datetime, phone: str, to: str) -> Answers:
    """The person who answered under one proven phone has proven another: the answers go along, theirs win."""
    rows = _locked((phone, to), at)
    after = answers_in(rows[to]) | answers_in(rows[phone])
    _write(rows[to], after, at)
    _delete([rows[phone].id])
    _record("citizens.draft_moved", by, at, rows[to].id, {"from": str(rows[phone].id)})
    return after


@action
def register_from_draft(*, by: Actor, at: datetime, phone: str, registration: Registration) -> Citizen:
    """Register the person and drop the draft of the proven phone. Sent twice at once, the second raises DraftGone."""
    _drop(phone)
    return register_citizen(by=by, at=at, registration=registration)


@action
def correct_from_draft(*, by: Actor, at: datetime, phone: str, citizen_id: UUID, registration: Registration) -> Citizen:
    """Replace what a person said by the draft of the proven phone, and drop it. Raises DraftGone."""
    _drop(phone)
    return correct_details(by=by, at=at, citizen_id=citizen_id, registration=registration)


@action
def forget_drafts(*, by: Actor, at: datetime, limit: int) -> int:
    """Delete drafts nobody touched for thirty days, at most `limit`; how many."""
    old = Draft.objects.select_for_update(skip_locked=True).filter(updated_at__lte=at - Draft.LIFE)
    gone = _delete(list(old.order_by("updated_at").values_list("id", flat=True)[:limit]))
    if gone:
        events.record(kind="citizens.drafts_forgotten", by=by, at=at, about="drafts", key="batch", data={"count": gone})
    else:
        events.nothing_changed()
    return gone


def _locked(phones: Sequence[str], at: datetime) -> dict[str, Draft]:
    """The drafts of these phones, begun here where there is none."""
    refs = marks.refer({(DRAFT, phone): ids.fresh(DRAFT, phone) for phone in phones})
    fresh = [Draft(id=ref, answers_sealed=_sealed({}, ref), begun_at=at, updated_at=at) for ref in refs.values()]
    Draft.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = Draft.objects.select_for_update(of=("self",)).filter(pk__in=list(refs.values())).order_by("id")
    found = {row.id: row for row in rows}
    return {phone: found[refs[DRAFT, phone]] for phone in phones}


def _write(row: Draft, answers: Answers, at: datetime) -> None:
    Draft.objects.filter(pk=row.pk).update(answers_sealed=_sealed(answers, row.id), updated_at=at)


def _drop(phone: str) -> None:
    ref = marks.find([(DRAFT, phone)]).get((DRAFT, phone))
    if ref is None or not _delete([ref]):
        raise DraftGone


def _delete(refs: Sequence[UUID]) -> int:
    gone, _ = Draft.objects.filter(pk__in=refs).delete()
    marks.release(refs)
    return gone


def _sealed(answers: Answers, row: UUID) -> bytes:
    return vault.seal(json.dumps(answers), place=DRAFT, row=row)


def _record(kind: str, by: Actor, at: datetime, draft_id: UUID, data: Mapping[str, object]) -> None:
    events.record(kind=kind, by=by, at=at, about="draft", key=str(draft_id), data=data)
