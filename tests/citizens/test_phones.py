"""Changing the phone: proven, announced, stoppable for a day, then in force everywhere at once."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from bekal.access.queries import sessions_ended_at
from bekal.citizens.actions import (
    ChangeGone,
    ChangeWaits,
    FreshProofMissing,
    PhoneMalformed,
    PhoneSame,
    PhoneTaken,
    ask_phone_change,
    settle_phone_change,
    stop_phone_change,
)
from bekal.citizens.models import Citizen, Holding, PhoneChange
from bekal.citizens.queries import change_of_link, changes_due, citizen_of_phone, waiting_change
from bekal.citizens.rules import PHONE
from bekal.core import marks
from bekal.core.clock import now
from bekal.notices.models import Notice
from bekal.notices.queries import notices_waiting
from tests.citizens.making import BY, numbers_of, registered_citizen

pytestmark = pytest.mark.django_db
NEW = "0813 1111 2222"
PROVEN = {"new_number", "old_number"}
DAY = timedelta(hours=24)


def asked(citizen_id: UUID, phone: str = NEW, *, at: datetime | None = None, proven: set[str] = PROVEN) -> PhoneChange:
    return ask_phone_change(by=BY, at=at or now(), citizen_id=citizen_id, phone=phone, proven=proven)


def sent() -> list[tuple[str, str]]:
    return [(one.to, one.text) for one in notices_waiting(50)]


def token() -> str:
    words = next(text for _, text in sent() if "/telepon/batal/" in text)
    found = re.search(r"/telepon/batal/([0-9a-f]+)", words)
    assert found
    return found[1]


def test_the_new_number_opens_nothing_for_a_day_and_then_everything() -> None:
    person, at = registered_citizen().id, now()
    change = asked(person, at=at)
    assert citizen_of_phone(NEW) is None
    assert citizen_of_phone("0812 3456 0001") == person
    assert {to for to, _ in sent()} == {"+6281234560001", "+6281311112222"}
    assert changes_due(at + DAY - timedelta(seconds=1), 9) == []
    settle_phone_change(by=BY, at=at + DAY - timedelta(seconds=1), change_id=change.id)
    assert citizen_of_phone(NEW) is None
    assert changes_due(at + DAY, 9) == [change.id]
    settle_phone_change(by=BY, at=at + DAY, change_id=change.id)
    assert citizen_of_phone(NEW) == person
    assert citizen_of_phone("0812 3456 0001") is None
    assert numbers_of(person)["phone"] == "+6281311112222"
    assert sessions_ended_at(f"citizen:{person}") == at + DAY
    assert Notice.objects.filter(template="citizens.phone_changed").count() == 2
    assert marks.find([(PHONE, "+6281234560001")]) == {}
    settle_phone_change(by=BY, at=at + DAY, change_id=change.id)
    assert Notice.objects.filter(template="citizens.phone_changed").count() == 2
    registered_citizen(2, phone="0812 3456 0001")


@pytest.mark.parametrize("proven", [set(), {"new_number"}, {"old_number"}, {"new_number", "a nice voice"}])
def test_both_numbers_are_proven(proven: set[str]) -> None:
    with pytest.raises(FreshProofMissing):
        asked(registered_citizen().id, proven=proven)


def test_one_change_at_a_time_and_nobody_else_takes_the_number() -> None:
    person, other = registered_citizen(1).id, registered_citizen(2).id
    asked(person)
    with pytest.raises(ChangeWaits):
        asked(person, "0813 3333 4444")
    with pytest.raises(PhoneTaken):
        asked(other)
    with pytest.raises(PhoneTaken):
        registered_citizen(3, phone=NEW)
    with pytest.raises(PhoneTaken):
        asked(other, "0812 3456 0001")
    with pytest.raises(PhoneSame):
        asked(other, "0812 3456 0002")
    with pytest.raises(PhoneMalformed):
        asked(other, "12345")


def test_the_owner_of_the_old_number_stops_it() -> None:
    person, at = registered_citizen().id, now()
    change = asked(person, at=at)
    secret = token()
    found = change_of_link(secret)
    assert found is not None
    assert found.id == change.id
    assert change_of_link(secret[:-1] + ("0" if secret[-1] != "0" else "1")) is None
    stop_phone_change(by=BY, at=at + timedelta(hours=23), change_id=change.id)
    assert waiting_change(person) is None
    assert change_of_link(secret) is None
    settle_phone_change(by=BY, at=at + DAY, change_id=change.id)
    assert citizen_of_phone("0812 3456 0001") == person
    assert Holding.objects.filter(citizen_id=person, kind="reserved").count() == 0
    assert marks.find([(PHONE, "+6281311112222")]) == {}
    assert bytes(PhoneChange.objects.get().phone_sealed) == b""
    stop_phone_change(by=BY, at=at, change_id=change.id)
    registered_citizen(2, phone=NEW)


def test_what_is_done_cannot_be_stopped() -> None:
    person, at = registered_citizen().id, now()
    change = asked(person, at=at)
    settle_phone_change(by=BY, at=at + DAY, change_id=change.id)
    with pytest.raises(ChangeGone):
        stop_phone_change(by=BY, at=at + DAY, change_id=change.id)


@pytest.mark.parametrize(
    "columns", [{"effective_at": "asked_at"}, {"state": "done", "closed_at": "asked_at"}, {"way": "favour"}]
)
def test_the_database_shortens_no_delay(columns: dict[str, Any]) -> None:
    change = asked(registered_citizen().id)
    values = {name: change.asked_at if value == "asked_at" else value for name, value in columns.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        PhoneChange.objects.filter(pk=change.pk).update(**values)


def test_a_change_leaves_no_number_in_clear() -> None:
    change = asked(registered_citizen().id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_jsonb(c)::text FROM citizens_phone_change c UNION ALL SELECT to_jsonb(e)::text FROM core_event e"
        )
        stored = " ".join(row[0] for row in cursor.fetchall())
    assert "81311112222" not in stored
    assert str(change) == f"phone of {change.citizen_id}: waiting"
    assert Citizen.objects.count() == 1
