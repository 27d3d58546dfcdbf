"""The crash proof as a test: a short form in `make test`, every place and every victim in `make test-wide`."""

import subprocess
import sys
from pathlib import Path

import pytest

from bekal.core import faults

ROOT = Path(__file__).resolve().parents[2]


def tortured(*arguments: str, seconds: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.incentives.torture", *arguments], cwd=ROOT, capture_output=True, text=True,
        timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-4_000:]
    return done.stdout


def test_killed_in_the_middle_each_is_paid_once() -> None:
    assert "each paid once in the payers' own books, difference 0" in tortured("--seed", "5", "--short", seconds=180)


@pytest.mark.wide
def test_killed_at_every_place_each_is_paid_once() -> None:
    told = tortured("--seed", "11", "--all", seconds=1_800)
    assert all(f"{place} {victim}: 1 death" in told for place in faults.PLACES for victim in ("own", "database"))


def test_every_place_is_in_the_code() -> None:
    said = "".join(file.read_text() for file in (ROOT / "bekal" / "incentives").rglob("*.py"))
    assert [place for place in faults.PLACES if f'at_fault("{place}")' not in said] == []
    assert said.count("at_fault(") == len(faults.PLACES)


def test_an_unknown_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no such place"):
        faults.arm("payouts.nowhere")


def test_production_refuses_to_be_armed() -> None:
    environment = {
        "BEKAL_MODE": "production", "BEKAL_MASTER_KEY": "11" * 32, "BEKAL_PROGRAMME": "x",
        "DATABASE_URL": "postgresql:///x", "BEKAL_FAULT": "payouts.before_call",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", "import bekal.project.settings"], cwd=ROOT, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "BEKAL_FAULT" in done.stderr
