"""Outsiders' clients at our stand-ins, outsiders' signatures beside ours, ISO's schemas over every file."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bekal.incentives.ports import Instruction
from bekal.outside.bank.client import Bank
from bekal.outside.iso20022 import pain001
from bekal.outside.snap import Snap
from bekal.outside.wire import Answer
from simulators.iso import Line, write_report, write_statement

pytestmark = pytest.mark.wide
Judge = Callable[..., Any]


def codes(answers: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Response codes, by call."""
    return {name: answer.get("responseCode", str(answer)) for name, answer in answers.items()}


def test_faspays_client(judge: Judge, told: dict[str, Any]) -> None:
    answers = judge("by_faspay.py", told)
    assert codes(answers) == {
        "inquiry": "2001600", "transfer": "2001800", "status": "2003600", "balance": "2001100", "topup": "2003800",
        "topup_status": "2003900",
    }  # fmt: skip
    assert answers["status"]["latestTransactionStatus"] == "00"
    assert answers["topup_status"]["amount"] == {"value": "250000.00", "currency": "IDR"}


def test_bnis_client(judge: Judge, told: dict[str, Any]) -> None:
    answers = judge("by_bni.py", told)
    assert codes(answers) == {
        "balance": "2001100", "internal": "2001500", "external": "2001600", "intrabank": "2001700",
        "interbank": "2001800", "status": "2003600",
    }  # fmt: skip
    assert answers["internal"]["beneficiaryAccountName"] == "SITI"


def test_danas_client(judge: Judge, told: dict[str, Any]) -> None:
    answers = judge("by_dana.py", told)
    assert codes(answers) == {"inquiry": "2003700", "topup": "2003800", "topup_status": "2003900"}
    assert answers["inquiry"]["customerName"] == "SITI"


def sent(told: dict[str, Any], remark: str) -> dict[str, Any]:
    """Both requests with which our client makes a payment, as they leave: token, then transfer."""
    config = told | {"url": told["bank"] + "/v1.0"}
    snap, seen = Snap(config, lambda: datetime.fromisoformat(told["at"])), []
    send = snap.wire.send

    def watched(method: str, path: str, headers: dict[str, str], body: bytes = b"", **more: Any) -> Answer:
        seen.append((snap.wire.target(path), headers, body))
        return send(method, path, headers, body, **more)

    snap.wire.send = watched  # type: ignore[method-assign, assignment]
    at = datetime.fromisoformat(told["at"])
    order = Instruction(f"OURS-{len(remark)}", "100", "Siti", 250_000, remark, at)
    assert Bank(snap, told["source_account"], "").pay(order).outcome == "paid"
    (_, token, _), (target, headers, body) = seen
    return told | {
        "target": target, "token": headers["Authorization"][7:], "body": json.loads(body), "at": headers["X-TIMESTAMP"],
        "signature": token["X-SIGNATURE"], "ours": headers["X-SIGNATURE"],
    }  # fmt: skip


def test_midtrans_client_and_its_signature_of_our_payment(judge: Judge, told: dict[str, Any]) -> None:
    asked = sent(told, "Été / Insentif")
    answers = judge("by_midtrans.js", asked)
    assert codes({name: answers[name] for name in ("transfer", "status")}) == {
        "transfer": "2001800",
        "status": "2003600",
    }
    assert answers["signature"] == asked["ours"]


def test_doku_accepts_our_token_request_and_signs_our_payment_as_we_do(judge: Judge, told: dict[str, Any]) -> None:
    asked = sent(told, "Insentif")
    answers = judge("by_doku.py", asked)
    assert answers["token"] == asked["signature"]
    assert answers["accepts"] == [True, False]
    assert answers["service"] == asked["ours"]


def test_every_file_fits_isos_schemas_and_is_read_by_others(judge: Judge, tmp_path: Path) -> None:
    at, folder = datetime(2026, 11, 1, 3, 0, tzinfo=UTC), tmp_path / "files"
    folder.mkdir()
    orders = [
        Instruction("a" * 32, "8800", "Siti <Été> & Co", 600_000, "Insentif 1/4", at),
        Instruction("b-1", "6281", "", 5, "", at),
    ]
    for name, bank in (("bic", "BNINIDJA"), ("code", "014")):
        debtor = pain001.Debtor("Dana Pelatihan", "BEKAL01", "8800000001", bank)
        (folder / f"pain.001.{name}.xml").write_bytes(pain001.write("BATCH-1", orders, debtor, bank))
    results = [("a" * 32, "ACSC", "", 600_000), ("b-1", "RJCT", "AC04", 5)]
    report = write_report(number="R1", at=at, partner="BEKAL01", msg_id="BATCH-1", total=2, results=results)
    (folder / "pain.002.xml").write_bytes(report)
    kinds = ("paid", "in", "returned", "fee")
    lines = [
        Line(kind, f"REF-{n}", f"N{n}", 1000 + n, at, "AC04" if kind == "returned" else "")
        for n, kind in enumerate(kinds)
    ]
    lines.append(Line("paid", "L" * 64, "N9", 7, at, ""))
    for name, of in (("day", lines), ("empty", [])):
        moved = sum(line.amount if line.kind in ("in", "returned") else -line.amount for line in of)
        statement = write_statement(
            account="8800000001", day=date(2026, 11, 1), at=at, opening=9000, closing=9000 + moved, lines=of
        )
        (folder / f"camt.053.{name}.xml").write_bytes(statement)
    answers = judge("by_iso.py", {"folder": str(folder)})
    assert {name: answer["faults"] for name, answer in answers.items()} == {name: [] for name in answers}
    assert len(answers) == 5
    assert answers["pain.001.bic.xml"]["typed"] == [["a" * 32, "600000.00"], ["b-1", "5.00"]]
    assert answers["pain.002.xml"]["typed"] == [["a" * 32, "ACSC"], ["b-1", "RJCT"]]
    assert [row[1] for row in answers["camt.053.day.xml"]["typed"]] == [
        "1000.00",
        "1001.00",
        "1002.00",
        "1003.00",
        "7.00",
    ]
    assert [row[1] for row in answers["camt.053.day.xml"]["camt053"]] == [
        "1000.00",
        "1001.00",
        "1002.00",
        "1003.00",
        "7.00",
    ]
    assert answers["camt.053.day.xml"]["typed"][0][0] == "REF-0"
    assert answers["camt.053.day.xml"]["camt053"][2] == ["REF-2", "1002.00", "AC04"]
