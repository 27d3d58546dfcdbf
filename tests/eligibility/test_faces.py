"""What a face check means for the verdict: a match makes it eligible, waiting keeps it pending, a human ends it."""

from collections.abc import Callable
from typing import Any

import pytest

from bekal.citizens import tasks as citizen_tasks
from bekal.citizens.actions import PhotoUnreadable, take_face_case
from bekal.citizens.models import Citizen, FaceCheck
from bekal.citizens.ports import FaceAnswer, RegistryAnswer
from bekal.citizens.rules import IDENTITY_POLICY
from bekal.core.clock import now
from bekal.core.events import Actor
from bekal.eligibility import tasks
from bekal.eligibility.actions import decide_face
from bekal.eligibility.models import Fact, Verdict
from bekal.eligibility.queries import verdict_of
from bekal.notices.models import Notice
from bekal.rulebooks.models import RuleBook
from tests.citizens.making import answered, picture, registered_citizen
from tests.eligibility.making import settled
from tests.rulebooks.making import face_programme

pytestmark = pytest.mark.django_db
RINA = Actor.staff("rina")
ALIKE, UNLIKE = FaceAnswer(True, 90), FaceAnswer(True, 20)


class Outside:
    """Registry and face match: `face` and `registry` are their next answers, None is silence."""

    def __init__(self) -> None:
        self.face: FaceAnswer | None = ALIKE
        self.registry: RegistryAnswer | None = answered()
        self.references: list[str] = []

    def compare(self, *, nik: str, photo: bytes, reference: str) -> FaceAnswer:
        self.references.append(reference)
        if self.face is None:
            raise ConnectionError("down")
        return self.face

    def check(self, **question: Any) -> RegistryAnswer:
        if self.registry is None:
            raise ConnectionError("down")
        return self.registry


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, clock_at: Callable[..., None]) -> Outside:
    made = Outside()
    monkeypatch.setattr(citizen_tasks, "open_port", lambda name: made)
    return made


@pytest.fixture
def book(outside: Outside) -> RuleBook:
    return face_programme()


def person(book: RuleBook) -> Citizen:
    citizen = registered_citizen()
    settled(citizen.id, book.id)
    return citizen


def standing(citizen: Citizen, book: RuleBook) -> tuple[str, set[str]]:
    """Outcome of the verdict, and the facts about the face that stand."""
    facts = Fact.objects.filter(nik_ref=Citizen.objects.get(id=citizen.id).nik_ref, standing="stands")
    outcome = Verdict.objects.get(citizen_id=citizen.id, rulebook_id=book.id).outcome
    return outcome, set(facts.values_list("kind", flat=True))


def test_without_a_photo_nobody_is_in(book: RuleBook) -> None:
    assert standing(person(book), book) == ("refused", set())


def test_a_match_makes_eligible(book: RuleBook) -> None:
    citizen = person(book)
    assert tasks.send_photo(citizen.id, picture(), book.id).state == "matched"
    assert standing(citizen, book) == ("eligible", {"face_matched"})


def test_a_face_match_that_is_down_costs_no_try_and_no_place(book: RuleBook, outside: Outside) -> None:
    citizen = person(book)
    outside.face = None
    check = tasks.send_photo(citizen.id, picture(), book.id)
    assert (check.state, check.tried) == ("waiting", 0)
    assert standing(citizen, book) == ("pending", {"face_review"})
    assert tasks.compare_due() == 0
    FaceCheck.objects.update(asked_at="2020-01-01T00:00:00Z")
    outside.face = ALIKE
    assert tasks.compare_due() == 1
    assert standing(citizen, book) == ("eligible", {"face_matched"})
    assert len(set(outside.references)) == 1, "the reference never changes"


def test_a_human_decides_after_three_tries(book: RuleBook, outside: Outside) -> None:
    citizen = person(book)
    outside.face = UNLIKE
    seen = []
    for _ in range(IDENTITY_POLICY.tries):
        tasks.send_photo(citizen.id, picture(), book.id)
        seen.append(standing(citizen, book)[0])
    assert seen == ["refused", "refused", "pending"]
    take_face_case(by=RINA, at=now(), role="identity_reviewer")
    decide_face(by=RINA, at=now(), citizen_id=citizen.id, decision="confirmed", rulebook_id=book.id)
    assert standing(citizen, book) == ("eligible", {"face_matched"})
    assert Notice.objects.filter(template="face.confirmed_message").count() == 1


def test_after_a_refusal_a_new_photo_counts(book: RuleBook, outside: Outside) -> None:
    citizen = person(book)
    outside.face = UNLIKE
    for _ in range(IDENTITY_POLICY.tries):
        tasks.send_photo(citizen.id, picture(), book.id)
    take_face_case(by=RINA, at=now(), role="identity_reviewer")
    decide_face(by=RINA, at=now(), citizen_id=citizen.id, decision="not_clear", rulebook_id=book.id)
    assert standing(citizen, book) == ("refused", set())
    outside.face = ALIKE
    assert tasks.send_photo(citizen.id, picture(), book.id).state == "matched"
    assert len(set(outside.references)) == IDENTITY_POLICY.tries + 1


def test_what_is_no_photo_changes_nothing(book: RuleBook) -> None:
    citizen = person(book)
    with pytest.raises(PhotoUnreadable):
        tasks.send_photo(citizen.id, b"PK\x03\x04", book.id)
    assert standing(citizen, book) == ("refused", set())


def test_the_queue_of_the_registry_ends_in_verdicts(book: RuleBook, outside: Outside, settings: Any) -> None:
    settings.PROGRAMME = book.code
    people = [registered_citizen(number).id for number in (1, 2, 3)]
    outside.registry = None
    assert tasks.verify_due() == 0
    assert not Verdict.objects.exists()
    Citizen.objects.update(asked_at=None)
    outside.registry = answered("match", "foreign_national")
    assert tasks.verify_due() == 3
    for citizen_id in people:
        found = verdict_of(citizen_id, book.id)
        assert found is not None
    assert Fact.objects.filter(kind="foreign_national", standing="stands").count() == 3


def test_without_a_programme_nobody_is_asked(outside: Outside, settings: Any) -> None:
    settings.PROGRAMME = "none-such"
    registered_citizen()
    assert (tasks.verify_due(), tasks.compare_due()) == (0, 0)
