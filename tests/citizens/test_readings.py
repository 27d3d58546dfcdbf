"""Whoever reads a number says what for, and it stands in the trail."""

import pytest

from bekal.citizens.queries import citizen_view
from bekal.citizens.readings import KIND, read_contacts, read_identity, read_numbers, record_reading
from bekal.core.clock import now
from bekal.core.events import Actor
from bekal.core.models import Event
from tests.citizens.making import BY, nik, registered_citizen

pytestmark = pytest.mark.django_db


def readings() -> list[Event]:
    return list(Event.objects.filter(kind=KIND).order_by("id"))


def test_a_reading_says_who_whom_what_and_what_for() -> None:
    citizen, staff = registered_citizen(), Actor.staff("01890000-0000-7000-8000-000000000001")
    told = read_numbers(by=staff, at=now(), citizen_id=citizen.id, fields=("nik",), purpose="review")
    assert told == {"nik": nik()}
    (row,) = readings()
    assert (row.actor_kind, row.actor_key, row.person_id, row.why) == ("staff", staff.key, citizen.id, "review")
    assert row.data == {"fields": ["nik"], "to": "", "role": ""}


def test_what_a_partner_is_told_says_which() -> None:
    citizen = registered_citizen()
    said = read_identity(by=BY, at=now(), citizen_id=citizen.id, purpose="identity_check", to="civil_registry")
    assert (said.nik, said.name) == (nik(), "Siti Nurhaliza")
    (row,) = readings()
    assert (row.data["fields"], row.data["to"]) == (["family_card", "nik"], "civil_registry")


def test_messages_to_many_are_one_event_with_a_count() -> None:
    people = [registered_citizen(number).id for number in (1, 2, 3)]
    assert len(read_contacts(by=BY, at=now(), citizen_ids=people)) == 3
    (row,) = readings()
    assert (row.person_id, row.key, row.data["people"], row.why) == (None, "batch", 3, "notice")
    read_contacts(by=BY, at=now(), citizen_ids=people[:1])
    assert readings()[1].person_id == people[0]
    read_contacts(by=BY, at=now(), citizen_ids=[])
    assert len(readings()) == 2


def test_what_partners_see_of_many_is_found_under_each() -> None:
    people = [registered_citizen(number).id for number in (1, 2, 3)]
    record_reading(by=BY, at=now(), people=people, fields=("account",), purpose="payout", to="payer:bank")
    assert {row.person_id for row in readings()} == set(people)


def test_a_mask_is_no_reading() -> None:
    view = citizen_view(registered_citizen().id)
    assert nik() not in repr(view)
    assert "081234560001"[1:] not in repr(view)
    assert readings() == []


@pytest.mark.parametrize(("purpose", "fields"), [("curiosity", ("nik",)), ("review", ("mother",))])
def test_other_purposes_do_not_exist(purpose: str, fields: tuple[str, ...]) -> None:
    citizen = registered_citizen()
    with pytest.raises(ValueError, match="no such"):
        record_reading(by=BY, at=now(), people=[citizen.id], fields=fields, purpose=purpose)  # type: ignore[arg-type]
