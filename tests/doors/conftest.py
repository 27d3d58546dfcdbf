"""Pages are stricter in tests: a name that a template does not get fails the test; outside systems answer as told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from django.template import engines

from bekal.citizens.ports import FaceAnswer, RegistryAnswer
from bekal.core import clock, ports
from bekal.incentives.ports import Holder
from tests.doors.making import World, world


class Undefined(str):
    """Stands for a name that a template asked for and nobody gave."""

    def __mod__(self, name: object) -> str:
        raise AssertionError(f"a template asks for {name!r}, which its view does not give")

    def __contains__(self, part: object) -> bool:
        return part == "%s" or super().__contains__(str(part))


@dataclass
class Outside:
    """What the outside systems say next; `silent` makes them all unreachable."""

    registry: str = "match"
    face: FaceAnswer = field(default_factory=lambda: FaceAnswer(live=True, score=92))
    holder: Holder = field(default_factory=lambda: Holder("SITI NURHALIZA", True, True, None, None))
    silent: bool = False
    in_transaction: list[bool] = field(default_factory=list)

    def _answer(self, answer: Any) -> Any:
        from django.db import connection

        self.in_transaction.append(connection.savepoint_ids != [])
        if self.silent:
            raise ConnectionError("silence")
        return answer

    def check(self, **question: Any) -> RegistryAnswer:
        mismatching = ("name",) if self.registry == "mismatch" else ()
        return self._answer(RegistryAnswer(self.registry, mismatching, clock.now().date(), ()))  # type: ignore[arg-type]

    def compare(self, **question: Any) -> FaceAnswer:
        return self._answer(self.face)  # type: ignore[no-any-return]

    def inquire(self, **question: Any) -> Holder:
        return self._answer(self.holder)  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def strict_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", Undefined("%s"))  # type: ignore[attr-defined]


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    made = Outside()
    ports.open_port.cache_clear()
    monkeypatch.setattr(ports, "import_string", lambda name: lambda config: made)
    monkeypatch.setattr(
        "django.conf.settings.PORTS",
        dict.fromkeys(("civil_registry", "face_match", "payer:bank", "payer:wallet"), ("told", {})),
    )
    yield made
    ports.open_port.cache_clear()


@pytest.fixture
def small_world(db: None, seeded: None, clock_at: Callable[[datetime], None]) -> World:
    return world()
