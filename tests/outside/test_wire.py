"""The circuit breaker, and what a job posting must have."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from bekal.core.ports import Busy
from bekal.outside.job_portal.client import read_posting
from bekal.outside.lines import Lines
from bekal.outside.wire import LONGEST_HOLD, Answer, BadAnswer, Breaker, Pace, Unreachable, Wire
from tests.apart import run_apart


class Ticker:
    def __init__(self) -> None:
        self.now = datetime(2023, 8, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def opened(ticker: Ticker, probe_every: int = 50) -> Breaker:
    breaker = Breaker(ticker, failures=2, rest=timedelta(seconds=30), probe_every=probe_every)
    breaker.record(worked=False)
    assert breaker.admit()
    breaker.record(worked=False)
    return breaker


def test_opens_after_failures_in_a_row() -> None:
    breaker = opened(Ticker())
    assert breaker.is_open
    assert not breaker.admit()


def test_success_forgets_failures() -> None:
    breaker = Breaker(Ticker(), failures=2, rest=timedelta(seconds=30))
    for worked in (False, True, False):
        breaker.record(worked=worked)
    assert not breaker.is_open


def test_one_probe_after_the_rest() -> None:
    ticker = Ticker()
    breaker = opened(ticker)
    ticker.now += timedelta(seconds=30)
    assert [breaker.admit(), breaker.admit()] == [True, False]
    breaker.record(worked=True)
    assert breaker.admit()


def test_failed_probe_keeps_it_open() -> None:
    ticker = Ticker()
    breaker = opened(ticker)
    ticker.now += timedelta(seconds=30)
    assert breaker.admit()
    breaker.record(worked=False)
    assert not breaker.admit()


def test_standing_clock_does_not_keep_it_open() -> None:
    breaker = opened(Ticker(), probe_every=3)
    assert [breaker.admit() for _ in range(4)] == [False, False, True, False]


@pytest.mark.parametrize("body", [b"", b"[1]", b"<html>"])
def test_answer_must_be_a_json_object(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        Answer(200, body).record()


def posting(**changes: object) -> dict[str, object]:
    return {
        "identifier": {"value": "1"},
        "title": "Kasir",
        "description": "Melayani",
        "hiringOrganization": {"name": "Toko"},
        "datePosted": "2023-08-01T00:00:00+07:00",
        **changes,
    }


def test_posting_with_little() -> None:
    read = read_posting(posting())
    assert (read.regency, read.skills, read.wage_low, read.wage_high, read.valid_until) == (None, (), None, None, None)


def test_posting_with_one_wage_and_skills_as_text() -> None:
    salary = {"currency": "IDR", "value": {"value": 3_000_000, "unitText": "MONTH"}}
    read = read_posting(posting(baseSalary=salary, skills="kasir, menghitung uang"))
    assert (read.wage_low, read.wage_high, read.skills) == (3_000_000, 3_000_000, ("kasir", "menghitung uang"))


def test_yearly_wage_is_not_told_as_monthly() -> None:
    salary = {"currency": "IDR", "value": {"value": 36_000_000, "unitText": "YEAR"}}
    assert read_posting(posting(baseSalary=salary)).wage_low is None


@pytest.mark.parametrize("changes", [{"title": None, "identifier": {}}, {"datePosted": "soon"}, {"skills": 7}])
def test_garbled_posting(changes: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        read_posting(posting(**changes))


def test_calls_go_out_at_even_distances() -> None:
    seconds = [100.0]
    pace = Pace(4, lambda: seconds[0])
    pace.take()
    with pytest.raises(Busy) as wait:
        pace.take()
    assert wait.value.seconds == 0.25
    seconds[0] += 60
    pace.take()
    with pytest.raises(Busy):
        pace.take()


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 50))
def test_never_more_than_the_limit_in_any_second(pauses: list[float], limit: int) -> None:
    seconds, gone = [0.0], []
    pace = Pace(limit, lambda: seconds[0])
    for pause in pauses:
        seconds[0] += pause / limit
        try:
            pace.take()
            gone.append(seconds[0])
        except Busy:
            pass
    assert all(sum(start <= one < start + 0.999_999 for one in gone) <= limit for start in gone)


def test_without_a_limit_only_a_partner_holds_calls_back() -> None:
    seconds = [0.0]
    pace = Pace(0, lambda: seconds[0])
    for _ in range(3):
        pace.take()
    pace.hold(10**9)
    with pytest.raises(Busy) as wait:
        pace.take()
    assert wait.value.seconds == LONGEST_HOLD
    seconds[0] += LONGEST_HOLD
    pace.take()


@pytest.fixture
def shielded(tmp_path: Path) -> Iterator[Callable[[ssl.TLSVersion], str]]:
    """A server that speaks no newer TLS than told, under a certificate that nobody trusts; its address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    at = datetime(2023, 8, 1, tzinfo=UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(at).not_valid_after(at + timedelta(days=9999))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "pem").write_bytes(pem + built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    open_sockets = []

    def serve(newest: ssl.TLSVersion) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "pem")
        context.maximum_version = newest
        listening = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listening)

        def greet() -> None:
            with contextlib.suppress(OSError):
                while True:
                    accepted, _ = listening.accept()
                    with accepted, contextlib.suppress(OSError), context.wrap_socket(accepted, server_side=True):
                        pass

        threading.Thread(target=greet, daemon=True).start()
        return f"https://localhost:{listening.getsockname()[1]}"

    yield serve
    for listening in open_sockets:
        listening.close()


@pytest.mark.parametrize(
    ("keep_alive", "newest", "why"),
    [
        (False, ssl.TLSVersion.TLSv1_2, "protocol"),
        (False, ssl.TLSVersion.TLSv1_3, "certificate"),
        (True, ssl.TLSVersion.TLSv1_2, "certificate"),
    ],
)
def test_payers_are_called_under_tls_1_3_alone(
    shielded: Callable[[ssl.TLSVersion], str], keep_alive: bool, newest: ssl.TLSVersion, why: str
) -> None:
    wire = Wire({"url": shielded(newest)}, lambda: datetime(2023, 8, 1, tzinfo=UTC), keep_alive=keep_alive)
    with pytest.raises(Unreachable, match=why) as lost:
        wire.send("POST", "/", {}, b"x")
    assert lost.value.sent is False


@pytest.mark.parametrize(
    ("newest", "why"), [(ssl.TLSVersion.TLSv1_2, "protocol"), (ssl.TLSVersion.TLSv1_3, "certificate")]
)
def test_kept_lines_to_payers_speak_tls_1_3_alone(
    shielded: Callable[[ssl.TLSVersion], str], newest: ssl.TLSVersion, why: str
) -> None:
    with pytest.raises(Unreachable, match=f"(?i){why}") as lost:
        run_apart(Lines({"url": shielded(newest)}).post("/", {}, b"x", trusts=None))
    assert lost.value.sent is False
