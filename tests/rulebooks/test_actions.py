"""Loading, replacing and freezing programme files."""

from uuid import uuid5

import pytest
from django.db import IntegrityError, transaction

from bekal.core.clock import now
from bekal.core.models import Event
from bekal.rulebooks import queries
from bekal.rulebooks.actions import VersionFrozen, load_programme, mark_used
from bekal.rulebooks.models import RuleBook
from bekal.rulebooks.rules import ProgrammeFaults, parse_programme
from tests.rulebooks.making import BY, loaded_programme, programme_text

pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


def test_loading_keeps_text_and_digest() -> None:
    book = loaded_programme()
    assert queries.programme_of(book.id) == parse_programme(programme_text())
    assert queries.rulebook_of("prakerja-2023").id == book.id
    assert len(queries.sha256_of(book.id)) == 64
    assert [str(book) for book in queries.rulebooks()] == ["prakerja-2023/1"]
    assert kinds() == ["rulebooks.programme_loaded"]


def test_same_text_again_changes_nothing() -> None:
    assert loaded_programme().id == loaded_programme().id
    assert kinds() == ["rulebooks.programme_loaded"]


def test_an_unused_version_may_be_replaced_and_gets_a_new_id() -> None:
    first = loaded_programme()
    second = load_programme(by=BY, at=now(), text=programme_text().replace("min_hours = 15", "min_hours = 20"))
    assert second.id != first.id
    assert queries.programme_of(second.id).purchase.min_hours == 20
    with pytest.raises(RuleBook.DoesNotExist):
        RuleBook.objects.get(id=first.id)


def test_a_used_version_is_frozen() -> None:
    book = loaded_programme()
    mark_used(by=BY, at=now(), rulebook_id=book.id)
    assert mark_used(by=BY, at=now(), rulebook_id=book.id).state == "used"
    assert kinds().count("rulebooks.version_frozen") == 1
    with pytest.raises(VersionFrozen):
        load_programme(by=BY, at=now(), text=programme_text() + "\n# later\n")
    assert loaded_programme().id == book.id
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleBook.objects.filter(id=book.id).update(text="")
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleBook.objects.filter(id=book.id).delete()


def test_the_highest_version_is_the_one() -> None:
    loaded_programme()
    text = programme_text().replace("version = 1", "version = 2")
    second = load_programme(by=BY, at=now(), text=text)
    assert queries.rulebook_of("prakerja-2023").id == second.id
    assert queries.rulebook_of("prakerja-2023", version=1).version == 1
    with pytest.raises(queries.NoSuchProgramme):
        queries.rulebook_of("prakerja-2023", version=3)


def test_a_faulty_file_is_not_kept() -> None:
    with pytest.raises(ProgrammeFaults):
        load_programme(by=BY, at=now(), text="code = 1")
    assert queries.rulebooks() == []
    with pytest.raises(RuleBook.DoesNotExist):
        queries.programme_of(uuid5(loaded_programme().id, "other"))
