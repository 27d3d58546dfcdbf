"""Accounts opened from afar (SNAP BI services 06 and 08): a person is known by NIK and an e-KYC reference.

The standard leaves the customer's identity to additionalInfo. Bilateral here: `nik`, `birthDate` (ISO) and
`ekycReference` (the reference of a face match) in; `accountStatus` OPENED, IN_PROGRESS or REFUSED and `reason`
(not_matching, has_account, ekyc_refused) out. A partnerReferenceNo opens one account at most: the same again is a
409xx01, and service 08 tells what became of it.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from simulators.books import Books
from simulators.http import Request
from simulators.snap import SnapRefusal, text
from simulators.standin import Clock

SCHEMA = """
CREATE TABLE IF NOT EXISTS openings (
    reference TEXT PRIMARY KEY, question TEXT NOT NULL, nik TEXT NOT NULL, name TEXT NOT NULL, account TEXT NOT NULL,
    reason TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS openings_by_nik ON openings (nik);
CREATE TABLE IF NOT EXISTS verifiable (
    nik TEXT PRIMARY KEY, name TEXT NOT NULL, birth_date TEXT NOT NULL, refuse TEXT NOT NULL) WITHOUT ROWID;
"""
REFUSALS = {"not_matching": "40411", "has_account": "40315", "ekyc_refused": "40305"}


class Openings:
    """Who may open an account, and what became of it. `open_account`: name, phone and NIK hash to a number."""

    def __init__(self, books: Books, clock: Clock, open_account: Callable[[str, str, str], str]) -> None:
        self.books, self.clock, self.open_account = books, clock, open_account

    def create(self, request: Request, _service: str) -> dict[str, Any]:
        """Service 06: open one account per reference and per NIK."""
        data = request.data
        reference, name = text(data, "partnerReferenceNo", 64), text(data, "name", 128)
        phone, more = text(data, "phoneNo", 16), data.get("additionalInfo")
        if not re.fullmatch(r"62\d{6,13}", phone):
            raise SnapRefusal("40001", "phoneNo")
        if not isinstance(more, dict):
            raise SnapRefusal("40002", "additionalInfo")
        nik, born, ekyc = text(more, "nik", 16), text(more, "birthDate", 10), text(more, "ekycReference", 64)
        if not re.fullmatch(r"\d{16}", nik) or not _is_date(born):
            raise SnapRefusal("40001", "additionalInfo")
        question = hashlib.sha256("\n".join((name, phone, nik, born, ekyc)).encode()).hexdigest()
        held = self.books.row("SELECT question FROM openings WHERE reference = ?", reference)
        if held is not None:
            raise SnapRefusal("40901" if held[0] == question else "40418")
        if request.lie:
            return {"referenceNo": "0", "partnerReferenceNo": reference, "accountId": "0000000000"}
        reason = self._reason(nik, name, born)
        account = "" if reason else self.open_account(name, phone, hashlib.sha256(nik.encode()).hexdigest())
        now = self.clock.now().isoformat()
        row = (reference, question, nik, name, account, reason, now)
        self.books.run("INSERT INTO openings VALUES (?, ?, ?, ?, ?, ?, ?)", *row)
        return self._told(request, reference, account, reason, now)

    def inquire(self, request: Request, _service: str) -> dict[str, Any]:
        """Service 08: what became of an opening."""
        reference = text(request.data, "partnerReferenceNo", 64)
        row = self.books.row("SELECT account, reason, at, name FROM openings WHERE reference = ?", reference)
        if row is None:
            raise SnapRefusal("40401")
        told = self._told(request, reference, *row[:3])
        number = told.pop("accountId", "")
        return told | ({"accountNo": number, "accountName": row[3], "accountCurrency": "IDR"} if number else {})

    def _told(self, request: Request, reference: str, account: str, reason: str, at: str) -> dict[str, Any]:
        echo: dict[str, Any] = {"partnerReferenceNo": reference}
        wait = timedelta(seconds=int(self.books.setting("opening_after_seconds", 0)))
        if self.clock.now() < datetime.fromisoformat(at) + wait:
            request.accept = True
            return echo | {"additionalInfo": {"accountStatus": "IN_PROGRESS"}}
        if reason:
            if request.path.endswith("creation"):
                raise SnapRefusal(REFUSALS[reason], f"[{reason}]")
            return echo | {"additionalInfo": {"accountStatus": "REFUSED", "reason": reason}}
        return echo | {
            "referenceNo": f"OPEN{account}",
            "accountId": account,
            "additionalInfo": {"accountStatus": "OPENED"},
        }

    def _reason(self, nik: str, name: str, born: str) -> str:
        if self.books.row("SELECT 1 FROM openings WHERE nik = ? AND account <> ''", nik):
            return "has_account"
        row = self.books.row("SELECT name, birth_date, refuse FROM verifiable WHERE nik = ?", nik)
        if row is None:
            return "not_matching" if self.books.row("SELECT 1 FROM verifiable LIMIT 1") else ""
        return str(row[2]) or ("" if (row[0].upper(), row[1]) == (name.upper(), born) else "not_matching")

    def load(self, request: Request) -> dict[str, Any]:
        """{"people": [{"nik", "name", "birth_date", "refuse"?}], "opening_after_seconds"?}: who can be verified, and
        why one is refused; with no people loaded everyone is."""
        people = request.data.get("people", [])
        for person in people:
            if person.get("refuse", "not_matching") not in REFUSALS:
                raise ValueError(f"refuse is one of {', '.join(REFUSALS)}")
        rows = [(one["nik"], one["name"], one["birth_date"], one.get("refuse", "")) for one in people]
        self.books.load("INSERT OR REPLACE INTO verifiable VALUES (?, ?, ?, ?)", rows)
        if "opening_after_seconds" in request.data:
            self.books.keep("opening_after_seconds", int(request.data["opening_after_seconds"]))
        return {"loaded": len(rows)}


def _is_date(words: str) -> bool:
    try:
        date.fromisoformat(words)
    except ValueError:
        return False
    return True
