"""Payments by file and daily statements, from our clients to a bank's own books and back."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from bekal.incentives.ports import Instruction, StatementBroken
from bekal.outside.signed import signed_headers
from tests.conformance.conftest import Stage

NOW = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 2)
SOURCES = itertools.count(8800001000)
numbers = itertools.count(1)


class Bench:
    """A bank account of ours on a clock that stands still, and everything that talks about it."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.source = stage, str(next(SOURCES))
        self.now = NOW
        self.move(NOW)
        stage.control.load_accounts(
            "bank",
            [
                {"number": self.source, "holder": "DANA", "partner_id": "BEKAL01", "balance": 10_000_000},
                {"number": "100", "holder": "WARGA"},
                {"number": "102", "holder": "WARGA", "status": "closed"},
                {"number": "103", "holder": "WARGA", "status": "frozen"},
                {"number": "200", "holder": "WARGA", "bank": "014"},
            ],
        )

    def move(self, now: datetime) -> None:
        self.now = now
        self.stage.control.set_clock(now, ticks=False)

    def client(self, name: str, **changes: str) -> Any:
        return self.stage.client_at(name, lambda: self.now, source_account=self.source, bank_id="008", **changes)

    def order(self, account: str = "100", amount: int = 600_000) -> Instruction:
        return Instruction(f"FILE-{next(numbers)}", account, "WARGA", amount, "Insentif", NOW)

    def tomorrow(self) -> None:
        self.move(self.now + timedelta(days=1))

    def statement(self, day: date = DAY) -> Any:
        client = self.client("bank:statements")
        return client.read(client.fetch(day=day))


@pytest.fixture
def bench(stage: Stage) -> Iterator[Bench]:
    yield Bench(stage)
    stage.control.spoil_statements("bank", [])
    stage.control.delay_reports("bank", 0)


def name() -> str:
    return f"BATCH-{next(numbers)}"


def test_a_batch_is_paid_once_and_reported(bench: Bench) -> None:
    orders = [bench.order(), bench.order("102"), bench.order("999"), bench.order("103"), bench.order(amount=10_000_000)]
    client, batch = bench.client("bank:batch"), name()
    assert client.report(batch=batch) == {}
    assert [client.submit(batch=batch, instructions=orders).outcome for _ in range(3)] == ["unknown"] * 3
    told = client.report(batch=batch)
    assert [(told[one.reference].outcome, told[one.reference].code) for one in orders] == [
        ("paid", "ACSC"),
        ("refused", "RJCT/AC04"),
        ("refused", "RJCT/AC01"),
        ("refused", "RJCT/AC06"),
        ("stop", "RJCT/AM04"),
    ]
    booked = [row for row in bench.stage.control.books("bank")["payments"] if row["source"] == bench.source]
    assert [(row["partner_reference"], row["amount"]) for row in booked] == [(orders[0].reference, 600_000)]


def test_payments_to_another_bank(bench: Bench) -> None:
    order, batch = bench.order("200"), name()
    client = bench.client("bank:batch", beneficiary_bank="014")
    client.submit(batch=batch, instructions=[order])
    assert client.report(batch=batch)[order.reference].outcome == "paid"
    lost = bench.order("200")
    client = bench.client("bank:batch", beneficiary_bank="099")
    client.submit(batch="X" + batch, instructions=[lost])
    assert client.report(batch="X" + batch)[lost.reference].code == "RJCT/RC01"


def test_the_same_name_for_another_file_is_unknown_and_pays_nothing(bench: Bench) -> None:
    client, batch, order = bench.client("bank:batch"), name(), bench.order()
    client.submit(batch=batch, instructions=[order])
    answer = client.submit(batch=batch, instructions=[replace(order, amount=5), bench.order()])
    assert (answer.outcome, answer.code) == ("unknown", "409")
    assert set(client.report(batch=batch)) == {order.reference}


