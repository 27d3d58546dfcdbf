"""What a person sees and decides about their data, over HTTP; and that nobody's numbers stand anywhere in clear."""

import json
import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from bekal.access.actions import add_staff
from bekal.citizens.models import Citizen, PhoneChange, RecoveryCase
from bekal.citizens.queries import consents_of
from bekal.citizens.tasks import settle_changes
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.models import Event
from bekal.doors.skill_names import interest_codes
from bekal.incentives.models import PayeeAccount
from bekal.notices.queries import notices_waiting
from tests.citizens.making import BY, nik, numbers_of, registered_citizen
from tests.doors.conftest import Outside
from tests.doors.making import World, as_citizen, as_staff

NIK = re.compile(r"(?<![0-9a-f-])[1-9]\d{5}(?:[04][1-9]|[1256]\d|[37][01])(?:0[1-9]|1[0-2])\d{6}(?![0-9a-f])")
"""Sixteen digits that can be a NIK: a birth date, for women with 40 added to the day, stands in the middle."""
HERE = pytest.mark.django_db
Clock = Callable[[datetime], None]


def code_to(phone: str, last: int = 1) -> str:
    """The newest code sent to a telephone (+62…)."""
    found = [one.text for one in notices_waiting(99) if one.to == phone]
    return re.findall(r"\b\d{6}\b", found[-last])[0]


def officer(number: int) -> Client:
    made = add_staff(by=BY, at=clock.now(), name="P", email=f"p{number}@x.id", roles=["recovery_officer"])
    return as_staff(made.id, "recovery_officer")


