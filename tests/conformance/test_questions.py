"""The one protocol of civil registry and face match: one answer a reference, limits, lost answers, anything sent."""

import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bekal.core.ports import Busy
from bekal.outside.wire import BadAnswer, Unreachable
from tests.conformance.conftest import Stage

NUMBERS = count(1)
NIK, CARD, BORN = "3171014107900002", "3171010101010002", date(1990, 7, 1)
SIDES = pytest.mark.parametrize("name", ["registry", "face"])


@pytest.fixture(autouse=True)
def people(stage: Stage) -> Any:
    person = {"nik": NIK, "family_card": CARD, "name": "BUDI", "birth_date": BORN, "registers": ["foreign_national"]}
    stage.control.load_people([person])
    yield
    for name in ("registry", "face"):
        stage.control.limit(name, 0)


def fresh() -> str:
    return f"Q-{next(NUMBERS)}"


def ask(client: Any, name: str, reference: str, **changes: Any) -> Any:
    if name == "face":
        return client.compare(**{"nik": NIK, "photo": b"photo", "reference": reference} | changes)
    question = {"nik": NIK, "family_card": CARD, "name": "Budi", "birth_date": BORN, "reference": reference}
    return client.check(**question | changes)


def booked(stage: Stage, name: str, reference: str) -> int:
    rows = stage.control.books(name)["checks" if name == "registry" else "comparisons"]
    return sum(row["reference"] == reference for row in rows)


def signed(stage: Stage, method: str, path: str, body: bytes) -> httpx.Response:
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    message = f"{method}:{path}:{hashlib.sha256(body).hexdigest()}:{stamp}"
    signature = hmac.new(b"a secret", message.encode(), hashlib.sha256).hexdigest()
    headers = {"X-Client-Id": "bekal", "X-Timestamp": stamp, "X-Signature": signature}
    return httpx.request(method, stage.url + path, content=body, headers=headers, trust_env=False)


@SIDES
def test_a_reference_is_answered_once(stage: Stage, name: str) -> None:
    client, reference = stage.client(name), fresh()
    first = ask(client, name, reference)
    assert ask(client, name, reference) == first
    assert booked(stage, name, reference) == 1


@SIDES
def test_a_reference_belongs_to_one_question(stage: Stage, name: str) -> None:
    client, reference = stage.client(name), fresh()
    ask(client, name, reference)
    with pytest.raises(BadAnswer, match="another question") as refused:
        ask(client, name, reference, nik="9" * 16)
    assert refused.value.status == 409


@SIDES
def test_a_lost_answer_is_asked_for_by_its_reference(stage: Stage, name: str) -> None:
    client, reference = stage.client(name), fresh()
    stage.control.faults(name, [{"match": {"reference": reference}, "do": "lose_answer"}])
    ask(client, name, reference)
    assert booked(stage, name, reference) == 1


@SIDES
def test_a_question_that_never_arrived_is_sent_again(stage: Stage, name: str) -> None:
    client, reference = stage.client(name, timeout_seconds="0.5"), fresh()
    stage.control.faults(name, [{"match": {"reference": reference}, "do": "delay", "ms": 1_500}])
    ask(client, name, reference)
    assert booked(stage, name, reference) == 1


@SIDES
def test_above_the_limit_we_are_put_off_and_hold_still(stage: Stage, name: str) -> None:
    seconds = [0.0]
    client = stage.client(name)
    wire = client._wire._wire
    wire.pace._ticks = lambda: seconds[0]
    stage.control.set_clock(datetime.now(UTC), ticks=False)
    stage.control.limit(name, 2)
    for _ in range(2):
        ask(client, name, fresh())
    with pytest.raises(Busy) as put_off:
        ask(client, name, fresh())
    assert put_off.value.seconds == 1
    stage.control.limit(name, 0)
    with pytest.raises(Busy):
        ask(client, name, fresh())
    seconds[0] = 1.0
    ask(client, name, fresh())


def test_the_registry_tells_who_is_no_citizen(stage: Stage) -> None:
    assert ask(stage.client("registry"), "registry", fresh()).registers == ("foreign_national",)


@SIDES
def test_an_unknown_reference_and_path(stage: Stage, name: str) -> None:
    assert signed(stage, "GET", f"/{name}/v1/answers/none", b"").status_code == 404
    assert signed(stage, "DELETE", f"/{name}/v1/answers/none", b"").status_code == 404
    assert httpx.get(f"{stage.url}/{name}/v1/answers/none", trust_env=False).status_code == 401


@SIDES
def test_silence_is_no_answer(stage: Stage, name: str) -> None:
    reference = fresh()
    stage.control.faults(name, [{"match": {}, "do": "lose_answer", "times": 0}])
    with pytest.raises(Unreachable):
        ask(stage.client(name), name, reference)
    stage.control.faults(name, [])
    ask(stage.client(name), name, reference)
    assert booked(stage, name, reference) == 1


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=80), st.lists(st.integers(), max_size=3),
    st.sampled_from([NIK, CARD, "1990-07-01", "1990-02-30", "a b", "=", "\ud800", "\0", "x" * 70]),
)  # fmt: skip
FIELDS = ("nik", "family_card", "name", "birth_date", "reference", "photo")


@SIDES
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.dictionaries(st.sampled_from(FIELDS), VALUES))
@example(question={"nik": "\ud800", "reference": "half a sign", "photo": "aaaa"})
def test_any_question_gets_a_clear_answer(stage: Stage, name: str, question: dict[str, Any]) -> None:
    path = f"/{name}/v1/{'check' if name == 'registry' else 'compare'}"
    reply = signed(stage, "POST", path, json.dumps(question).encode())
    assert reply.status_code in (200, 400, 409), (question, reply.text)
    assert reply.status_code == 200 or reply.json()["error"]


@SIDES
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300))
def test_any_bytes_get_a_clear_answer(stage: Stage, name: str, body: bytes) -> None:
    path = f"/{name}/v1/{'check' if name == 'registry' else 'compare'}"
    assert signed(stage, "POST", path, body).status_code == 400
