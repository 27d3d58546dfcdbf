"""Joining a wave over HTTP against what the same machine's PostgreSQL can do: python -m benchmarks.surge [--quick]

Everything runs on this machine: a durable throw-away PostgreSQL, the hot lane, Django on Granian, and the client.
`pgbench` inserts the same row, one statement a transaction, over 16 connections. Rounds are interleaved; each figure
is the median of the rounds' own ratios, goals beside them. Last line: RESULT {json}.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.surging.world import World

Figure = dict[str, Any]
CONNECTIONS, PEAK = 256, 1_333
GOALS = {
    "lane_to_pgbench": 1.25, "lane_to_lean_django": 5.0, "lane_to_stock_orm": 20.0, "ordinary_to_pgbench": 0.15,
    "overload_to_peak": 0.9,
}  # fmt: skip
OF = {
    "lane_to_pgbench": "joins/s over HTTP, 256 connections, after COMMIT / pgbench transactions/s, same insert",
    "lane_to_lean_django": "joins/s / the same join as a Django view without middleware, Granian WSGI, 2 workers",
    "lane_to_stock_orm": "joins/s / sessions, CSRF, users, ORM get_or_create, Granian WSGI, 2 workers",
    "ordinary_to_pgbench": "joins/s of the site's own view with all its middleware / pgbench transactions/s",
    "overload_to_peak": "accepted joins/s with 10 times the connections / with 256",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="bekal-surge-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        world = World(Path(folder))
        try:
            world.begin()
            figures = measure(world, rounds=2 if quick else 7, seconds=0.8 if quick else 5.0, quick=quick)
        finally:
            world.end()
    print(f"RESULT {json.dumps(figures)}")
    sys.exit(0)


def measure(world: World, *, rounds: int, seconds: float, quick: bool) -> dict[str, Figure]:
    rates: dict[str, list[float]] = {name: [] for name in ("pgbench", "lane", "lean", "ordinary", "stock", "overload")}
    for kind in ("lane", "ordinary", "lean", "stock"):
        rate(world, kind, 0.3)
    for number in range(rounds):
        for kind in ("lane", "pgbench", "ordinary", "overload", "lean", "stock"):
            longer = max(1.5, seconds) if kind == "overload" else seconds
            rates[kind].append(world.pgbench(seconds) if kind == "pgbench" else rate(world, kind, longer))
        print(f"round {number + 1}: " + "  ".join(f"{name} {values[-1]:,.0f}/s" for name, values in rates.items()))

    def ratio(one: str, other: str) -> float:
        """Median of the rounds' own ratios: what else the machine does changes from one round to the next."""
        return statistics.median(a / b for a, b in zip(rates[one], rates[other], strict=True))

    ratios = {
        "lane_to_pgbench": ratio("lane", "pgbench"),
        "lane_to_lean_django": ratio("lane", "lean"),
        "lane_to_stock_orm": ratio("lane", "stock"),
        "ordinary_to_pgbench": ratio("ordinary", "pgbench"),
        "overload_to_peak": ratio("overload", "lane"),
    }
    figures = {
        name: {"value": round(value, 2), "goal": GOALS[name], "met": value >= GOALS[name], "of": OF[name]}
        for name, value in ratios.items()
    }
    figures |= peak(world, seconds=3.0 if quick else 300.0)
    for name, figure in figures.items():
        print(f"{name:<24} {figure['value']!s:>9}  goal {figure['goal']!s:>6}  {'met' if figure['met'] else 'MISSED'}")
    return figures


def rate(world: World, kind: str, seconds: float) -> float:
    """Joins a second. Overload: ten times the connections, before lines of 256; who is sent away comes back in 1 s."""
    if kind == "overload":
        found = world.load(kind="lane", port=world.small_lane, seconds=seconds, connections=10 * CONNECTIONS,
                           requests=int(seconds * 24_000))  # fmt: skip
        print(f"  overload: {found.get('503', 0)} were sent to the waiting page, p99 of a join {found['p99']} ms")
    else:
        most = {"lane": 24_000, "lean": 6_000, "ordinary": 5_000, "stock": 2_500}[kind]
        port = {"lane": world.lane, "lean": world.lean, "ordinary": world.site, "stock": world.stock}[kind]
        found = world.load(kind=kind, port=port, seconds=seconds, connections=CONNECTIONS,
                           requests=int(seconds * most))  # fmt: skip
    unexpected = {name: found[name] for name in found if name.isdigit() and name not in ("200", "503")}
    if unexpected or found["out_of_requests"] or found.get("broken"):
        raise AssertionError(f"{kind}: {found}")
    return float(found["rate"])


def peak(world: World, *, seconds: float) -> dict[str, Figure]:
    """80,000 in a minute, held; then again while lane and database are killed: what was acknowledged is there."""
    held = world.load(kind="lane", port=world.lane, seconds=seconds, connections=CONNECTIONS, rate=PEAK,
                      requests=int(seconds * PEAK) + 10_000, acknowledged="held")  # fmt: skip
    begun = world.begin_load(kind="lane", port=world.lane, seconds=5.0, connections=CONNECTIONS, rate=PEAK,
                             requests=20_000, acknowledged="killed", pause=0.5)  # fmt: skip
    time.sleep(1.0)
    world.kill_lane()
    time.sleep(1.0)
    world.kill_database()
    drill = world.finish_load(begun)
    lost, double = world.check(["held", "killed"])
    print(f"  peak: {held['rate']:,.0f}/s held {seconds:.0f} s, p50 {held['p50']} ms, p99 {held['p99']} ms; "
          f"with kill -9: {drill['200']:,} acknowledged, {drill.get('broken', 0)} connections broken")  # fmt: skip
    return {
        "peak_rate": {"value": round(held["rate"]), "goal": PEAK, "met": held["rate"] >= 0.98 * PEAK,
                      "of": "joins/s held, of 1,333/s asked"},
        "peak_p99_ms": {"value": held["p99"], "goal": 1000, "met": held["p99"] <= 1000, "of": "from planned instant"},
        "acknowledged_and_lost": {"value": lost, "goal": 0, "met": lost == 0, "of": "after kill -9 of both"},
        "persons_twice": {"value": double, "goal": 0, "met": double == 0, "of": "rows of one ticket or person"},
    }  # fmt: skip


if __name__ == "__main__":
    main()
