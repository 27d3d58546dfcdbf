"""However a draw is spread over ranges, processes and machines: the same cut, which is that of a naive full sort."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bekal.engines.draw import cut as cut_module
from bekal.engines.draw import spread as spread_module
from bekal.engines.draw.cut import RANGE, Cut, Part, Share, Spread, cut, one_process, scan, shares, window_for
from bekal.engines.draw.spread import SpreadFailed, end_with_parent, finer, processes, spark

KEY = bytes(range(32))
Strata = list[tuple[int, int]]
"""People and places of each stratum."""


@cache
def stream(counter: int, size: int) -> bytes:
    return Cipher(algorithms.AES256(KEY), modes.CTR(counter.to_bytes(16, "big"))).encryptor().update(bytes(size))


def naive(strata: Strata) -> tuple[list[int], list[tuple[int, int]]]:
    """Positions that win, and the (ticket, position) of the last of each stratum: docs/draw.md §6, §7."""
    a, b = stream(0, 1 << 22), stream(1 << 127, 1 << 24)
    winners, lasts, first = [], [], 0
    for people, places in strata:
        ordered = sorted(
            (int.from_bytes(b[8 * i : 8 * i + 6] + a[2 * i : 2 * i + 2], "little"), i)
            for i in range(first, first + people)
        )
        winners += sorted(i for _, i in ordered[:places])
        lasts.append(ordered[places - 1] if places else (0, 0))
        first += people
    return winners, lasts


def said(found: Cut, people: int) -> tuple[list[int], list[tuple[int, int]]]:
    lasts = list(zip(found.thresholds.tolist(), found.lasts.tolist(), strict=True))
    return found.positions(0, people).tolist(), lasts


def drawn(strata: Strata, spread: Spread = one_process) -> tuple[list[int], list[tuple[int, int]]]:
    people, places = zip(*strata, strict=True)
    return said(cut(KEY, people, places, spread), sum(people))


def same(left: Cut, right: Cut) -> bool:
    return all(
        getattr(left, name).tobytes() == getattr(right, name).tobytes() for name in ("thresholds", "lasts", "chosen")
    )


@st.composite
def strata_with_places(draw: Callable[[Any], Any]) -> Strata:
    sizes = st.one_of(st.just(1), st.integers(1, 20), st.integers(1, 1_500))
    people = draw(st.lists(sizes, min_size=1, max_size=12))
    share = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1), st.floats(0.97, 1))
    return [(count, round(count * draw(share))) for count in people]


@pytest.fixture(scope="module")
def pool() -> Iterator[Spread]:
    with processes(2) as spread:
        yield spread


# any ranges


@settings(max_examples=150, deadline=None)
@given(strata_with_places(), st.lists(st.integers(1, 2_000), max_size=12), st.randoms(use_true_random=False))
@example([(1, 0)], [], None)
@example([(1, 1), (1, 0), (64, 64), (64, 0), (63, 1)], [1, 8], None)
def test_any_ranges_give_the_cut_of_a_full_sort(strata: Strata, edges: list[int], order: Any) -> None:
    def anyhow(work: Callable[[Share], Part], tasks: Sequence[Share]) -> list[Part]:
        """At any edges (multiples of 8), worked off in any order."""
        (task,) = tasks
        cuts = sorted({task.start, *(8 * edge for edge in edges if 8 * edge < task.end), task.end})
        ranges = [task._replace(start=start, end=end) for start, end in pairwise(cuts)]
        turns = list(range(len(ranges)))
        if order:
            order.shuffle(turns)
        found = {turn: work(ranges[turn]) for turn in turns}
        return [found[turn] for turn in range(len(ranges))]

    assert drawn(strata) == drawn(strata, anyhow) == naive(strata)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strata_with_places())
def test_processes_give_the_cut_of_a_full_sort(pool: Spread, strata: Strata) -> None:
    assert drawn(strata, pool) == naive(strata)


@pytest.mark.parametrize("sigmas", [0.0, -5.0])
def test_a_window_that_misses_is_made_good(sigmas: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    people = rng.integers(1, 900, 60).tolist()
    strata = [(count, int(rng.integers(0, count + 1))) for count in people]
    expected, missed = drawn(strata), []
    in_full = cut_module._Cutting._draw_in_full

    def noted(self: Any, stratum: int) -> None:
        missed.append(stratum)
        in_full(self, stratum)

    monkeypatch.setattr(cut_module, "SIGMAS", sigmas)
    monkeypatch.setattr(cut_module._Cutting, "_draw_in_full", noted)
    assert drawn(strata) == expected == naive(strata)
    assert 10 < len(missed) <= sum(places > 0 for _, places in strata)


@settings(max_examples=60, deadline=None)
@given(strata_with_places(), st.floats(-3, 1))
def test_windows_of_any_width_give_the_same(strata: Strata, sigmas: float) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cut_module, "SIGMAS", sigmas)
        assert drawn(strata) == naive(strata)


def test_chunks_and_ranges_are_crossed(monkeypatch: pytest.MonkeyPatch, pool: Spread) -> None:
    """Strata that begin and end inside, on and across the edges of chunks and ranges; many share a prefix."""
    strata = [(262_143, 26_000), (1, 1), (8, 3), (300_001, 150_000), (70_000, 0), (262_144, 262_144), (41, 40)]
    people, places = zip(*strata, strict=True)
    whole = cut(KEY, people, places)
    assert said(whole, sum(people)) == naive(strata)
    assert same(whole, cut(KEY, people, places, pool))
    assert len(shares(KEY, window_for(np.array([0, RANGE + 1]), np.array([1])))) == 2
    monkeypatch.setattr(cut_module.shares, "__defaults__", (100_000,))
    assert same(whole, cut(KEY, people, places))
    assert same(whole, cut(KEY, people, places, pool))


@pytest.mark.parametrize("prefix", [0, 32_768, 65_535])
def test_equal_tickets_go_by_position(prefix: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def constant(_key: bytes, start: int, end: int) -> Iterator[tuple[int, Any]]:
        yield start, np.full(end - start, prefix, dtype=np.uint16)

    ticket = np.uint64(prefix) << np.uint64(48)
    monkeypatch.setattr(cut_module, "prefix_chunks", constant)
    monkeypatch.setattr(cut_module, "tickets_at", lambda key, positions: np.full(len(positions), ticket))
    monkeypatch.setattr(cut_module, "tickets", lambda key, start, count: np.full(count, ticket))
    found = cut(KEY, [100, 1, 40], [50, 1, 0])
    assert found.positions(0, 141).tolist() == [*range(50), 100]
    assert found.lasts.tolist() == [49, 100, 0]
    assert found.thresholds.tolist() == [int(ticket), int(ticket), 0]


# the size of ranges


@given(st.integers(1, 3 * RANGE), st.integers(1, 64))
def test_ranges_are_the_same_work_in_pieces(people: int, workers: int) -> None:
    window = window_for(np.array([0, people]), np.array([0]))
    tasks = shares(KEY, window)
    ranges = finer(tasks, workers)
    edges = [0, *(task.end for task in ranges)]
    assert [task.start for task in ranges] == edges[:-1]
    assert edges[-1] == people
    assert all(task.start % 8 == 0 and 0 < task.end - task.start <= RANGE for task in ranges)
    assert len(ranges) >= min(workers, -(-people // 8))
    assert len(ranges) <= 4 * workers + len(tasks) + people // RANGE


# processes that die


def die(_share: Share) -> Part:
    os._exit(3)


def test_a_worker_that_dies_is_named() -> None:
    tasks = shares(KEY, window_for(np.array([0, 100]), np.array([10])))
    with pytest.raises(SpreadFailed, match="a worker process ended before"), processes(1) as spread:
        spread(die, tasks)


ORPHANS = """
import os, time
from bekal.engines.draw.cut import Part, Share
from bekal.engines.draw.spread import processes

