"""The hot lane over HTTP: receipts that hold, clear answers to everything else, and nothing lost when all is killed."""

import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.core import vault
from bekal.doors.passes import ADMISSION, ADMISSION_COOKIE, JOIN_COOKIE, make_pass, read_pass
from bekal.engines.draw.commitment import public_key_hex
from bekal.engines.joining import verify_join_receipt
from bekal.waves.queries import RECEIPTS
from tests.doors.lane import FAR, WAVE, WAVE_KEY, Lane, running_lane

PAST = datetime(2020, 1, 1, tzinfo=UTC)
JSON = "application/json"


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    with tempfile.TemporaryDirectory(prefix="bekal-lane-", dir="/tmp") as folder, running_lane(Path(folder)) as found:
        yield found


def somebody() -> bytes:
    return os.urandom(16)


def test_a_receipt_that_anyone_can_check(lane: Lane) -> None:
    citizen = somebody()
    receipt = lane.receipt(lane.card(citizen))
    assert verify_join_receipt(receipt, public_key_hex(vault.signing_key(RECEIPTS))) == []
    assert receipt["wave"] == "benchmark/59"
    assert lane.attempts(citizen) == 1


def test_joining_again_keeps_ticket_and_instant(lane: Lane) -> None:
    citizen = somebody()
    first = lane.receipt(lane.card(citizen))
    time.sleep(1.1)
    again = lane.receipt(lane.card(citizen))
    assert [again[name] for name in ("ticket_id", "joined_at")] == [first[name] for name in ("ticket_id", "joined_at")]
    assert lane.attempts(citizen) == 2


def test_two_phones_and_a_double_press_at_once(lane: Lane) -> None:
    citizen = somebody()
    card = lane.card(citizen)
    with ThreadPoolExecutor(8) as hands:
        receipts = list(hands.map(lambda _: lane.receipt(card), range(24)))
    assert len({receipt["ticket_id"] for receipt in receipts}) == 1
    assert lane.attempts(citizen) == 24


def test_a_form_leads_to_the_page_and_admits(lane: Lane) -> None:
    citizen = somebody()
    status, headers, _ = lane.ask(lane.card(citizen), body=f"wave={WAVE}".encode())
    assert (status, headers["location"]) == (303, f"{lane.site}/saya/gelombang")
    name, _, rest = headers["set-cookie"].partition("=")
    assert name == ADMISSION_COOKIE
    assert {"HttpOnly", "SameSite=Lax"} <= set(rest.split("; "))
    found = read_pass(vault.derived_key(ADMISSION), rest.split(";")[0].encode())
    assert found
    assert (found.citizen, found.until - time.time() > 3_600) == (citizen, True)
    assert lane.attempts(citizen) == 1


@pytest.mark.parametrize("fault", ["missing", "garbled", "forged", "expired", "admission"])
def test_a_pass_that_does_not_hold_writes_nothing(lane: Lane, fault: str) -> None:
    citizen = somebody()
    card = lane.card(citizen)
    wrong = {
        "missing": "", "garbled": "A" + card[:-1], "forged": lane.card(citizen, key=bytes(32)),
        "expired": lane.card(citizen, until=PAST), "admission": lane.card(citizen, key=vault.derived_key(ADMISSION)),
    }[fault]  # fmt: skip
    status, _, body = lane.ask(wrong, Accept=JSON)
    assert (status, b"lane.no_pass" in body) == (403, True)
    status, headers, _ = lane.ask(wrong)
    assert (status, headers["location"]) == (303, f"{lane.site}/saya/gelombang?pintu=biasa")
    assert lane.attempts(citizen) == 0


def test_the_pass_and_the_form_of_another_wave(lane: Lane) -> None:
    citizen, other = somebody(), somebody()
    assert lane.ask(lane.card(citizen, wave=other), Accept=JSON)[0] == 409
    assert lane.ask(lane.card(citizen, wave=other))[1]["location"] == f"{lane.site}/saya/gelombang"
    assert lane.ask(lane.card(citizen), body=b"wave=" + WAVE[:-1].encode() + b"8", Accept=JSON)[0] == 403
    assert lane.attempts(citizen) == 0


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "", "Sec_Fetch_Site": "x"},
    ],
)
def test_a_form_of_another_site_does_nothing(lane: Lane, said: dict[str, str]) -> None:
    citizen = somebody()
    assert lane.ask(lane.card(citizen), Accept=JSON, **said)[0] == 403
    assert lane.ask(lane.card(citizen), **said)[1]["location"].endswith("?pintu=biasa")
    assert lane.attempts(citizen) == 0
    assert lane.ask(lane.card(citizen), Accept=JSON, Origin="", Sec_Fetch_Site="same-origin")[0] == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"PUT /saya/gelombang HTTP/1.1\r\n\r\n", b"405"),
        (b"POST /saya/data HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /saya/data HTTP/1.1\r\n\r\n", b"404"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", b"400"),
        (b"POST /saya/gelombang HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"POST /saya/gelombang HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /saya/gelombang HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n", b"413"),
        (b"POST /saya/gelombang HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET /" + b"a" * 9_000, b"431"),
        (b"GET /sehat HTTP/1.0\r\n\r\n", b"200"),
    ],
)
def test_requests_that_are_not_a_join(lane: Lane, data: bytes, status: bytes) -> None:
    assert lane.raw(data)[:12] == b"HTTP/1.1 " + status


