"""What a bank and an e-wallet share as payers: payments booked once, their status, returns, limits of memory, files and
statements, accounts opened from afar."""

from abc import abstractmethod
from datetime import timedelta
from pathlib import Path
from typing import Any

from simulators.files import SCHEMA as FILES
from simulators.files import WIB, Files, Journal, Pay
from simulators.http import Reply, Request
from simulators.opening import SCHEMA as OPENINGS
from simulators.opening import Openings
from simulators.snap import TOKENS, SnapRefusal, SnapStandIn, money, rupiah, text

SCHEMA = (
    TOKENS
    + FILES
    + OPENINGS
    + """
CREATE TABLE IF NOT EXISTS payments (
    partner_reference TEXT NOT NULL, reference TEXT NOT NULL, service TEXT NOT NULL, partner_id TEXT NOT NULL,
    source TEXT NOT NULL, account TEXT NOT NULL, bank TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0),
    transaction_date TEXT, remark TEXT, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS payments_by_reference ON payments (partner_reference, at);
CREATE TABLE IF NOT EXISTS refusals (
    id INTEGER PRIMARY KEY, partner_reference TEXT NOT NULL, service TEXT NOT NULL, code TEXT NOT NULL, at TEXT NOT
    NULL);
CREATE INDEX IF NOT EXISTS refusals_by_reference ON refusals (partner_reference);
CREATE TABLE IF NOT EXISTS returns (reference TEXT PRIMARY KEY, reason TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
"""
)
STATUS_REFUSALS = {"dormant": "40309", "closed": "40318", "frozen": "40316"}
WINDOWS = {"reference_days": 60, "status_days": 0, "status_after_seconds": 0, "pending_seconds": 0}
"""Our memory, 0 for ever: days in which a partnerReferenceNo is known as used; days in which its status is told, and
seconds before which it is not; seconds for which a payment answered 202 stays pending."""


