"""Whatever is sent to the pages of registering and signing in gets a clear answer, and nothing is lost."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.citizens.queries import draft_answers
from bekal.core import clock
from bekal.core.texts import text
from bekal.doors.citizen.questions import STEPS
from tests.doors.conftest import Outside
from tests.doors.making import World, as_citizen, phone_of
from tests.doors.test_registration import DAY, GOOD, answer, last_code, up_to
from tests.rulebooks.making import loaded_programme

FORM = "application/x-www-form-urlencoded"
PHONE = "+6281234567890"
TEN_MEGABYTES = "9" * 10_000_000
NASTY = (
    "🙂", "🇮🇩" * 30, "a\x00b", "\x00", "\u202e8765\u202c", "\u200f\u200e", "٣٢٧٣١٠٥٥٠٨٩٥٠٠٠٧", "１２３", "-1", "1e9",
    "0x10", "9" * 4_500, "null", "[]", "{}", "true", "<script>alert(1)</script>", "' OR 1=1 --", "%00",
    "\r\nSet-Cookie: x=y", "../../etc/passwd", "{0.__class__}",
    "\ufffe", "\U0010ffff", "a\u0301" * 200, " ", "\t", "no", "2021-13-45",
)  # fmt: skip
LIMITS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
words = st.sampled_from(NASTY) | st.text(max_size=40)
answers = st.lists(words, max_size=4)


@pytest.fixture
def client(db: None, clock_at: Callable[[datetime], None], outside: Outside) -> Client:
    clock_at(DAY)
    loaded_programme()
    client = Client(raise_request_exception=True)
    up_to(client, "")
    return client


def names(slug: str) -> list[str]:
    return [*GOOD[slug], "ubah", "baru", "code", "consent"]


def kept() -> dict[str, list[str]]:
    return draft_answers(PHONE, clock.now())


def clear(reply: Any) -> None:
    """A page that goes on, or says what is wrong; never a fault of ours, never what was sent as markup."""
    assert reply.status_code in (200, 302, 400, 422), reply.status_code
    assert b"<script>alert" not in reply.content
    assert len(reply.content) < 60_000
    if reply.status_code == 302:
        assert reply.headers["Location"].startswith("/")
        assert "\n" not in reply.headers["Location"]


@LIMITS
@given(data=st.data())
def test_any_answer_to_any_question(client: Client, data: st.DataObject) -> None:
    step = data.draw(st.sampled_from(STEPS))
    sent = data.draw(st.dictionaries(st.sampled_from(names(step.slug)), answers, max_size=4))
    before = kept()
    reply = client.post(f"/daftar/{step.slug}", sent)
    clear(reply)
    after = kept()
    others = {name: given for name, given in before.items() if name != step.name}
    assert {name: after[name] for name in others} == others, "no other answer is lost"
    if reply.status_code != 302:
        assert after == before, "what was refused changes nothing"
    clear(client.get(f"/daftar/{step.slug}"))
    clear(client.get("/daftar/periksa", follow=True))
    for one in STEPS[1:]:  # mend what was changed, so that every example starts from a whole draft
        client.post(f"/daftar/{one.slug}", GOOD[one.slug])
    client.post("/daftar/telepon", GOOD["telepon"])
    assert client.get("/daftar/periksa").status_code == 200


@pytest.mark.parametrize("slug", [step.slug for step in STEPS])
@pytest.mark.parametrize("sent", [TEN_MEGABYTES, "🙂" * 2_500_000], ids=["digits", "emoji"])
def test_ten_megabytes_in_a_field(client: Client, slug: str, sent: str) -> None:
    before = kept()
    reply = client.post(f"/daftar/{slug}", dict.fromkeys(GOOD[slug], sent))
    assert reply.status_code == 422
    assert len(reply.content) < 60_000, "what was sent does not come back whole"
    assert kept() == before
    assert client.get("/daftar/periksa").status_code == 200


@pytest.mark.parametrize("address", ["/daftar/telepon", "/daftar/nama", "/daftar/kode", "/daftar/periksa", "/masuk"])
def test_bodies_that_are_no_form(client: Client, address: str) -> None:
    before = kept()
    for body, kind in (
        (b"x" * 17_000_000, FORM), (b"&".join([b"a=1"] * 1_500), FORM),
        (b"--nothing", "multipart/form-data; boundary=x"), (b"\xff\xfe", "multipart/form-data"),
        (b'{"phone": 1}', "application/json"), (b"\xff=\xff&name=%00\xc3\x28", FORM),
    ):  # fmt: skip
        reply = client.post(address, body, content_type=kind)
        clear(reply)
        if reply.status_code == 400:
            assert text("no.400.title", "id") in reply.content.decode()
    clear(client.post(address, {"phone": SimpleUploadedFile("p.txt", b"0812"), "name": SimpleUploadedFile("n", b"")}))
    assert kept() == before


@LIMITS
@given(sent=st.dictionaries(st.sampled_from(["phone", "code", "baru", "answer", "born-day", "born-month", "born-year",
       "card_end", "key", "key_name"]), answers, max_size=5),
       address=st.sampled_from(["/masuk", "/masuk/kode", "/masuk/bukti", "/masuk/kunci", "/masuk/tantangan", "/keluar",
       "/daftar/kode", "/tautan/x"]))  # fmt: skip
def test_anything_sent_to_the_pages_of_signing_in(client: Client, sent: dict[str, list[str]], address: str) -> None:
    stranger = Client()
    stranger.get("/masuk", {"lanjut": next(iter(sent.values()), [""])[:1]})
    if address != "/masuk":
        stranger.post("/masuk", {"phone": "0899 9999 9999"})
    clear(stranger.post(address, sent))
    assert stranger.get("/saya").status_code == 302


@LIMITS
@given(sent=st.fixed_dictionaries({}, optional=dict.fromkeys(("answer", "key", "key_name"), answers)))
def test_anything_sent_to_the_page_of_keys(keyholder: Client, sent: dict[str, list[str]]) -> None:
    for address in ("/saya/keamanan", "/saya/keamanan/hapus", "/saya/keamanan/tantangan"):
        clear(keyholder.post(address, sent))


@LIMITS
@given(
    sent=st.fixed_dictionaries({}, optional=dict.fromkeys(("born-day", "born-month", "born-year", "card_end"), answers))
)
def test_anything_sent_as_a_second_proof(half_in: Client, sent: dict[str, list[str]]) -> None:
    reply = half_in.post("/masuk/bukti", sent)
    clear(reply)
    assert half_in.get("/saya").status_code == 302


@pytest.fixture
def keyholder(small_world: World) -> Client:
    return as_citizen(small_world.winner)


@pytest.fixture
def half_in(small_world: World, clock_at: Callable[[datetime], None]) -> Client:
    clock_at(clock.now().replace(year=clock.now().year + 1))
    client, phone = Client(), phone_of(small_world.winner)
    client.post("/masuk", {"phone": phone})
    assert client.post("/masuk/kode", {"code": last_code()}).headers["Location"] == "/masuk/bukti"
    return client


def test_fields_sent_twice_or_not_at_all(client: Client) -> None:
    reply = client.post("/daftar/nama", {"name": ["Siti", "Budi"]})
    assert reply.status_code == 302
    assert "Siti" in client.get("/daftar/nama").content.decode()
    for step in STEPS:
        assert client.post(f"/daftar/{step.slug}", {"other": "x"}).status_code == 422
    assert answer(client, "kk") == "/daftar/provinsi"