def pid(_share):
    time.sleep(0.2)
    return os.getpid()

if __name__ == "__main__":
    with processes(2) as spread:
        print(*set(spread(pid, [Share(b"", 0, 160, None)])), flush=True)
        time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    program = tmp_path / "orphans.py"
    program.write_text(ORPHANS)
    path = {**os.environ, "PYTHONPATH": os.getcwd()}
    parent = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True, env=path)
    assert parent.stdout
    workers = [int(word) for word in parent.stdout.readline().split()]
    assert workers
    assert all(map(alive, workers))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(alive, workers))


def test_the_guard_waits_for_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    end_with_parent(ended.append)  # no parent: nothing to wait for
    gate = SimpleNamespace(join=lambda: None)
    monkeypatch.setattr(spread_module, "parent_process", lambda: gate)
    end_with_parent(ended.append)
    until = time.monotonic() + 10
    while not ended and time.monotonic() < until:
        time.sleep(0.01)
    assert ended == [1]


# Spark, without Spark


class Lost(Exception):
    """Stands for what Spark and py4j raise."""


def pretended(monkeypatch: pytest.MonkeyPatch, failure: str | None = None) -> dict[str, Any]:
    """A PySpark that works here and keeps what it was told."""
    told: dict[str, Any] = {}

    class Context:
        defaultParallelism = 2

        def __init__(self, conf: Any) -> None:
            told["settings"] = conf.told

        def __enter__(self) -> "Context":
            return self

        def __exit__(self, *_: object) -> None:
            told["stopped"] = True

        def addPyFile(self, file: str) -> None:
            told["module"] = subprocess.run(
                [sys.executable, "-c", "from bekal.engines.draw import cut; print(cut.__file__, cut.scan)"],
                env={"PYTHONPATH": file}, cwd="/", capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip

        def parallelize(self, tasks: list[Share], parts: int) -> Any:
            told["parts"] = (len(tasks), parts)
            if failure:
                raise Lost(failure)
            return SimpleNamespace(map=lambda work: SimpleNamespace(collect=lambda: [work(task) for task in tasks]))

    class Conf:
        def __init__(self) -> None:
            self.told: dict[str, str] = {}

        def setMaster(self, master: str) -> "Conf":
            return self.setAll([("master", master)])

        def setAppName(self, name: str) -> "Conf":
            return self.setAll([("name", name)])

        def setAll(self, pairs: list[tuple[str, str]]) -> "Conf":
            self.told.update(pairs)
            return self

    modules: dict[str, dict[str, Any]] = {
        "pyspark": {"SparkConf": Conf, "SparkContext": Context},
        "pyspark.errors": {"PySparkException": Lost},
        "py4j": {},
        "py4j.protocol": {"Py4JError": Lost},
    }
    for name, members in modules.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("PYSPARK_PYTHON", "told beforehand")
    return told


def test_spark_gets_ranges_and_the_engines_as_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    told, strata = pretended(monkeypatch), [(700, 70), (300, 299)]
    with spark("local[2]") as spread:
        assert drawn(strata, spread) == naive(strata)
    assert told["parts"] == (8, 8)
    assert told["stopped"]
    assert told["settings"]["master"] == "local[2]"
    assert "bekal_engines.zip/bekal/engines/draw/cut.py" in told["module"]
    assert os.environ["PYSPARK_PYTHON"] == "told beforehand"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Job aborted: a.b.PythonException: Traceback\n  File x\nModuleNotFoundError: No numpy\n",
         "ModuleNotFoundError: No numpy"),
        ("An error occurred\n: java.lang.IllegalStateException: gone\n\tat x", "IllegalStateException: gone"),
        ("  gone ", "gone"),
    ],
)  # fmt: skip
def test_what_spark_says_is_one_line(text: str, cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pretended(monkeypatch, failure=text)
    with pytest.raises(SpreadFailed, match=rf"Spark at local\[1\] failed: {cause}$"), spark("local[1]") as spread:
        drawn([(10, 1)], spread)


@pytest.mark.parametrize("master", ["spark://127.0.0.1:1", "spark://", "spark://x:y", "spark://127.0.0.1:99999"])
def test_a_master_that_is_not_there_is_named(master: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = pretended(monkeypatch)
    with pytest.raises(SpreadFailed, match="no Spark master answers at"), spark(master):
        pass
    assert told == {}


def test_one_master_of_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    told = pretended(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as standby:
        url = f"spark://127.0.0.1:1,127.0.0.1:{standby.getsockname()[1]}"
        with spark(url) as spread:
            assert drawn([(90, 9)], spread) == naive([(90, 9)])
    assert told["settings"]["master"] == url


def test_without_pyspark_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(SpreadFailed, match="PySpark is not installed"), spark("local[1]"):
        pass
    assert scan.__module__ == "bekal.engines.draw.cut"
