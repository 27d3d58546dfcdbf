"""Registering through the pages, one question at a time, with every wrong answer."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from bekal.access.models import OneTimeCode
from bekal.citizens.models import Citizen, Draft
from bekal.core import vault
from bekal.core.models import Event
from bekal.core.texts import text
from bekal.doors.citizen.questions import STEPS
from bekal.doors.citizen.references import ALPHABET, check_sign, reference_of
from bekal.notices.models import Notice
from tests.citizens.making import nik
from tests.doors.conftest import Outside
from tests.rulebooks.making import loaded_programme

DAY = datetime(2023, 8, 20, 3, tzinfo=UTC)
GOOD: dict[str, dict[str, Any]] = {
    "telepon": {"phone": "0812 3456-7890"},
    "nama": {"name": "I Gusti D'Arc"},
    "nik": {"nik": f"{nik(7)[:6]} {nik(7)[6:12]}.{nik(7)[12:]}"},
    "lahir": {"birth_date": "1995-08-15"},
    "kk": {"family_card": "3273 1001 0110 0007"},
    "provinsi": {"province": "32"},
    "kabupaten": {"regency": "32.73"},
    "sekolah": {"schooling": "primary"},
    "pekerjaan": {"occupation": "laid_off"},
    "disabilitas": {"disability": "none"},
    "minat": {"interests": ["phone-repair", "digital-marketing"]},
}
WRONG: list[tuple[str, dict[str, Any]]] = [
    *((slug, {}) for slug in GOOD),
    ("telepon", {"phone": "021 555 1234"}),
    ("telepon", {"phone": "<b>0812"}),
    ("nama", {"name": "12345"}),
    ("nama", {"name": "x" * 500}),
    ("nik", {"nik": "123"}),
    ("nik", {"nik": "32731O5508950007"}),
    ("nik", {"nik": "3273109908950007"}),
    ("nik", {"nik": "0073101508950007"}),
    ("lahir", {"birth_date": "1995-08-16"}),
    ("lahir", {"birth_date": "15 Agustus 1995"}),
    ("kk", {"family_card": "12"}),
    ("provinsi", {"province": "99"}),
    ("kabupaten", {"regency": "31.71"}),
    ("sekolah", {"schooling": "phd"}),
    ("pekerjaan", {"occupation": "<script>"}),
    ("disabilitas", {"disability": "?"}),
    ("minat", {"interests": ["phone-repair", "digital-marketing", "spreadsheet", "bookkeeping"]}),
    ("minat", {"interests": ["juggling"]}),
]  # fmt: skip


def last_code() -> str:
    latest = Event.objects.filter(kind="notices.queued").order_by("-id")[0].key
    words = vault.unseal(bytes(Notice.objects.get(reference=latest).text_sealed), place="notices.text")
    found = re.search(r"\b\d{6}\b", words)
    assert found
    return found.group()


def answer(client: Client, slug: str, **changes: Any) -> str:
    reply = client.post(f"/daftar/{slug}", GOOD[slug] | changes)
    assert reply.status_code == 302, reply.content.decode()
    return reply.headers["Location"]


def prove_phone(client: Client) -> None:
    reply = client.post("/daftar/kode", {"code": last_code()})
    assert reply.status_code == 302, reply.content.decode()


def up_to(client: Client, slug: str, *, phone: str = GOOD["telepon"]["phone"]) -> None:
    """Answer every question before this one, with this phone."""
    for step in STEPS:
        if step.slug == slug:
            return
        answer(client, step.slug, **({"phone": phone} if step.slug == "telepon" else {}))
        if step.slug == "telepon":
            prove_phone(client)


@pytest.fixture
def client(db: None, clock_at: Any, outside: Outside) -> Client:
    clock_at(DAY)
    loaded_programme()
    return Client()


@pytest.mark.parametrize(("slug", "given"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_answer_is_told_on_top_and_at_the_field(client: Client, slug: str, given: dict[str, Any]) -> None:
    up_to(client, slug)
    reply = client.post(f"/daftar/{slug}", given)
    words = reply.content.decode()
    assert reply.status_code == 422
    assert f"<title>{text('page.fault_prefix', 'id')} " in words
    link = re.search(r'<li><a href="#([^"]+)">(.*?)</a></li>', words)
    assert link
    assert f'id="{link.group(1)}"' in words
    assert words.count(link.group(2)) == 2, "the same words on top and at the field"
    assert "<script>" not in words
    assert "<b>0812" not in words
    for step in STEPS:
        if step.slug == slug:
            break
        assert client.get(f"/daftar/{step.slug}").status_code == 200, "the other answers are kept"


def register(client: Client) -> None:
    up_to(client, "")
    assert client.get("/daftar/periksa").status_code == 200
    reply = client.post("/daftar/periksa", {"consent": "yes"})
    assert reply.status_code == 302, reply.content.decode()


def test_registering(client: Client) -> None:
    assert client.get("/daftar/minat").headers["Location"] == "/daftar/telepon", "no question can be jumped over"
    register(client)
    person = Citizen.objects.get()
    assert (person.name, person.sex, person.schooling, person.state) == ("I Gusti D'Arc", "F", "primary", "verified")
    receipt = client.get("/daftar/selesai").content.decode()
    assert reference_of("D", person.id) in receipt
    assert client.get("/saya").status_code == 200, "the proven phone signs in"
    assert nik(7) not in receipt


def test_what_may_be_a_slip_is_asked_again_and_refuses_nothing(client: Client) -> None:
    up_to(client, "")
    assert "Periksa sekali lagi" not in client.get("/daftar/periksa").content.decode()
    client.post("/daftar/nama?ubah=1", {"name": "S1ti Nurhaliza"})
    client.post("/daftar/kk?ubah=1", {"family_card": "3237 1001 0110 0007"})
    page = client.get("/daftar/periksa").content.decode()
    for words in ("Periksa sekali lagi", "Ada angka di dalam kata S1ti", "Bedanya sedikit"):
        assert words in page
    assert client.post("/daftar/periksa", {"consent": "yes"}).status_code == 302


def test_a_change_leads_back_to_the_summary(client: Client) -> None:
    up_to(client, "")
    assert client.post("/daftar/nama?ubah=1", {"name": "Siti"}).headers["Location"] == "/daftar/periksa"
    assert client.post("/daftar/provinsi?ubah=1", {"province": "31"}).headers["Location"] == "/daftar/kabupaten?ubah=1"
    page = client.get("/daftar/nama").content.decode()
    assert 'value="Siti"' in page


def test_another_phone_must_be_proven_again(client: Client) -> None:
    up_to(client, "")
    client.post("/daftar/telepon?ubah=1", {"phone": "0813 0000 0001"})
    assert client.get("/daftar/periksa").headers["Location"] == "/daftar/kode"
    assert client.post("/daftar/kode", {"code": "000000"}).status_code == 422
    client.post("/daftar/kode", {"baru": "1"})
    prove_phone(client)
    assert client.get("/daftar/periksa").status_code == 200


def test_the_summary_needs_consent_and_tells_a_refusal(client: Client) -> None:
    register(client)
    second = Client()
    up_to(second, "", phone="0813 0000 0001")
    assert second.post("/daftar/periksa", {}).status_code == 422
    reply = second.post("/daftar/periksa", {"consent": "yes"})
    assert reply.status_code == 422
    assert Citizen.objects.count() == 1


def test_a_silent_registry_costs_nothing(client: Client, outside: Outside) -> None:
    outside.silent = True
    register(client)
    assert Citizen.objects.get().state == "registered"
    assert client.post("/saya/data/periksa").status_code == 302
    outside.silent = False
    client.post("/saya/data/periksa")
    assert Citizen.objects.get().state == "verified"


def test_a_mismatch_can_be_corrected(client: Client, outside: Outside) -> None:
    outside.registry = "mismatch"
    register(client)
    assert "Nama" in client.get("/saya/data").content.decode()
    assert client.post("/saya/data/perbaiki").headers["Location"] == "/daftar/periksa"
    client.post("/daftar/nama?ubah=1", {"name": "I Gusti Darc"})
    outside.registry = "match"
    assert client.post("/daftar/periksa", {"consent": "yes"}).headers["Location"] == "/saya/data"
    person = Citizen.objects.get()
    assert (person.name, person.state) == ("I Gusti Darc", "verified")


def test_nothing_of_a_person_rests_in_clear(client: Client) -> None:
    up_to(client, "kk")
    rows = [str(session.get_decoded()) for session in Session.objects.all()]
    rows += [str(model.objects.values_list()) for model in (Draft, Event, OneTimeCode, Notice)]
    for secret in (nik(7), "34567890", "Gusti"):
        assert not any(secret in row for row in rows), secret


def test_before_the_code_only_the_number_waits_in_the_session(client: Client) -> None:
    answer(client, "telepon")
    assert client.get("/daftar/nama").headers["Location"] == "/daftar/kode"
    assert client.post("/daftar/nama", GOOD["nama"]).headers["Location"] == "/daftar/kode"
    assert Draft.objects.count() == 0


def test_a_reference_shows_a_wrong_sign() -> None:
    signs = reference_of("D", "x")[2:].replace("-", "")
    for place in range(7):
        for sign in ALPHABET[:31]:
            other = signs[:place] + sign + signs[place + 1 : 7]
            if sign != signs[place] and ALPHABET.index(sign) % 31 != ALPHABET.index(signs[place]) % 31:
                assert check_sign(other) != signs[7]
