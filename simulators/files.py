"""The file doors of a payer below /{name}/files/v1: batches in (pain.001), reports (pain.002) and daily statements
(camt.053) out.

Signed like the other plain interfaces (see standin.py). A statement covers every booking on a partner's own account:
payments of either rail, returns, incoming money, fees.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from simulators.books import Books
from simulators.http import Reply, Request
from simulators.iso import BadFile, BatchFile, Line, read_batch, write_report, write_statement
from simulators.standin import Clock, refuse

WIB = timezone(timedelta(hours=7))
SCHEMA = """
CREATE TABLE IF NOT EXISTS bookings (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('paid', 'returned', 'in', 'fee')),
    reference TEXT NOT NULL, number TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), day TEXT NOT NULL,
    at TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS bookings_by_day ON bookings (account, day);
CREATE TABLE IF NOT EXISTS batches (
    msg_id TEXT PRIMARY KEY, partner_id TEXT NOT NULL, sha256 TEXT NOT NULL, total INTEGER NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch_lines (
    id INTEGER PRIMARY KEY, msg_id TEXT NOT NULL, reference TEXT NOT NULL, amount INTEGER NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS batch_lines_by_batch ON batch_lines (msg_id);
"""
SIGNS = {"paid": -1, "fee": -1, "returned": 1, "in": 1}
MISTAKES = ("cut", "missing", "extra", "altered", "doubled", "twice")
XML = {"Content-Type": "application/xml"}

Pay = Callable[[BatchFile, str], list[tuple[str, int, str, str]]]
"""Books a file for a partner: reference, amount, status and reason of each payment."""


class Journal:
    """Every movement on the partners' own accounts, day by day (Jakarta)."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self.books, self.clock = books, clock

    def enter(
        self, account: str, kind: str, amount: int, reference: str = "", number: str = "", reason: str = ""
    ) -> None:
        """Note one movement, now."""
        now = self.clock.now()
        day = now.astimezone(WIB).date().isoformat()
        self.books.run(
            "INSERT INTO bookings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(account, kind, reference, number or f"{account}{now:%Y%m%d%H%M%S}", amount, day, now.isoformat(), reason),
        )

    def adjust(self, account: str, before: int, after: int) -> None:
        """Note that a balance was set from outside: as money that came in, or as a fee."""
        if before != after:
            self.enter(account, "in" if after > before else "fee", abs(after - before))

    def opening(self, account: str, day: date) -> int:
        """What an account held when a day began."""
        sql = "SELECT kind, sum(amount) FROM bookings WHERE account = ? AND day < ? GROUP BY kind"
        return sum(SIGNS[kind] * int(amount) for kind, amount in self.books.rows(sql, account, day.isoformat()))

    def lines(self, account: str, day: date) -> list[Line]:
        """What was booked on an account on a day, in order."""
        sql = (
            "SELECT kind, reference, number, amount, at, reason FROM bookings WHERE account = ? AND day = ? ORDER BY id"
        )
        return [
            Line(kind, reference, number, amount, datetime.fromisoformat(at).astimezone(WIB), reason)
            for kind, reference, number, amount, at, reason in self.books.rows(sql, account, day.isoformat())
        ]


class Files:
    """What is handed in and laid down. `pay` books a batch, None where batches are not taken; `owner` tells which
    partner an account belongs to; `sign_of` checks a request's signature and names the partner."""

    def __init__(
        self, journal: Journal, owner: Callable[[str], str | None], sign_of: Callable[[Request], str], pay: Pay | None
    ) -> None:
        self.journal, self.owner, self.sign_of, self.pay = journal, owner, sign_of, pay
        self.books, self.clock = journal.books, journal.clock

    def respond(self, below: str, request: Request) -> Reply:
        """Answer a request below /files/v1."""
        partner = self.sign_of(request)
        match (request.method, below.strip("/").split("/")):
            case ("POST", ["pain.001"]) if self.pay is not None:
                return self.take(request, partner, self.pay)
            case ("GET", ["pain.002", msg_id]) if self.pay is not None:
                return self.report(msg_id, partner)
            case ("GET", ["camt.053", day]):
                return self.statement(day, request.query.get("account", ""), partner)
        raise refuse(404, "no such file door")

    def take(self, request: Request, partner: str, pay: Pay) -> Reply:
        """Take a pain.001: 202 new, 200 the same file again, 409 another file of that name, 422 refused as a whole."""
        try:
            batch = read_batch(request.body)
            digest = hashlib.sha256(request.body).hexdigest()
            known = self.books.row("SELECT sha256 FROM batches WHERE msg_id = ?", batch.msg_id)
            told = {"batch": batch.msg_id, "payments": len(batch.transfers)}
            if known is not None:
                return (
                    Reply(200, told)
                    if known[0] == digest
                    else Reply(409, told | {"error": "another file of this name"})
                )
        except BadFile as wrong:
            return Reply(422, {"error": str(wrong), "code": wrong.code})
        if self.owner(batch.debtor_account) != partner:
            return Reply(422, {"error": "the debtor account is not the partner's", "code": "AC02"})
        now, total = self.clock.now().isoformat(), len(batch.transfers)
        self.books.run("INSERT INTO batches VALUES (?, ?, ?, ?, ?)", batch.msg_id, partner, digest, total, now)
        for line in pay(batch, partner):
            self.books.run("INSERT INTO batch_lines VALUES (NULL, ?, ?, ?, ?, ?)", batch.msg_id, *line)
        return Reply(202, told)

    def report(self, msg_id: str, partner: str) -> Reply:
        """Lay down a pain.002: 404 never taken, 202 taken and not yet reported."""
        row = self.books.row("SELECT partner_id, total, at FROM batches WHERE msg_id = ?", msg_id)
        if row is None or row[0] != partner:
            return Reply(404, {"batch": msg_id, "known": False})
        wait = timedelta(seconds=int(self.books.setting("report_after_seconds", 0)))
        if self.clock.now() < datetime.fromisoformat(row[2]) + wait:
            return Reply(202, {"batch": msg_id, "known": True})
        sql = "SELECT reference, status, reason, amount FROM batch_lines WHERE msg_id = ? ORDER BY id"
        number = hashlib.sha256(msg_id.encode()).hexdigest()[:32].upper()
        report = write_report(
            number=number, at=self.clock.now().astimezone(UTC), partner=partner, msg_id=msg_id, total=row[1],
            results=self.books.rows(sql, msg_id),
        )  # fmt: skip
        return Reply(200, report, XML)

    def statement(self, day: str, account: str, partner: str) -> Reply:
        """Lay down the camt.053 of a closed day; 404 until it is over."""
        try:
            asked = date.fromisoformat(day)
        except ValueError:
            raise refuse(400, "the day must be like 2023-08-01") from None
        account = account or partner
        if self.owner(account) != partner:
            raise refuse(403, "the account is not the partner's")
        rule = self._mistake(asked)
        if rule is None:
            before = self._mistake(asked - timedelta(days=1))
            if before is not None and before["do"] == "twice":
                asked -= timedelta(days=1)
        if asked >= self.clock.now().astimezone(WIB).date():
            return Reply(404, {"account": account, "day": day, "known": False})
        return Reply(200, self._written(account, asked, rule), XML)

    def _mistake(self, day: date) -> dict[str, Any] | None:
        rules: list[dict[str, Any]] = self.books.setting("statement_mistakes", [])
        return next((rule for rule in rules if rule["day"] == day.isoformat()), None)

    def _written(self, account: str, day: date, rule: dict[str, Any] | None) -> bytes:
        lines, opening = self.journal.lines(account, day), self.journal.opening(account, day)
        closing = opening + sum(SIGNS[line.kind] * line.amount for line in lines)
        if rule is not None:
            lines = mistaken(lines, rule)
            if rule.get("balanced", True):
                closing = opening + sum(SIGNS[line.kind] * line.amount for line in lines)
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), WIB)
        raw = write_statement(account=account, day=day, at=end, opening=opening, closing=closing, lines=lines)
        return raw[: len(raw) * 2 // 3] if rule is not None and rule["do"] == "cut" else raw

    def set_mistakes(self, request: Request) -> dict[str, Any]:
        """{"mistakes": [{"day", "do": cut | missing | extra | altered | doubled | twice, "reference"?, "amount"?,
        "balanced"? = true}]}: `twice` gives the day's file for the next day too."""
        rules = request.data["mistakes"]
        for rule in rules:
            date.fromisoformat(rule["day"])
            if rule["do"] not in MISTAKES:
                raise ValueError(f"unknown mistake {rule['do']}")
        self.books.keep("statement_mistakes", rules)
        return {"rules": len(rules)}

    def set_report_delay(self, request: Request) -> dict[str, Any]:
        """{"report_after_seconds": n}: how long after a batch its report is laid down."""
        self.books.keep("report_after_seconds", int(request.data["report_after_seconds"]))
        return {"report_after_seconds": self.books.setting("report_after_seconds")}

    def add_money(self, request: Request) -> dict[str, Any]:
        """What `incoming` and `fees` are given: {"account", "amount", "reference"?}; the account's own books follow in
        the stand-in."""
        amount = int(request.data["amount"])
        if amount <= 0:
            raise ValueError("amount must be above 0")
        return {"account": request.data["account"], "amount": amount, "reference": request.data.get("reference", "")}


def mistaken(lines: list[Line], rule: dict[str, Any]) -> list[Line]:
    """The lines of a statement that is wrong in one place: at `reference`, or at the last payment."""
    at = next((n for n, line in enumerate(lines) if line.reference == rule.get("reference")), len(lines) - 1)
    if rule["do"] == "extra":
        now = lines[-1].at if lines else datetime.fromisoformat(rule["day"]).replace(tzinfo=WIB)
        return [
            *lines,
            Line("paid", str(rule.get("reference", "TIDAKDIKENAL")), "EXTRA1", int(rule.get("amount", 1)), now, ""),
        ]
    if not lines:
        return lines
    if rule["do"] == "missing":
        return lines[:at] + lines[at + 1 :]
    if rule["do"] == "doubled":
        return [*lines[: at + 1], *lines[at:]]
    if rule["do"] == "altered":
        return [*lines[:at], replace(lines[at], amount=int(rule.get("amount", lines[at].amount + 1))), *lines[at + 1 :]]
    return lines
