"""What every test gets: a clock that can be set, no network but loopback, undefined template names fail."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

REAL_CONNECT = socket.socket.connect


class OutsideNetwork(AssertionError):
    """A test tried to leave this machine."""


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OutsideNetwork(f"{address}")
        REAL_CONNECT(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture
def clock_at(tmp_path: Path, settings: Any) -> Callable[[datetime], None]:
    """Set the product's clock: `clock_at(datetime(2023, 8, 1, tzinfo=UTC))`."""
    from bekal.core import clock

    settings.CLOCK_FILE = tmp_path / "clock"
    clock.freeze(datetime(2023, 8, 1, 3, 0, tzinfo=UTC))
    return clock.freeze


@pytest.fixture
def seeded(settings: Any) -> None:
    """Ids and codes derived from a fixed seed, as in a rehearsal."""
    settings.REHEARSAL_SEED = "tests"
