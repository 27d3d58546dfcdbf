"""Several connections post at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction

from bekal.core.events import Actor
from bekal.ledger import queries
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.models import Transfer
from bekal.ledger.rules import Opening, Posting

BY = Actor.system("tests")
AT = datetime(2023, 8, 1, 3, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def post(*transfers: Posting) -> None:
    post_transfers(by=BY, at=AT, transfers=transfers)


def opened(*openings: Opening) -> None:
    open_accounts(by=BY, at=AT, accounts=openings)


@pytest.fixture(autouse=True)
def accounts() -> None:
    opened(Opening("treasury", "treasury", limit="none"), Opening("fund", "programme", busy=True))
    post(Posting("treasury", "fund", 1_000, "fund", "start"))


def test_nobody_waits_for_a_busy_account() -> None:
    """While one transaction that paid into and out of busy accounts is open, another does the same and commits."""
    done = threading.Event()

    def another() -> None:
        post(Posting("treasury", "fund", 2, "fund", "second"))
        connections.close_all()
        done.set()

    with transaction.atomic():
        connection.cursor().execute(
            "INSERT INTO ledger_transfer (key, debit_id, credit_id, amount, at, code, phase, reference, actor) "
            "SELECT ledger_key('first'), d.id, c.id, 1, now(), 'fund', 'single', 'first', 'x' "
            "FROM ledger_account d, ledger_account c WHERE d.key = 'treasury' AND c.key = 'fund'"
        )
        threading.Thread(target=another).start()
        assert done.wait(20)
    assert queries.balance("fund").available == 1_003


def test_crossing_batches_neither_lock_each_other_nor_lose_a_rupiah() -> None:
    names = [f"n{n}" for n in range(12)]
    opened(*(Opening(name, "test", busy=name in ("n3", "n7")) for name in names))
    post(*(Posting("treasury", name, 1_000, "fund", f"fund:{name}") for name in names))

    def worker(number: int) -> None:
        try:
            for turn in range(8):
                step = 1 + (number + turn) % 5
                order = range(12) if number % 2 else range(11, -1, -1)
                ends = [(names[n], names[(n + step) % 12]) for n in order]
                batch = [Posting(*pair, 1, "x", f"w{number}:{turn}:{place}") for place, pair in enumerate(ends)]
                post(*(batch if turn % 3 else batch[:1]))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(worker, range(4)))
    assert queries.imbalance() == 0
    assert sum(queries.balance(name).available for name in names) == 12_000
    assert Transfer.objects.filter(code="x").count() == sum(12 if turn % 3 else 1 for turn in range(8)) * 4
