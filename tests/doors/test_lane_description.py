"""The lane answers as its description says, whatever is sent: fuzzed from the description itself."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.doors.lane import Lane, running_lane

DESCRIPTION = json.loads((Path(__file__).resolve().parents[2] / "docs" / "joining-openapi.json").read_text())
OPERATION = schemathesis.openapi.from_dict(DESCRIPTION)["/saya/gelombang"]["POST"]


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    with tempfile.TemporaryDirectory(prefix="bekal-lane-", dir="/tmp") as folder, running_lane(Path(folder)) as found:
        yield found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=OPERATION.as_strategy())
def test_any_request_gets_an_answer_of_the_description(lane: Lane, case: Any) -> None:
    case.call_and_validate(base_url=f"http://127.0.0.1:{lane.port}")
