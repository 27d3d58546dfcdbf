"""Merkle roots, seals and proofs against flat hashing and pymerkle: python -m benchmarks.merkle [--quick]

CPU seconds of this process; each figure is a ratio of two measurements of this run. Last line: RESULT {json}.
"""

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import rfc8785
from pymerkle import InmemoryTree

from bekal.engines.merkle import Tree, leaf_hash, root, verify_inclusion
from bekal.engines.merkle.seal import seal_leaf

Figure = dict[str, Any]


def cpu(action: Callable[[], object], repeat: int = 3) -> float:
    """Median CPU seconds of some runs."""
    spent = []
    for _ in range(repeat):
        start = time.process_time()
        action()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def transfer(number: int) -> dict[str, str | int]:
    return {
        "key": f"{number:012d}",
        "debit": "fund",
        "credit": f"citizen/{number}",
        "amount": 4_200_000,
        "code": "award",
        "phase": "posted",
        "reference": "wave/48",
        "at": "2023-01-01T00:00:00Z",
    }


def pymerkle_time(leaves: list[bytes]) -> float:
    def run() -> None:
        tree = InmemoryTree(algorithm="sha256")
        for leaf in leaves:
            tree.append_entry(leaf)
        tree.get_root()

    return cpu(run, repeat=1)


def figure(value: float, goal: float, of: str, size: int, counts: bool) -> Figure:
    return {"value": round(value, 4), "goal": goal, "met": value <= goal if counts else None, "of": of, "size": size}


def measure(size: int, counts: bool) -> dict[str, Figure]:
    transfers = [transfer(number) for number in range(size)]
    data = [rfc8785.dumps(dict(row)) for row in transfers]
    salts = [hashlib.sha256(b"%d" % number).digest() for number in range(size)]
    hashed = [leaf_hash(leaf) for leaf in data]
    tree, middle = Tree(hashed), size // 2
    path, top = tree.path(middle), tree.root
    sealing = cpu(lambda: root([seal_leaf(t, s) for t, s in zip(transfers, salts, strict=True)]), 1)
    plain = cpu(lambda: [rfc8785.dumps(row) for row in transfers], 1)
    whole = cpu(lambda: root([leaf_hash(leaf) for leaf in data]))
    per_leaf = cpu(lambda: [leaf_hash(leaf) for leaf in data])
    check = cpu(lambda: [verify_inclusion(hashed[middle], middle, size, path, top) for _ in range(100)]) / 100
    peer = min(size, 20_000)
    return {
        "root_over_leaves": figure(whole / per_leaf, 3.0, "root / hashing the leaves alone", size, counts),
        "seal_over_json": figure(sealing / plain, 2.0, "sealing / canonical JSON of the transfers", size, counts),
        "pymerkle_ratio": figure(
            cpu(lambda: root([leaf_hash(leaf) for leaf in data[:peer]])) / pymerkle_time(data[:peer]),
            1.0,
            "root / pymerkle's root",
            peer,
            True,
        ),
        "proof_check_ms": figure(check * 1000, 1.0, "CPU ms to check one inclusion proof", size, counts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures Merkle trees.")
    parser.add_argument("--quick", action="store_true", help="100,000 leaves instead of a million")
    options = parser.parse_args()
    result = measure(100_000 if options.quick else 1_000_000, not options.quick)
    for name, row in result.items():
        print(f"{name:20} {row['value']:>12} (goal {row['goal']}) {row['of']}, {row['size']:,}")
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
