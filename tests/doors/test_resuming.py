"""Going on with a registration: on another phone, in two windows, after a cut, twice, with a number that is known."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from bekal.citizens.actions import keep_answers
from bekal.citizens.models import Citizen, Draft
from bekal.citizens.queries import draft_answers
from bekal.citizens.tasks import forget_drafts_due as forget_due
from bekal.core import clock
from bekal.core.models import Event
from bekal.core.texts import text
from bekal.doors.citizen.draft import read_draft
from bekal.doors.citizen.questions import STEPS
from tests.doors.conftest import Outside
from tests.doors.making import BY
from tests.doors.test_registration import DAY, GOOD, answer, last_code, prove_phone, register, up_to
from tests.rulebooks.making import loaded_programme

ClockAt = Callable[[Any], None]
PHONE = "+6281234567890"


@pytest.fixture
def client(db: None, clock_at: ClockAt, outside: Outside) -> Client:
    clock_at(DAY)
    loaded_programme()
    return Client()


def another(clock_at: ClockAt, phone: str = "+62 812-3456-7890") -> tuple[Client, Any]:
    """Another phone that proves the same number a minute later, and the answer to its code."""
    clock_at(clock.now() + timedelta(minutes=1))
    client = Client()
    answer(client, "telepon", phone=phone)
    return client, client.post("/daftar/kode", {"code": last_code()})


def test_another_phone_goes_on_where_the_first_stopped(client: Client, clock_at: ClockAt) -> None:
    up_to(client, "sekolah")
    second, reply = another(clock_at)
    assert reply.headers["Location"] == "/daftar/sekolah"
    page = second.get("/daftar/sekolah").content.decode()
    assert text("register.resumed", "id") in page
    assert text("register.resumed", "id") not in second.get("/daftar/sekolah").content.decode(), "told once"
    assert "I Gusti D&#x27;Arc" in second.get("/daftar/nama").content.decode()
    for step in STEPS[7:]:
        answer(second, step.slug)
    assert second.post("/daftar/periksa", {"consent": "yes"}).headers["Location"] == "/daftar/selesai"
    assert Citizen.objects.get().name == "I Gusti D'Arc"
    assert Draft.objects.count() == 0, "dropped on registration"


def test_two_browsers_at_once_lose_nothing(client: Client, clock_at: ClockAt) -> None:
    up_to(client, "sekolah")
    second, _ = another(clock_at)
    answer(client, "sekolah")
    answer(second, "nama", name="Siti Aminah")
    answer(second, "sekolah", schooling="senior")
    answer(client, "pekerjaan")
    kept = draft_answers(PHONE, clock.now())
    assert (kept["schooling"], kept["name"], kept["occupation"]) == (["senior"], ["Siti Aminah"], ["laid_off"])


@pytest.mark.django_db(transaction=True)
def test_answers_given_in_the_same_instant_are_all_kept(seeded: None, clock_at: ClockAt) -> None:
    names = [f"question{number}" for number in range(8)]

    def keep(name: str) -> None:
        keep_answers(by=BY, at=DAY, phone=PHONE, answers={name: [name]})
        connection.close()

    hands = [threading.Thread(target=keep, args=(name,)) for name in names]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert draft_answers(PHONE, DAY) == {name: [name] for name in names}
    assert Event.objects.filter(kind="citizens.draft_answered").count() == 8
    keep_answers(by=BY, at=DAY, phone=PHONE, answers={"question1": ["question1"]})
    assert Event.objects.filter(kind="citizens.draft_answered").count() == 8, "the same answer again changes nothing"


def test_a_left_draft_is_forgotten_after_thirty_days(client: Client, clock_at: ClockAt) -> None:
    up_to(client, "kk")
    clock_at(DAY + timedelta(days=29))
    assert forget_due() == 0
    assert "nik" in draft_answers(PHONE, clock.now())
    clock_at(DAY + timedelta(days=31))
    assert draft_answers(PHONE, clock.now()) == {}, "also before the task ran"
    assert keep_answers(by=BY, at=clock.now(), phone=PHONE, answers={"name": ["Ani"]}) == {"name": ["Ani"]}
    clock_at(DAY + timedelta(days=62))
    assert (forget_due(), forget_due(), Draft.objects.count()) == (1, 0, 0)


def test_a_changed_number_takes_the_answers_along(client: Client) -> None:
    up_to(client, "")
    answer(client, "telepon", phone="0813 0000 0001")
    assert client.get("/daftar/nama").status_code == 200, "the answers under the proven number are still there"
    prove_phone(client)
    assert client.get("/daftar/periksa").status_code == 200, "nothing is asked again"
    assert draft_answers(PHONE, DAY) == {}
    assert draft_answers("+6281300000001", DAY)["phone"] == ["0813 0000 0001"]


def test_a_changed_number_can_be_changed_back_without_a_code(client: Client) -> None:
    up_to(client, "")
    answer(client, "telepon", phone="0813 0000 0001")
    assert client.get("/daftar/periksa").headers["Location"] == "/daftar/kode"
    assert client.post("/daftar/telepon?ubah=1", GOOD["telepon"]).headers["Location"] == "/daftar/periksa"
    assert client.get("/daftar/periksa").status_code == 200


def test_a_registered_number_is_told_after_the_code_only(client: Client, clock_at: ClockAt) -> None:
    register(client)
    clock_at(clock.now() + timedelta(minutes=2))
    stranger, known = Client(), Client()
    pages = []
    for visitor, phone in ((stranger, "0813 0000 0001"), (known, GOOD["telepon"]["phone"])):
        assert answer(visitor, "telepon", phone=phone) == "/daftar/kode"
        pages.append(len(visitor.get("/daftar/kode").content.decode().replace(phone, "")))
        assert visitor.get("/daftar/terdaftar").headers["Location"] == "/daftar"
        assert visitor.post("/daftar/kode", {"code": "00000x"}).status_code == 422
    assert pages[0] == pages[1]
    assert known.post("/daftar/kode", {"code": last_code()}).headers["Location"] == "/daftar/terdaftar"
    page = known.get("/daftar/terdaftar").content.decode()
    assert text("register.known", "id") in page
    assert 'action="/masuk"' in page
    assert known.post("/daftar/kode", {"code": "123456"}).headers["Location"] == "/daftar/terdaftar", "back button"
    assert known.get("/daftar/nama").status_code == 302, "no answer of the registered person is shown"
    assert known.get("/saya").status_code == 302, "a code for registering signs nobody in"
    assert known.post("/masuk", {"phone": GOOD["telepon"]["phone"]}).headers["Location"] == "/masuk/kode"
    assert known.post("/masuk/kode", {"code": last_code()}).headers["Location"] == "/saya"


def test_the_code_sent_twice_or_by_the_back_button_goes_on(client: Client) -> None:
    answer(client, "telepon")
    old, code = client.cookies["bekal"].value, last_code()
    assert client.post("/daftar/kode", {"code": code}).headers["Location"] == "/daftar/nama"
    assert client.cookies["bekal"].value != old, "a fresh key once the number is proven"
    assert client.post("/daftar/kode", {"code": code}).headers["Location"] == "/daftar/nama"
    assert client.get("/daftar/kode").headers["Location"] == "/daftar/nama"
    late = Client()
    late.cookies["bekal"] = old
    reply = late.post("/daftar/kode", {"code": code})
    assert reply.headers["Location"] == "/daftar/lanjut"
    assert "bekal" not in reply.cookies, "the browser keeps the fresh key"


def test_a_registration_sent_twice_is_one_and_answers_alike(client: Client) -> None:
    up_to(client, "")
    old = client.cookies["bekal"].value
    for _ in range(2):
        assert client.post("/daftar/periksa", {"consent": "yes"}).headers["Location"] == "/daftar/selesai"
    late = Client()
    late.cookies["bekal"] = old
    assert late.post("/daftar/periksa", {"consent": "yes"}).headers["Location"] == "/daftar/selesai"
    assert late.get("/saya").status_code == 302, "the old key opens nothing"
    assert Citizen.objects.count() == 1
    assert client.get("/daftar/nama").headers["Location"] == "/daftar/selesai"


def test_a_registration_sent_on_two_phones_at_once(client: Client, clock_at: ClockAt) -> None:
    """The second request has read the answers when the first one registers them."""
    up_to(client, "")
    second, _ = another(clock_at)
    with pytest.MonkeyPatch.context() as patched:

        def read_then_lose(request: Any) -> Any:
            found = read_draft(request)
            patched.undo()
            assert client.post("/daftar/periksa", {"consent": "yes"}).headers["Location"] == "/daftar/selesai"
            return found

        patched.setattr("bekal.doors.citizen.draft.read_draft", read_then_lose)
        assert second.post("/daftar/periksa", {"consent": "yes"}).headers["Location"] == "/daftar/selesai"
    assert (Citizen.objects.count(), second.get("/saya").status_code) == (1, 200)


def test_a_cookie_lost_in_the_middle_costs_one_answer(client: Client, clock_at: ClockAt) -> None:
    up_to(client, "kk")
    client.cookies.clear()
    assert client.post("/daftar/kk", GOOD["kk"]).headers["Location"] == "/daftar/telepon"
    assert text("register.who", "id") in client.get("/daftar/telepon").content.decode()
    clock_at(clock.now() + timedelta(minutes=1))
    answer(client, "telepon")
    assert client.post("/daftar/kode", {"code": last_code()}).headers["Location"] == "/daftar/kk"


def test_the_nik_is_read_back_and_corrected_without_end(client: Client) -> None:
    up_to(client, "lahir")
    page = client.get("/daftar/lahir").content.decode()
    assert "<h1>Anda lahir 15 Agustus 1995?</h1>" in page
    assert "checked" not in page, "a real question"
    typed = GOOD["nik"]["nik"]
    for day in ("16", "17", "15"):
        assert client.post("/daftar/lahir", {"birth_date": "no"}).headers["Location"] == "/daftar/nik"
        asked = client.get("/daftar/nik").content.decode()
        assert text("register.nik_again", "id") in asked
        assert f'value="{typed}"' in asked, "what was typed stands there"
        typed = f"3273.10 {int(day) + 40}0895 0007"
        assert client.post("/daftar/nik", {"nik": typed}).headers["Location"] == "/daftar/lahir"
        assert f"Anda lahir {day} Agustus 1995?" in client.get("/daftar/lahir").content.decode()
    answer(client, "lahir")
    for step in STEPS[4:]:
        answer(client, step.slug)
    assert client.get("/daftar/periksa").status_code == 200


def test_a_nik_corrected_in_another_window_is_not_confirmed_by_an_old_page(client: Client) -> None:
    up_to(client, "lahir")
    client.post("/daftar/nik", {"nik": "3273105608950007"})
    reply = client.post("/daftar/lahir", GOOD["lahir"])
    assert reply.status_code == 422
    assert "Anda lahir 16 Agustus 1995?" in reply.content.decode()
    assert text("form.birth_date.changed", "id") in reply.content.decode()


def test_a_changed_nik_asks_for_the_birth_date_alone(client: Client) -> None:
    up_to(client, "")
    assert client.post("/daftar/nik?ubah=1", {"nik": "3273105608950007"}).headers["Location"] == "/daftar/lahir?ubah=1"
    reply = client.post("/daftar/lahir?ubah=1", {"birth_date": "1995-08-16"})
    assert reply.headers["Location"] == "/daftar/periksa"


def test_the_year_of_a_nik_may_lie_a_century_back(client: Client) -> None:
    up_to(client, "nik")
    client.post("/daftar/nik", {"nik": "3273105508210007"})
    page = client.get("/daftar/lahir").content.decode()
    assert 'value="2021-08-15"' in page
    assert text("form.birth_date.earlier", "id", year=1921) in page
    too_young = client.post("/daftar/lahir", {"birth_date": "2021-08-15"})
    assert text("citizens.under_age", "id", years=17) in too_young.content.decode()
    assert client.post("/daftar/lahir", {"birth_date": "1921-08-15"}).headers["Location"] == "/daftar/kk"
