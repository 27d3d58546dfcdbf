"""The real simulators in their own process, and the real clients configured for them."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from simulators.control import Control, port_entry

TOKEN = "control"
ROOT = Path(__file__).parents[2]


def start(folder: Path, port: int = 0) -> tuple["subprocess.Popen[str]", str]:
    """A running simulators process and its address."""
    command = [sys.executable, "-m", "simulators", "--data", str(folder), "--port", str(port), "--control-token", TOKEN]
    process = subprocess.Popen([*command, "--die-with-parent"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "listen on" in line
    return process, line.split()[-1]


@dataclass(frozen=True)
class Stage:
    """The running simulators: their control door, and our keys with them."""

    url: str
    control: Control
    keys: dict[str, str]

    def client(self, name: str, **changes: str) -> Any:
        """The product's own client of a stand-in, on the machine's time."""
        return self.client_at(name, lambda: datetime.now(UTC), **changes)

    def client_at(self, name: str, now: Callable[[], datetime], **changes: str) -> Any:
        """The product's own client of a stand-in, on a given clock."""
        entry = port_entry(self.url, name, self.keys | changes)
        module, _, function = entry["client"].rpartition(".")
        return getattr(import_module(module), function)(entry["config"], now)


def introduced(url: str, token: str = TOKEN) -> Stage:
    """A stage on which our client is known to every stand-in."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    control = Control(url, token)
    control.introduce("bekal", "a secret", public, "BEKAL01")
    keys = {"client_id": "bekal", "secret": "a secret", "private_key_pem": private, "partner_id": "BEKAL01"}
    return Stage(url, control, keys | {"source_account": "8800000001"})


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One simulators process for all tests."""
    process, url = start(tmp_path_factory.mktemp("simulators"))
    yield introduced(url)
    process.kill()
    process.communicate()


@pytest.fixture
def stage(simulators: Stage) -> Iterator[Stage]:
    """The simulators, behaving well again afterwards."""
    yield simulators
    for name in ("registry", "face", "sms", "bank", "wallet", "portal", "beacon"):
        simulators.control.faults(name, [])
    simulators.control.set_clock(None)
