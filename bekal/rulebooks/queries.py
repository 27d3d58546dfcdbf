"""Reading the programmes that are loaded."""

from functools import lru_cache
from typing import ClassVar
from uuid import UUID

from bekal.core.errors import Refused
from bekal.rulebooks.models import RuleBook, State
from bekal.rulebooks.rules import Programme, parse_programme

_used: set[UUID] = set()


class NoSuchProgramme(Refused):
    """No version of this programme is loaded."""

    code: ClassVar[str] = "rulebooks.no_such_programme"


@lru_cache(maxsize=64)
def programme_of(rulebook_id: UUID) -> Programme:
    """The programme of a rule book, read once a process: an id names one text. Raises `RuleBook.DoesNotExist`."""
    book = RuleBook.objects.get(id=rulebook_id)
    return parse_programme(book.text, file=str(book))


def rulebook_of(code: str, version: int | None = None) -> RuleBook:
    """A version of a programme, the highest unless one is named. Raises `NoSuchProgramme`."""
    books = RuleBook.objects.filter(code=code).order_by("-version")
    book = (books if version is None else books.filter(version=version)).first()
    if book is None:
        raise NoSuchProgramme(code=code)
    return book


def is_used(rulebook_id: UUID) -> bool:
    """Whether something was decided under a rule book. There is no way back, so a yes is read once a process."""
    if rulebook_id not in _used and RuleBook.objects.filter(id=rulebook_id, state=State.USED).exists():
        _used.add(rulebook_id)
    return rulebook_id in _used


@lru_cache(maxsize=64)
def sha256_of(rulebook_id: UUID) -> str:
    """SHA-256, in hexadecimal, of the text of a rule book."""
    return RuleBook.objects.values_list("sha256", flat=True).get(id=rulebook_id)


def rulebooks() -> list[RuleBook]:
    """All loaded versions, by code and version."""
    return list(RuleBook.objects.order_by("code", "version"))
