"""The ledger against a two-row-locking one, a COPY and a hash: python -m benchmarks.ledger [--quick] [--rows N]

All on one PostgreSQL that commits to disk. Singles: one statement a transaction over 16 connections (pgbench), the
peer's function against the statement that `post_transfers` runs. Batches and millions: server CPU of the same actions
that the product calls. Figures are ratios of this run, rounds taken in turn, medians. Last line: RESULT {json}.
"""

import argparse
import hashlib
import json
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.booking import peer
from benchmarks.booking.world import World

Figure = dict[str, Any]
AT = datetime(2023, 1, 1, tzinfo=UTC)
BATCH = 8_190
ONE = """
    SELECT {debit} AS debit, {credit} AS credit, 1::bigint AS amount, 'bench' AS code, r.reference,
        'single' AS phase, ledger_key(r.reference) AS key FROM (SELECT 'b:' || uuidv7() AS reference) r
"""
SOURCE = """
    CREATE TABLE bench_due AS SELECT uuidv7() AS id, g FROM generate_series(1, {rows}) g;
    CREATE TABLE bench_bare (
        key uuid, number bigint, debit_id bigint, credit_id bigint, amount bigint, at timestamptz, pending uuid,
        code varchar(24), phase varchar(8), reference varchar(120), actor varchar(80));
    ANALYZE bench_due;
"""
DUE = """
    SELECT 'award:' || id || ':incentive' AS debit, 'paid:bank' AS credit, 600000::bigint AS amount,
        'incentive' AS code, 'incentive:' || id || ':completion:1' AS reference, 'single' AS phase FROM bench_due
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int, help="transfers posted at once (1,000,000; with --quick 50,000)")
    parser.add_argument("--grow", type=int, default=0, help="fill the journal to so many rows and measure batches")
    options = parser.parse_args()
    world = World(accounts=5_000 if options.quick else 100_000)
    try:
        world.begin()
        figures = measure(world, options.rows or (50_000 if options.quick else 1_000_000), options.grow, options.quick)
    finally:
        world.end()
    print(f"RESULT {json.dumps(figures)}")


def measure(world: World, rows: int, grow: int, quick: bool) -> dict[str, Figure]:
    """Every figure; sizes too small to claim anything have `met` None."""
    open_ours(world)
    singles = single_figures(world, rounds=1 if quick else 3, seconds=2 if quick else 6)
    batches = batch_costs(world, count=2 if quick else 12)
    of = "server CPU a transfer: locking ledger at 16 clients / ours in batches of 8,190"
    figures = {
        "single_random": figure(singles["peer"][0], singles["ours"][0], 3.0, "transfers/s, random accounts", quick),
        "single_hot": figure(
            singles["peer hot"][0], singles["ours hot"][0], 10.0, "transfers/s, one hot account", quick
        ),
        "batch_random": figure(batches["random"], singles["peer"][1], 20.0, of, quick),
        "batch_hot": figure(batches["hot"], singles["peer hot"][1], 100.0, f"{of}, one hot account", quick),
    }
    for name, (rate, cost) in singles.items():
        print(f"single {name:9} {rate:8.0f}/s {cost * 1e6:7.1f} us CPU")
    print(f"batch  {batches['random'] * 1e6:.1f} us CPU a transfer, hot {batches['hot'] * 1e6:.1f}")
    return figures | million(world, rows, quick) | (growth(world, grow) if grow else {})


def figure(base: float, value: float, goal: float, of: str, quick: bool, *, most: bool = False) -> Figure:
    ratio = value / base
    met = None if quick else ratio <= goal if most else ratio >= goal
    return {"value": round(ratio, 3), "goal": goal, "met": met, "of": of}


def single_figures(world: World, *, rounds: int, seconds: float) -> dict[str, tuple[float, float]]:
    """(transfers a second, server CPU seconds a transfer) of both, medians."""
    from bekal.ledger.actions import _POST, ONE_BY_ONE

    def ours(debit: str, credit: str) -> str:
        asked = ONE.format(debit=debit, credit=credit)
        return _POST.format(asked=asked, unless=ONE_BY_ONE).replace("%s", "{}").format("now()", "'b'") + ";"

    ends = {"": ("'a' || :d", "'a' || :c"), " hot": ("'hot'", "'a' || :c")}
    scripts = {f"ours{name}": ours(*pair) for name, pair in ends.items()}
    scripts |= {f"peer{name}": peer.SINGLE.format(debit=d, credit=c) for name, (d, c) in ends.items()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in scripts}
    for _ in range(rounds):
        for name, script in scripts.items():
            found[name].append(world.many(script, seconds))
    return {name: tuple(map(statistics.median, zip(*runs, strict=True))) for name, runs in found.items()}


def open_ours(world: World) -> None:
    from bekal.core.events import Actor
    from bekal.ledger.actions import open_accounts, post_transfers
    from bekal.ledger.rules import Opening, Posting

    by, names = Actor.system("benchmark"), [f"a{n}" for n in range(1, world.accounts + 1)]
    small = [Opening(name, "test") for name in names] + [Opening("tight", "test")]
    open_accounts(by=by, at=AT, accounts=[Opening("hot", "treasury", limit="none"), *small])
    fund = [Posting("hot", name, 10**9, "fund", f"fund:{name}") for name in [*names, "tight"]]
    post_transfers(by=by, at=AT, transfers=fund)


def batch_costs(world: World, count: int) -> dict[str, float]:
    """Server CPU seconds a transfer of `post_transfers` in full batches: random accounts, and all from one limited
    account."""
    dice = random.Random(1)
    costs = {}
    for name in ("random", "hot"):
        before, posted = world.cpu(), 0
        for number in range(count):
            posted += post_batch(world, dice, f"{name}{number}", hot=name == "hot")
        costs[name] = (world.cpu() - before) / posted
    return costs


def post_batch(world: World, dice: random.Random, name: str, *, hot: bool = False) -> int:
    from bekal.core import ids
    from bekal.core.events import Actor
    from bekal.ledger.actions import post_transfers
    from bekal.ledger.rules import Posting

    things = ids.fresh_many([(name, str(number)) for number in range(BATCH)])
    ends = [dice.sample(range(1, world.accounts + 1), 2) for _ in things]
    postings = [
        Posting("tight" if hot else f"a{debit}", f"a{credit}", 1, "bench", f"{name}:{thing}")
        for thing, (debit, credit) in zip(things, ends, strict=True)
    ]
    return post_transfers(by=Actor.system("benchmark"), at=AT, transfers=postings).new


def million(world: World, rows: int, quick: bool) -> dict[str, Figure]:
    """Posting, sealing and verifying `rows` incentives from as many accounts."""
    from django.db import connection

    from bekal.core.events import Actor
    from bekal.ledger.actions import fold_accounts, open_accounts, post_selected, seal_journal
    from bekal.ledger.queries import books_in_order
    from bekal.ledger.rules import Opening

    by = Actor.system("benchmark")
    world.sql(SOURCE.format(rows=rows))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id::text FROM bench_due ORDER BY id")
        accounts = [Opening(f"award:{key}:incentive", "award_incentive", owner=key) for (key,) in cursor.fetchall()]
    open_accounts(by=by, at=AT, accounts=[*accounts, Opening("paid:bank", "paid", limit="none")])
    grant = "SELECT 'hot' AS debit, debit AS credit, 2 * amount AS amount, 'grant' AS code,"
    grant += f" 'grant' || substr(reference, 10) AS reference, phase FROM ({DUE}) due"
    post_selected(by=by, at=AT, select=grant, parameters=[], name="grant")
    seal_journal(by=by, at=AT)
    world.sql("VACUUM ANALYZE ledger_account")
    world.sql("CHECKPOINT")
    posting = spent(world, lambda: post_selected(by=by, at=AT, select=DUE, parameters=[], name="incentives"))
    sealing = spent(world, lambda: seal_journal(by=by, at=AT))
    copies = [spent(world, copied) for copied in [copying(rows)] * 3]
    verifying = spent(world, lambda: None if books_in_order() == [] else 1 / 0)
    hashing = spent(world, hashing_once)
    fold_accounts(by=by, at=AT)
    copy = statistics.median(copies)
    per = 1e6 / rows
    print(f"rows {rows}: posting {posting * per:.2f} us, bare COPY {copy * per:.2f} us, sealing {sealing * per:.2f} us")
    return {
        "million": figure(copy, posting, 8.0, f"CPU of posting {rows} / of a COPY of their rows", quick, most=True),
        "sealing": figure(posting, sealing, 0.1, "CPU of sealing / of posting set-wise", quick, most=True),
        "verifying": figure(verifying, hashing, 0.5, "rate of verifying all / of hashing each leaf once", quick),
    }


def copying(rows: int) -> Callable[[], None]:
    """A binary COPY of the posted rows into a bare table of the same columns, client's side included."""
    from django.db import connection

    columns = "key, number, debit_id, credit_id, amount, at, pending, code, phase, reference, actor"
    with connection.cursor() as cursor:
        selected = f"COPY (SELECT {columns} FROM ledger_transfer WHERE code = 'incentive') TO STDOUT (FORMAT binary)"
        with cursor.copy(selected) as copy:
            data = b"".join(bytes(piece) for piece in copy)

    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE bench_bare")
            with cursor.copy("COPY bench_bare FROM STDIN (FORMAT binary)") as copy:
                for start in range(0, len(data), 2**18):
                    copy.write(data[start : start + 2**18])

    return work