@pytest.mark.parametrize(
    ("do", "outcome", "known"),
    [("lose_answer", "unknown", True), ("fail500", "unknown", False), ("refuse:4290000", "later", False)],
)
def test_a_file_lost_on_the_way_is_told_by_its_report(bench: Bench, do: str, outcome: str, known: bool) -> None:
    client, batch, order = bench.client("bank:batch"), name(), bench.order()
    bench.stage.control.faults("bank", [{"match": {"path": "/bank/files/v1/pain.001"}, "do": do}])
    assert client.submit(batch=batch, instructions=[order]).outcome == outcome
    again = bench.client("bank:batch")
    assert again.report(batch=batch) == ({order.reference: again.report(batch=batch)[order.reference]} if known else {})
    again.submit(batch=batch, instructions=[order])
    assert again.report(batch=batch)[order.reference].outcome == "paid"
    rows = bench.stage.control.books("bank")["payments"]
    assert len([row for row in rows if row["partner_reference"] == order.reference]) == 1


def test_a_late_report_is_no_report(bench: Bench) -> None:
    client, batch, order = bench.client("bank:batch"), name(), bench.order()
    bench.stage.control.delay_reports("bank", 3600)
    client.submit(batch=batch, instructions=[order])
    assert client.report(batch=batch) is None
    bench.move(NOW + timedelta(hours=1))
    assert client.report(batch=batch)[order.reference].outcome == "paid"


def test_nobody_there_took_nothing(bench: Bench) -> None:
    client = bench.client("bank:batch", url="http://127.0.0.1:9/files/v1")
    assert client.submit(batch=name(), instructions=[bench.order()]).outcome == "later"
    assert client.report(batch="B") is None


@pytest.mark.parametrize("changes", [{"secret": "another"}, {"client_id": "nobody"}, {"source_account": "100"}])
def test_what_the_bank_does_not_take_stops(bench: Bench, changes: dict[str, str]) -> None:
    entry = {"source_account": bench.source, "bank_id": "008"} | changes
    client = bench.stage.client_at("bank:batch", lambda: bench.now, **entry)
    assert client.submit(batch=name(), instructions=[bench.order()]).outcome == "stop"


def test_what_cannot_be_a_file_is_never_sent(bench: Bench) -> None:
    client = bench.client("bank:batch")
    order = replace(bench.order(), reference="R" * 36)
    assert client.submit(batch=name(), instructions=[order]).outcome == "stop"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"<NbOfTxs>1<", b"<NbOfTxs>2<", "AM18"),
        (b"<CtrlSum>5.00<", b"<CtrlSum>6.00<", "AM10"),
        (b"pain.001.001.09", b"pain.001.001.03", "FF01"),
        (b'Ccy="IDR"', b'Ccy="USD"', "AM03"),
        (b'"IDR">5.00<', b'"IDR">5.50<', "AM12"),
        (b"</Document>", b"", "FF01"),
        (b"<Document", b"<!DOCTYPE x []><Document", "FF01"),
        (b"<PmtMtd>TRF", b"<PmtMtd>CHK", "FF01"),
    ],
)
def test_the_bank_takes_no_file_that_is_not_as_agreed(bench: Bench, old: bytes, new: bytes, code: str) -> None:
    from bekal.outside.iso20022 import pain001

    debtor = pain001.Debtor("DANA", "BEKAL01", bench.source, "008")
    raw = pain001.write(name(), [bench.order(amount=5)], debtor, "008")
    assert old in raw
    answer = post(bench, raw.replace(old, new))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def post(bench: Bench, raw: bytes) -> httpx.Response:
    target = "/bank/files/v1/pain.001"
    headers = signed_headers("bekal", b"a secret", "POST", target, raw, bench.now.isoformat())
    return httpx.post(bench.stage.url + target, content=raw, headers=headers)


def test_a_reference_paid_by_the_other_rail_is_not_paid_by_file(bench: Bench) -> None:
    order, batch = bench.order(), name()
    assert bench.client("bank").pay(order).outcome == "paid"
    client = bench.client("bank:batch")
    client.submit(batch=batch, instructions=[order])
    told = client.report(batch=batch)[order.reference]
    assert (told.outcome, told.code) == ("unknown", "RJCT/AM05")
    other = bench.order()
    client.submit(batch="Y" + batch, instructions=[other])
    assert bench.client("bank").pay(other).outcome == "paid"
    rows = bench.stage.control.books("bank")["payments"]
    assert sorted(row["partner_reference"] for row in rows if row["source"] == bench.source) == sorted(
        [order.reference, other.reference]
    )


