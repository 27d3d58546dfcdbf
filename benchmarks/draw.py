"""The draw against its bounds and peers, in one run: python -m benchmarks.draw [--quick] [--people N] [--growth]

CPU seconds throughout unless a figure says wall; measured in turn with what they are compared to, medians. The roll
has 514 regions of 4 groups, Zipf-like; one in ten wins. `--growth` writes the table and the picture of time and memory
against the number of people to docs/generated. Last line: RESULT {json}.
"""

import argparse
import base64
import gc
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bekal.engines.draw.beacon import QUICKNET
from bekal.engines.draw.bundle import encode_bundle, make_bundle
from bekal.engines.draw.commitment import endorse, make_commitment, public_key_hex
from bekal.engines.draw.cut import cut, one_process
from bekal.engines.draw.receipt import Proofs, verify_receipt
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.result import draw, draw_waiting
from bekal.engines.draw.roll import BLOCK_SIZE, Roll, Stratum
from bekal.engines.draw.source import Drand
from bekal.engines.draw.spread import processes
from tools.draw_growth import write

ROOT = Path(__file__).resolve().parent.parent
REGIONS, GROUPS, WAITING = 514, 4, 100
KEY = hashlib.sha256(b"benchmark").digest()
SHOWN = RECORDED_ROUNDS["quicknet", 123]
COMMITTED_AT = datetime(2023, 8, 23, 15, 0, tzinfo=UTC)
PARTIES = (("director", "operator"), ("registrar", "operator"), ("ombudsman", "witness"), ("university", "witness"))
MEASURE = """async ([receipt, file]) => {
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0)), times = [];
  let found;
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    found = await checkReceipt(receipt, bytes);
    times.push(performance.now() - start);
  }
  return [found.verdict, times];
}"""
Figure = dict[str, Any]
Work = Callable[[], object]


def cpu_of(work: Work) -> float:
    """CPU seconds of this process and of children that ended meanwhile."""
    gc.collect()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.process_time()
    work()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() - start + ended.ru_utime + ended.ru_stime - children.ru_utime - children.ru_stime