def test_a_request_in_pieces_and_two_at_once(lane: Lane) -> None:
    citizen = somebody()
    request = (
        f"POST /saya/gelombang HTTP/1.1\r\nOrigin: {lane.site}\r\nAccept: {JSON}\r\n"
        f"Cookie: {JOIN_COOKIE}={lane.card(citizen)}\r\nContent-Length: 3\r\n\r\na=1"
    ).encode()
    assert lane.raw(request[:-1]) == b""
    answer = lane.raw(request + request + b"HEAD /sehat HTTP/1.1\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.endswith(b"\r\n\r\n"), "HEAD has no body"
    assert lane.attempts(citizen) == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.text(max_size=60).map(lambda text: text.encode() + b"\r\n\r\n")))
def test_whatever_comes_the_lane_stays(lane: Lane, data: bytes) -> None:
    with ThreadPoolExecutor(1) as hand:
        hand.submit(lane.raw, data + b"\r\n\r\n")
        assert lane.ask(method="GET", path="/sehat")[0] == 200


def test_when_there_is_no_room(lane: Lane) -> None:
    """Somebody new sees the waiting page and is not written; somebody admitted before is never sent back."""
    citizen = somebody()
    card = lane.card(citizen)
    status, headers, body = lane.ask(card, port=lane.full)
    page = body.decode()
    assert (status, headers["retry-after"], len(body) < 8_192, "<script" in page) == (503, "20", True, False)
    assert "Urutan tidak berpengaruh." in page
    assert "The order does not matter." in page
    assert 'http-equiv="refresh" content="20;url=' in page
    assert "2090" in page, "the closing date"
    assert lane.ask(card, port=lane.full, Accept=JSON)[2].startswith(b'{"error": "lane.busy"')
    assert lane.ask(card, port=lane.full, method="GET", path="/saya/gelombang/masuk")[0] == 503
    assert lane.attempts(citizen) == 0
    admission = make_pass(vault.derived_key(ADMISSION), citizen=citizen, wave=WAVE_KEY, until=FAR)
    both = f"{JOIN_COOKIE}={card}; {ADMISSION_COOKIE}={admission}"
    assert lane.ask(card, port=lane.full, Accept=JSON, Cookie=both)[0] == 200
    other = f"{JOIN_COOKIE}={lane.card(somebody())}; {ADMISSION_COOKIE}={admission}"
    assert lane.ask(card, port=lane.full, Accept=JSON, Cookie=other)[0] == 503


def test_the_waiting_page_leads_in_when_there_is_room(lane: Lane) -> None:
    status, headers, _ = lane.ask(lane.card(somebody()), method="GET", path="/saya/gelombang/masuk")
    assert (status, headers["location"]) == (303, f"{lane.site}/saya/gelombang")
    assert headers["set-cookie"].startswith(ADMISSION_COOKIE)
    assert "set-cookie" not in lane.ask("", method="GET", path="/saya/gelombang/masuk")[1]


def test_a_wave_that_closes_takes_nobody_in_at_once(lane: Lane) -> None:
    citizen = somebody()
    lane.world.sql(f"UPDATE waves_wave SET state = 'closed' WHERE id = '{WAVE}'")
    try:
        assert lane.ask(lane.card(citizen), Accept=JSON)[0] == 409, "whatever the lane last read of open waves"
    finally:
        lane.world.sql(f"UPDATE waves_wave SET state = 'open' WHERE id = '{WAVE}'")
    assert lane.attempts(citizen) == 0
    until = time.monotonic() + 5
    while lane.ask(lane.card(citizen), Accept=JSON)[0] != 200:
        assert time.monotonic() < until


def test_nothing_acknowledged_is_lost_when_lane_and_database_are_killed(lane: Lane) -> None:
    load = lane.world.begin_load(
        kind="lane", port=lane.port, seconds=6.0, connections=48, rate=700, requests=8_000, acknowledged="drill",
        pause=0.3,
    )  # fmt: skip
    time.sleep(1.0)
    lane.world.kill_lane()
    time.sleep(0.5)
    lane.world.kill_database()
    found = lane.world.finish_load(load)
    assert found["broken"] > 0, found
    assert found["200"] > 500, found
    assert lane.world.check(["drill"]) == (0, 0)
