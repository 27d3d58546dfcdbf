"""Loading a programme file and freezing it by use."""

import hashlib
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from bekal.core import events, ids, machine
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.rulebooks.models import MOVES, RuleBook, State
from bekal.rulebooks.rules import parse_programme


class VersionFrozen(Refused):
    """The version is in use, and the text differs from what was used."""

    code: ClassVar[str] = "rulebooks.version_frozen"


@action
def load_programme(*, by: Actor, at: datetime, text: str) -> RuleBook:
    """Keep a programme file. The same text again changes nothing; an unused version may be replaced,
    and gets a new id: an id names one text for ever.

    Raises `ProgrammeFaults` when the text is no programme, `VersionFrozen` when it would change a used version.
    """
    programme = parse_programme(text)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    book = RuleBook.objects.select_for_update().filter(code=programme.code, version=programme.version).first()
    if book is not None and book.sha256 == sha256:
        events.nothing_changed()
        return book
    if book is not None and book.state == State.USED:
        raise VersionFrozen(code=programme.code, version=programme.version)
    if book is not None:
        book.delete()
    book = RuleBook.objects.create(
        id=ids.fresh("rulebook", programme.code, str(programme.version), sha256),
        code=programme.code,
        version=programme.version,
        text=text,
        sha256=sha256,
        in_force_from=programme.in_force_from,
        loaded_at=at,
    )
    data = {"code": book.code, "version": book.version, "sha256": sha256}
    events.record(kind="rulebooks.programme_loaded", by=by, at=at, about="rulebook", key=str(book.id), data=data)
    return book


@action
def mark_used(*, by: Actor, at: datetime, rulebook_id: UUID) -> RuleBook:
    """Freeze a version: something real is about to be decided under it. Again: no change."""
    book = RuleBook.objects.select_for_update().get(id=rulebook_id)
    if book.state == State.USED:
        events.nothing_changed()
        return book
    machine.move(book, State.USED, moves=MOVES, used_at=at)
    events.record(kind="rulebooks.version_frozen", by=by, at=at, about="rulebook", key=str(book.id))
    return book
