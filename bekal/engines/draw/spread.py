"""Where a draw is computed: in several processes of this machine, or on a Spark cluster.

Workers get the key of the tickets, a range of positions and the windows, never the roll; they give back a bit a person
and the few that lie in a window. Ranges never matter to the result (bekal.engines.draw.cut).
"""

import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from zipfile import ZipFile

from bekal.engines.draw.cut import RANGE, Part, Share, Spread

ROUNDS = 4
PATIENCE = 10.0
ENGINES = Path(__file__).resolve().parent.parent


class SpreadFailed(RuntimeError):
    """The workers could not be had, or were lost."""


def finer(tasks: Sequence[Share], workers: int) -> list[Share]:
    """The same work in so many ranges that every worker gets some, a few times; at most RANGE positions each."""
    people = sum(task.end - task.start for task in tasks)
    size = min(RANGE, -(-people // (workers * ROUNDS * 8)) * 8)
    return [
        task._replace(start=at, end=min(at + size, task.end))
        for task in tasks
        for at in range(task.start, task.end, size)
    ]


@contextmanager
def processes(count: int) -> Iterator[Spread]:
    """`count` processes of this machine, started anew (spawn), for as many cuts as are made inside."""
    start = get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=start, initializer=end_with_parent) as pool:

        def spread(work: Callable[[Share], Part], tasks: Sequence[Share]) -> list[Part]:
            try:
                return list(pool.map(work, finer(tasks, count)))
            except (BrokenProcessPool, OSError) as error:
                raise SpreadFailed(
                    f"a worker process ended before its work was done, or could not start: {error}"
                ) from error

        yield spread


def end_with_parent(end: Callable[[int], object] = os._exit) -> None:
    """A worker whose parent was killed ends too, instead of waiting for ever."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        end(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def spark(master: str) -> Iterator[Spread]:
    """A Spark cluster (`spark://host:port`), or Spark on this machine (`local[2]`).

    The workers need this version of Python at the path PYSPARK_PYTHON (default: the one that runs here) with NumPy and
    `cryptography`; the engines are sent along. Raises SpreadFailed, also for what Spark raises inside.
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark import SparkConf, SparkContext
        from pyspark.errors import PySparkException
    except ImportError as error:
        raise SpreadFailed("PySpark is not installed; `make setup-spark` brings it, and it needs Java 17") from error
    _find(master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    quiet = [("spark.ui.enabled", "false"), ("spark.ui.showConsoleProgress", "false")]
    conf = SparkConf().setMaster(master).setAppName("bekal draw").setAll(quiet)
    try:
        with TemporaryDirectory() as folder, SparkContext(conf=conf) as context:
            context.addPyFile(_packed_engines(Path(folder)))

            def spread(work: Callable[[Share], Part], tasks: Sequence[Share]) -> list[Part]:
                ranges = finer(tasks, context.defaultParallelism)
                return list(context.parallelize(ranges, len(ranges)).map(work).collect())

            yield spread
    except (Py4JError, PySparkException) as error:
        raise SpreadFailed(f"Spark at {master} failed: {_cause(str(error))}") from error


def _find(master: str) -> None:
    """Some master answers; Spark itself would try for a minute, and then fail in many lines."""
    if not master.startswith("spark://"):
        return
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), PATIENCE).close()
        except (OSError, ValueError, OverflowError):
            continue
        return
    raise SpreadFailed(f"no Spark master answers at {master}")


def _cause(said: str) -> str:
    """The line of a traceback, of Python or Java, that says what happened."""
    python, java = re.findall(r"^\w+Error: .+", said, re.M), re.findall(r"\w+(?:Error|Exception): .+", said)
    return str((python[-1:] or java[:1] or [said])[0]).strip()


def _packed_engines(folder: Path) -> str:
    """bekal.engines as one file that Python imports from."""
    file = folder / "bekal_engines.zip"
    with ZipFile(file, "w") as packed:
        for module in [ENGINES.parent / "__init__.py", *sorted(ENGINES.rglob("*.py"))]:
            packed.write(module, module.relative_to(ENGINES.parent.parent))
    return str(file)
