"""An e-wallet: customer inquiry, top-up, status of a top-up (SNAP BI services 37, 38, 39).

`customerMonthlyInLimit` is answered as what the customer may still receive this month.
"""

from pathlib import Path
from typing import Any

from simulators.http import Request
from simulators.snap import PAYMENTS, WIB, SnapRefusal, SnapStandIn, money, nik_answer, nik_hash, rupiah, text

STATUS_REFUSALS = {"dormant": "40309", "closed": "40318", "frozen": "40318"}
MONTHLY_LIMITS = {"basic": 20_000_000, "full": 40_000_000}


class Wallet(SnapStandIn):
    """Mounted at /wallet. A partner pays from its deposit."""

    name = "wallet"
    schema = (
        PAYMENTS
        + """
    CREATE TABLE IF NOT EXISTS accounts (
        number TEXT PRIMARY KEY, holder TEXT NOT NULL, status TEXT NOT NULL, nik_hash TEXT, level TEXT NOT NULL,
        monthly_limit INTEGER NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS deposits (partner_id TEXT PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0))
    WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS payments_by_account ON payments (account);
    """
    )

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.services = {
            "/emoney/account-inquiry": ("37", self.inquire),
            "/emoney/topup": ("38", self.top_up),
            "/emoney/topup-status": ("39", self.tell_status),
        }
        self.verbs |= {"accounts": self.load_accounts, "deposits": self.load_deposits}

    def account(self, number: str) -> tuple[str, str | None, str, int]:
        """Holder, NIK hash, level and what may still come in this month, or the refusal."""
        row = self.books.row(
            "SELECT holder, nik_hash, level, monthly_limit, status FROM accounts WHERE number = ?", number
        )
        if row is None:
            raise SnapRefusal("40411")
        if row[4] in STATUS_REFUSALS:
            raise SnapRefusal(STATUS_REFUSALS[row[4]])
        month = f"{self.clock.now().astimezone(WIB):%Y%m}"
        sql = "SELECT coalesce(sum(amount), 0) FROM payments WHERE account = ? AND substr(reference, 1, 6) = ?"
        return row[0], row[1], row[2], max(0, row[3] - int(self.books.row(sql, number, month)[0]))

    def inquire(self, request: Request, _service: str) -> dict[str, Any]:
        """Service 37: who holds a wallet and how much it may still receive."""
        data = request.data
        number = text(data, "customerNumber", 32)
        rupiah(data)
        holder, held, level, room = self.account(number)
        answer = {
            "partnerReferenceNo": text(data, "partnerReferenceNo", 64, mandatory=False),
            "customerNumber": number,
            "sessionId": f"S{number}",
        }
        answer["customerName"] = "BUKAN NAMA SEBENARNYA" if request.lie else holder
        limits = {
            "customerMonthlyInLimit": money(room),
            "minAmount": money(1),
            "maxAmount": money(room),
            "feeAmount": money(0),
        }
        return answer | limits | {"additionalInfo": {"level": level} | nik_answer(data, held)}

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
        if self.account(number)[3] < amount:
            raise SnapRefusal("40323")
        sql = "UPDATE deposits SET balance = balance - ? WHERE partner_id = ? AND balance >= ?"
        if not self.books.run(sql, amount, self.partner_id, amount):
            raise SnapRefusal("40314")

    def load_accounts(self, request: Request) -> dict[str, Any]:
        """Load wallets: {"accounts": [{"number", "holder", "status"?, "nik"? | "nik_hash"?, "level"? = "full",
        "monthly_limit"?}]}."""
        rows = []
        for loaded in request.data["accounts"]:
            level, status = loaded.get("level", "full"), loaded.get("status", "active")
            if status != "active" and status not in STATUS_REFUSALS:
                raise ValueError(f"unknown status {status}")
            limit = int(loaded.get("monthly_limit", MONTHLY_LIMITS[level]))
            rows.append((loaded["number"], loaded["holder"], status, nik_hash(loaded), level, limit))
        self.books.load("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?)", rows)
        return {"loaded": len(rows)}

    def load_deposits(self, request: Request) -> dict[str, Any]:
        """Set deposits: {"deposits": [{"partner_id", "balance"}]}."""
        rows = [(deposit["partner_id"], int(deposit["balance"])) for deposit in request.data["deposits"]]
        self.books.load("INSERT OR REPLACE INTO deposits VALUES (?, ?)", rows)
        return {"loaded": len(rows)}

    def audit(self) -> dict[str, Any]:
        """Payments, refusals and the partners' deposits."""
        return super().audit() | {
            "sources": self.books.dicts("SELECT partner_id, balance FROM deposits ORDER BY partner_id")
        }