class Payer(SnapStandIn):
    """A payer with its own books. A subclass knows its accounts."""

    def __init__(self, folder: Path, pay: Pay | None = None) -> None:
        super().__init__(folder)
        self.journal = Journal(self.books, self.clock)
        self.files = Files(self.journal, self.owner, self.partner_of, pay)
        self.openings = Openings(self.books, self.clock, self.open_account)
        self.services = {
            "/registration-account-creation": ("06", self.openings.create),
            "/registration-account-inquiry": ("08", self.openings.inquire),
        }
        self.verbs |= {
            "windows": self.set_windows,
            "returns": self.return_payment,
            "incoming": lambda request: self.move_money(request, "in"),
            "fees": lambda request: self.move_money(request, "fee"),
            "statements": self.files.set_mistakes,
            "batches": self.files.set_report_delay,
            "openings": self.openings.load,
        }

    @abstractmethod
    def owner(self, account: str) -> str | None:
        """The partner whose money an account of ours holds; None when it is nobody's."""

    @abstractmethod
    def change(self, account: str, amount: int) -> None:
        """Add to (or take from) what a partner's account holds."""

    @abstractmethod
    def open_account(self, name: str, phone: str, nik_hash: str) -> str:
        """Open an account for a person; its number."""

    def respond(self, request: Request) -> Reply:
        """The file doors beside SNAP."""
        door = f"/{self.name}/files/v1"
        if request.path.startswith(door):
            return self.files.respond(request.path.removeprefix(door), request)
        return super().respond(request)

    def failure(self, request: Request, code: str) -> Reply:
        """An error answer made by a fault; the file doors answer plainly."""
        if request.path.startswith(f"/{self.name}/files/"):
            return Reply(int(code[:3]), {"error": "refused on request"})
        return super().failure(request, code)

    def partner_of(self, request: Request) -> str:
        """Who signed a request at the file doors."""
        client = self.books.client(self.check_signature(request)) or {}
        return str(client.get("partner_id", ""))

    def window(self, name: str) -> int:
        """One limit of our memory."""
        return int(self.books.setting("windows", {}).get(name, WINDOWS[name]))

    def set_windows(self, request: Request) -> dict[str, Any]:
        """Set limits of our memory, the others as they come: {"reference_days"?, "status_days"?,
        "status_after_seconds"?, "pending_seconds"?}."""
        told = {name: int(value) for name, value in request.data.items()}
        if not set(told) <= set(WINDOWS):
            raise ValueError(f"windows are {', '.join(WINDOWS)}")
        self.books.keep("windows", told)
        return WINDOWS | told

    def _since(self, days: int) -> str:
        return (self.clock.now() - timedelta(days=days)).isoformat() if days else ""

    def repeated(self, service: str, reference: str, account: str, amount: int) -> None:
        """Refuse what is already paid: 409xx01 the same again, 404xx18 another payment under the same reference. What
        was paid before our memory begins is forgotten."""
        sql = "SELECT service, account, amount FROM payments WHERE partner_reference = ? AND at >= ? LIMIT 1"
        held = self.books.row(sql, reference, self._since(self.window("reference_days")))
        if held is not None:
            raise SnapRefusal("40901" if held == (service, account, amount) else "40418")

    def note_refusal(self, service: str, reference: str, refusal: SnapRefusal) -> SnapRefusal:
        """Keep why a payment was refused, for its status."""
        code = refusal.status_and_case[:3] + service + refusal.status_and_case[3:]
        sql = "INSERT INTO refusals VALUES (NULL, ?, ?, ?, ?)"
        self.books.run(sql, reference, service, code, self.clock.now().isoformat())
        return refusal

    def book(self, data: dict[str, Any], service: str, source: str, account: str, bank: str, amount: int) -> str:
        """Write one payment; our own reference for it."""
        serial = int(self.books.row("SELECT coalesce(max(rowid), 0) FROM payments")[0]) + 1
        now = self.clock.now()
        number = f"{now.astimezone(WIB):%Y%m%d}{serial:010d}"
        remark, reference = str(data.get("remark") or data.get("notes") or ""), data["partnerReferenceNo"]
        whose = (reference, number, service, self.partner_id, source, account, bank)
        what = (amount, data.get("transactionDate"), remark, now.isoformat())
        self.books.run("INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *whose, *what)
        self.journal.enter(source, "paid", amount, reference, number)
        return number

    def tell_status(self, request: Request, _service: str) -> dict[str, Any]:
        """Services 36 and 39: what became of a payment."""
        data = request.data
        reference, service = text(data, "originalPartnerReferenceNo", 64), text(data, "serviceCode", 2)
        told = {"originalPartnerReferenceNo": reference, "serviceCode": service}
        until = (self.clock.now() - timedelta(seconds=self.window("status_after_seconds"))).isoformat()
        asked = (reference, service, self._since(self.window("status_days")), until)
        sql = (
            "SELECT reference, amount, account, at FROM payments"
            " WHERE partner_reference = ? AND service = ? AND at >= ? AND at <= ? ORDER BY rowid DESC LIMIT 1"
        )
        booked = self.books.row(sql, *asked)
        if booked is not None and not request.lie:
            return told | self._booked(data, reference, *booked)
        sql = (
            "SELECT code FROM refusals WHERE partner_reference = ? AND service = ? AND at >= ? AND at <= ?"
            " ORDER BY id DESC LIMIT 1"
        )
        refused = self.books.row(sql, *asked)
        if refused is None:
            raise SnapRefusal("40401")
        return told | {
            "previousResponseCode": refused[0],
            "latestTransactionStatus": "06",
            "transactionStatusDesc": "failed",
        }

    def _booked(
        self, data: dict[str, Any], ours: str, number: str, amount: int, account: str, at: str
    ) -> dict[str, Any]:
        if "amount" in data and rupiah(data) != amount:
            raise SnapRefusal("40418", "amount")
        pending = (self.clock.now() - timedelta(seconds=self.window("pending_seconds"))).isoformat()
        status, words = ("03", "pending") if self.window("pending_seconds") and at > pending else ("00", "success")
        if self.books.row("SELECT 1 FROM returns WHERE reference = ?", ours):
            status, words = "04", "refunded"
        return {
            "originalReferenceNo": number,
            "referenceNumber": number,
            "beneficiaryAccountNo": account,
            "paidTime": at,
            "amount": money(amount),
            "latestTransactionStatus": status,
            "transactionStatusDesc": words,
        }

    def return_payment(self, request: Request) -> dict[str, Any]:
        """Send a booked payment back, because its account was closed meanwhile: {"reference", "reason"? = "AC04"}."""
        reference, reason = request.data["reference"], request.data.get("reason", "AC04")
        sql = (
            "SELECT source, account, bank, amount, reference FROM payments"
            " WHERE partner_reference = ? ORDER BY rowid DESC LIMIT 1"
        )
        row = self.books.row(sql, reference)
        if row is None or self.books.row("SELECT 1 FROM returns WHERE reference = ?", reference):
            raise ValueError(f"{reference} was never paid, or came back already")
        source, account, bank, amount, number = row
        with self.books.booked():
            self.books.run("INSERT INTO returns VALUES (?, ?, ?)", reference, reason, self.clock.now().isoformat())
            self.close(bank, account, amount)
            self.change(source, amount)
            self.journal.enter(source, "returned", amount, reference, f"R{number}", reason)
        return {"returned": amount}

    @abstractmethod
    def close(self, bank: str, account: str, amount: int) -> None:
        """Take a returned payment from an account and close it."""

    def move_money(self, request: Request, kind: str) -> dict[str, Any]:
        """Money comes to a partner's account, or a fee is taken: {"account", "amount", "reference"?}."""
        told = self.files.add_money(request)
        with self.books.booked():
            self.change(told["account"], told["amount"] if kind == "in" else -told["amount"])
            self.journal.enter(told["account"], kind, told["amount"], told["reference"])
        return {"moved": told["amount"]}

    def audit(self) -> dict[str, Any]:
        """Every payment booked or refused, every return, every movement on the partners' accounts."""
        tables = {name: f"SELECT * FROM {name} ORDER BY rowid" for name in ("payments", "refusals", "bookings")}  # noqa: S608
        tables["returns"] = "SELECT * FROM returns ORDER BY at"
        return {name: self.books.dicts(sql) for name, sql in tables.items()}
