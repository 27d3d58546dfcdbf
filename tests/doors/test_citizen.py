"""What a signed-in citizen does: join, attend, rate, link an account, answer a survey."""

import json
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from bekal.citizens.ports import FaceAnswer
from bekal.core import clock
from bekal.core.texts import table
from bekal.incentives.models import PayeeAccount
from bekal.incentives.ports import Holder
from bekal.learning.models import Attendance
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.rules import Opening, Posting
from bekal.scholarships.models import Award
from bekal.scholarships.queries import incentive_account
from bekal.surveys.models import SurveyAnswer
from bekal.waves.models import Joining
from tests.doors.conftest import Outside
from tests.doors.making import BY, World, as_citizen
from tests.eligibility.making import eligible_citizen
from tests.rulebooks.making import loaded_programme
from tests.surveys.making import FIRST
from tests.waves.making import open_wave

PHOTO = b"\xff\xd8\xff\xe0" + b"0" * 100


def photo(content: bytes = PHOTO) -> SimpleUploadedFile:
    return SimpleUploadedFile("wajah.jpg", content, "image/jpeg")


@pytest.mark.django_db
def test_joining_a_wave(seeded: None, clock_at: Callable[[datetime], None]) -> None:
    book = loaded_programme()
    wave = open_wave(book)
    citizen = eligible_citizen(book.id, 4)
    client = as_citizen(citizen.id)
    assert "Giliran Anda" in client.get("/saya").content.decode()
    client.post("/saya/gelombang", {"wave": "not one"})
    assert not Joining.objects.exists()
    for _ in range(2):
        assert client.post("/saya/gelombang", {"wave": str(wave.id)}).status_code == 302
    assert Joining.objects.get().citizen_id == citizen.id
    page = client.get("/saya/gelombang").content.decode()
    assert "G-" in page
    assert "59" in page
    assert client.get("/saya/gelombang/bukti.json").status_code == 404, "no receipt before the roll is locked"
    assert client.get("/saya/gelombang/periksa").status_code == 404


@pytest.mark.django_db
def test_the_receipt_of_the_draw(small_world: World) -> None:
    reply = as_citizen(small_world.winner).get("/saya/gelombang/bukti.json")
    assert reply.status_code == 200
    assert reply.json()
    to_check = as_citizen(small_world.winner).get("/saya/gelombang/periksa")
    assert to_check.status_code == 302
    page, _, receipt = to_check.headers["Location"].partition("#")
    assert (page, json.loads(unquote(receipt))) == ("/terbuka/undian/periksa", reply.json())


@pytest.mark.django_db
def test_attending_leads_back_to_the_institution(small_world: World, outside: Outside) -> None:
    client, address = as_citizen(small_world.learner), f"/hadir/{small_world.token}"
    page = client.get(address)
    assert "https://lp.example" in page.headers["Content-Security-Policy"]
    reply = client.post(address, {"photo": photo()})
    back = urlsplit(reply.headers["Location"])
    row = Attendance.objects.get(token=small_world.token)
    assert (back.netloc, parse_qs(back.query)) == ("lp.example", {"kelas": ["1"], "state": [row.id.hex]})
    assert row.state == "present"
    assert client.post(address, {"photo": photo()}).status_code == 302, "sent again, nothing changes"
    assert outside.in_transaction == [False], "the face match is asked outside any transaction"


@pytest.mark.django_db
@pytest.mark.parametrize("silent", [True, False])
def test_a_failed_photo_never_loses_the_session(small_world: World, outside: Outside, silent: bool) -> None:
    outside.silent, outside.face = silent, FaceAnswer(live=False, score=10)
    reply = as_citizen(small_world.learner).post(f"/hadir/{small_world.token}", {"photo": photo()})
    assert reply.status_code == 302
    assert Attendance.objects.get(token=small_world.token).state == "to_confirm"


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"%PDF-1.7"])
def test_what_is_no_photo_is_told(small_world: World, outside: Outside, content: bytes) -> None:
    reply = as_citizen(small_world.learner).post(f"/hadir/{small_world.token}", {"photo": photo(content)})
    assert reply.status_code == 422
    assert b'href="#photo"' in reply.content


@pytest.mark.django_db
def test_nobody_attends_for_another(small_world: World, outside: Outside) -> None:
    client = as_citizen(small_world.winner)
    assert client.get(f"/hadir/{small_world.token}").status_code == 404
    assert client.post(f"/hadir/{small_world.token}", {"photo": photo()}).status_code == 404


@pytest.mark.django_db
def test_rating(small_world: World) -> None:
    client = as_citizen(small_world.graduate)
    assert client.post("/saya/nilai/TR-1", {"stars": "9", "words": ""}).status_code == 422
    assert client.post("/saya/nilai/TR-1", {"stars": "3", "words": "Cukup baik."}).status_code == 302
    assert "Cukup baik." in client.get("/pelatihan/TR-1").content.decode()
    assert as_citizen(small_world.winner).get("/saya/nilai/TR-1").status_code == 404


@pytest.mark.django_db
def test_linking_an_account(small_world: World, outside: Outside) -> None:
    client = as_citizen(small_world.winner)
    assert client.post("/saya/rekening", {"channel": "cheque", "account": "12"}).status_code == 422
    outside.holder = Holder("ORANG LAIN", True, False, None, None)
    refused = client.post("/saya/rekening", {"channel": "wallet", "account": "0812 3456 7000"})
    assert refused.status_code == 422
    assert refused.content.count(b'href="#account"') == 2, "both reasons are told"
    outside.silent = True
    assert client.post("/saya/rekening", {"channel": "wallet", "account": "081234567000"}).status_code == 422
    outside.silent, outside.holder = False, Holder("SITI NURHALIZA", True, True, None, None)
    assert client.post("/saya/rekening", {"channel": "wallet", "account": "0812-3456-7000"}).status_code == 302
    assert PayeeAccount.objects.filter(citizen_id=small_world.winner, state="linked").exists()
    assert "7000" in client.get("/saya/rekening").content.decode()


@pytest.mark.django_db
def test_answering_a_survey(small_world: World) -> None:
    client = as_citizen(small_world.graduate)
    assert client.get("/saya/survei/1").status_code == 200
    wrong = client.post("/saya/survei/1", {"monthly_income": "banyak"})
    assert wrong.status_code == 422
    assert b"Galat:" in wrong.content
    assert client.post("/saya/survei/1", {code: str(given) for code, given in FIRST.items()}).status_code == 302
    assert SurveyAnswer.objects.get().answers == FIRST
    assert client.get("/saya/survei/1").status_code == 404
    assert client.get("/saya/survei/9").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["incentive", "incentive_returned", "accepted"])
def test_whatever_happened_to_an_incentive_has_its_words(small_world: World, code: str) -> None:
    """A payment that came back, or that only the statement knew of, stands on the balance page like any other."""
    own, paid = incentive_account(Award.objects.get(citizen_id=small_world.winner).id), "paid:bank"
    ends = (paid, own) if code == "incentive_returned" else (own, paid)
    open_accounts(by=BY, at=clock.now(), accounts=[Opening(paid, "paid", limit="none")])
    post_transfers(by=BY, at=clock.now(), transfers=[Posting(*ends, 5, code, f"test:{code}")])
    page = as_citizen(small_world.winner).get("/saya/saldo")
    assert page.status_code == 200
    assert table()[f"entry.{code}"]["id"] in page.content.decode()
