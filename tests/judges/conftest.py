"""Outsiders' software in its own environment (`make setup-judges`), and our stand-ins at the root of an address."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bekal.outside.snap import stamp
from simulators.control import Control
from tests.conformance.conftest import ROOT, TOKEN, start

PYTHON = ROOT / ".venv-judges" / "bin" / "python"
MODULES = ROOT / "tests" / "judges" / "node_modules"
CLIENTS = Path(__file__).parent / "clients"
PARTNER = "8200001"


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a partner is told: addresses, keys, account."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    words = {
        "client_id": "outsider", "secret": "a secret", "partner_id": PARTNER, "private_key_pem": private,
        "public_key_pem": public, "source_account": "8800000009", "at": stamp(datetime.now(UTC)),
    }  # fmt: skip
    processes = []
    for name in ("bank", "wallet"):
        process, url = start(tmp_path_factory.mktemp(name), 0, "--at-root", name)
        processes.append(process)
        control, words[name] = Control(url, TOKEN), url
        control.introduce("outsider", "a secret", public, PARTNER)
        if name == "bank":
            source = {"number": "8800000009", "holder": "DANA", "partner_id": PARTNER, "balance": 10_000_000}
            people = [{"number": "100", "holder": "SITI"}, {"number": "200", "holder": "SITI", "bank": "014"}]
            control.load_accounts("bank", [source, *people])
        else:
            control.load_accounts("wallet", [{"number": "6281", "holder": "SITI"}])
            control.load_deposit(PARTNER, 10_000_000)
    yield words
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Any]:
    """Run an outsider's client with what it is told; its answers, on the last line it prints. Skips where it is not
    installed."""

    def run(script: str, told: dict[str, Any]) -> Any:
        if script.endswith(".js"):
            command, present = [shutil.which("node") or "", str(CLIENTS / script)], MODULES.exists()
        else:
            command, present = [str(PYTHON), str(CLIENTS / script)], PYTHON.exists()
        if not present or not command[0]:
            pytest.skip("The judges of the payment rails are not installed: make setup-judges.")
        environment = {"PATH": os.environ["PATH"], "JUDGES": str(MODULES), "HOME": str(tmp_path)}
        done = subprocess.run(
            command, input=json.dumps(told), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run
