"""Accounts opened from afar at a bank and at an e-wallet."""

import hashlib
import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bekal.incentives.ports import Opening
from bekal.outside.wire import BadAnswer
from tests.conformance.conftest import Stage

BORN = date(1990, 7, 1)
numbers = itertools.count(1)


@pytest.fixture(params=["bank", "wallet"])
def name(request: pytest.FixtureRequest, stage: Stage) -> Iterator[str]:
    yield str(request.param)
    stage.control.load_openings(str(request.param))


def person(stage: Stage, name: str, **changes: Any) -> dict[str, Any]:
    """Somebody the payer can verify, and the question that opens an account."""
    n = next(numbers)
    nik = f"31710141079{n:05d}"
    stage.control.load_openings(name, [{"nik": nik, "name": "SITI", "birth_date": BORN, **changes}])
    return {
        "reference": f"OPEN-{n}", "nik": nik, "name": "Siti", "birth_date": BORN, "phone": f"+62811{n:08d}",
        "ekyc_reference": f"FACE-{n}",
    }  # fmt: skip


def test_opens_one_account_however_often_asked(stage: Stage, name: str) -> None:
    question, client = person(stage, name), stage.client(f"{name}:opener")
    opened = {client.open(**question) for _ in range(3)}
    assert len(opened) == 1
    (only,) = opened
    assert (only.state, only.reason) == ("opened", "")
    nik_hash = hashlib.sha256(question["nik"].encode()).hexdigest()
    holder = stage.client(name).inquire(account=only.account, nik_hash=nik_hash, reference="I")
    assert (holder.name, holder.active, holder.nik_matches) == ("Siti", True, True)


def test_one_person_opens_one_account(stage: Stage, name: str) -> None:
    question, client = person(stage, name), stage.client(f"{name}:opener")
    client.open(**question)
    again = client.open(**question | {"reference": question["reference"] + "b"})
    assert again == Opening("refused", reason="has_account")


@pytest.mark.parametrize("change", [{"name": "RINA"}, {"birth_date": date(1991, 7, 1)}, {"nik": "3171014107999999"}])
def test_only_the_person_of_the_registry(stage: Stage, name: str, change: dict[str, Any]) -> None:
    question, client = person(stage, name) | change, stage.client(f"{name}:opener")
    assert [client.open(**question) for _ in range(2)] == [Opening("refused", reason="not_matching")] * 2


def test_the_payer_may_refuse_the_proof(stage: Stage, name: str) -> None:
    question = person(stage, name, refuse="ekyc_refused")
    assert stage.client(f"{name}:opener").open(**question) == Opening("refused", reason="ekyc_refused")


def test_an_opening_may_take_its_time(stage: Stage, name: str) -> None:
    question, start = person(stage, name), datetime(2026, 11, 5, tzinfo=UTC)
    stage.control.load_openings(name, after_seconds=3600)
    stage.control.set_clock(start, ticks=False)
    assert stage.client_at(f"{name}:opener", lambda: start).open(**question).state == "in_progress"
    later = start + timedelta(hours=1)
    stage.control.set_clock(later, ticks=False)
    assert stage.client_at(f"{name}:opener", lambda: later).open(**question).state == "opened"


@pytest.mark.parametrize("do", ["lose_answer", "fail500", "refuse:5040600"])
def test_a_lost_answer_is_in_progress_and_then_known(stage: Stage, name: str, do: str) -> None:
    question, client = person(stage, name), stage.client(f"{name}:opener")
    stage.control.faults(name, [{"match": {"reference": question["reference"]}, "do": do}])
    assert client.open(**question) == Opening("in_progress")
    assert client.open(**question).state == "opened"
    accounts = {client.open(**question).account for _ in range(2)}
    assert len(accounts) == 1


def test_another_person_under_a_used_reference_is_our_mistake(stage: Stage, name: str) -> None:
    question, client = person(stage, name), stage.client(f"{name}:opener")
    client.open(**question)
    with pytest.raises(BadAnswer):
        client.open(**question | {"ekyc_reference": "FACE-0"})


def test_what_the_payer_wants_nothing_of_is_no_answer(stage: Stage, name: str) -> None:
    question = person(stage, name)
    with pytest.raises(ConnectionError):
        stage.client(f"{name}:opener", secret="another").open(**question)
    with pytest.raises(ConnectionError):
        stage.client(f"{name}:opener", url="http://127.0.0.1:9/v1.0").open(**question)
    with pytest.raises(ConnectionError):
        stage.client(f"{name}:opener").open(**question | {"phone": "+1555"})
