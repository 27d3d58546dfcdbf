"""Answers of a registration that is not sent yet, kept question by question for whoever proves the telephone."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bekal.citizens.actions.registration import correct_details, register_citizen
from bekal.citizens.models import Citizen, Draft
from bekal.citizens.queries import DRAFT, Answers, answers_in, draft_index
from bekal.citizens.rules import Registration
from bekal.core import events, ids, vault
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
    row = _locked(phone, at)
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
    first, second = sorted((phone, to))
    rows = {number: _locked(number, at) for number in (first, second)}
    after = answers_in(rows[to]) | answers_in(rows[phone])
    _write(rows[to], after, at)
    Draft.objects.filter(pk=rows[phone].pk).delete()
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
    old = Draft.objects.filter(updated_at__lte=at - Draft.LIFE).order_by("updated_at").values_list("pk", flat=True)
    gone, _ = Draft.objects.filter(pk__in=list(old[:limit]), updated_at__lte=at - Draft.LIFE).delete()
    if gone:
        events.record(kind="citizens.drafts_forgotten", by=by, at=at, about="drafts", key="batch", data={"count": gone})
    else:
        events.nothing_changed()
    return gone


def _locked(phone: str, at: datetime) -> Draft:
    """The draft of a phone, begun here if there is none."""
    index = draft_index(phone)
    fresh = Draft(
        phone_index=index, id=ids.fresh("draft", phone, at.isoformat()), answers_sealed=_sealed({}), begun_at=at,
        updated_at=at,
    )  # fmt: skip
    Draft.objects.bulk_create([fresh], ignore_conflicts=True)
    return Draft.objects.select_for_update(of=("self",)).get(pk=index)


def _write(row: Draft, answers: Answers, at: datetime) -> None:
    Draft.objects.filter(pk=row.pk).update(answers_sealed=_sealed(answers), updated_at=at)


def _drop(phone: str) -> None:
    gone, _ = Draft.objects.filter(pk=draft_index(phone)).delete()
    if not gone:
        raise DraftGone


def _sealed(answers: Answers) -> bytes:
    return vault.seal(json.dumps(answers), place=DRAFT)


def _record(kind: str, by: Actor, at: datetime, draft_id: UUID, data: Mapping[str, object]) -> None:
    events.record(kind=kind, by=by, at=at, about="draft", key=str(draft_id), data=data)
