"""The simulators as a process: a taken port, a wrong token, a parent that dies, an unknown verb."""

import os
import socket
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import httpx
import pytest

from simulators.control import Control, ports
from tests.conformance.conftest import ROOT, TOKEN, Stage

COMMAND = [sys.executable, "-m", "simulators", "--control-token", TOKEN, "--data"]


def test_taken_port_is_a_sentence(simulators: Stage, tmp_path: Path) -> None:
    port = simulators.url.rpartition(":")[2]
    done = subprocess.run([*COMMAND, str(tmp_path), "--port", port], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "another process uses it" in done.stderr
    assert "Traceback" not in done.stderr


def test_unusable_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run([*COMMAND, str(tmp_path / "file"), "--port", "0"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "cannot keep their books" in done.stderr


def test_dies_with_its_parent(tmp_path: Path) -> None:
    arguments = [*COMMAND[1:], str(tmp_path), "--port", "0", "--die-with-parent"]
    parent = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, *{arguments!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\nprint(child.pid, flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", parent], cwd=ROOT, capture_output=True, text=True, check=True)
    child = int(done.stdout)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and is_alive(child):
        time.sleep(0.02)
    assert not is_alive(child)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        os.kill(pid, 0)
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_control_needs_its_token(simulators: Stage) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="403"):
        Control(simulators.url, "wrong").books("bank")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("bank/nothing", {}),
        ("nobody/books", {}),
        ("bank/faults", {"faults": [{"do": "explode"}]}),
        ("bank/faults", {"faults": 7}),
        ("bank/accounts", {"accounts": [{"number": "1"}]}),
        ("registry/people", {"people": [{"nik": "1", "registers": ["wizard"]}]}),
        ("clock", {"now": "2023-01-01T00:00:00"}),
    ],
)
def test_nonsense_is_refused_with_a_sentence(simulators: Stage, path: str, body: dict[str, object]) -> None:
    answer = httpx.post(f"{simulators.url}/control/{path}", json=body, headers={"X-Control-Token": TOKEN})
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]


@pytest.mark.parametrize("request_bytes", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_what_is_no_http_is_refused(simulators: Stage, request_bytes: bytes) -> None:
    host, port = simulators.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request_bytes)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_requests_in_a_row_on_one_connection_are_answered_in_order(simulators: Stage) -> None:
    host, port = simulators.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\nGET /nobody HTTP/1.1\r\n\r\n")
        received = b""
        while b"no such system" not in received:
            received += connection.recv(4096)
    assert received.index(b"200 OK") < received.index(b"404 Not Found")


def test_ports_file_names_real_clients(simulators: Stage) -> None:
    for entry in ports(simulators.url, simulators.keys).values():
        module, _, function = entry["client"].rpartition(".")
        client = getattr(import_module(module), function)(entry["config"])
        assert type(client).__module__ == f"{module}.client"
