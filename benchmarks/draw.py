"""The draw against its bounds and peers, in one process: python -m benchmarks.draw [--quick] [--people N]

CPU seconds of this process throughout; each ratio is of two measurements of this run. Last line: RESULT {json}.
"""

import argparse
import gc
import hashlib
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bekal.engines.draw.receipt import BlockProofs, decode_block_proof
from bekal.engines.draw.result import select
from bekal.engines.draw.roll import Roll, Stratum, decode_roll, roll_root
from bekal.engines.draw.tickets import ticket_key, tickets

REGIONS, GROUPS = 514, 4
RANDOMNESS = hashlib.sha256(b"benchmark").digest()
Figure = dict[str, Any]


def cpu(action: Callable[[], object], repeat: int = 3) -> float:
    """Median CPU seconds of some runs."""
    spent = []
    for _ in range(repeat):
        gc.collect()
        start = time.process_time()
        action()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def made_roll(people: int, strata: int) -> Roll:
    """Zipf-like strata; ids rise evenly, which is a canonical roll without sorting."""
    weights = 1.0 / np.arange(1, strata + 1) ** 0.7
    sizes = np.maximum(1, (weights / weights.sum() * people).astype(np.int64))
    sizes[0] += people - int(sizes.sum())
    ids = np.zeros((people, 2), dtype=">u8")
    ids[:, 0] = np.arange(people, dtype=np.uint64) * np.uint64((1 << 64) // people - 1)
    cells = tuple(Stratum(f"{i // GROUPS:05d}", f"g{i % GROUPS}", int(size)) for i, size in enumerate(sizes))
    return Roll("benchmark", cells, memoryview(ids.tobytes()))


def made_commitment(roll: Roll) -> dict[str, Any]:
    """Places of 10 % a stratum and no waiting list: what `select` reads, without signatures."""
    rows = [{"region": s.region, "group": s.group, "people": s.people, "places": s.people // 10} for s in roll.strata]
    return {"strata": rows, "waiting_list": 0}


def draw_time(roll: Roll, repeat: int = 3) -> float:
    commitment = made_commitment(roll)
    return cpu(lambda: select(roll=roll, commitment=commitment, randomness=RANDOMNESS), repeat)


def keystream_time(people: int) -> float:
    zeros, room = bytes(1 << 19), bytearray((1 << 19) + 16)

    def run() -> None:
        stream = Cipher(algorithms.AES256(bytes(32)), modes.CTR(bytes(16))).encryptor()
        for _ in range(-(-8 * people // len(zeros))):
            stream.update_into(zeros, room)

    return cpu(run)


def sorted_by_hash_time(people: int) -> float:
    """The usual verifiable draw: SHA-256(seed, id) for each id in Python, sorted."""
    ids = [position.to_bytes(16, "big") for position in range(people)]
    return cpu(lambda: sorted(ids, key=lambda i: hashlib.sha256(RANDOMNESS + i).digest())[: people // 10], repeat=1)


def peak_bytes(roll: Roll) -> float:
    tracemalloc.start()
    select(roll=roll, commitment=made_commitment(roll), randomness=RANDOMNESS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / roll.people


def figure(value: float, goal: float, of: str, size: int, counts: bool) -> Figure:
    return {"value": round(value, 4), "goal": goal, "met": value <= goal if counts else None, "of": of, "size": size}


def proof_figures(encoded: bytes, full: bool) -> dict[str, Figure]:
    proofs = BlockProofs(encoded)
    proof = proofs.of(len(proofs) // 2).encode()
    root, key = roll_root(encoded), ticket_key(RANDOMNESS, bytes(32))

    def check() -> None:
        if not decode_block_proof(proof).leads_to(root) or not len(tickets(key, 12_345, 1)):
            raise AssertionError("the proof must hold")

    size = len(encoded) // 16
    return {
        "proof_bytes": figure(len(proof), 70_000, "bytes of one static proof file", size, True),
        "proof_check_ms": figure(cpu(check, 9) * 1000, 50, "CPU ms to check one proof and ticket", size, full),
    }


def measure(people: int, quick: bool) -> dict[str, Figure]:
    full = not quick
    roll = made_roll(people, REGIONS * GROUPS)
    small, many = made_roll(people // 10, REGIONS * GROUPS), made_roll(people, 10_000)
    encoded = roll.encode()
    spent = draw_time(roll)
    generator = np.random.default_rng(1)
    flat = cpu(lambda: hashlib.sha256(encoded).digest())
    hashed = min(people // 10, 1_000_000)
    by_hash, same_size = sorted_by_hash_time(hashed), draw_time(made_roll(hashed, REGIONS * GROUPS))
    return {
        "keystream_ratio": figure(spent / keystream_time(people), 1.5, "draw / AES-256-CTR keystream", people, full),
        "memory_bytes": figure(peak_bytes(roll), 6, "peak bytes an entry above the input", people, full),
        "commit_ratio": figure(cpu(lambda: roll_root(encoded)) / flat, 1.1, "root / flat SHA-256", people, full),
        "decode_ratio": figure(cpu(lambda: decode_roll(encoded), 1) / flat, 3.0, "decode / flat SHA-256", people, full),
        "hash_sort_ratio": figure(same_size / by_hash, 0.01, "draw / Python sort by SHA-256 an id", hashed, False),
        "permutation_ratio": figure(
            spent / cpu(lambda: generator.permutation(people)), 0.15, "draw / numpy permutation", people, full
        ),
        "growth": figure(spent / draw_time(small), 11, "draw of N / draw of N/10", people, full),
        "strata_ratio": figure(draw_time(many) / spent, 1.3, "10,000 strata / 2,056 strata", people, full),
        **proof_figures(encoded, full),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the draw.")
    parser.add_argument("--quick", action="store_true", help="two million entries, at most 50 s")
    parser.add_argument("--people", type=int, help="entries on the roll")
    options = parser.parse_args()
    people = options.people or (2_000_000 if options.quick else 100_000_000)
    result = measure(people, options.quick or people < 100_000_000)
    for name, row in result.items():
        print(f"{name:20} {row['value']:>12} (goal {row['goal']}) {row['of']}, {row['size']:,}")
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
