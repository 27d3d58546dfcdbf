"""Sending messages to people: the one place where a telephone is read for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from bekal.access.actions import issue_code
from bekal.citizens.readings import read_contacts
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.notices.actions import Message, queue_notices


@dataclass(frozen=True, slots=True)
class Word:
    """A message to one person, known by its reference. Facts that depend on the language end in `_id` and `_en`."""

    citizen_id: UUID
    reference: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@action
def tell_citizens(*, by: Actor, at: datetime, template: str, words: Sequence[Word]) -> None:
    """Queue a message to each of many people, in two statements. Who was forgotten meanwhile gets none."""
    contacts = read_contacts(by=by, at=at, citizen_ids=[word.citizen_id for word in words])
    messages = [
        Message(contact.phone, contact.language, word.reference, word.facts, owner=word.citizen_id)
        for word in words
        if (contact := contacts.get(word.citizen_id))
    ]
    queue_notices(by=by, at=at, template=template, messages=messages)


@action
def send_code(
    *, by: Actor, at: datetime, citizen_id: UUID, purpose: str, bound_to: str, template: str, facts: Mapping[str, Any]
) -> None:
    """Send a one-time code to a person's own telephone. Raises access.CodeTooSoon, `Citizen.DoesNotExist`."""
    contact = read_contacts(by=by, at=at, citizen_ids=[citizen_id])[citizen_id]
    issue_code(
        by=by, at=at, purpose=purpose, bound_to=bound_to, to=contact.phone, template=template, facts=facts,
        language=contact.language,
    )  # fmt: skip