def hashing_once() -> None:
    """Read every leaf's document and hash it: what no verifier can do without."""

    from bekal.ledger.models import Seal
    from bekal.ledger.queries.seals import documents_between

    for row in Seal.objects.order_by("number").iterator():
        for document in documents_between(row.first, row.last):
            hashlib.sha256(document.encode()).digest()


def spent(world: World, work: Callable[[], object]) -> float:
    """CPU seconds of the server and of this process."""
    before = world.cpu() + time.process_time()
    work()
    return world.cpu() + time.process_time() - before


def growth(world: World, rows: int) -> dict[str, Figure]:
    """Cost of a batch on random accounts as the journal grows to `rows`."""
    dice, costs, size = random.Random(2), [], 0
    while size < rows:
        before, posted = world.cpu(), 0
        step = max(1, min(rows // 10, rows - size) // BATCH)
        for number in range(step):
            posted += post_batch(world, dice, f"g{size}x{number}")
        size += posted
        costs.append((world.cpu() - before) / posted)
        print(f"journal {size:>10}: {costs[-1] * 1e6:.1f} us CPU a transfer")
    return {"growth": figure(costs[0], costs[-1], 1.2, f"CPU a transfer at {size} rows / at a tenth", False, most=True)}


if __name__ == "__main__":
    main()
