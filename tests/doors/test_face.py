"""The page of the face photo, whatever is sent to it, and the reviewers' queue."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.access.actions import add_staff
from bekal.citizens.actions import record_identity
from bekal.citizens.models import Citizen, FaceCheck, FacePhoto
from bekal.citizens.ports import FaceAnswer
from bekal.citizens.rules import FACE_REFUSALS
from bekal.core import clock
from bekal.core.models import Event
from bekal.core.texts import text
from tests.citizens.making import BY, answered, picture, registered_citizen, verified_citizen
from tests.doors.conftest import Outside
from tests.doors.making import as_citizen, as_staff
from tests.rulebooks.making import face_programme, loaded_programme

pytestmark = pytest.mark.django_db
UNLIKE, NOT_LIVE = FaceAnswer(True, 30), FaceAnswer(False, 90)


@pytest.fixture
def siti(seeded: None, clock_at: Callable[[datetime], None], outside: Outside) -> Citizen:
    face_programme()
    return verified_citizen()


def sent(client: Client, data: bytes | None = None, name: str = "a.jpg") -> Any:
    photo = SimpleUploadedFile(name, picture() if data is None else data, "image/jpeg")
    return client.post("/saya/wajah", {"photo": photo})


def words(client: Client, address: str = "/saya/wajah") -> str:
    return client.get(address).content.decode()


def reviewer(name: str = "rina") -> Client:
    staff = add_staff(by=BY, at=clock.now(), name=name, email=f"{name}@b.example", roles=["identity_reviewer"])
    return as_staff(staff.id, "identity_reviewer")


def in_review(number: int) -> UUID:
    citizen = verified_citizen(number)
    client = as_citizen(citizen.id)
    for _ in range(3):
        sent(client)
    return citizen.id


def test_a_match_is_told_and_settles_the_way(siti: Citizen) -> None:
    client = as_citizen(siti.id)
    assert 'href="/saya/wajah"' in words(client, "/saya")
    answer = sent(client)
    assert (answer.status_code, answer["Location"]) == (302, "/saya/wajah")
    assert text("face.matched", "id") in words(client)
    assert 'href="/saya/wajah"' not in words(client, "/saya")


def test_a_failed_try_says_what_to_do_better_and_how_many_are_left(siti: Citizen, outside: Outside) -> None:
    client = as_citizen(siti.id)
    outside.face = UNLIKE
    sent(client)
    page = words(client)
    assert text("face.advice_alike", "id") in page
    assert text("face.left", "id", left=2) in page
    outside.face = NOT_LIVE
    sent(client)
    assert text("face.advice_live", "id") in words(client)
    sent(client)
    page = words(client)
    assert "4 Agustus 2023" in page
    assert "Kota Bandung" in page
    assert '<form method="post" enctype' not in page


def test_silence_keeps_the_photo_and_promises_a_day(siti: Citizen, outside: Outside) -> None:
    outside.silent = True
    client = as_citizen(siti.id)
    sent(client)
    assert text("face.waiting_words", "id", date="3 Agustus 2023") in words(client)
    again = client.post("/saya/wajah", {"photo": SimpleUploadedFile("b.jpg", picture())}, follow=True)
    assert text("citizens.photo_in_check", "id") in again.content.decode()
    assert FaceCheck.objects.get().tried == 0


def test_the_face_match_is_called_outside_any_transaction(siti: Citizen, outside: Outside) -> None:
    sent(as_citizen(siti.id))
    assert outside.in_transaction == [False]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "photo_missing"), (b"PK\x03\x04" + b"\0" * 1_000, "photo_unreadable"),
        (picture("GIF"), "photo_unreadable"), (picture(size=(64, 64)), "photo_small"),
        (b"\xff\xd8\xff" + b"\0" * (10 * 2**20), "photo_unreadable"),
        (b"\xff\xd8\xff" + b"\0" * (16 * 2**20), "photo_big"),
        (picture("PNG", (20_000, 20_000), 0, mode="L"), "photo_pixels"),
    ],
    ids=["nothing", "zip", "gif", "small", "10 MB", "16 MB", "bomb"],
)  # fmt: skip
def test_every_refusal_says_what_to_do(siti: Citizen, data: bytes, key: str) -> None:
    answer = sent(as_citizen(siti.id), data)
    assert answer.status_code == 422
    assert text(f"citizens.{key}", "id") in answer.content.decode()
    assert not FaceCheck.objects.exists()


@pytest.mark.parametrize("given", [{}, {"photo": "not a file"}, {"photo": "x" * (10 * 2**20)}])
def test_a_form_without_a_file(siti: Citizen, given: dict[str, str]) -> None:
    assert as_citizen(siti.id).post("/saya/wajah", given).status_code == 422


def test_a_body_beyond_all_measure_is_not_read() -> None:
    answer = Client().post("/saya/wajah", b"x", content_type="text/plain", CONTENT_LENGTH=str(10**10))
    assert answer.status_code == 413
    assert text("no.413.words", "id") in answer.content.decode()
    assert Client().post("/masuk", b"", content_type="text/plain", CONTENT_LENGTH="many").status_code == 413


def test_differing_data_come_first(siti: Citizen) -> None:
    other = registered_citizen(2)
    record_identity(by=BY, at=clock.now(), citizen_id=other.id, answer=answered("mismatch"))
    client = as_citizen(other.id)
    assert text("citizens.face_before_data", "id") in words(client)
    assert sent(client).status_code == 422


def test_a_programme_that_asks_for_no_face_takes_none(
    seeded: None, clock_at: Callable[[datetime], None], outside: Outside
) -> None:
    loaded_programme()
    client = as_citizen(verified_citizen().id)
    assert text("face.not_asked", "id") in words(client)
    assert sent(client).status_code == 200
    assert not FaceCheck.objects.exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=2_000),
    kind=st.sampled_from(["multipart/form-data; boundary=x", "multipart/form-data", "a/b"]),
)
def test_any_body_gets_an_answer_and_changes_nothing(siti: Citizen, body: bytes, kind: str) -> None:
    client = as_citizen(siti.id)
    client.raise_request_exception = False
    for sent_body in (body, b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n' + body):
        assert client.post("/saya/wajah", sent_body, content_type=kind).status_code in (400, 422)
    assert not FaceCheck.objects.exists()


class TestReview:
    def test_next_by_itself(self, siti: Citizen, outside: Outside) -> None:
        outside.face = UNLIKE
        first = in_review(2)
        clock.freeze(clock.now() + timedelta(minutes=1))
        second = in_review(3)
        desk = reviewer()
        page = words(desk, "/operator/identitas")
        assert f'value="{first}"' in page
        assert "327310" not in page, "the NIK is masked"
        photo = desk.get(f"/operator/identitas/{first}/foto")
        assert photo["Content-Type"] == "image/jpeg"
        assert "no-store" in photo["Cache-Control"]
        assert desk.post("/operator/identitas", {"case": str(first)}).status_code == 422, "nothing chosen"
        done = desk.post("/operator/identitas", {"case": str(first), "decision": "confirmed"}, follow=True)
        assert f'value="{second}"' in done.content.decode()
        assert desk.get(f"/operator/identitas/{first}/foto").status_code == 404
        last = desk.post("/operator/identitas", {"case": str(second), "decision": "not_live"}, follow=True)
        assert text("review.none", "id") in last.content.decode()
        assert text("face.matched", "id") in words(as_citizen(first))
        assert text("face.refused.not_live", "id") in words(as_citizen(second))
        assert Event.objects.filter(kind="citizens.data_read", person_id=first).count() >= 2

    def test_two_reviewers_never_see_one_case(self, siti: Citizen, outside: Outside) -> None:
        outside.face = UNLIKE
        case = in_review(2)
        first, second = reviewer("rina"), reviewer("yosef")
        assert str(case) in words(first, "/operator/identitas")
        assert str(case) not in words(second, "/operator/identitas")
        assert second.get(f"/operator/identitas/{case}/foto").status_code == 404
        gone = second.post("/operator/identitas", {"case": str(case), "decision": "confirmed"}, follow=True)
        assert text("citizens.case_gone", "id") in gone.content.decode()
        wrong = first.post("/operator/identitas", {"case": "none", "decision": "confirmed"}, follow=True)
        assert text("citizens.case_gone", "id") in wrong.content.decode()

    def test_only_reviewers_enter(self, siti: Citizen) -> None:
        staff = add_staff(by=BY, at=clock.now(), name="Ari", email="a@b.example", roles=["operator"])
        for client in (as_citizen(siti.id), as_staff(staff.id, "operator"), Client()):
            for address in ("/operator/identitas", f"/operator/identitas/{siti.id}/foto"):
                assert client.get(address).status_code == 403

    @pytest.mark.parametrize("reason", FACE_REFUSALS)
    @pytest.mark.parametrize("language", ["id", "en"])
    def test_every_reason_has_its_words(self, reason: str, language: str) -> None:
        assert text(f"face.refused.{reason}", language)


@pytest.mark.django_db(transaction=True)
def test_two_phones_at_once(siti: Citizen, outside: Outside) -> None:
    clients = [as_citizen(siti.id) for _ in range(4)]
    outside.face = UNLIKE
    together, answers = threading.Barrier(len(clients)), []

    def send(client: Client) -> None:
        together.wait()
        try:
            answers.append(sent(client).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check = FaceCheck.objects.get()
    assert answers == [302] * 4
    assert 1 <= check.tried == check.number <= 3, "a photo that came while another waited used up no try"
    assert FacePhoto.objects.count() == 1


def test_a_difference_is_named_and_corrected_on_its_own(siti: Citizen) -> None:
    other = registered_citizen(2)
    record_identity(
        by=BY, at=clock.now(), citizen_id=other.id, answer=answered("mismatch", mismatching=("name", "family_card"))
    )
    client = as_citizen(other.id)
    page = words(client, "/saya/data")
    assert 'value="name"' in page
    assert 'value="family_card"' in page
    assert text("data.correct_registry_words", "id", regency="Kota Bandung") in page
    fixed = client.post("/saya/data/perbaiki", {"field": "name"})
    assert fixed["Location"] == "/daftar/nama?ubah=1"
    assert "Siti Nurhaliza" in words(client, fixed["Location"])
    assert client.post("/saya/data/perbaiki", {"field": "none"})["Location"] == "/daftar/periksa"


def test_who_waits_for_the_registry_is_promised_a_day(siti: Citizen) -> None:
    page = words(as_citizen(registered_citizen(2).id), "/saya/data")
    assert text("data.promised", "id", date="3 Agustus 2023") in page
