"""The draw on a real Spark cluster on this machine: one master and two workers from the pip wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bekal.engines.draw.cut import cut, shares, window_for
from bekal.engines.draw.spread import SpreadFailed, spark
from tests.cli.draw_files import words, write_inputs
from tests.cli.test_draw import agrees
from tests.engines.draw_vectors import sample

PATIENCE = 120
KEY = bytes(range(32))
LOOPBACK = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1"}


def java_version() -> int:
    java = Path(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else shutil.which("java")
    if java is None:
        return 0
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


MISSING = importlib.util.find_spec("pyspark") is None
pytestmark = [
    pytest.mark.wide,
    pytest.mark.skipif(
        importlib.util.find_spec("pyspark") is None, reason="PySpark is not installed: make setup-spark"
    ),
    pytest.mark.skipif(java_version() < 17, reason="Spark needs Java 17 or newer"),
]


@dataclass(frozen=True)
class Cluster:
    """A standalone cluster; `folders`: where each worker keeps what its executors say."""

    url: str
    folders: tuple[Path, ...]

    def tasks(self) -> list[int]:
        """How many tasks each worker has run."""
        return [
            sum(file.read_text().count("Running task") for file in folder.rglob("stderr")) for folder in self.folders
        ]


def started(log: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    import pyspark

    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    with log.open("wb") as said:
        return subprocess.Popen(
            [program, *arguments], stdout=said, stderr=subprocess.STDOUT, env={**os.environ, **LOOPBACK}
        )


def awaited(log: Path, pattern: str, times: int = 1) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = re.findall(pattern, log.read_text(errors="replace"))
        if len(found) >= times:
            return str(found[0])
        time.sleep(0.1)
    raise AssertionError(f"{pattern} not in {log.read_text(errors='replace')}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    place, of = tmp_path_factory.mktemp("spark"), "org.apache.spark.deploy"
    here = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    log, folders = place / "master.log", (place / "first", place / "second")
    running = [started(log, f"{of}.master.Master", *here)]
    try:
        url = awaited(log, r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
        for folder in folders:
            own = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder), url)
            running.append(started(folder.with_suffix(".log"), f"{of}.worker.Worker", *here, *own))
        awaited(log, r"Master: Registering worker", times=2)
        yield Cluster(url, folders)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LOOPBACK.items():
        monkeypatch.setenv(name, value)


def test_a_cluster_gives_the_same_bytes(cluster: Cluster, tmp_path: Path) -> None:
    write_inputs(tmp_path)
    run = [sys.executable, "-m", "bekal", *words(tmp_path), "--spark", cluster.url]
    ran = subprocess.run(
        run, env={**os.environ, **LOOPBACK}, capture_output=True, text=True, timeout=4 * PATIENCE, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert agrees(tmp_path, sample())


@pytest.mark.usefixtures("loopback")
def test_both_workers_draw_many_strata(cluster: Cluster) -> None:
    rng = np.random.default_rng(8)
    people = rng.integers(1, 9_000, 400).tolist()
    places = [int(rng.integers(0, count + 1)) for count in people]
    expected, before = cut(KEY, people, places), cluster.tasks()
    with spark(cluster.url) as spread:
        until = time.monotonic() + PATIENCE
        while any(now <= then for now, then in zip(cluster.tasks(), before, strict=True)):
            assert time.monotonic() < until
            found = cut(KEY, people, places, spread)
            for name in ("thresholds", "lasts", "chosen"):
                assert getattr(found, name).tobytes() == getattr(expected, name).tobytes()


@pytest.mark.usefixtures("loopback")
def test_what_fails_on_a_worker_is_named(cluster: Cluster) -> None:
    tasks = shares(KEY, window_for(np.array([0, 100]), np.array([10])))
    with pytest.raises(SpreadFailed, match="failed: ZeroDivisionError"), spark(cluster.url) as spread:
        spread(lambda share: share.start // 0, tasks)
