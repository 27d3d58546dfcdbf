"""Posting transfers against a two-row-locking ledger in PL/pgSQL: python -m benchmarks.ledger [--quick]

Both run in this process against the same throw-away PostgreSQL. The peer is written here in the common design: one
function that locks both balances, checks, updates them and inserts a transfer with two entries. Each figure is a
ratio of two measurements of this run. Last line: RESULT {json}.
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import tests.database  # noqa: F401  a throw-away PostgreSQL, before Django reads its settings

Figure = dict[str, Any]
AT = datetime(2023, 1, 1, tzinfo=UTC)

PEER = """
    CREATE TABLE peer_account (id text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0), version int NOT NULL);
    CREATE TABLE peer_transfer (id bigserial PRIMARY KEY, debit text, credit text, amount bigint, at timestamptz);
    CREATE TABLE peer_entry (id bigserial PRIMARY KEY, transfer bigint, account text, amount bigint, before bigint,
                             after bigint);
    CREATE INDEX ON peer_entry (account, id);
    CREATE FUNCTION peer_post(d text, c text, a bigint) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE t bigint; db bigint; cb bigint;
    BEGIN
        PERFORM 1 FROM peer_account WHERE id IN (d, c) ORDER BY id FOR UPDATE;
        SELECT balance INTO db FROM peer_account WHERE id = d;
        SELECT balance INTO cb FROM peer_account WHERE id = c;
        IF db < a THEN RAISE EXCEPTION 'overdrawn'; END IF;
        INSERT INTO peer_transfer (debit, credit, amount, at) VALUES (d, c, a, now()) RETURNING id INTO t;
        UPDATE peer_account SET balance = balance - a, version = version + 1 WHERE id = d;
        UPDATE peer_account SET balance = balance + a, version = version + 1 WHERE id = c;
        INSERT INTO peer_entry (transfer, account, amount, before, after)
            VALUES (t, d, -a, db, db - a), (t, c, a, cb, cb + a);
        RETURN t;
    END $$;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(f"RESULT {json.dumps(measure(accounts=2_000, batch=8_190, batches=2 if quick else 12, quick=quick))}")


def measure(*, accounts: int, batch: int, batches: int, quick: bool) -> dict[str, Figure]:
    """Seconds a transfer, the peer's divided by ours: higher is better."""
    from django.db import connection

    dice = random.Random(1)
    with connection.cursor() as cursor:
        cursor.execute(PEER)
        opening = "INSERT INTO peer_account SELECT 'a' || g, 1000000000, 0 FROM generate_series(1, %s) g"
        cursor.execute(opening, [accounts])
    open_ours(accounts)
    spread = [(f"a{dice.randint(1, accounts)}", f"a{dice.randint(1, accounts)}") for _ in range(batch * batches)]
    spread = [(debit, credit if credit != debit else "a1" if debit != "a1" else "a2") for debit, credit in spread]
    hot = [("a1", credit if credit != "a1" else "a2") for _, credit in spread]
    singles = batch // (8 if quick else 2)
    figures = {}
    for name, pairs in (("random", spread), ("hot", hot)):
        peer = timed(lambda pairs=pairs: post_peer(pairs[:singles])) / singles  # type: ignore[misc]
        ours = timed(lambda pairs=pairs, name=name: post_ours(pairs, batch, name)) / len(pairs)  # type: ignore[misc]
        goal = 20.0 if name == "random" else 100.0
        figures[f"batch_{name}"] = {
            "value": round(peer / ours, 1), "goal": goal, "met": None if quick else peer / ours >= goal,
            "of": "seconds a transfer: locking ledger one by one / ours in batches of 8,190", "size": len(pairs),
        }  # fmt: skip
        print(f"{name:<8} peer {peer * 1e6:8.1f} us a transfer, ours {ours * 1e6:8.1f} us")
    return figures


def open_ours(accounts: int) -> None:
    from bekal.core.events import Actor
    from bekal.ledger.actions import open_accounts, post_transfers
    from bekal.ledger.rules import Opening, Posting

    by = Actor.system("benchmark")
    opened = [
        Opening("treasury", "treasury", limit="none"),
        *(Opening(f"a{n}", "test") for n in range(1, accounts + 1)),
    ]
    open_accounts(by=by, at=AT, accounts=opened)
    post_transfers(
        by=by, at=AT,
        transfers=[Posting("treasury", f"a{n}", 10**9, "fund", f"fund:{n}") for n in range(1, accounts + 1)],
    )  # fmt: skip


def post_ours(pairs: list[tuple[str, str]], batch: int, name: str) -> None:
    from bekal.core.events import Actor
    from bekal.ledger.actions import post_transfers
    from bekal.ledger.rules import Posting

    for start in range(0, len(pairs), batch):
        postings = [
            Posting(debit, credit, 1, "bench", f"{name}:{start + number}")
            for number, (debit, credit) in enumerate(pairs[start : start + batch])
        ]
        post_transfers(by=Actor.system("benchmark"), at=AT, transfers=postings)


def post_peer(pairs: list[tuple[str, str]]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for debit, credit in pairs:
            cursor.execute("SELECT peer_post(%s, %s, 1)", [debit, credit])


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
