"""Asking the civil registry: the question, and the queue of those who wait for it."""

from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bekal.citizens import actions, tasks
from bekal.citizens.actions.claims import LEASE
from bekal.citizens.models import Citizen, State
from bekal.citizens.ports import RegistryAnswer
from bekal.citizens.queries import answer_promised
from bekal.citizens.rules import FAMILY, NIK
from bekal.citizens.tasks import SILENCES, Patience
from bekal.core import vault
from bekal.core.clock import now
from bekal.core.ports import Busy
from bekal.outside.civil_registry.client import Registry as Client
from bekal.outside.signed import SignedWire
from bekal.outside.wire import Answer, Unreachable
from simulators.http import Request
from simulators.registry import Registry as StandIn
from tests.citizens.making import BORN, BY, Registry, answered, nik, numbers_of, registered_citizen, registration

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2023, 8, 1, 3, 0, tzinfo=UTC)


def open_with(monkeypatch: pytest.MonkeyPatch, registry: Any) -> Any:
    monkeypatch.setattr(tasks, "open_port", lambda name: {"civil_registry": registry}[name])
    return registry


def keep(citizen_id: UUID, answer: RegistryAnswer) -> None:
    actions.record_identity(by=BY, at=now(), citizen_id=citizen_id, answer=answer)


def waiting() -> int:
    return Citizen.objects.filter(state=State.REGISTERED).count()


def test_the_registry_is_asked_for_what_the_person_said(monkeypatch: pytest.MonkeyPatch) -> None:
    citizen = registered_citizen()
    registry = open_with(monkeypatch, Registry(answered("match")))
    assert tasks.ask_registry(citizen.id).result == "match"
    (question,) = registry.asked
    assert len(question.pop("reference")) <= 64
    assert question == {
        "nik": nik(), "family_card": "3273100101100001", "name": "Siti Nurhaliza", "birth_date": BORN,
    }  # fmt: skip


def test_a_reference_stays_until_the_question_or_the_last_answer_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    citizen = registered_citizen()
    registry = open_with(monkeypatch, Registry(*[answered("mismatch")] * 5))

    def reference() -> str:
        tasks.ask_registry(citizen.id)
        return str(registry.asked[-1]["reference"])

    first = reference()
    assert reference() == first
    keep(citizen.id, answered("mismatch"))
    second = reference()
    actions.correct_details(by=BY, at=now(), citizen_id=citizen.id, registration=registration(name="Siti Nurhalizah"))
    third = reference()
    assert len({first, second, third}) == 3


def test_the_queue_drains_oldest_first(monkeypatch: pytest.MonkeyPatch, clock_at: Callable[[datetime], None]) -> None:
    people = []
    for number in (1, 2, 3):
        clock_at(TUESDAY + timedelta(hours=number))
        people.append(registered_citizen(number).id)
    open_with(monkeypatch, Registry(answered("match"), answered("mismatch"), answered("not_found")))
    order: list[UUID] = []
    assert tasks.check_due(lambda citizen_id, answer: (order.append(citizen_id), keep(citizen_id, answer))) == 3
    assert order == people
    assert tasks.check_due(keep) == 0


