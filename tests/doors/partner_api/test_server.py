"""Through the real server: what a test client cannot show (headers with underscores, spelling, slashes on the wire)."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from tests.catalogue.making import curated, schedule
from tests.doors.partner_api.partner import BASE, Partner
from tests.partners.making import AT, organisation

pytestmark = pytest.mark.django_db(transaction=True)
PATH = BASE + "payment/quota-schedule"
BODY = b'{"course_code":"TR-1","schedule_code":"SCH-TR-1"}'


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Granian with one worker on the test database, its clock standing at AT."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    log = (tmp_path / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(number),
         "--workers", "1", "bekal.project.wsgi:application"],
        env=environment(tmp_path), stdout=log, stderr=log,
    )  # fmt: skip
    try:
        wait_for(number, process)
        yield number
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def environment(folder: Path) -> dict[str, str]:
    parts = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(parts._replace(path="/" + str(connection.settings_dict["NAME"])))
    (folder / "clock").write_text(f"frozen {AT.isoformat()}")
    return {**os.environ, "DATABASE_URL": database, "BEKAL_CLOCK_FILE": str(folder / "clock")}


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


def send(port: int, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    line.request("POST", path, body, {"Content-Type": "application/json", **headers})
    answer = line.getresponse()
    try:
        return answer.status, json.loads(answer.read())
    finally:
        line.close()


def test_what_real_clients_send_arrives(port: int) -> None:
    platform = Partner.of(organisation("platform", "DP-1"))
    schedule(curated(organisation().id))
    signed = platform.headers(PATH, BODY)
    assert "client_code" in signed
    ways = {
        "as published": (PATH, BODY, signed),
        "as the Go and Ruby samples spell headers": (PATH, BODY, {name.capitalize(): signed[name] for name in signed}),
        "as the Python sample writes JSON": (PATH, BODY.replace(b",", b", ").replace(b":", b": "), signed),
        "with a second leading slash": ("/" + PATH, BODY, signed),
        "with a slash at the end": (PATH + "/", BODY, platform.headers(PATH + "/", BODY)),
    }
    for way, (path, body, headers) in ways.items():
        status, envelope = send(port, path, body, headers)
        assert (status, envelope.get("data", {}).get("quota")) == (200, 5), (way, envelope)
    assert send(port, PATH, BODY.replace(b"TR-1", b"TR-2"), signed)[1]["code"] == "ERR40003"
    assert send(port, PATH, BODY, {**signed, "client_code": "x"})[1]["code"] == "ERR40003"
    assert send(port, "/" + BASE + "payment/void", b"{", signed)[0] == 400
