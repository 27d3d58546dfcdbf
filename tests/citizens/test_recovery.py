"""Twelve ways to take an account that is somebody else's; none works. And the one honest way back."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from bekal.access.actions import NotProposed, SameEyes, propose
from bekal.access.models import Approval
from bekal.citizens.actions import (
    Claim,
    PhoneTaken,
    RecoveryChanged,
    RecoveryGone,
    RecoveryNeedsReason,
    approve_recovery,
    open_recovery,
    propose_recovery,
    refuse_recovery,
    settle_phone_change,
    stop_phone_change,
)
from bekal.citizens.models import PhoneChange, RecoveryCase
from bekal.citizens.queries import citizen_of_phone, open_recoveries
from bekal.citizens.rules import PHONE
from bekal.core import marks
from bekal.core.clock import now
from bekal.core.events import Actor
from bekal.core.models import Event
from bekal.notices.models import Notice
from tests.citizens.making import BORN, BY, nik, registered_citizen

pytestmark = pytest.mark.django_db
FIRST, SECOND = Actor.staff("first"), Actor.staff("second")
NEW = "+6281311112222"
DAY = timedelta(hours=24)


def claim(**said: Any) -> Claim:
    usual: dict[str, Any] = {"nik": nik(), "birth_date": BORN, "family_tail": "0001", "phone": NEW}
    return Claim(**(usual | said))


def opened(at: datetime | None = None, **said: Any) -> RecoveryCase | None:
    open_recovery(by=BY, at=at or now(), claim=claim(**said))
    return RecoveryCase.objects.filter(state="open").first()


def case(at: datetime | None = None) -> RecoveryCase:
    found = opened(at)
    assert found
    return found


def approved(row: RecoveryCase, at: datetime) -> PhoneChange:
    propose_recovery(by=FIRST, at=at, case_id=row.id, digest=row.digest)
    approve_recovery(by=SECOND, at=at, case_id=row.id, digest=row.digest)
    return PhoneChange.objects.get()


def test_an_honest_person_is_back_a_day_after_two_officers_said_yes() -> None:
    person, at = registered_citizen().id, now()
    change = approved(case(at), at + timedelta(hours=2))
    assert change.effective_at == at + timedelta(hours=26)
    assert Notice.objects.filter(template="citizens.phone_change_old").count() == 1
    settle_phone_change(by=BY, at=at + timedelta(hours=26), change_id=change.id)
    assert citizen_of_phone(NEW) == person
    assert RecoveryCase.objects.get().state == "approved"


@pytest.mark.parametrize(
    "said",
    [
        {"nik": nik(2)}, {"birth_date": date(1995, 8, 16)}, {"family_tail": "0002"}, {"family_tail": ""},
        {"phone": "+6281234560002"}, {"phone": "not a phone"}, {"nik": ""},
    ],
)  # fmt: skip
def test_plot_knowing_too_little(said: dict[str, Any]) -> None:
    registered_citizen(1)
    registered_citizen(2, nik=nik(3))
    assert opened(**said) is None


def test_plot_guessing_on() -> None:
    registered_citizen()
    at = now()
    for tail in range(2, 7):
        assert opened(at, family_tail=f"{tail:04}") is None
    assert opened(at) is None
    assert opened(at + DAY + timedelta(minutes=1)) is not None


def test_plot_one_officer_alone() -> None:
    registered_citizen()
    row = case()
    with pytest.raises(NotProposed):
        approve_recovery(by=FIRST, at=now(), case_id=row.id, digest=row.digest)
    propose_recovery(by=FIRST, at=now(), case_id=row.id, digest=row.digest)
    with pytest.raises(SameEyes):
        approve_recovery(by=FIRST, at=now(), case_id=row.id, digest=row.digest)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.update(checker="first", approved_at=now())
    assert PhoneChange.objects.count() == 0


def test_plot_another_number_slipped_in() -> None:
    registered_citizen()
    row = case()
    propose_recovery(by=FIRST, at=now(), case_id=row.id, digest=row.digest)
    RecoveryCase.objects.filter(pk=row.pk).update(phone_ref=UUID(int=7))
    with pytest.raises(RecoveryChanged):
        approve_recovery(by=SECOND, at=now(), case_id=row.id, digest=row.digest)


def test_plot_a_digest_of_something_else() -> None:
    registered_citizen()
    row = case()
    other = "0" * 64
    with pytest.raises(RecoveryChanged):
        propose_recovery(by=FIRST, at=now(), case_id=row.id, digest=other)
    propose(by=FIRST, at=now(), kind="recovery", key=str(row.id), digest=other)
    with pytest.raises(RecoveryChanged):
        approve_recovery(by=SECOND, at=now(), case_id=row.id, digest=other)


def test_plot_the_owner_stops_it() -> None:
    person, at = registered_citizen().id, now()
    row = case(at)
    change = approved(row, at)
    stop_phone_change(by=Actor("visitor", ""), at=at + timedelta(hours=1), change_id=change.id)
    settle_phone_change(by=BY, at=at + DAY, change_id=change.id)
    assert citizen_of_phone(NEW) is None
    assert citizen_of_phone("081234560001") == person
    assert RecoveryCase.objects.get().state == "stopped"
    with pytest.raises(RecoveryGone):
        approve_recovery(by=SECOND, at=at + timedelta(hours=2), case_id=row.id, digest=row.digest)


def test_plot_the_same_case_again() -> None:
    registered_citizen()
    row = case()
    approved(row, now())
    for act in (propose_recovery, approve_recovery):
        with pytest.raises(RecoveryGone):
            act(by=Actor.staff("third"), at=now(), case_id=row.id, digest=row.digest)


def test_plot_an_old_case_warmed_up() -> None:
    registered_citizen()
    at = now()
    row = case(at)
    propose_recovery(by=FIRST, at=at, case_id=row.id, digest=row.digest)
    later = at + timedelta(days=7)
    with pytest.raises(RecoveryGone):
        approve_recovery(by=SECOND, at=later, case_id=row.id, digest=row.digest)
    assert open_recoveries(later) == []
    assert opened(later, phone="+6281355556666") is not None
    assert RecoveryCase.objects.get(pk=row.pk).state == "lapsed"
    assert marks.find([(PHONE, NEW)]) == {}


def test_plot_officers_in_a_hurry() -> None:
    registered_citizen()
    change = approved(case(), now())
    with pytest.raises(IntegrityError), transaction.atomic():
        PhoneChange.objects.filter(pk=change.pk).update(effective_at=now() + timedelta(hours=1))


def test_plot_the_number_was_taken_meanwhile() -> None:
    registered_citizen(1)
    row = case()
    registered_citizen(2, phone=NEW)
    propose_recovery(by=FIRST, at=now(), case_id=row.id, digest=row.digest)
    with pytest.raises(PhoneTaken):
        approve_recovery(by=SECOND, at=now(), case_id=row.id, digest=row.digest)


def test_a_refusal_says_why_and_is_final() -> None:
    registered_citizen()
    row = case()
    with pytest.raises(RecoveryNeedsReason):
        refuse_recovery(by=FIRST, at=now(), case_id=row.id, why=" ")
    refuse_recovery(by=FIRST, at=now(), case_id=row.id, why="Foto tidak cocok")
    with pytest.raises(RecoveryGone):
        propose_recovery(by=FIRST, at=now(), case_id=row.id, digest=row.digest)
    assert Notice.objects.filter(template="citizens.recovery_refused").count() == 1
    assert str(RecoveryCase.objects.get()).endswith("refused")


def test_the_trail_does_not_say_whether_a_claim_fits() -> None:
    registered_citizen()
    opened(family_tail="9999")
    tries = Event.objects.filter(kind="citizens.recovery_asked")
    assert tries.count() == 1
    assert nik() not in str(list(tries.values()))
