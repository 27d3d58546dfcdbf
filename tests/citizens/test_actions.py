"""Registering, correcting, and what the civil registry answered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from bekal.citizens import queries, rules
from bekal.citizens.actions import (
    IdentitySettled,
    NikOtherBirthDate,
    NikTaken,
    PhoneNotHere,
    PhoneTaken,
    correct_details,
    record_identity,
    register_citizen,
)
from bekal.citizens.actions.refusals import REFUSALS
from bekal.citizens.models import MOVES, Citizen, Consent, Holding, State
from bekal.citizens.readings import Contact, read_contacts
from bekal.citizens.rules import FAMILY, NIK
from bekal.core import marks, vault
from bekal.core.clock import now
from bekal.core.errors import Refused
from bekal.core.machine import Stale, move
from bekal.core.models import Event, Mark
from bekal.core.texts import LANGUAGES, text
from tests.citizens.making import BY, answered, nik, numbers_of, registered_citizen, registration

pytestmark = pytest.mark.django_db


def checked(citizen: Citizen, answer: Any) -> Citizen:
    return record_identity(by=BY, at=now(), citizen_id=citizen.id, answer=answer)


def test_a_person_registers() -> None:
    citizen = registered_citizen(7, disability="visual", phone="+62 812-3456-0007")
    view = queries.citizen_view(citizen.id)
    assert (view.name, view.nik_masked, view.phone_masked) == (
        "Siti Nurhaliza",
        "3273•••••••••007",
        "+62 812 •••• 0007",
    )
    assert (view.regency_name, view.disability, view.interests) == ("Kota Bandung", "visual", ("computer", "design"))
    assert (view.state, view.mismatching) == ("registered", ())
    assert queries.citizen_of_phone("0812 3456 0007") == citizen.id
    assert queries.citizen_of_phone("0812 3456 9999") is None
    assert queries.citizen_of_phone("?") is None
    assert numbers_of(citizen.id)["nik"] == nik(7)
    assert set(queries.consents_of(citizen.id)) == {"identity_check", "recommendations", "research"}
    assert queries.citizen_place(citizen.id) == "32.73"


def test_nothing_clear_reaches_the_database() -> None:
    citizen = registered_citizen()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_jsonb(c)::text FROM citizens_citizen c UNION ALL SELECT to_jsonb(e)::text FROM core_event e"
        )
        stored = " ".join(row[0] for row in cursor.fetchall())
    sealed = (Citizen.objects.get(id=citizen.id).nik_sealed, citizen.family_sealed, citizen.phone_sealed)
    for clear in (nik(), "3273100101100001", "81234560001"):
        assert clear not in stored
        assert not any(clear.encode() in bytes(blob) for blob in sealed)


def test_references_stand_for_numbers() -> None:
    citizen = registered_citizen()
    numbers = {(NIK, nik()): citizen.nik_ref, (FAMILY, "3273100101100001"): citizen.family_ref}
    assert marks.find(numbers) == numbers
    index = vault.blind_indexes([nik()], place=NIK, version=1)[0]
    assert Mark.objects.get(ref=citizen.nik_ref).index == index
    assert queries.families_of([citizen.id]) == {citizen.id: citizen.family_ref}
    assert read_contacts(by=BY, at=now(), citizen_ids=[citizen.id])[citizen.id] == Contact("+6281234560001", "id")


def test_family_members_share_a_card() -> None:
    card = "3273100101109999"
    members = {registered_citizen(number, family_card=card).id for number in (1, 2)}
    registered_citizen(3)
    assert all(set(queries.same_family(member)) == members for member in members)


@pytest.mark.parametrize(
    ("second", "refusal"),
    [({"nik": nik(1), "phone": "0812 3456 0002"}, NikTaken), ({"phone": "0812 3456 0001"}, PhoneTaken)],
)
def test_a_nik_and_a_phone_stand_for_one_person(second: dict[str, Any], refusal: type[Refused]) -> None:
    registered_citizen(1)
    with pytest.raises(refusal):
        registered_citizen(2, **second)
    assert Citizen.objects.count() == 1
    assert Holding.objects.count() == 2


def test_the_database_itself_holds_each_number_once() -> None:
    held = Holding.objects.get(citizen_id=registered_citizen().id, kind="nik")
    with pytest.raises(IntegrityError), transaction.atomic():
        Holding.objects.create(ref=held.ref, kind="nik", citizen_id=held.citizen_id)


@pytest.mark.django_db(transaction=True)
def test_two_phones_at_once_register_one_person() -> None:
    barrier = Barrier(2)

    def register(phone: str) -> str:
        barrier.wait()
        try:
            register_citizen(by=BY, at=now(), registration=registration(1, phone=phone))
        except Refused as refused:
            return refused.code
        finally:
            connection.close()
        return "registered"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(register, ["0812 3456 0001", "0812 3456 0002"]))
    assert outcomes == ["citizens.nik_taken", "registered"]


def test_a_refusal_tells_what_was_read() -> None:
    with pytest.raises(NikOtherBirthDate) as refused:
        registered_citizen(1, nik=nik(1, born=date(1995, 8, 14)))
    facts = refused.value.facts
    assert "14 Agustus 1995" in text(refused.value.code, "id", **facts)
    assert "14 August 1995" in text(refused.value.code, "en", **facts)


@pytest.mark.parametrize("kind", sorted(REFUSALS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_its_text(kind: str, language: str) -> None:
    facts = {"digits": 3, "region": "990101", "part": "310488", "letters": 200, "sign": "<", "years": 17, "field": "x"}
    facts |= {"start": "021"}
    days = {f"{who}_{lang}": "1" for who in ("nik", "said") for lang in LANGUAGES}
    wording = text(REFUSALS[kind].code, language, **facts, **days)
    assert all(len(sentence.split()) <= 20 for sentence in wording.split(". "))


def test_the_registry_confirms_a_person() -> None:
    citizen = checked(registered_citizen(), answered("match"))
    assert (citizen.state, citizen.registry_as_of) == (State.VERIFIED, now().date())
    again = checked(citizen, answered("mismatch"))
    assert (again.state, again.mismatching) == (State.VERIFIED, [])
    assert Event.objects.filter(kind="citizens.identity_checked", person_id=citizen.id).count() == 2


def test_a_mismatch_names_the_fields_and_can_be_mended() -> None:
    citizen = checked(registered_citizen(), answered("mismatch", mismatching=("name", "birth_date")))
    assert (citizen.state, citizen.mismatching) == (State.MISMATCHED, ["name", "birth_date"])
    assert checked(citizen, answered("mismatch")).mismatching == ["name"]
    assert checked(citizen, answered("not_found")).mismatching == ["nik"]
    assert queries.unchecked(10) == []
    corrected = correct_details(by=BY, at=now(), citizen_id=citizen.id, registration=registration(1, name="Siti N"))
    assert (corrected.state, corrected.name, corrected.mismatching) == (State.REGISTERED, "Siti N", [])
    assert queries.unchecked(10) == [citizen.id]
    assert checked(corrected, answered("match")).state == State.VERIFIED


def test_a_mismatch_that_the_registry_mends_by_itself() -> None:
    citizen = checked(registered_citizen(), answered("mismatch"))
    mended = checked(citizen, answered("match"))
    assert (mended.state, mended.mismatching) == (State.VERIFIED, [])


def test_correcting_moves_the_marks() -> None:
    citizen = registered_citizen(1)
    said = registration(2, phone="081234560001")
    correct_details(by=BY, at=now(), citizen_id=citizen.id, registration=said)
    assert numbers_of(citizen.id)["nik"] == nik(2)
    assert queries.citizen_of_phone("081234560001") == citizen.id
    registered_citizen(1, phone="081234560009")
    with pytest.raises(NikTaken):
        correct_details(by=BY, at=now(), citizen_id=citizen.id, registration=registration(1))


def test_a_phone_does_not_change_by_typing() -> None:
    citizen = registered_citizen(1)
    with pytest.raises(PhoneNotHere):
        correct_details(by=BY, at=now(), citizen_id=citizen.id, registration=registration(1, phone="081234560002"))


def test_a_verified_person_changes_the_rest_only() -> None:
    citizen = checked(registered_citizen(1), answered("match"))
    said = registration(1, occupation="laid_off", regency_code="31.74", consents=("identity_check",))
    corrected = correct_details(by=BY, at=now(), citizen_id=citizen.id, registration=said)
    assert (corrected.occupation, corrected.state) == ("laid_off", State.VERIFIED)
    assert set(queries.consents_of(citizen.id)) == {"identity_check", "recommendations", "research"}
    for other in ({"name": "Siti"}, {"phone": "081299999999"}, {"family_card": "3273100101109998"}):
        with pytest.raises(IdentitySettled):
            correct_details(by=BY, at=now(), citizen_id=citizen.id, registration=registration(1, **other))


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "unknown"},
        {"state": "verified"},
        {"state": "mismatched"},
        {"mismatching": ["name"]},
        {"verified_at": "2023-01-01T00:00:00Z"},
        {"sex": "X"},
    ],
)
def test_the_database_refuses_states_that_cannot_be(columns: dict[str, Any]) -> None:
    citizen = registered_citizen()
    with pytest.raises(IntegrityError), transaction.atomic():
        Citizen.objects.filter(id=citizen.id).update(**columns)


def test_only_declared_moves() -> None:
    assert set(MOVES) == set(State)
    citizen = registered_citizen()
    stale = Citizen.objects.get(id=citizen.id)
    checked(citizen, answered("match"))
    with pytest.raises(Stale):
        move(stale, State.MISMATCHED, moves=MOVES, mismatching=["nik"])


def test_rows_name_themselves() -> None:
    citizen = registered_citizen()
    assert str(citizen) == str(citizen.id)
    assert str(Consent.objects.get(purpose="research")) == f"research by {citizen.id}"
    assert str(Holding.objects.get(kind="nik")) == f"nik of {citizen.id}"


def test_queries_do_not_grow_with_people(django_assert_num_queries: Callable[[int], Any]) -> None:
    people = [registered_citizen(number).id for number in range(1, 4)]
    with django_assert_num_queries(4):  # one that reads, one that records, and the transaction
        assert len(read_contacts(by=BY, at=now(), citizen_ids=people)) == 3
    with django_assert_num_queries(1):
        queries.citizen_view(people[0])


def test_choices_match_the_programme_files() -> None:
    from typing import get_args

    from bekal.rulebooks.rules.programme import Occupation

    assert get_args(Occupation) == rules.OCCUPATIONS
