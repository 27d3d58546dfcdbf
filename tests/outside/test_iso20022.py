"""ISO 20022 files: what we write, and that nothing unreadable is ever believed."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.incentives.ports import Instruction, PayAnswer, StatementBroken
from bekal.outside.iso20022 import camt053, pain001, pain002
from bekal.outside.iso20022.codes import REASONS, STATES
from simulators.iso import Line, read_batch, write_report, write_statement

AT = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
DEBTOR = pain001.Debtor("Dana <Pelatihan> & Kerja", "BEKAL01", "8800000001", "BMRIIDJA")
DAY = date(2026, 11, 1)


def pay(reference: str = "a" * 32, **changes: object) -> Instruction:
    told = {"account": "100", "holder": "SITI & <B>", "amount": 600_000, "remark": "Insentif", "at": AT} | changes
    return Instruction(reference, **told)  # type: ignore[arg-type]


def lines(*kinds: str) -> list[Line]:
    return [Line(kind, f"R{n}", f"N{n}", 1000 * (n + 1), AT, "") for n, kind in enumerate(kinds)]


def statement(opening: int = 10**6, closing: int | None = None, of: list[Line] | None = None) -> bytes:
    of = lines("paid", "in", "returned", "fee") if of is None else of
    moved = sum(line.amount if line.kind in ("in", "returned") else -line.amount for line in of)
    told = opening + moved if closing is None else closing
    return write_statement(account="8800000001", day=DAY, at=AT, opening=opening, closing=told, lines=of)


def report(*results: tuple[str, str, str, int], msg_id: str = "B1") -> bytes:
    return write_report(number="REP1", at=AT, partner="BEKAL01", msg_id=msg_id, total=len(results), results=results)


def test_a_file_says_what_was_ordered() -> None:
    raw = pain001.write("B1", [pay("x1"), pay("x2", amount=5, at=AT - timedelta(days=1))], DEBTOR, "BNINIDJA")
    batch = read_batch(raw)
    assert (batch.msg_id, batch.debtor_account, batch.debtor_bank) == ("B1", "8800000001", "BMRIIDJA")
    assert [(one.reference, one.amount, one.bank, one.name) for one in batch.transfers] == [
        ("x1", 600_000, "BNINIDJA", "SITI & <B>"),
        ("x2", 5, "BNINIDJA", "SITI & <B>"),
    ]
    assert b"<CtrlSum>600005.00</CtrlSum>" in raw
    assert raw == pain001.write("B1", [pay("x1"), pay("x2", amount=5, at=AT - timedelta(days=1))], DEBTOR, "BNINIDJA")


@given(st.text(max_size=200), st.text(max_size=60))
def test_no_name_breaks_a_file(holder: str, remark: str) -> None:
    batch = read_batch(pain001.write("B1", [pay(holder=holder, remark=remark)], DEBTOR, "014"))
    assert batch.transfers[0].amount == 600_000
    assert len(batch.transfers[0].name) <= 140


@pytest.mark.parametrize(
    ("batch", "orders", "part"),
    [
        ("B" * 36, [pay()], "batch"),
        ("", [pay()], "batch"),
        ("B1", [], "at least one"),
        ("B1", [pay(), pay()], "twice"),
        ("B1", [pay("r" * 36)], "35"),
        ("B1", [pay(amount=0)], "amount"),
        ("B1", [pay(amount=-5)], "amount"),
        ("B1", [pay(amount=10**16)], "amount"),
        ("B1", [pay(account="1 00")], "account"),
    ],
)
def test_what_cannot_be_written_is_said(batch: str, orders: list[Instruction], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        pain001.write(batch, orders, DEBTOR, "014")


def test_a_report_tells_each_payment() -> None:
    told = pain002.read(
        report(("a", "ACSC", "", 5), ("b", "RJCT", "AC04", 5), ("c", "PDNG", "", 5), ("d", "RJCT", "XX99", 5)),
        batch="B1",
    )
    assert {reference: answer.outcome for reference, answer in told.items()} == {
        "a": "paid", "b": "refused", "c": "unknown", "d": "unknown",
    }  # fmt: skip
    assert told["b"].code == "RJCT/AC04"


@pytest.mark.parametrize("version", ["03", "10", "12"])
def test_versions_of_reports(version: str) -> None:
    raw = report(("a", "ACSC", "", 5)).replace(b"pain.002.001.12", f"pain.002.001.{version}".encode())
    assert pain002.read(raw, batch="B1")["a"].outcome == "paid"


def test_another_versions_report_is_not_read() -> None:
    with pytest.raises(StatementBroken, match="root"):
        pain002.read(report(("a", "ACSC", "", 5)).replace(b"002.001.12", b"002.001.02"), batch="B1")


def test_a_report_on_another_file_is_not_read() -> None:
    with pytest.raises(StatementBroken, match="B2"):
        pain002.read(report(("a", "ACSC", "", 5), msg_id="B2"), batch="B1")


def test_a_payment_told_in_two_ways_is_unknown() -> None:
    told = pain002.read(report(("a", "ACSC", "", 5), ("a", "RJCT", "AC04", 5)), batch="B1")
    assert told["a"].outcome == "unknown"


@pytest.mark.parametrize(
    ("status", "reason", "outcome"),
    [("RJCT", "FF01", "stop"), ("ACSC", "", "paid"), ("RJCT", "DU01", "unknown"), ("RJCT", "", "unknown")],
)
def test_a_file_judged_as_a_whole_is_told_for_each(status: str, reason: str, outcome: str) -> None:
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    raw = re.sub(rb"<GrpSts>.*</CstmrPmtStsRpt>", b"", report(("a", "ACSC", "", 5)))
    raw = raw.replace(
        b"</Document>", f"<GrpSts>{status}</GrpSts>{why}</OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>".encode()
    )
    told = pain002.read(raw, batch="B1", references=["x", "y"])
    assert {reference: answer.outcome for reference, answer in told.items()} == {"x": outcome, "y": outcome}


def test_a_file_merely_accepted_tells_no_payment() -> None:
    raw = re.sub(rb"<OrgnlPmtInfAndSts>.*</OrgnlPmtInfAndSts>", b"", report(("a", "ACSP", "", 5)))
    assert pain002.read(raw, batch="B1", references=["a"]) == {}


def test_every_code_of_a_report_is_an_iso_code() -> None:
    assert all(re.fullmatch("[A-Z0-9]{4}", code) for code in (*STATES, *REASONS))


def test_a_statement_is_read() -> None:
    read = camt053.read(statement())
    assert (read.number, read.account, read.day) == ("8800000001-20261101", "8800000001", DAY)
    assert (read.opening, read.closing) == (1_000_000, 1_000_000 - 1000 + 2000 + 3000 - 4000)
    assert [(line.kind, line.reference, line.amount) for line in read.lines] == [
        ("paid", "R0", 1000), ("in", "R1", 2000), ("returned", "R2", 3000), ("fee", "R3", 4000),
    ]  # fmt: skip
    assert read.lines[0].at == AT
    assert read.lines[0].partner_reference == "N0"


def test_a_long_reference_is_kept_whole() -> None:
    long = [Line("paid", "L" * 64, "N", 5, AT, "")]
    assert camt053.read(statement(of=long)).lines[0].reference == "L" * 64


def test_an_empty_day_is_a_statement() -> None:
    assert camt053.read(statement(of=[])).lines == ()


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (b'Ccy="IDR">1000.00', b'Ccy="USD">1000.00', "USD"),
        (b">1000.00<", b">1000.50<", "whole rupiah"),
        (b">1000.00<", b">1001.00<", "closing balance"),
        (b"<Cd>BOOK</Cd>", b"<Cd>PDNG</Cd>", "BOOK"),
        (b"<Cd>CLBD</Cd>", b"<Cd>CLAV</Cd>", "CLBD"),
        (b"<NbOfNtries>4<", b"<NbOfNtries>5<", "promised"),
        (b"camt.053.001.08", b"camt.053.001.02", "root"),
        (b"</Document>", b"", "cut off"),
        (b"<Dt>2026-11-01</Dt>", b"<Dt>2026-99-01</Dt>", "date"),
        (b"<CdtDbtInd>DBIT", b"<CdtDbtInd>XXXX", "CRDT nor DBIT"),
        (b'encoding="UTF-8"?>', b'encoding="UTF-8"?><!DOCTYPE Document [<!ENTITY a "b">]>', "document type"),
        (b"<Id>8800000001</Id>", b"<Id></Id>", "missing"),
    ],
)
def test_a_statement_that_is_wrong_is_broken_and_says_where(old: bytes, new: bytes, part: str) -> None:
    raw = statement()
    assert old in raw
    with pytest.raises(StatementBroken, match=part) as broken:
        camt053.read(raw.replace(old, new))
    assert "ask for it again" in str(broken.value)


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_a_statement_cut_off_anywhere_is_broken(cut: int) -> None:
    raw = statement().rstrip()
    with pytest.raises(StatementBroken):
        camt053.read(raw[: cut % len(raw)])


def mangled(raw: bytes) -> st.SearchStrategy[bytes]:
    """A file with a piece of it replaced by anything."""
    pieces = st.binary(max_size=12) | st.sampled_from(
        [b"<", b">", b"</Ntry>", b"<Ntry>", b"&amp;", b"&x;", b"]]>", b"\x00"]
    )
    return st.tuples(st.integers(0, len(raw)), st.integers(0, 60), pieces).map(
        lambda told: raw[: told[0]] + told[2] + raw[told[0] + told[1] :]
    )


@given(st.binary() | st.text().map(str.encode) | mangled(statement()))
@settings(max_examples=400)
def test_whatever_comes_a_statement_is_read_or_broken(raw: bytes) -> None:
    try:
        read = camt053.read(raw)
    except StatementBroken:
        return
    moved = sum(line.amount if line.kind in ("in", "returned") else -line.amount for line in read.lines)
    assert read.opening + moved == read.closing


@given(st.binary() | mangled(report(("a", "RJCT", "AC04", 5), ("b", "PDNG", "", 5))))
@settings(max_examples=400)
def test_whatever_comes_a_report_is_read_or_broken(raw: bytes) -> None:
    try:
        told = pain002.read(raw, batch="B1", references=["a", "b"])
    except StatementBroken:
        return
    assert all(isinstance(answer, PayAnswer) and answer.outcome != "paid" for answer in told.values())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp037"])
def test_no_other_encoding_hides_a_document_type(encoding: str) -> None:
    bomb = (
        statement().decode().replace("?>", '?><!DOCTYPE D [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>').encode(encoding)
    )
    for raw in (bomb, statement().decode().replace("UTF-8", encoding).encode(encoding)):
        with pytest.raises(StatementBroken):
            camt053.read(raw)
    assert camt053.read(statement().replace(b"UTF-8", b"UTF-16")).closing == 1_000_000


def test_a_file_nested_without_end_is_broken() -> None:
    space = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
    with pytest.raises(StatementBroken, match="deeper"):
        camt053.read(space + b"<a>" * 100_000)


@given(st.lists(st.tuples(st.sampled_from(["paid", "in", "returned", "fee"]), st.integers(1, 10**12)), max_size=8))
@settings(max_examples=50)
def test_what_a_bank_writes_is_what_we_read(told: list[tuple[str, int]]) -> None:
    of = [Line(kind, f"R{n}", f"N{n}", amount, AT, "") for n, (kind, amount) in enumerate(told)]
    read = camt053.read(statement(opening=5, of=of))
    assert [(line.kind, line.amount, line.reference) for line in read.lines] == [
        (line.kind, line.amount, line.reference) for line in of
    ]
