"""An e-wallet: customer inquiry, top-up, status of a top-up (SNAP BI services 37, 38, 39).

`customerMonthlyInLimit` is answered as what the customer may still receive this month; `maxAmount` as what one
top-up may bring now. Limits follow Bank Indonesia's rules on e-money: a wallet whose holder was never verified
("basic") holds at most 2 million rupiah, a verified one ("full") 20 million.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.http import Request
from simulators.payer import SCHEMA, STATUS_REFUSALS, Payer
from simulators.snap import WIB, SnapRefusal, money, nik_answer, nik_hash, rupiah, text

MONTHLY_LIMITS = {"basic": 20_000_000, "full": 40_000_000}
HOLDING_LIMITS = {"basic": 2_000_000, "full": 20_000_000}


@dataclass(frozen=True, slots=True)
class Held:
    """A wallet and what it may still take, whole rupiah: `month` until the month ends, `once` in one top-up."""

    holder: str
    nik_hash: str | None
    level: str
    month: int
    once: int
    held: int

    @property
    def most(self) -> int:
        """The largest top-up that would be taken now."""
        return max(0, min(self.once, self.month, HOLDING_LIMITS[self.level] - self.held))


class Wallet(Payer):
    """Mounted at /wallet. A partner pays from its deposit."""

    name = "wallet"
    schema = (
        SCHEMA
        + """
    CREATE TABLE IF NOT EXISTS accounts (
        number TEXT PRIMARY KEY, holder TEXT NOT NULL, status TEXT NOT NULL, nik_hash TEXT, level TEXT NOT NULL,
        monthly_limit INTEGER NOT NULL, single_limit INTEGER NOT NULL, held INTEGER NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS deposits (partner_id TEXT PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0))
    WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS payments_by_account ON payments (account);
    """
    )

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.services |= {
            "/emoney/account-inquiry": ("37", self.inquire),
            "/emoney/topup": ("38", self.top_up),
            "/emoney/topup-status": ("39", self.tell_status),
        }
        self.verbs |= {"accounts": self.load_accounts, "deposits": self.load_deposits}

    def owner(self, account: str) -> str | None:
        """See `Payer.owner`: a partner's account is its deposit, under the partner's own id."""
        return account if self.books.row("SELECT 1 FROM deposits WHERE partner_id = ?", account) else None

    def change(self, account: str, amount: int) -> None:
        """See `Payer.change`."""
        if not self.books.run("UPDATE deposits SET balance = balance + ? WHERE partner_id = ?", amount, account):
            raise ValueError(f"{account} has no deposit")

    def close(self, bank: str, account: str, amount: int) -> None:
        """See `Payer.close`."""
        sql = "UPDATE accounts SET held = max(0, held - ?), status = 'closed' WHERE number = ?"
        self.books.run(sql, amount, account)

    def open_account(self, name: str, phone: str, nik_hash: str) -> str:
        """See `Payer.open_account`: a wallet has its holder's telephone number; verified from the first day."""
        if self.books.row("SELECT 1 FROM accounts WHERE number = ?", phone):
            raise SnapRefusal("40315", "[has_account]")
        limits = (MONTHLY_LIMITS["full"], HOLDING_LIMITS["full"], 0)
        row = (phone, name, "active", nik_hash, "full", *limits)
        self.books.run("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
        return phone

    def account(self, number: str) -> Held:
        """A wallet with its limits, or the refusal."""
        sql = "SELECT holder, nik_hash, level, monthly_limit, single_limit, held, status FROM accounts WHERE number = ?"
        row = self.books.row(sql, number)
        if row is None:
            raise SnapRefusal("40411")
        if row[6] in STATUS_REFUSALS:
            raise SnapRefusal(STATUS_REFUSALS[row[6]])
        month = f"{self.clock.now().astimezone(WIB):%Y%m}"
        sql = "SELECT coalesce(sum(amount), 0) FROM payments WHERE account = ? AND substr(reference, 1, 6) = ?"
        room = max(0, row[3] - int(self.books.row(sql, number, month)[0]))
        return Held(row[0], row[1], row[2], room, row[4], row[5])

    def inquire(self, request: Request, _service: str) -> dict[str, Any]:
        """Service 37: who holds a wallet and how much it may still receive."""
        data = request.data
        number = text(data, "customerNumber", 32)
        rupiah(data)
        wallet = self.account(number)
        answer = {
            "partnerReferenceNo": text(data, "partnerReferenceNo", 64, mandatory=False),
            "customerNumber": number,
            "sessionId": f"S{number}",
        }
        answer["customerName"] = "BUKAN NAMA SEBENARNYA" if request.lie else wallet.holder
        limits = {
            "customerMonthlyInLimit": money(wallet.month),
            "minAmount": money(1),
            "maxAmount": money(wallet.most),
            "feeAmount": money(0),
        }
        return answer | limits | {"additionalInfo": {"level": wallet.level} | nik_answer(data, wallet.nik_hash)}

    def top_up(self, request: Request, service: str) -> dict[str, Any]:
        """Service 38: pay, once per partnerReferenceNo."""
        data = request.data
        reference, number, amount = text(data, "partnerReferenceNo", 64), text(data, "customerNumber", 32), rupiah(data)
        if not isinstance(data.get("feeAmount"), dict):
            raise SnapRefusal("40002", "feeAmount")
        text(data, "notes", 255, mandatory=False)
        self.repeated(service, reference, number, amount)
        echo = {
            name: data[name] for name in ("partnerReferenceNo", "customerNumber", "amount", "sessionId") if name in data
        }
        if request.lie:
            return {"referenceNo": "0"} | echo
        try:
            self.draw_deposit(number, amount)
        except SnapRefusal as refusal:
            raise self.note_refusal(service, reference, refusal) from None
        return {"referenceNo": self.book(data, service, self.partner_id, number, "", amount)} | echo

    def draw_deposit(self, number: str, amount: int) -> None:
        """Take the money from the partner's deposit, or refuse before anything moved."""
        wallet = self.account(number)
        if wallet.once < amount:
            raise SnapRefusal("40302")
        if wallet.most < amount:
            raise SnapRefusal("40323")
        sql = "UPDATE deposits SET balance = balance - ? WHERE partner_id = ? AND balance >= ?"
        if not self.books.run(sql, amount, self.partner_id, amount):
            raise SnapRefusal("40314")
        self.books.run("UPDATE accounts SET held = held + ? WHERE number = ?", amount, number)

    def load_accounts(self, request: Request) -> dict[str, Any]:
        """Load wallets: {"accounts": [{"number", "holder", "status"?, "nik"? | "nik_hash"?, "level"? = "full",
        "monthly_limit"?, "single_limit"?, "held"? = 0}]}."""
        rows = []
        for loaded in request.data["accounts"]:
            level, status = loaded.get("level", "full"), loaded.get("status", "active")
            if status != "active" and status not in STATUS_REFUSALS:
                raise ValueError(f"unknown status {status}")
            limit = int(loaded.get("monthly_limit", MONTHLY_LIMITS[level]))
            whose = (loaded["number"], loaded["holder"], status, nik_hash(loaded), level)
            rows.append(
                (*whose, limit, int(loaded.get("single_limit", HOLDING_LIMITS[level])), int(loaded.get("held", 0)))
            )
        self.books.load("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        return {"loaded": len(rows)}

    def load_deposits(self, request: Request) -> dict[str, Any]:
        """Set deposits: {"deposits": [{"partner_id", "balance"}]}."""
        rows = [(deposit["partner_id"], int(deposit["balance"])) for deposit in request.data["deposits"]]
        held = dict(self.books.rows("SELECT partner_id, balance FROM deposits"))
        self.books.load("INSERT OR REPLACE INTO deposits VALUES (?, ?)", rows)
        with self.books.booked():
            for partner, balance in rows:
                self.journal.adjust(partner, held.get(partner, 0), balance)
        return {"loaded": len(rows)}

    def audit(self) -> dict[str, Any]:
        """Payments, refusals and the partners' deposits."""
        return super().audit() | {
            "sources": self.books.dicts("SELECT partner_id, balance FROM deposits ORDER BY partner_id")
        }
