"""Reconciliation over HTTP: a bank that lays its camt.053 down wrongly, and what we find in it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bekal.core import clock
from bekal.incentives.models import Difference, PaymentOrder
from bekal.incentives.ports import Instruction
from bekal.incentives.tasks import reconciling
from bekal.ledger.queries import imbalance
from tests.conformance.test_files import DAY, NOW, Bench, bench
from tests.incentives.booking import orders, pay_run

__all__ = ["bench"]
pytestmark = pytest.mark.django_db
AMOUNT = 600_000


@pytest.fixture
def books(bench: Bench, clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch) -> Bench:
    def opened(name: str) -> Any:
        if name != "statements:bank":
            raise reconciling.PortClosed(name)
        return bench.client("bank:statements")

    monkeypatch.setattr(reconciling, "open_port", opened)
    clock_at(NOW)
    return bench


def paid(bench: Bench, states: list[str]) -> list[str]:
    """Orders that the bank really paid, in whatever state we believe them to be; their references."""
    rows = orders(states, run=pay_run(at=NOW), sent_at=NOW)
    for row in rows:
        answer = bench.client("bank").pay(Instruction(row.reference, "100", "WARGA", AMOUNT, "Insentif", NOW))
        assert answer.outcome == "paid"
    return [row.reference for row in rows]


def after_days(bench: Bench, days: int) -> None:
    for _ in range(days):
        bench.tomorrow()
    clock.freeze(bench.now)
    reconciling.reconcile_due()


def found() -> set[tuple[str, str]]:
    rows = Difference.objects.exclude(why="incentives.why_agrees")
    return set(rows.values_list("kind", "reference"))


def test_what_the_bank_booked_settles_what_we_did_not_know(books: Bench) -> None:
    one, two, three = paid(books, ["paid", "unknown", "sent"])
    books.stage.control.return_payment("bank", three)
    after_days(books, 2)
    assert found() == {("unknown_paid", two), ("returned", three)}
    states = dict(PaymentOrder.objects.values_list("reference", "state"))
    assert states == {one: "paid", two: "paid", three: "returned"}
    assert imbalance() == 0


@pytest.mark.parametrize(
    ("do", "kind"), [("missing", "missing"), ("altered", "amount"), ("doubled", "twice"), ("extra", "extra")]
)
def test_a_wrong_line_is_found_in_its_class(books: Bench, do: str, kind: str) -> None:
    references = paid(books, ["paid"] * 3)
    reference = "f" * 32 if do == "extra" else references[1]
    books.stage.control.spoil_statements(
        "bank", [{"day": DAY.isoformat(), "do": do, "reference": reference, "amount": 599_999}]
    )
    after_days(books, 3)
    broken_chain = {row for row in found() if row[0] == "chain"}
    assert len(broken_chain) == 1
    assert found() - broken_chain == {(kind, reference)}


def test_half_a_file_moves_nothing_and_the_whole_one_does(books: Bench) -> None:
    (reference,) = paid(books, ["unknown"])
    books.stage.control.spoil_statements("bank", [{"day": DAY.isoformat(), "do": "cut"}])
    after_days(books, 1)
    assert [kind for kind, _ in found()] == ["broken"]
    assert PaymentOrder.objects.get().state == "unknown"
    books.stage.control.spoil_statements("bank", [])
    after_days(books, 0)
    assert ("unknown_paid", reference) in found()
    assert PaymentOrder.objects.get().state == "paid"


def test_a_file_laid_down_twice_is_one_and_its_day_is_missing(books: Bench) -> None:
    paid(books, ["paid"])
    books.stage.control.spoil_statements("bank", [{"day": DAY.isoformat(), "do": "twice"}])
    after_days(books, 3)
    second = (DAY + timedelta(days=1)).isoformat()
    assert found() == {("gap", second)}
    books.stage.control.spoil_statements("bank", [])
    after_days(books, 0)
    assert found() == set()
