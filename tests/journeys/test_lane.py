"""The button of the wave's page, through the hot lane and back, in a browser without JavaScript."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from playwright.sync_api import Page

from bekal.access.actions import create_sign_in_link
from bekal.cli.installation import ROOT, stop_group, wait_for
from bekal.core import clock
from bekal.core.events import Actor
from bekal.waves.models import Joining
from tests.eligibility.making import eligible_citizen
from tests.journeys.conftest import travel
from tests.rulebooks.making import loaded_programme
from tests.waves.making import open_wave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lane(live_server: Any, settings: Any, clock_at: Callable[[datetime], None], tmp_path: Path) -> Iterator[str]:
    """A lane beside this test's server, on its database and its clock."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings.SITE_URL, settings.LANE_URL = live_server.url, f"http://localhost:{port}"
    before, _, after = os.environ["DATABASE_URL"].partition("/bekal?")
    environment = {
        **os.environ, "DATABASE_URL": f"{before}/{connection.settings_dict['NAME']}?{after}",
        "BEKAL_SITE_URL": live_server.url, "BEKAL_LANE_URL": settings.LANE_URL,
        "BEKAL_CLOCK_FILE": str(configured.CLOCK_FILE),
    }  # fmt: skip
    log = tmp_path / "lane.log"
    with log.open("wb") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "bekal", "lane", "--port", str(port)], cwd=ROOT, env=environment, stdout=said,
            stderr=said, start_new_session=True,
        )  # fmt: skip
    wait_for(f"http://127.0.0.1:{port}/sehat", child, log)
    yield settings.LANE_URL
    stop_group(child)


def test_the_button_goes_through_the_lane(lane: str, seeded: None, open_page: Callable[..., Page]) -> None:
    wave = open_wave(loaded_programme())
    citizen = eligible_citizen(wave.rulebook_id, 1)
    token = create_sign_in_link(
        by=Actor.system("test"), at=clock.now(), principal=Actor.citizen(citizen.id), roles=("citizen",)
    )
    page, asked = open_page(), []
    page.on("request", lambda request: asked.append((request.method, request.url)))
    page.goto(f"/tautan/{token}")
    page.click("main form button")
    page.goto("/saya/gelombang")
    page.click("main form button")
    assert ("POST", f"{lane}/saya/gelombang") in asked
    assert page.url.endswith("/saya/gelombang")
    ticket = bytes(Joining.objects.get(wave_id=wave.id, citizen_id=citizen.id).ticket_id).hex()
    assert ticket in page.inner_text("main")
    travel(page, -1)
    travel(page, 1)
    assert Joining.objects.get().attempts == 1
