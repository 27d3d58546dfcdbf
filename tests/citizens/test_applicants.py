"""Registering many people at once: the same rules, the same refusals, and nothing twice."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.citizens import queries, rows
from bekal.citizens.actions import register_applicants, register_citizen
from bekal.citizens.models import Citizen, Consent, Holding
from bekal.citizens.queries import LikelyDuplicate
from bekal.citizens.rows import Applicant, CellFault, read_row
from bekal.citizens.rules import OCCUPATIONS, Registration
from bekal.core.clock import now
from bekal.core.errors import Refused
from bekal.core.models import Event, EventLine, Mark
from tests.citizens.making import BORN, BY, nik, numbers_of, registered_citizen, registration

pytestmark = pytest.mark.django_db
ON = date(2023, 8, 20)


@pytest.fixture(autouse=True)
def in_august(clock_at: Callable[[datetime], None]) -> None:
    clock_at(datetime(2023, 8, 20, 3, 0, tzinfo=UTC))


def cells(number: int = 1, **said: Any) -> dict[str, str]:
    """Person `number` as a row."""
    one = registration(number)
    usual = {
        "nik": one.nik, "family_card": one.family_card, "name": one.name, "birth_date": "1995-08-15", "sex": "F",
        "regency": "3273", "phone": one.phone, "schooling": one.schooling, "occupation": one.occupation,
        "consents": "identity_check|research", "consent_taken": "signature", "disability": "",
        "interests": "computer|design", "language": "",
    }  # fmt: skip
    return usual | said


def taken(*people: Mapping[str, str]) -> Any:
    read = [read_row(number, one, ON) for number, one in enumerate(people, 2)]
    assert all(isinstance(one, Applicant) for one in read), read
    return register_applicants(by=BY, at=now(), source="a" * 64, applicants=read)  # type: ignore[arg-type]


def test_a_piece_is_registered_as_the_pages_register() -> None:
    alone = registered_citizen(9)
    done = taken(cells(1), cells(2, disability="visual"))
    assert (done.added, done.known, done.faults) == (2, 0, [])
    one = Citizen.objects.get(id=queries.holder_of("citizens.nik", nik(1)))
    same = ("name", "birth_date", "sex", "regency_code", "schooling", "disability", "occupation", "interests",
            "language", "state", "mismatching", "registered_at")  # fmt: skip
    assert [getattr(one, name) for name in same] == [getattr(alone, name) for name in same]
    assert numbers_of(one.id)["nik"] == nik(1)
    assert numbers_of(one.id)["family_card"] == registration(1).family_card
    assert queries.citizen_of_phone("0812 3456 0001") == one.id
    assert set(queries.consents_of(one.id)) == {"identity_check", "research"}
    assert set(Consent.objects.filter(citizen_id=one.id).values_list("taken", flat=True)) == {"signature"}
    event = Event.objects.get(kind="citizens.applicants_registered")
    lines = EventLine.objects.filter(event=event)
    assert {(line.key, line.data["row"]) for line in lines} >= {(str(one.id), 2)}
    assert lines.count() == 2


def test_the_same_again_changes_nothing() -> None:
    taken(cells(1), cells(2))
    before = [
        list(model.objects.values_list("pk").order_by("pk")) for model in (Citizen, Holding, Consent, Mark, Event)
    ]
    done = taken(cells(1), cells(2))
    assert (done.added, done.known, done.faults) == (0, 2, [])
    after = [list(model.objects.values_list("pk").order_by("pk")) for model in (Citizen, Holding, Consent, Mark, Event)]
    assert after == before


def test_numbers_that_are_taken_are_told_by_cell() -> None:
    registered_citizen(1)
    registered_citizen(5)
    done = taken(
        cells(1, name="Somebody Else"),
        cells(2, phone="0812 3456 0005"),
        cells(3),
        cells(3, name="Siti Zubaidah", phone="0812 3456 0033"),
        cells(4, phone="0812 3456 0003"),
        cells(3),
        cells(6, phone="0812 3456 0002"),
    )
    found = [(fault.row, fault.cell, fault.fault.kind, fault.fault.facts.get("row")) for fault in done.faults]
    assert found == [
        (2, "nik", "nik_taken", None), (2, "phone", "phone_taken", None), (3, "phone", "phone_taken", None),
        (5, "nik", "nik_twice", 4), (6, "phone", "phone_twice", 4),
    ]  # fmt: skip
    assert (done.added, done.known) == (2, 1)
    assert Citizen.objects.count() == 4


ODD = {
    "nik": ["1", nik(1)[:15] + "O", nik(2), nik(3, sex="M"), "3273 1055 0895 0001", "9973105508950001"],
    "family_card": ["12", nik(1), "3273-1001-0110-0001", "x" * 16],
    "name": ["", "A", "NURUL `AIN", "<b>", "x" * 201, "3rd", "12"],
    "birth_date": ["1995-08-16", "2015-08-15", "1895-08-15", "1995-08-15"],
    "sex": ["F", "M"],
    "regency": ["32.73", "00.00", ""],
    "phone": ["0812", "021 555 1234", "+62 812 3456 0001", "0812 3456 0002", ""],
    "schooling": ["", "senior", "doctor"],
    "occupation": [*OCCUPATIONS, "pilot"],
    "disability": ["", "visual", "A b"],
    "interests": ["", "x", "😀", "|".join(f"i{n}" for n in range(51))],
    "language": ["", "en", "jv"],
    "consents": ["identity_check", "research", "", "identity_check|x"],
}
changes = st.lists(
    st.sampled_from(sorted(ODD)).flatmap(lambda cell: st.tuples(st.just(cell), st.sampled_from(ODD[cell]))), max_size=3
).map(dict)


def said_by(row: Mapping[str, str]) -> Registration:
    """The same answers, as a page would read them."""
    regency = row["regency"] if "." in row["regency"] else f"{row['regency'][:2]}.{row['regency'][2:]}"
    return registration(
        1, nik=row["nik"], family_card=row["family_card"], name=row["name"],
        birth_date=date.fromisoformat(row["birth_date"]), sex=row["sex"], regency_code=regency, phone=row["phone"],
        schooling=row["schooling"], occupation=row["occupation"], disability=row["disability"] or None,
        interests=tuple(filter(None, row["interests"].split("|"))), language=row["language"] or "id",
        consents=tuple(filter(None, row["consents"].split("|"))),
    )  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 3), changes), min_size=1, max_size=3))
def test_a_row_is_taken_iff_the_page_would_register_it(people: list[tuple[int, dict[str, str]]]) -> None:
    listed = [cells(number, **odd) for number, odd in people]
    alone = {}
    empty = transaction.savepoint()
    for number, row in enumerate(listed, 2):
        try:
            register_citizen(by=BY, at=now(), registration=said_by(row))
            alone[number] = ""
        except Refused as refused:
            alone[number] = refused.code
    transaction.savepoint_rollback(empty)
    read = [read_row(number, row, ON) for number, row in enumerate(listed, 2)]
    good = [one for one in read if isinstance(one, Applicant)]
    empty = transaction.savepoint()
    done = register_applicants(by=BY, at=now(), source="b" * 64, applicants=good)
    transaction.savepoint_rollback(empty)
    refused_rows = {fault.row for one in read if isinstance(one, list) for fault in one}
    for one in read:
        if isinstance(one, list):
            assert f"citizens.{one[0].fault.kind}" == alone[one[0].row]
    taken_already = {row for row, code in alone.items() if code in ("citizens.nik_taken", "citizens.phone_taken")}
    assert refused_rows == {row for row, code in alone.items() if code} - taken_already
    assert done.added == sum(1 for code in alone.values() if not code)
    assert {fault.row for fault in done.faults} <= taken_already
    assert len(taken_already) == done.known + len({fault.row for fault in done.faults})


@pytest.mark.parametrize(
    ("typed", "day"),
    [("1995-08-15", BORN), ("15/08/1995", BORN), ("15-8-1995", BORN), ("15.08.1995", BORN),
     (" 1995-08-15 00:00:00", BORN),
     ("1995-02-30", None), ("", None), ("08/1995", None), ("15/08/95", None), ("١٩٩٥-08-15", None)],
)  # fmt: skip
def test_dates_in_usual_spellings(typed: str, day: date | None) -> None:
    assert rows.read_date(typed) == day


def test_what_cannot_be_read_hides_no_other_fault() -> None:
    found = read_row(7, cells(1, birth_date="?", sex="x", consent_taken="", phone="12", name=""), ON)
    assert isinstance(found, list)
    assert {fault.cell for fault in found} == {"birth_date", "sex", "consent_taken", "phone", "name"}
    assert all(fault.row == 7 for fault in found)
    assert found[0] == CellFault(7, "birth_date", found[0].fault)
    unread = read_row(8, cells(1, nik="x", birth_date="?"), ON)
    assert isinstance(unread, list)
    assert [fault.cell for fault in unread] == ["birth_date", "nik"]


def test_who_may_be_the_same_person_is_shown_to_a_person() -> None:
    first = registered_citizen(1, name="Siti Nurhaliza")
    card = registration(1).family_card
    twin = registered_citizen(2, name="Siti Nurhalisa", family_card=card)
    elsewhere = registered_citizen(3, name="SITI NURHALIZAH", regency_code="31.74")
    registered_citizen(4, name="Budi Santoso")
    other_day = date(1995, 8, 16)
    registered_citizen(5, name="Siti Nurhaliza", birth_date=other_day, nik=nik(5, born=other_day))
    found = queries.likely_duplicates(first.id)
    assert [(one.id, one.same_family, one.same_regency, one.same_sex) for one in found] == [
        (twin.id, True, True, True), (elsewhere.id, False, False, True),
    ]  # fmt: skip
    assert all(isinstance(one, LikelyDuplicate) and 0.5 <= one.likeness <= 1 for one in found)
    assert queries.likely_duplicates(first.id, limit=1) == found[:1]


def test_the_same_day_is_found_by_its_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT id FROM citizens_citizen WHERE birth_date = '1995-08-15'")
        assert "citizen_birth_date" in " ".join(line for (line,) in cursor.fetchall())


def test_names_of_the_registered() -> None:
    registered_citizen(1)
    assert queries.names_by_nik([nik(1), nik(2)]) == {nik(1): "Siti Nurhaliza"}
