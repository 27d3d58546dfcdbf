"""Queueing a message and noting that it was taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from bekal.core import events, ids, vault
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.texts import text
from bekal.notices.models import Notice, State

_QUEUE = """
    INSERT INTO notices_notice (id, reference, address_sealed, text_sealed, template, owner_key, state, queued_at)
    SELECT t.id, t.reference, t.address, t.text, %s, t.owner, %s, %s
    FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::bytea[], %s::uuid[]) AS t(id, reference, address, text, owner)
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to come: to whom (telephone, E.164), in which language, with which facts, known by its reference.

    `owner`: the key under which its trace is found again; opaque here.
    """

    to: str
    language: str
    reference: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    owner: UUID | None = None


@action
def queue_notice(
    *, by: Actor, at: datetime, to: str, template: str, language: str, facts: Mapping[str, Any], reference: str
) -> None:
    """Queue one message. Idempotent by `reference`."""
    queue_notices(by=by, at=at, template=template, messages=[Message(to, language, reference, facts)])


@action
def queue_notices(*, by: Actor, at: datetime, template: str, messages: Sequence[Message]) -> None:
    """Queue a message to each of many people, in one statement. Idempotent by reference."""
    columns: list[list[Any]] = [
        ids.fresh_many([("notice", message.reference) for message in messages]),
        [message.reference for message in messages],
        [vault.seal(message.to, place="notices.address") for message in messages],
        [vault.seal(text(template, one.language, **one.facts), place="notices.text") for one in messages],
        [message.owner for message in messages],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, [template, State.QUEUED.value, at, *columns])
    if messages:
        events.record(
            kind="notices.queued", by=by, at=at, about="notice", key=messages[0].reference[:128],
            data={"template": template, "count": len(messages)},
        )  # fmt: skip
    else:
        events.nothing_changed()


@action
def mark_sent(*, by: Actor, at: datetime, notice_ids: Sequence[UUID]) -> None:
    """Note that the gateway took these messages; their text and address are wiped."""
    sent = Notice.objects.filter(id__in=notice_ids, state=State.QUEUED).update(
        state=State.SENT, sent_at=at, text_sealed=b"", address_sealed=b""
    )
    events.record(kind="notices.notices_sent", by=by, at=at, about="notices", key="batch", data={"count": sent})
