"""The only place that reads the time.

A rehearsal (demo) keeps its time in a small file named by `settings.CLOCK_FILE`:
`frozen <ISO time>` stands still, `running <seconds>` is real time plus an offset.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings


def now() -> datetime:
    """The present instant, aware, UTC."""
    if settings.CLOCK_FILE is None:
        return datetime.now(UTC)
    return _rehearsal_time(settings.CLOCK_FILE)


def freeze(at: datetime) -> None:
    """Make the rehearsal's clock stand at `at`. Only a rehearsal has a clock that can be set."""
    _write(f"frozen {at.astimezone(UTC).isoformat()}")


def run_on() -> None:
    """Let the rehearsal's clock run from where it stands."""
    _write(f"running {(now() - datetime.now(UTC)).total_seconds():.0f}")


def _rehearsal_time(file: Path) -> datetime:
    word, value = file.read_text().split()
    if word == "frozen":
        return datetime.fromisoformat(value)
    return datetime.now(UTC) + timedelta(seconds=int(value))


def _write(line: str) -> None:
    if settings.CLOCK_FILE is None:
        raise RuntimeError("this installation runs on real time: CLOCK_FILE is not set")
    fresh = settings.CLOCK_FILE.with_suffix(".new")
    fresh.write_text(line)
    fresh.replace(settings.CLOCK_FILE)
