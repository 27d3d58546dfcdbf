"""Lists of registers: taken in once, contesting what was decided before, decided by people."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.citizens.rules import NIK
from bekal.core import marks
from bekal.core.clock import now
from bekal.core.events import Actor
from bekal.core.models import Event
from bekal.eligibility import queries
from bekal.eligibility.actions import (
    ImportedList,
    ListTooOld,
    OtherEyes,
    ReviewGone,
    ReviewNeedsReason,
    confirm_review,
    dismiss_review,
    import_list,
)
from bekal.eligibility.models import Fact, RegisterList, Review
from bekal.notices.models import Notice
from bekal.rulebooks.models import RuleBook
from tests.citizens.making import BY, nik, registered_citizen
from tests.eligibility.making import eligible_citizen, settled
from tests.rulebooks.making import loaded_programme

pytestmark = pytest.mark.django_db
ONE, OTHER = Actor.staff("one"), Actor.staff("other")


@pytest.fixture(autouse=True)
def in_august(clock_at: Callable[[datetime], None]) -> None:
    clock_at(datetime(2023, 8, 20, 3, 0, tzinfo=UTC))


@pytest.fixture
def book() -> RuleBook:
    return loaded_programme()


def taken_in(*numbers: int, **told: Any) -> ImportedList:
    usual: dict[str, Any] = {
        "kind": "police", "as_of": date(2023, 8, 1), "source": "Polri", "whole": False,
        "sha256": f"{sorted(told.items())}{numbers}"[:64],
    }  # fmt: skip
    return import_list(by=BY, at=now(), niks=[nik(number) for number in numbers], **(usual | told))


def state_of(citizen_id: UUID, book: RuleBook) -> str:
    found = queries.verdict_of(citizen_id, book.id)
    assert found
    return found.state


def test_a_list_bars_people_who_come_later(book: RuleBook) -> None:
    assert taken_in(1, 2) == ImportedList(RegisterList.objects.get().id, 2, added=2)
    verdict = settled(registered_citizen(1).id, book.id)
    assert [result.rule for result in verdict.refusals] == ["register:police"]
    assert verdict.refusals[0].as_of == date(2023, 8, 1)
    clean = settled(registered_citizen(3).id, book.id)
    assert {result.as_of for result in clean.results if result.rule == "register:police"} == {date(2023, 8, 1)}


def test_the_same_file_again_changes_nothing(book: RuleBook) -> None:
    first = taken_in(1, 2)
    events = Event.objects.count()
    assert taken_in(1, 2) == ImportedList(first.id, 2, known=True)
    assert (Event.objects.count(), RegisterList.objects.count(), Fact.objects.count()) == (events, 1, 2)


def test_an_older_list_is_refused() -> None:
    taken_in(1)
    with pytest.raises(ListTooOld) as refused:
        taken_in(2, as_of=date(2023, 7, 1))
    assert refused.value.facts["newest_id"] == "1 Agustus 2023"


def test_a_whole_list_ends_who_is_no_longer_on_it(book: RuleBook) -> None:
    taken_in(1, 2)
    person = registered_citizen(1)
    assert settled(person.id, book.id).state == "refused"
    done = taken_in(2, 3, as_of=date(2023, 8, 15), whole=True)
    assert (done.added, done.ended) == (1, 1)
    assert state_of(person.id, book) == "eligible"


def test_a_late_list_contests_and_takes_nothing_silently(book: RuleBook) -> None:
    safe, named = eligible_citizen(book.id, 1), eligible_citizen(book.id, 2)
    done = taken_in(2, 9)
    assert (done.people, done.contested) == (2, 1)
    assert (state_of(safe.id, book), state_of(named.id, book)) == ("eligible", "pending")
    review = Review.objects.get()
    assert (review.citizen_id, review.kind, review.due_on) == (named.id, "police", date(2023, 9, 3))
    waits = queries.verdict_of(named.id, book.id)
    assert waits
    assert [result.reason for result in waits.waits] == ["eligibility.register_contested"]
    assert Notice.objects.filter(template="eligibility.under_review").count() == 1
    changed = Event.objects.filter(kind="eligibility.decided").order_by("-id")[0].lines.get()
    assert (changed.key, changed.data["outcome"]) == (str(named.id), "eligible")


def test_a_dismissed_list_leaves_the_decision(book: RuleBook) -> None:
    person = eligible_citizen(book.id, 2)
    taken_in(2)
    dismiss_review(by=ONE, at=now(), review_id=Review.objects.get().id, why="Nama sama, orang lain")
    assert state_of(person.id, book) == "eligible"
    assert (Review.objects.get().state, queries.open_review_count()) == ("dismissed", 0)
    assert taken_in(2, as_of=date(2023, 8, 19)).contested == 0
    taken_in(2, as_of=date(2023, 8, 20))
    assert (state_of(person.id, book), Review.objects.count()) == ("pending", 2)


def test_a_refusal_needs_two_members_of_staff(book: RuleBook) -> None:
    person = eligible_citizen(book.id, 2)
    taken_in(2)
    key = Review.objects.get().id
    with pytest.raises(ReviewNeedsReason):
        confirm_review(by=ONE, at=now(), review_id=key, why=" ")
    confirm_review(by=ONE, at=now(), review_id=key, why="Anggota aktif")
    assert state_of(person.id, book) == "pending"
    assert queries.review_for("one") is None
    with pytest.raises(OtherEyes):
        confirm_review(by=ONE, at=now(), review_id=key, why="Anggota aktif")
    confirm_review(by=OTHER, at=now(), review_id=key, why="Benar")
    assert state_of(person.id, book) == "refused"
    assert Notice.objects.filter(template="eligibility.told_confirmed").count() == 1
    for decide in (confirm_review, dismiss_review):
        with pytest.raises(ReviewGone):
            decide(by=OTHER, at=now(), review_id=key, why="Lagi")


def test_the_database_itself_wants_four_eyes(book: RuleBook) -> None:
    eligible_citizen(book.id, 2)
    taken_in(2)
    closed = {"state": "confirmed", "why": "x", "closed_at": now(), "closed_by": "one"}
    for columns in ({"proposed_by": "one"}, {"proposed_by": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.update(**closed, **columns)


def test_who_was_refused_already_is_not_contested(book: RuleBook) -> None:
    person = registered_citizen(2)
    assert settled(person.id, book.id, "match", "pupil").state == "refused"
    assert taken_in(2).contested == 0
    verdict = queries.verdict_of(person.id, book.id)
    assert verdict
    assert [result.rule for result in verdict.refusals] == ["register:pupil"]
    assert [result.rule for result in settled(person.id, book.id, "match").refusals] == ["register:police"]


def test_registers_have_their_words(book: RuleBook) -> None:
    assert queries.register_words("police").en == "the list of police officers"
    assert queries.register_words("unheard_of").id == "unheard_of"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sets(st.integers(1, 8)), st.booleans(), st.integers(1, 28)), max_size=5))
def test_any_order_of_lists_ends_with_what_the_newest_say(lists: list[tuple[set[int], bool, int]]) -> None:
    """A person stands in a register if the newest list that speaks of them names them."""
    Fact.objects.all().delete()
    RegisterList.objects.all().delete()
    stands: set[int] = set()
    newest = 0
    for step, (people, whole, day) in enumerate(lists):
        told: dict[str, Any] = {"as_of": date(2023, 7, day), "whole": whole, "sha256": str(step)}
        if day < newest:
            with pytest.raises(ListTooOld):
                taken_in(*people, **told)
            continue
        newest = day
        taken_in(*people, **told)
        stands = set(people) if whole else stands | people
    refs = marks.find((NIK, nik(number)) for number in range(1, 9))
    standing = set(Fact.objects.exclude(standing="ended").values_list("nik_ref", flat=True))
    assert standing == {refs[NIK, nik(number)] for number in stands}
