"""Lists that come late, again, corrected, or wrong, and what they do to what was decided."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bekal.core.clock import now
from bekal.core.errors import Refused
from bekal.core.models import Event, Mark
from bekal.eligibility import actions, queries, tasks
from bekal.eligibility.actions import ImportedList
from bekal.eligibility.models import Fact, RegisterList, Review, Verdict
from bekal.notices.models import Notice
from bekal.rulebooks.models import RuleBook
from tests.citizens.making import BY, nik, registered_citizen
from tests.eligibility.making import eligible_citizen, settled
from tests.rulebooks.making import loaded_programme

pytestmark = pytest.mark.django_db
AUGUST = date(2023, 8, 1)


@pytest.fixture(autouse=True)
def in_august(clock_at: Callable[[datetime], None]) -> None:
    clock_at(datetime(2023, 8, 20, 3, 0, tzinfo=UTC))


@pytest.fixture
def book() -> RuleBook:
    return loaded_programme()


def taken(numbers: Iterable[int], **said: Any) -> ImportedList:
    niks = [nik(number) for number in numbers]
    usual: dict[str, Any] = {
        "kind": "pupil", "as_of": AUGUST, "source": "Kemendikbud", "sha256": f"{hash(tuple(niks)) & 0xFFFF:064}",
        "whole": True, "pieces": [niks[start : start + 2] for start in range(0, len(niks), 2)],
    }  # fmt: skip
    return tasks.take_in_list(by=BY, **(usual | said))


def standing(kind: str = "pupil") -> dict[str, int]:
    found: dict[str, int] = {}
    for fact in Fact.objects.filter(kind=kind):
        found[fact.standing] = found.get(fact.standing, 0) + 1
    return found


def test_people_on_a_list_stand_in_the_register_whether_registered_or_not(book: RuleBook) -> None:
    done = taken([1, 2, 3, 3])
    assert (done.people, done.added, done.ended, done.contested) == (3, 3, 0, 0)
    citizen = registered_citizen(2)
    assert settled(citizen.id, book.id).refusals[0].rule == "register:pupil"
    assert queries.newest_lists() == {"pupil": AUGUST}
    assert RegisterList.objects.get().people == 3


def test_the_same_list_again_changes_nothing(book: RuleBook) -> None:
    first = taken([1, 2])
    events = Event.objects.count()
    again = taken([1, 2])
    assert again == ImportedList(first.id, 2, known=True)
    assert (Event.objects.count(), standing()) == (events, {"stands": 2})


def test_the_same_file_of_a_later_day_is_a_new_list(book: RuleBook) -> None:
    taken([1, 2])
    later = taken([1, 2], as_of=date(2023, 8, 10))
    assert (later.known, later.people, later.added) == (False, 2, 0)
    assert queries.newest_lists() == {"pupil": date(2023, 8, 10)}
    assert {fact.as_of for fact in Fact.objects.all()} == {date(2023, 8, 10)}


def test_a_corrected_list_of_the_same_day_replaces_a_whole_one(book: RuleBook) -> None:
    citizen = registered_citizen(1)
    taken([1, 2, 3])
    assert not settled(citizen.id, book.id).eligible
    corrected = taken([2, 3, 4])
    assert (corrected.added, corrected.ended) == (1, 1)
    assert standing() == {"stands": 3, "ended": 1}
    view = queries.verdict_of(citizen.id, book.id)
    assert view
    assert view.eligible, "what was refused for the list alone is decided again"


def test_a_list_that_only_adds_ends_nothing(book: RuleBook) -> None:
    taken([1, 2])
    assert taken([3], whole=False).ended == 0
    assert standing() == {"stands": 3}


def test_a_decision_before_the_list_is_contested_for_a_person_to_look_at(book: RuleBook) -> None:
    citizen, other = eligible_citizen(book.id, 1), eligible_citizen(book.id, 2)
    done = taken([1, 9])
    assert (done.added, done.contested) == (2, 1)
    view = queries.verdict_of(citizen.id, book.id)
    assert view
    assert (view.state, view.waits[0].reason) == ("pending", "eligibility.register_contested")
    review = Review.objects.get()
    assert (review.citizen_id, review.kind, review.due_on) == (citizen.id, "pupil", date(2023, 9, 3))
    assert queries.is_eligible(other.id, book.id)
    assert Notice.objects.filter(template="eligibility.under_review").count() == 1
    assert tasks.contest_due() == 0, "nothing is contested twice"


def test_a_newer_whole_list_without_the_person_closes_the_review(book: RuleBook) -> None:
    citizen = eligible_citizen(book.id, 1)
    taken([1, 9])
    done = taken([9], as_of=date(2023, 8, 15))
    assert done.ended == 1
    assert queries.is_eligible(citizen.id, book.id)
    review = Review.objects.get()
    assert (review.state, review.closed_by, review.why) == ("dismissed", BY.key, "Kemendikbud, 2023-08-15")


def test_a_decision_in_the_same_instant_is_contested_afterwards(book: RuleBook) -> None:
    """The decision read the register before the list, and committed after it."""
    citizen = eligible_citizen(book.id, 1)
    Verdict.objects.all().update(outcome="refused")
    assert taken([1]).contested == 0
    Verdict.objects.all().update(outcome="eligible")
    assert tasks.contest_due() == 1
    view = queries.verdict_of(citizen.id, book.id)
    assert view
    assert view.state == "pending"


def test_a_decision_is_looked_at_again_for_its_own_day(book: RuleBook, clock_at: Callable[[datetime], None]) -> None:
    """Who was young enough on the day of the decision does not become too old by a list that comes late."""
    rules = book_age(book)
    born = date(2023 - rules - 1, 8, 25)
    citizen = eligible_citizen(book.id, 1, birth_date=born)
    clock_at(datetime(2023, 9, 20, 3, 0, tzinfo=UTC))
    taken([], pieces=[[nik(1, born=born)]], sha256="d" * 64)
    view = queries.verdict_of(citizen.id, book.id)
    assert view
    assert (view.state, [wait.rule for wait in view.waits]) == ("pending", ["register:pupil"])
    assert Verdict.objects.get().decided_on == date(2023, 8, 20)


def book_age(book: RuleBook) -> int:
    from bekal.rulebooks.queries import programme_of

    rules = programme_of(book.id).eligibility
    assert rules
    assert rules.age_max
    return rules.age_max


def test_a_newer_fact_is_not_ended_by_a_list(book: RuleBook) -> None:
    citizen = registered_citizen(1)
    actions.record_fact(
        by=BY, at=now(), kind="pupil", citizen_id=citizen.id, source="civil_registry", as_of=date(2023, 8, 19)
    )
    assert taken([2]).ended == 0
    assert standing() == {"stands": 2}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"as_of": date(2023, 7, 31)}, "list_too_old"),
        ({"as_of": date(2023, 8, 22)}, "list_from_the_future"),
        ({"kind": "pupils"}, "register_unknown"),
        ({"kind": "prior_recipient"}, "register_only_grows"),
    ],
)
def test_lists_that_are_refused_leave_nothing(book: RuleBook, said: dict[str, Any], code: str) -> None:
    taken([1])
    marks = Mark.objects.count()
    with pytest.raises(Refused) as refused:
        taken([2, 3], **said)
    assert refused.value.code == f"eligibility.{code}"
    assert (standing(), Mark.objects.count()) == ({"stands": 1}, marks)


def test_the_day_begins_in_papua(book: RuleBook, clock_at: Callable[[datetime], None]) -> None:
    clock_at(datetime(2023, 8, 20, 15, 30, tzinfo=UTC))
    assert taken([1], as_of=date(2023, 8, 21)).added == 1


def test_an_earlier_systems_recipients_can_be_told(book: RuleBook) -> None:
    assert taken([1], kind="prior_recipient", whole=False).added == 1
    assert standing("prior_recipient") == {"stands": 1}


def test_a_list_that_breaks_off_counts_for_nothing(book: RuleBook) -> None:
    def broken() -> Iterable[list[str]]:
        yield [nik(1), nik(2)]
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        taken([], pieces=broken(), sha256="e" * 64)
    assert (standing(), RegisterList.objects.count()) == ({}, 0)
    assert taken([3]).people == 1, "what was gathered before is forgotten"


def test_a_dismissed_person_is_looked_at_again_only_for_a_newer_list(book: RuleBook) -> None:
    citizen = eligible_citizen(book.id, 1)
    taken([1])
    actions.dismiss_review(by=BY, at=now(), review_id=Review.objects.get().id, why="another person")
    assert queries.is_eligible(citizen.id, book.id)
    assert taken([1, 2]).contested == 0
    assert queries.is_eligible(citizen.id, book.id)
    later = now().date() - timedelta(days=0)
    assert taken([1, 2, 3], as_of=later).contested == 1
