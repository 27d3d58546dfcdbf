"""`make check`: every quick check, all of them even when one fails, with the time each took."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TYPES = {"BEKAL_MODE": "test", "BEKAL_MASTER_KEY": "11" * 32, "BEKAL_PROGRAMME": "x", "DATABASE_URL": "postgresql:///x"}
CHECKS: tuple[tuple[str, list[str]], ...] = (
    ("types", ["mypy"]),
    ("style", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "-q", "."]),
    ("order of the rooms", ["lint-imports"]),
    ("house rules", ["python", "-m", "pytest", "tests/house", "-q", "-p", "no:cacheprovider"]),
)


def run(check: tuple[str, list[str]]) -> tuple[str, float, int, str]:
    name, (program, *words) = check
    began = time.monotonic()
    done = subprocess.run(
        [BIN / program, *words], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, **TYPES} if name == "types" else None,
    )  # fmt: skip
    return name, time.monotonic() - began, done.returncode, done.stdout + done.stderr


def main() -> int:
    began = time.monotonic()
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for name, seconds, code, output in pool.map(run, CHECKS):
            print(f"{'FAILED' if code else 'ok    '} {name:<20} {seconds:5.1f} s", flush=True)
            if code:
                failed += 1
                print(output)
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks passed in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