def test_a_statement_covers_every_booking(bench: Bench) -> None:
    one, two, three = bench.order(), bench.order(amount=250_000), bench.order()
    bench.client("bank").pay(one)
    bench.client("bank:batch").submit(batch=name(), instructions=[two, three])
    bench.stage.control.incoming("bank", bench.source, 1_000_000, "DROP-1")
    bench.stage.control.fee("bank", bench.source, 6_500)
    bench.stage.control.return_payment("bank", three.reference)
    assert bench.client("bank:statements").fetch(day=DAY) is None
    bench.tomorrow()
    read = bench.statement()
    assert (read.account, read.day, read.opening) == (bench.source, DAY, 0)
    assert [(line.kind, line.reference, line.amount) for line in read.lines] == [
        ("in", "", 10_000_000),
        ("paid", one.reference, 600_000),
        ("paid", two.reference, 250_000),
        ("paid", three.reference, 600_000),
        ("in", "DROP-1", 1_000_000),
        ("fee", "", 6_500),
        ("returned", three.reference, 600_000),
    ]
    assert read.closing == bench.client("bank").balance() == 10_143_500
    bench.tomorrow()
    after = bench.statement(DAY + timedelta(days=1))
    assert (after.opening, after.closing, after.lines) == (read.closing, read.closing, ())


def test_a_returned_payment_is_told_by_its_status(bench: Bench) -> None:
    order, client = bench.order(), bench.client("bank")
    client.pay(order)
    bench.stage.control.return_payment("bank", order.reference)
    assert client.status(reference=order.reference, at=order.at, amount=order.amount).outcome == "refused"
    assert client.pay(bench.order()).outcome == "refused"
    with pytest.raises(httpx.HTTPStatusError):
        bench.stage.control.return_payment("bank", order.reference)


@pytest.mark.parametrize(("do", "count"), [("missing", 2), ("extra", 4), ("altered", 3), ("doubled", 4)])
def test_a_bank_may_lay_down_what_is_not_true(bench: Bench, do: str, count: int) -> None:
    orders = [bench.order(), bench.order()]
    for order in orders:
        bench.client("bank").pay(order)
    bench.tomorrow()
    mistake = {"day": DAY.isoformat(), "do": do, "reference": orders[0].reference}
    bench.stage.control.spoil_statements("bank", [mistake])
    read = bench.statement()
    assert len(read.lines) == count
    assert [line.amount for line in read.lines] != [10_000_000, 600_000, 600_000]
    bench.stage.control.spoil_statements("bank", [mistake | {"balanced": False}])
    with pytest.raises(StatementBroken, match="closing balance"):
        bench.statement()


def test_a_statement_cut_off_is_broken(bench: Bench) -> None:
    bench.client("bank").pay(bench.order())
    bench.tomorrow()
    bench.stage.control.spoil_statements("bank", [{"day": DAY.isoformat(), "do": "cut"}])
    with pytest.raises(StatementBroken, match="cut off"):
        bench.statement()


def test_a_statement_laid_down_twice_names_its_day(bench: Bench) -> None:
    bench.tomorrow()
    bench.tomorrow()
    bench.stage.control.spoil_statements("bank", [{"day": DAY.isoformat(), "do": "twice"}])
    first, second = bench.statement(), bench.statement(DAY + timedelta(days=1))
    assert (first.number, first.day) == (second.number, second.day)


def test_anothers_statement_is_not_given(bench: Bench) -> None:
    bench.tomorrow()
    client = bench.client("bank:statements")
    client._account = "100"
    with pytest.raises(ConnectionError, match="403"):
        client.fetch(day=DAY)
    raw = bench.client("bank:statements").fetch(day=DAY)
    with pytest.raises(StatementBroken, match="not of 100"):
        client.read(raw)


def test_a_wallets_statement(bench: Bench) -> None:
    control = bench.stage.control
    control.load_accounts("wallet", [{"number": "6281", "holder": "WARGA"}])
    control.load_deposit("BEKAL01", 5_000_000)
    order = bench.order("6281")
    assert bench.client("wallet").pay(order).outcome == "paid"
    control.return_payment("wallet", order.reference)
    bench.tomorrow()
    client = bench.stage.client_at("wallet:statements", lambda: bench.now)
    read = client.read(client.fetch(day=DAY))
    assert read.account == "BEKAL01"
    assert [(line.kind, line.reference, line.amount) for line in read.lines][-2:] == [
        ("paid", order.reference, 600_000),
        ("returned", order.reference, 600_000),
    ]