def words(client: Client, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200, (address, reply.status_code)
    return reply.content.decode()


@HERE
def test_who_looked_is_told_in_plain_words(small_world: World, outside: Outside) -> None:
    client = as_citizen(small_world.winner)
    assert "Belum ada orang" in words(client, "/saya/privasi")
    client.post("/saya/rekening", {"channel": "bank", "account": "1234567890"})
    client.post("/saya/data/periksa")
    page = words(client, "/saya/privasi")
    assert "Bank penyalur" in page
    assert "karena permintaan Anda" in page
    assert "Dukcapil (kependudukan)" in page
    assert "Bank penyalur" not in words(as_citizen(small_world.learner), "/saya/privasi")


@HERE
def test_numbers_are_shown_on_asking_and_that_is_noted(small_world: World) -> None:
    person = small_world.graduate
    client, clear = as_citizen(person), numbers_of(person)
    before = Event.objects.filter(kind="citizens.data_read", why="own_view").count()
    assert clear["nik"] not in words(client, "/saya/privasi")
    assert client.get("/saya/privasi/lihat").status_code == 405
    shown = client.post("/saya/privasi/lihat").content.decode()
    assert clear["nik"] in shown
    assert clear["family_card"] in shown
    assert Event.objects.filter(kind="citizens.data_read", why="own_view").count() == before + 1
    assert "ditampilkan kepada Anda" not in words(client, "/saya/privasi"), "own views are not others'"


@HERE
def test_permissions_are_given_and_taken_back(small_world: World) -> None:
    person = small_world.graduate
    client = as_citizen(person)
    client.post("/saya/privasi/izin", {"purpose": "recommendations", "act": "withdraw"})
    client.post("/saya/privasi/izin", {"purpose": "identity_check", "act": "withdraw"})
    client.post("/saya/privasi/izin", {"purpose": "everything", "act": "allow"})
    assert set(consents_of(person)) == {"identity_check", "research"}
    page = words(client, "/saya/privasi")
    assert "Dicabut" in page
    assert "Teks versi 1" in page
    assert words(client, "/saya/saran")
    client.post("/saya/privasi/izin", {"purpose": "recommendations", "act": "allow"})
    assert "recommendations" in consents_of(person)


@HERE
def test_the_copy_as_file_and_as_page(small_world: World) -> None:
    person = small_world.graduate
    client, clear = as_citizen(person), numbers_of(person)
    reply = client.post("/saya/privasi/salinan.json")
    copy = json.loads(reply.getvalue())
    assert copy["numbers"]["nik"] == clear["nik"]
    assert copy["numbers"]["account"].startswith("77")
    assert copy["who_looked"] == [] or "purpose" in copy["who_looked"][0]
    assert copy["learning"]["certificates"][0]["holder"]
    assert reply.headers["Content-Disposition"].startswith("attachment")
    page = client.post("/saya/privasi/salinan").content.decode()
    assert "Keputusan otomatis" in page
    assert Event.objects.filter(kind="privacy.data_exported", person_id=person).count() == 2
    others = numbers_of(small_world.winner)
    assert others["nik"] not in json.dumps(copy)


@HERE
def test_being_forgotten_needs_a_code_and_ends_the_session(seeded: None, clock_at: Clock) -> None:
    citizen = registered_citizen(5)
    client, other = as_citizen(citizen.id), as_citizen(citizen.id)
    assert "Kirim kode" in words(client, "/saya/privasi/hapus")
    assert client.post("/saya/privasi/hapus", {"send": "1"}).status_code == 200
    assert client.post("/saya/privasi/hapus", {"code": "000000"}).status_code == 422
    assert Citizen.objects.filter(id=citizen.id).exists()
    done = client.post("/saya/privasi/hapus", {"code": code_to("+6281234560005")})
    assert done.status_code == 302
    assert not Citizen.objects.filter(id=citizen.id).exists()
    for visitor in (client, other):
        assert visitor.get("/saya").headers["Location"].startswith("/masuk")


@HERE
def test_the_reasons_to_wait_have_dates(small_world: World) -> None:
    client = as_citizen(small_world.graduate)
    page = words(client, "/saya/privasi/hapus")
    assert "Belum dapat dihapus" in page
    assert "10 September 2023" in page
    assert client.post("/saya/privasi/hapus", {"send": "1"}).status_code == 422


@HERE
def test_another_number_takes_two_codes_and_a_day(seeded: None, clock_at: Clock) -> None:
    citizen = registered_citizen(5)
    client, at = as_citizen(citizen.id), clock.now()
    assert client.post("/saya/telepon", {"new_phone": "nope"}).status_code == 422
    assert client.get("/saya/telepon/kode").headers["Location"] == "/saya/telepon"
    assert client.post("/saya/telepon", {"new_phone": "0813 1111 2222"}).status_code == 302
    old, new = code_to("+6281234560005"), code_to("+6281311112222")
    assert "+62 813 •••• 2222" in words(client, "/saya/telepon/kode")
    wrong = client.post("/saya/telepon/kode", {"old_code": old, "new_code": "000000"})
    assert wrong.status_code == 422
    assert b'name="old_code"' not in wrong.content, "the code that was right need not be typed again"
    assert client.post("/saya/telepon/kode", {"new_code": new}).status_code == 302
    assert "berlaku mulai" in words(client, "/saya/telepon")
    clock.freeze(at + timedelta(hours=24))
    assert settle_changes() == 1
    assert numbers_of(citizen.id)["phone"] == "+6281311112222"
    assert client.get("/saya").headers["Location"].startswith("/masuk"), "every session has ended"


@HERE
def test_a_stolen_session_cannot_move_the_number_past_its_owner(seeded: None, clock_at: Clock) -> None:
    citizen = registered_citizen(5)
    thief, owner = as_citizen(citizen.id), Client()
    thief.post("/saya/telepon", {"new_phone": "081311112222"})
    own = code_to("+6281311112222")
    assert thief.post("/saya/telepon/kode", {"old_code": own, "new_code": own}).status_code == 422
    assert PhoneChange.objects.count() == 0
    as_owner = thief.post("/saya/telepon/kode", {"old_code": code_to("+6281234560005")})
    assert as_owner.status_code == 302
    messages = " ".join(one.text for one in notices_waiting(99))
    link = re.findall(r"/telepon/batal/[0-9a-f]+", messages)[0]
    assert "Hentikan" in words(owner, link)
    assert PhoneChange.objects.get().state == "waiting", "opening a link changes nothing"
    assert owner.post(link).status_code == 200
    assert PhoneChange.objects.get().state == "stopped"
    assert "tidak berlaku" in words(owner, link)


@HERE
def test_a_change_is_cancelled_by_hand(seeded: None, clock_at: Clock) -> None:
    citizen = registered_citizen(5)
    client = as_citizen(citizen.id)
    client.post("/saya/telepon", {"new_phone": "081311112222"})
    both = {"old_code": code_to("+6281234560005"), "new_code": code_to("+6281311112222")}
    client.post("/saya/telepon/kode", both)
    client.post("/saya/telepon/batal")
    assert PhoneChange.objects.get().state == "stopped"
    assert "Nomor HP baru" in words(client, "/saya/telepon")


@HERE
def test_another_account_takes_a_code_bound_to_it_and_a_day(small_world: World, outside: Outside) -> None:
    client = as_citizen(small_world.winner)
    phone = numbers_of(small_world.winner)["phone"]
    client.post("/saya/rekening", {"channel": "bank", "account": "1111111111"})
    first = PayeeAccount.objects.get(citizen_id=small_world.winner)
    assert client.get("/saya/rekening/kode").headers["Location"] == "/saya/rekening"
    asked = client.post("/saya/rekening", {"channel": "bank", "account": "2222222222"})
    assert asked.headers["Location"] == "/saya/rekening/kode"
    assert "2222" in words(client, "/saya/rekening/kode")
    message = [one.text for one in notices_waiting(99) if one.to == phone][-1]
    assert "berakhiran 2222" in message
    code = code_to(phone)
    clock.freeze(clock.now() + timedelta(minutes=1))
    client.post("/saya/rekening", {"channel": "bank", "account": "3333333333"})
    assert client.post("/saya/rekening/kode", {"code": code}).status_code == 422, "a code of another account"
    assert PayeeAccount.objects.get(pk=first.pk).account_tail == "1111"
    assert client.post("/saya/rekening/kode", {"code": code_to(phone)}).status_code == 302
    changed = PayeeAccount.objects.get(pk=first.pk)
    assert (changed.account_tail, changed.pays_from) == ("3333", clock.now() + timedelta(hours=24))
    assert "Uang dikirim mulai" in words(client, "/saya/rekening")


@HERE
def test_recovery_answers_everybody_alike_and_takes_two_officers(seeded: None, clock_at: Clock) -> None:
    citizen = registered_citizen(5)
    born = {"born-day": "15", "born-month": "8", "born-year": "1995"}
    answers = []
    for number, tail in ((5, "0005"), (5, "9999"), (6, "0006")):
        client, phone = Client(), f"08131111000{len(answers)}"
        said = {"nik": nik(number), "family_tail": tail, "new_phone": phone, **born}
        assert client.post("/masuk/pulihkan", said).status_code == 302
        assert client.post("/masuk/pulihkan/kode", {"code": "000000"}).status_code == 422
        done = client.post("/masuk/pulihkan/kode", {"code": code_to("+62" + phone[1:])})
        answers.append((done.status_code, done.headers["Location"], words(client, done.headers["Location"])))
    assert len(set(answers)) == 1
    case = RecoveryCase.objects.get()
    officers = [officer(1), officer(2)]
    page = words(officers[0], f"/operator/pemulihan/{case.id}")
    assert numbers_of(citizen.id)["nik"] not in page
    assert "Siti Nurhaliza" not in page
    address = f"/operator/pemulihan/{case.id}/putuskan"
    officers[0].post(address, {"digest": case.digest, "propose": "1"})
    officers[0].post(address, {"digest": case.digest, "approve": "1"})
    assert RecoveryCase.objects.get().state == "open", "the same officer twice"
    officers[1].post(address, {"digest": case.digest, "approve": "1"})
    assert RecoveryCase.objects.get().state == "approved"
    assert officers[1].get(f"/operator/pemulihan/{case.id}").status_code == 404
    assert "Petugas pemulihan akun" in words(as_citizen(citizen.id), "/saya/privasi")
    assert as_citizen(citizen.id).get("/operator/pemulihan").status_code == 403


@HERE
def test_no_nik_stands_anywhere(small_world: World, outside: Outside, caplog: pytest.LogCaptureFixture) -> None:
    """A whole way through the pages: bodies, headers, titles, addresses, events, notices, sessions and the log."""
    caplog.set_level(logging.DEBUG)
    person = small_world.graduate
    client, clear = as_citizen(person), numbers_of(person)
    pages = [
        "/saya", "/saya/data", "/saya/gelombang", "/saya/saldo", "/saya/rekening", "/saya/insentif", "/saya/saran",
        "/saya/lowongan", "/saya/pelatihan", "/saya/privasi", "/saya/telepon", "/saya/privasi/hapus", "/daftar/selesai",
        "/", "/masuk", "/masuk/pulihkan", "/terbuka", "/bantuan",
    ]  # fmt: skip
    seen = []
    for page in pages:
        reply = client.get(page)
        seen.append((page, reply.content.decode() + str(dict(reply.headers))))
    Citizen.objects.filter(id=person).update(interests=sorted(interest_codes())[:2])
    client.post("/saya/data/perbaiki")
    seen.append(("/daftar/periksa", words(client, "/daftar/periksa")))
    client.post("/saya/data/periksa")
    client.post("/saya/rekening", {"channel": "bank", "account": "1234567890"})
    seen.append(("log", "\n".join(record.getMessage() for record in caplog.records)))
    with connection.cursor() as cursor:
        for table in ("core_event", "core_eventline", "notices_notice"):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
            seen += [(table, row[0]) for row in cursor.fetchall()]
    seen += [("session", json.dumps(one.get_decoded())) for one in Session.objects.all()]
    faults = [(where, found[0]) for where, text in seen if (found := NIK.findall(text))]
    assert faults == []
    for value in (clear["nik"], clear["family_card"]):
        assert [where for where, text in seen if value in text] == []


def test_the_pattern_finds_a_nik_and_no_key() -> None:
    assert NIK.findall(f"NIK {nik(3)}.") == [nik(3)]
    assert NIK.findall("018a065e-f100-7814-a03b-d03858cc2f8c") == []


@HERE
def test_staff_sessions_end_too(seeded: None, clock_at: Clock) -> None:
    from bekal.access.actions import end_sessions

    staff = add_staff(by=BY, at=clock.now(), name="P", email="p@x.id", roles=["operator"])
    client = as_staff(staff.id, "operator")
    assert client.get("/operator").status_code == 200
    end_sessions(by=BY, at=clock.now(), principal=Actor.staff(staff.id))
    assert client.get("/operator").status_code == 403
    clock.freeze(clock.now() + timedelta(seconds=1))
    assert as_staff(staff.id, "operator").get("/operator").status_code == 200