def wall_of(work: Work) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(*works: Work, repeat: int, clock: Callable[[Work], float] = cpu_of) -> list[float]:
    """Median seconds of each, run one after the other `repeat` times so that a busy machine hits all alike."""
    rounds = [[clock(work) for work in works] for _ in range(repeat)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def sizes_of(people: int, strata: int) -> list[int]:
    """Zipf-like sizes of strata, none empty."""
    weights = 1.0 / np.arange(1, strata + 1) ** 0.7
    sizes = np.maximum(1, (weights / weights.sum() * people).astype(np.int64))
    sizes[0] += people - int(sizes.sum())
    return [int(size) for size in sizes]


def tenth(sizes: list[int]) -> list[int]:
    return [size // 10 for size in sizes]


def made_roll(people: int) -> Roll:
    """Random ids, rising in each stratum."""
    cells, ids = sizes_of(people, REGIONS * GROUPS), np.zeros((people, 2), dtype=">u8")
    heads = np.random.default_rng(1).integers(0, 1 << 64, people, dtype=np.uint64)
    start = 0
    for size in cells:
        heads[start : start + size].sort()
        start += size
    ids[:, 0] = heads
    strata = tuple(Stratum(f"{i // GROUPS:05d}", f"g{i % GROUPS}", size) for i, size in enumerate(cells))
    return Roll("benchmark/1", strata, ids.reshape(-1).view(np.uint8).data)


def keystream(people: int) -> None:
    """The bound: AES-256-CTR of 8 bytes a person, by the same library."""
    zeros, room = bytes(1 << 19), bytearray((1 << 19) + 16)
    stream = Cipher(algorithms.AES256(bytes(32)), modes.CTR(bytes(16))).encryptor()
    for _ in range(-(-8 * people // len(zeros))):
        stream.update_into(zeros, room)


def sorted_by_hash(people: int) -> None:
    """The usual verifiable draw: SHA-256(seed, id) for each id in Python, sorted."""
    ids = [position.to_bytes(16, "big") for position in range(people)]
    sorted(ids, key=lambda i: hashlib.sha256(KEY + i).digest())[: people // 10]


def flat_hash(roll: Roll) -> None:
    digest = hashlib.sha256(roll.header)
    digest.update(roll.ticket_ids)
    digest.digest()


def figure(value: float, goal: float | None, of: str, size: int, counts: bool = True) -> Figure:
    met = value <= goal if counts and goal is not None else None
    return {"value": round(value, 4), "goal": goal, "met": met, "of": of, "size": size}


def peak_bytes(sizes: list[int]) -> float:
    tracemalloc.start()
    cut(KEY, sizes, tenth(sizes))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / sum(sizes)


def _by_two(sizes: list[int]) -> None:
    with processes(2) as spread:
        cut(KEY, sizes, tenth(sizes), spread)


def draw_figures(people: int, repeat: int, full: bool) -> dict[str, Figure]:
    sizes, small = sizes_of(people, REGIONS * GROUPS), sizes_of(people // 10, REGIONS * GROUPS)
    many, generator = sizes_of(people, 10_000), np.random.default_rng(1)
    drawn, bound, shuffled, less, finer = in_turn(
        lambda: cut(KEY, sizes, tenth(sizes)),
        lambda: keystream(people),
        lambda: generator.permutation(people),
        lambda: cut(KEY, small, tenth(small)),
        lambda: cut(KEY, many, tenth(many)),
        repeat=repeat,
    )
    alone, shared = in_turn(
        lambda: cut(KEY, sizes, tenth(sizes)),
        lambda: _by_two(sizes),
        repeat=repeat,
        clock=wall_of,
    )
    return {
        "keystream_ratio": figure(drawn / bound, 1.5, "draw / AES-256-CTR keystream of 8 bytes", people, full),
        "permutation_ratio": figure(drawn / shuffled, 0.15, "draw / numpy permutation", people, full),
        "growth": figure(drawn / less, 11, "draw of N / draw of N/10", people, full),
        "strata_ratio": figure(finer / drawn, 1.3, "10,000 strata / 2,056 strata", people, full),
        "memory_bytes": figure(peak_bytes(sizes), 6, "peak bytes an entry above the input", people, full),
        "two_processes_ratio": figure(shared / alone, None, "wall of 2 processes / 1 process", people),
    }


def peer_figures(people: int, full: bool) -> dict[str, Figure]:
    sizes = sizes_of(people, REGIONS * GROUPS)
    (drawn,) = in_turn(lambda: cut(KEY, sizes, tenth(sizes)), repeat=5)
    (wall,) = in_turn(lambda: cut(KEY, sizes, tenth(sizes)), repeat=5, clock=wall_of)
    by_hash, by_window = cpu_of(lambda: sorted_by_hash(people)), _window_draw(sizes)
    return {
        "hash_sort_ratio": figure(drawn / by_hash, 0.01, "draw / Python sort by SHA-256 an id", people, full),
        "postgres_ratio": figure(wall / by_window, 0.001, "wall / PostgreSQL window draw", people, full),
    }


def _window_draw(sizes: list[int]) -> float:
    """Wall seconds of the draw that PostgreSQL makes with a window over each stratum."""
    import psycopg

    import tests.database  # noqa: F401  a throw-away PostgreSQL

    with psycopg.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE roll (position int, stratum int)")
        strata = np.repeat(np.arange(len(sizes)), sizes)
        with cursor.copy("COPY roll FROM STDIN") as copy:
            for at in range(0, len(strata), 100_000):
                copy.write("".join(f"{at + i}\t{s}\n" for i, s in enumerate(strata[at : at + 100_000].tolist())))
        cursor.execute("ANALYZE roll")

        def select() -> None:
            cursor.execute(
                "SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY stratum ORDER BY random()) AS place, "
                "count(*) OVER (PARTITION BY stratum) AS people FROM roll) AS r WHERE place <= people / 10"
            )

        return wall_of(select)


def published(roll: Roll, folder: Path, waiting: int = 0) -> tuple[Path, Path]:
    """A signed bundle of a whole draw, and its roll file."""
    places = {(s.region, s.group): s.people // 10 for s in roll.strata}
    source = Drand(QUICKNET, SHOWN.number, COMMITTED_AT + timedelta(days=7))
    commitment = make_commitment(
        roll=roll, sequence=1, programme="benchmark", programme_sha256="00" * 32, places=places, waiting_list=waiting,
        source=source, committed_at=COMMITTED_AT,
    )  # fmt: skip
    keys = {name: Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()) for name, _ in PARTIES}
    signatures = [
        endorse(commitment, by=name, role=role, private_key=keys[name], at=COMMITTED_AT)  # type: ignore[arg-type]
        for name, role in PARTIES
    ]
    published_keys = {
        side: {name: public_key_hex(keys[name]) for name, role in PARTIES if role == side}
        for side in ("operator", "witness")
    }
    result = draw(
        roll=roll, commitment=commitment, places=list(places.values()), randomness=bytes.fromhex(SHOWN.randomness)
    )
    bundle = make_bundle(
        commitment=commitment, operators=published_keys["operator"], witnesses=published_keys["witness"],
        signatures=signatures, shown=SHOWN, result=result,
    )  # fmt: skip
    paths = folder / "bundle.json", folder / "roll.bin"
    paths[0].write_bytes(encode_bundle(bundle))
    with paths[1].open("wb") as file:
        file.write(roll.header)
        file.write(roll.ticket_ids)
    return paths


def verify(paths: tuple[Path, Path], *options: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / "verify_draw.py"), *map(str, paths), *options]
    subprocess.run(command, check=True, capture_output=True)


def file_figures(people: int, full: bool) -> dict[str, Figure]:
    """Commitment, outside verification and one person's proof, on real files."""
    roll, sizes = made_roll(people), sizes_of(people, REGIONS * GROUPS)
    flat, tree = in_turn(
        lambda: flat_hash(roll), lambda: Roll(roll.wave, roll.strata, roll.ticket_ids).root(), repeat=3
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = published(roll, Path(folder))
        start = cpu_of(lambda: subprocess.run([sys.executable, "-c", "import numpy, cryptography"], check=True))
        checked, waited = cpu_of(lambda: verify(paths)), wall_of(lambda: verify(paths))
        drawn = cpu_of(lambda: cut(KEY, sizes, tenth(sizes)))
        return {
            "commit_ratio": figure(tree / flat, 1.1, "commit / flat SHA-256", people, full),
            "verify_ratio": figure(
                (checked - start) / (flat + drawn), 1.5, "verify_draw.py / (one SHA-256 + draw)", people, full
            ),
            "verify_wall_ratio": figure(
                (waited - start) / (flat + drawn), None, "the same, wall of two threads", people
            ),
            **proof_figures(roll, json.loads(paths[0].read_bytes())),
        }


def proof_figures(roll: Roll, bundle: dict[str, Any]) -> dict[str, Figure]:
    proofs = Proofs(bundle["commitment"], bundle["strata"], roll.leaves, bundle["beacon"])
    position = roll.people // 2
    receipt, block = proofs.receipt(roll.id_at(position), position), proofs.block_of(position)
    start = block * BLOCK_SIZE - len(roll.header)
    file = proofs.file(block, roll.ticket_ids[start : start + BLOCK_SIZE])

    def check() -> None:
        if verify_receipt(receipt, file)[0]:
            raise AssertionError("the proof must hold")

    size, shown = len(file) + len(json.dumps(receipt)), browser_ms(json.dumps(receipt), file)
    return {
        **({"proof_browser_ms": figure(shown, 50, "ms to check it in Chromium, median", roll.people)} if shown else {}),
        "proof_bytes": figure(size, 70_000, "bytes of one person's proof", roll.people),
        "proof_check_ms": figure(in_turn(check, repeat=9)[0] * 1000, 50, "CPU ms to check it, BLS too", roll.people),
    }


def browser_ms(receipt: str, file: bytes) -> float | None:
    """Median milliseconds of `checkReceipt` in Chromium; None without one."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    script = (ROOT / "bekal" / "doors" / "static" / "bekal" / "check.js").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.route("http://localhost/**", lambda route: route.fulfill(content_type="text/html", body="<p>check"))
        page.goto("http://localhost/")
        page.add_script_tag(content=script)
        verdict, times = page.evaluate(MEASURE, [receipt, base64.b64encode(file).decode()])
        browser.close()
    if verdict not in {"won", "lost"}:
        raise AssertionError(f"the browser says {verdict}")
    return float(statistics.median(times))


def waiting_figures(people: int) -> dict[str, Figure]:
    """The waiting list of a declared length, apart."""
    sizes = sizes_of(people, REGIONS * GROUPS)
    longer = [won + min(WAITING, size - won) for won, size in zip(tenth(sizes), sizes, strict=True)]
    drawn = cut(KEY, sizes, tenth(sizes))
    spent, bound = in_turn(
        lambda: draw_waiting(KEY, sizes, drawn, longer, one_process), lambda: keystream(people), repeat=3
    )
    return {"waiting_ratio": figure(spent / bound, None, f"{WAITING} waiting a stratum / keystream", people)}


def growth() -> None:
    """Table and picture of the draw's time and memory against people."""
    rows = []
    for people in (10**5, 10**6, 10**7, 10**8):
        sizes = sizes_of(people, REGIONS * GROUPS)
        spent, bound = in_turn(lambda: cut(KEY, sizes, tenth(sizes)), lambda: keystream(people), repeat=5)  # noqa: B023
        rows.append((people, spent, bound, peak_bytes(sizes) * people))
    write(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the draw.")
    parser.add_argument("--quick", action="store_true", help="two million entries, at most 50 s")
    parser.add_argument("--people", type=int, help="entries on the roll")
    parser.add_argument("--growth", action="store_true", help="write table and picture, nothing else")
    options = parser.parse_args()
    if options.growth:
        growth()
        return
    people = options.people or (2_000_000 if options.quick else 100_000_000)
    full = people >= 100_000_000
    result = {
        **draw_figures(people, 5, full),
        **waiting_figures(people),
        **peer_figures(min(people, 10_000_000) if full else people // 10, full),
        **file_figures(people, full),
    }
    for name, row in result.items():
        print(f"{name:20} {row['value']:>12} (goal {row['goal']}) {row['of']}, {row['size']:,}")
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