def test_an_outage_stops_the_round_and_loses_nobody(
    monkeypatch: pytest.MonkeyPatch, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(TUESDAY)
    for number in range(1, 7):
        registered_citizen(number)
    down = ConnectionError("down")
    registry = open_with(monkeypatch, Registry(answered(), *[down] * SILENCES))
    assert tasks.check_due(keep) == 1
    assert (len(registry.asked), waiting()) == (1 + SILENCES, 5)
    clock_at(TUESDAY + LEASE)
    open_with(monkeypatch, Registry(*[answered()] * 5))
    assert tasks.check_due(keep) == 5


def test_one_person_the_registry_cannot_answer_about_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(TUESDAY)
    for number in range(1, 5):
        registered_citizen(number)
    open_with(monkeypatch, Registry(ConnectionError("garbled"), *[answered()] * 3))
    assert tasks.check_due(keep) == 3


def test_a_person_claimed_by_one_worker_is_not_asked_about_by_another(clock_at: Callable[[datetime], None]) -> None:
    clock_at(TUESDAY)
    registered_citizen()
    assert actions.claim_identity(by=BY, at=now()) is not None
    assert actions.claim_identity(by=BY, at=now()) is None
    clock_at(TUESDAY + LEASE)
    assert actions.claim_identity(by=BY, at=now()) is not None, "a worker that died gives it back"


def test_the_promise_is_never_a_day_that_has_passed(clock_at: Callable[[datetime], None]) -> None:
    clock_at(TUESDAY)
    citizen = registered_citizen()
    assert answer_promised(citizen.id, TUESDAY).isoformat() == "2023-08-03"
    assert answer_promised(citizen.id, TUESDAY + timedelta(days=10)).isoformat() == "2023-08-14"


class Machine:
    """A machine's clock that only moves when somebody waits, and the stand-in that lives by it."""

    def __init__(self, folder: Path) -> None:
        self.seconds = 0.0
        self.stand_in = StandIn(folder)
        self.stand_in.clock.now = self.now  # type: ignore[method-assign]
        self.stand_in.books.run("INSERT INTO clients VALUES ('bekal', '{\"secret\": \"s\"}')")
        self.answered: list[float] = []
        self.silent = False

    def now(self) -> datetime:
        return TUESDAY + timedelta(seconds=self.seconds)

    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    def exchange(self, wire: Any, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if self.silent:
            raise Unreachable("down", sent=True)
        named = {name.lower(): value for name, value in headers.items()}
        reply = self.stand_in.answer(Request(method, wire.target(path), named, body))
        self.answered.append(self.seconds)
        _, _, payload = reply.encode().partition(b"\r\n\r\n")
        return Answer(reply.status, payload, float(reply.headers.get("Retry-After", 1)))

    def client(self, monkeypatch: pytest.MonkeyPatch, **config: str) -> Client:
        monkeypatch.setattr("bekal.outside.wire.Wire._exchange", lambda wire, *given: self.exchange(wire, *given))
        config |= {"url": "http://registry.example/registry", "client_id": "bekal", "secret": "s"}
        return Client(SignedWire(config, self.now, ticks=lambda: self.seconds))

    def patience(self, seconds: float = 10.0) -> Patience:
        return Patience(seconds, lambda: self.seconds, self.wait)

    def most_in_a_second(self) -> int:
        micros = [round(seconds * 1_000_000) for seconds in self.answered]
        return max(sum(start <= one < start + 999_999 for one in micros) for start in micros)


def thousand() -> None:
    """A thousand people who wait, entered as fast as the database takes them; all have the NIK of the first."""
    first = registered_citizen(1)
    said = numbers_of(first.id)
    rows = []
    for number in range(1, 1_000):
        row = copy(first)
        row.id = row.nik_ref = UUID(int=first.id.int + number)
        row.nik_sealed = vault.seal(said["nik"], place=NIK, row=row.id)
        row.family_sealed = vault.seal(said["family_card"], place=FAMILY, row=row.id)
        rows.append(row)
    Citizen.objects.bulk_create(rows)


def test_a_thousand_drain_at_the_partners_rate_without_a_burst_after_an_outage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(TUESDAY)
    thousand()
    machine = Machine(tmp_path)
    machine.stand_in.per_second = 50
    open_with(monkeypatch, machine.client(monkeypatch, per_second="50"))
    rounds = []
    for number in range(20):
        machine.silent = number in (1, 2)
        rounds.append(tasks.check_due(keep, machine.patience(2.0)))
        if machine.silent:
            machine.wait(300)
        clock_at(TUESDAY + timedelta(seconds=machine.seconds))
        if not waiting():
            break
    assert waiting() == 0, rounds
    assert 100 <= rounds[0] <= 101, "two seconds at the full rate"
    assert rounds[1:3] == [0, 0]
    assert machine.stand_in.put_off == 0, "the stand-in never had to say 429"
    assert machine.most_in_a_second() <= 50
    assert len(machine.answered) == len(machine.stand_in.audit()["checks"]) == 1_000


def test_a_partner_that_allows_less_than_we_thought_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(TUESDAY)
    for number in range(1, 13):
        registered_citizen(number)
    machine = Machine(tmp_path)
    machine.stand_in.per_second = 5
    open_with(monkeypatch, machine.client(monkeypatch, per_second="50"))
    assert tasks.check_due(keep, machine.patience()) == 12
    assert 0 < machine.stand_in.put_off <= 3, "one 429 holds all calls back"


def test_a_wait_longer_than_the_round_ends_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    registered_citizen()

    class Full:
        def check(self, **question: Any) -> RegistryAnswer:
            raise Busy(600)

    open_with(monkeypatch, Full())
    assert tasks.check_due(keep) == 0
    assert waiting() == 1
