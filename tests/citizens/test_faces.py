"""Face checks: three tries, then a human with a date; the photo goes when its time is over."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from bekal.citizens import tasks
from bekal.citizens.actions import (
    CaseGone,
    DecisionMissing,
    FaceBeforeData,
    FaceSettled,
    PhotoInCheck,
    PhotoRefused,
    claim_face,
    decide_face_case,
    forget_photos,
    read_case_photo,
    record_face_answer,
    record_identity,
    submit_photo,
    take_face_case,
)
from bekal.citizens.actions.claims import LEASE
from bekal.citizens.models import FaceCheck, FacePhoto, FaceTry
from bekal.citizens.photos import Photo
from bekal.citizens.ports import FaceAnswer
from bekal.citizens.queries import face_cases, face_of
from bekal.citizens.readings import read_sent_photo
from bekal.citizens.rules import (
    FACE_PHOTO,
    FACE_REFUSALS,
    IDENTITY_POLICY,
    face_next,
    face_passes,
    is_working_day,
    promised_day,
    working_days_after,
)
from bekal.core import vault
from bekal.core.clock import now
from bekal.core.events import Actor
from bekal.core.models import Event
from tests.citizens.making import BY, answered, registered_citizen, verified_citizen

RINA, YOSEF = Actor.staff("rina"), Actor.staff("yosef")
ALIKE, UNLIKE = FaceAnswer(live=True, score=90), FaceAnswer(live=True, score=30)
TUESDAY = datetime(2023, 8, 1, 3, 0, tzinfo=UTC)


def sent(citizen_id: UUID, jpeg: bytes = b"jpeg") -> FaceCheck:
    return submit_photo(by=Actor.citizen(citizen_id), at=now(), citizen_id=citizen_id, photo=Photo(jpeg))


def compared(citizen_id: UUID, answer: FaceAnswer, jpeg: bytes = b"jpeg") -> FaceCheck:
    check = sent(citizen_id, jpeg)
    return record_face_answer(by=BY, at=now(), citizen_id=citizen_id, number=check.number, answer=answer)


def in_review(number: int = 1) -> UUID:
    citizen = verified_citizen(number)
    for _ in range(IDENTITY_POLICY.tries):
        compared(citizen.id, UNLIKE)
    return citizen.id


def taken(by: Actor = RINA) -> FaceCheck | None:
    return take_face_case(by=by, at=now(), role="identity_reviewer")


def decided(citizen_id: UUID, decision: str = "confirmed", by: Actor = RINA) -> FaceCheck:
    return decide_face_case(by=by, at=now(), citizen_id=citizen_id, decision=decision)


@given(st.booleans(), st.integers(0, 100))
def test_only_a_living_face_that_is_alike_passes(live: bool, score: int) -> None:
    assert face_passes(live, score) == (live and score >= IDENTITY_POLICY.threshold)


@given(st.integers(1, 50), st.booleans())
def test_nobody_runs_out_of_tries_without_a_human(number: int, passed: bool) -> None:
    expected = "matched" if passed else "open" if number < IDENTITY_POLICY.tries else "review"
    assert face_next(passed, number) == expected


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 30))
def test_working_days_are_counted_one_by_one(day: date, days: int) -> None:
    end = working_days_after(day, days)
    between = [day + timedelta(days=step) for step in range(1, (end - day).days + 1)]
    assert sum(map(is_working_day, between)) == days
    assert days == 0 or is_working_day(end)


@pytest.mark.parametrize(
    "day",
    [date(2026, 3, 20), date(2026, 8, 17), date(2030, 12, 25), date(2023, 8, 5)],
    ids=["joint leave", "independence", "a year without decree", "Saturday"],
)
def test_days_off(day: date) -> None:
    assert not is_working_day(day)


def test_a_promise_counts_from_the_day_in_indonesia() -> None:
    late = datetime(2023, 8, 1, 23, 0, tzinfo=UTC)
    assert promised_day(late, 1) == date(2023, 8, 3)


def sent_photo(citizen_id: UUID) -> bytes:
    return read_sent_photo(by=RINA, at=now(), citizen_id=citizen_id, purpose="own_view")


@pytest.mark.django_db
class TestTries:
    def test_a_photo_waits_sealed(self) -> None:
        citizen = verified_citizen()
        assert sent(citizen.id, b"a face").state == "waiting"
        row = FacePhoto.objects.get()
        assert b"a face" not in bytes(row.jpeg_sealed)
        assert sent_photo(citizen.id) == b"a face"
        with pytest.raises(InvalidTag):
            vault.unseal_bytes(row.jpeg_sealed, place=FACE_PHOTO, row=verified_citizen(2).id)

    def test_a_match_settles_it(self) -> None:
        citizen = verified_citizen()
        assert compared(citizen.id, ALIKE).state == "matched"
        with pytest.raises(FaceSettled):
            sent(citizen.id)

    def test_the_third_try_brings_a_human_and_a_date(self, clock_at: Callable[[datetime], None]) -> None:
        clock_at(TUESDAY)
        citizen = verified_citizen()
        states = [compared(citizen.id, UNLIKE).state for _ in range(3)]
        assert states == ["open", "open", "review"]
        view = face_of(citizen.id)
        assert view is not None
        assert (view.review_due_on, view.left, [one.score for one in view.tries]) == (date(2023, 8, 4), 0, [30] * 3)
        with pytest.raises(PhotoInCheck):
            sent(citizen.id)

    def test_a_second_photo_waits_for_the_first(self) -> None:
        citizen = verified_citizen()
        sent(citizen.id, b"first")
        with pytest.raises(PhotoInCheck):
            sent(citizen.id, b"second")
        assert sent_photo(citizen.id) == b"first"

    def test_an_answer_counts_once(self) -> None:
        citizen = verified_citizen()
        compared(citizen.id, UNLIKE)
        again = record_face_answer(by=BY, at=now(), citizen_id=citizen.id, number=1, answer=ALIKE)
        assert (again.state, again.tried) == ("open", 1)
        sent(citizen.id)
        late = record_face_answer(by=BY, at=now(), citizen_id=citizen.id, number=1, answer=ALIKE)
        assert late.state == "waiting"
        assert FaceTry.objects.count() == 1

    def test_before_the_first_photo_there_is_nothing(self) -> None:
        assert face_of(registered_citizen().id) is None

    def test_other_data_come_first(self) -> None:
        citizen = registered_citizen()
        record_identity(by=BY, at=now(), citizen_id=citizen.id, answer=answered("mismatch"))
        with pytest.raises(FaceBeforeData):
            sent(citizen.id)

    @pytest.mark.parametrize("fault", ["photo_missing", "photo_big", "photo_unreadable", "photo_moving"])
    def test_what_is_no_photo_changes_nothing(self, fault: str) -> None:
        citizen = verified_citizen()
        with pytest.raises(PhotoRefused) as refused:
            submit_photo(by=BY, at=now(), citizen_id=citizen.id, photo=fault)  # type: ignore[arg-type]
        assert refused.value.code == f"citizens.{fault}"
        assert not FaceCheck.objects.exists()

    def test_only_a_verified_persons_photo_is_claimed_and_only_once(self, clock_at: Callable[[datetime], None]) -> None:
        clock_at(TUESDAY)
        unknown, known = registered_citizen(1), verified_citizen(2)
        sent(unknown.id)
        sent(known.id)
        assert claim_face(by=BY, at=now()) is None, "whoever sent it is asking"
        clock_at(TUESDAY + LEASE)
        claimed = claim_face(by=BY, at=now())
        assert claimed is not None
        assert claimed.citizen_id == known.id
        assert claim_face(by=BY, at=now()) is None

    def test_the_database_refuses_what_cannot_be(self) -> None:
        citizen = verified_citizen()
        sent(citizen.id)
        wrongs = ("state = 'review'", "state = 'refused', settled_at = now()", "state = 'matched'", "taken_by = 'x'")
        for wrong in wrongs:
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE citizens_facecheck SET {wrong}")


@pytest.mark.django_db
class TestReview:
    def test_the_soonest_date_comes_first_and_to_one_reviewer(self, clock_at: Callable[[datetime], None]) -> None:
        clock_at(TUESDAY)
        first = in_review(1)
        clock_at(TUESDAY + timedelta(days=1))
        second = in_review(2)
        assert face_cases() == (2, date(2023, 8, 4))
        mine, yours = taken(RINA), taken(YOSEF)
        assert mine is not None
        assert yours is not None
        assert (mine.citizen_id, yours.citizen_id) == (first, second)
        assert taken(Actor.staff("third")) is None
        again = taken(RINA)
        assert again is not None
        assert again.citizen_id == first

    def test_a_case_left_lying_goes_to_another(self, clock_at: Callable[[datetime], None]) -> None:
        clock_at(TUESDAY)
        case = in_review()
        taken(RINA)
        clock_at(TUESDAY + timedelta(minutes=IDENTITY_POLICY.take_minutes))
        found = taken(YOSEF)
        assert found is not None
        with pytest.raises(CaseGone):
            decided(case, by=RINA)
        assert decided(case, by=YOSEF).state == "confirmed"

    @pytest.mark.parametrize("reason", FACE_REFUSALS)
    def test_after_a_refusal_the_person_may_try_again(self, reason: str) -> None:
        case = in_review()
        taken()
        assert decided(case, reason).refused_for == reason
        assert [compared(case, UNLIKE).state for _ in range(3)] == ["open", "open", "review"]
        view = face_of(case)
        assert view is not None
        assert (view.number, len(view.tries)) == (6, 3)

    def test_a_decision_is_one_of_those_offered(self) -> None:
        case = in_review()
        taken()
        with pytest.raises(DecisionMissing):
            decided(case, "")

    def test_nothing_is_decided_unseen_or_twice(self) -> None:
        case = in_review()
        with pytest.raises(CaseGone):
            decided(case)
        taken()
        decided(case)
        with pytest.raises(CaseGone):
            decided(case)
        with pytest.raises(CaseGone):
            decided(verified_citizen(9).id)

    def test_every_reading_says_who_why_and_what(self) -> None:
        case = in_review()
        taken()
        assert read_case_photo(by=RINA, at=now(), citizen_id=case, role="identity_reviewer") == b"jpeg"
        with pytest.raises(CaseGone):
            read_case_photo(by=YOSEF, at=now(), citizen_id=case, role="identity_reviewer")
        read = Event.objects.filter(kind="citizens.data_read", person_id=case).order_by("id")
        assert [(event.actor_key, event.why, "face_photo" in event.data["fields"]) for event in read] == [
            ("rina", "face_review", False), ("rina", "face_review", True),
        ]  # fmt: skip
        assert {event.data["role"] for event in read} == {"identity_reviewer"}


@pytest.mark.django_db
class TestForgetting:
    def test_photos_go_when_their_time_is_over(self, clock_at: Callable[[datetime], None]) -> None:
        clock_at(TUESDAY)
        waiting, matched, review, left = (verified_citizen(number).id for number in (1, 2, 3, 4))
        sent(waiting)
        compared(matched, ALIKE)
        for _ in range(3):
            compared(review, UNLIKE)
        compared(left, UNLIKE)
        clock_at(TUESDAY + timedelta(days=IDENTITY_POLICY.keep_days, seconds=-1))
        assert tasks.forget_due() == 0
        clock_at(TUESDAY + timedelta(days=IDENTITY_POLICY.keep_days))
        assert tasks.forget_due() == 2
        assert set(FacePhoto.objects.values_list("citizen_id", flat=True)) == {waiting, review}
        event = Event.objects.get(kind="citizens.photos_deleted")
        assert {line.key for line in event.lines.all()} == {str(matched), str(left)}
        taken()
        decided(review)
        clock_at(TUESDAY + timedelta(days=2 * IDENTITY_POLICY.keep_days))
        assert forget_photos(by=BY, at=now(), limit=10) == 1
