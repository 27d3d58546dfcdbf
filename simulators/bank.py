"""A bank: account inquiry, transfer inside the bank and to other banks, status, balance (SNAP BI services 11, 15-18,
36), and payments by file (ISO 20022)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulators.http import Request
from simulators.iso import BatchFile, Transfer
from simulators.payer import SCHEMA, STATUS_REFUSALS, Payer
from simulators.snap import SnapRefusal, date_time, money, nik_answer, nik_hash, rupiah, text

REASONS = {"40411": "AC01", "40403": "RC01", "40309": "AC06", "40318": "AC04", "40316": "AC06", "40314": "AM04"} | {
    "40315": "AC02", "40901": "AM05", "40418": "AM05",
}  # fmt: skip
"""What a file's payment is rejected with, where SNAP would answer this."""
STATUS_CODES = {"active": "0001", "closed": "0002", "frozen": "0007", "dormant": "0009"}
OWN = ""


class Bank(Payer):
    """Mounted at /bank. Accounts with bank code "" are its own, in files those at the debtor's bank; others are reached
    through the switch."""

    name = "bank"
    schema = (
        SCHEMA
        + """
    CREATE TABLE IF NOT EXISTS accounts (
        bank TEXT, number TEXT, holder TEXT NOT NULL, status TEXT NOT NULL, nik_hash TEXT, partner_id TEXT, balance
        INTEGER NOT NULL CHECK (balance >= 0),
        PRIMARY KEY (bank, number)) WITHOUT ROWID;
    """
    )

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, self.pay_batch)
        self.services |= {
            "/balance-inquiry": ("11", self.balance),
            "/account-inquiry-internal": ("15", self.inquire),
            "/account-inquiry-external": ("16", self.inquire),
            "/transfer-intrabank": ("17", self.transfer),
            "/transfer-interbank": ("18", self.transfer),
            "/transfer/status": ("36", self.tell_status),
        }
        self.verbs["accounts"] = self.load_accounts

    def owner(self, account: str) -> str | None:
        """See `Payer.owner`."""
        row = self.books.row("SELECT partner_id FROM accounts WHERE bank = '' AND number = ?", account)
        return row[0] if row else None

    def change(self, account: str, amount: int) -> None:
        """See `Payer.change`."""
        sql = "UPDATE accounts SET balance = balance + ? WHERE bank = '' AND number = ? AND partner_id IS NOT NULL"
        if not self.books.run(sql, amount, account):
            raise ValueError(f"{account} is no partner's account")

    def close(self, bank: str, account: str, amount: int) -> None:
        """See `Payer.close`."""
        sql = "UPDATE accounts SET balance = max(0, balance - ?), status = 'closed' WHERE bank = ? AND number = ?"
        self.books.run(sql, amount, bank, account)

    def open_account(self, name: str, phone: str, nik_hash: str) -> str:
        """See `Payer.open_account`."""
        count = int(self.books.row("SELECT count(*) FROM openings")[0]) + 1
        number = f"77{count:010d}"
        row = (OWN, number, name, "active", nik_hash, None, 0)
        self.books.run("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?)", *row)
        return number

    def account(self, bank: str, number: str) -> tuple[str, str, str | None]:
        """Holder, status and NIK hash, or the refusal for an account that is not there."""
        row = self.books.row(
            "SELECT holder, status, nik_hash FROM accounts WHERE bank = ? AND number = ?", bank, number
        )
        if row is not None:
            return row[0], row[1], row[2]
        known = bank == OWN or self.books.row("SELECT 1 FROM accounts WHERE bank = ? LIMIT 1", bank)
        raise SnapRefusal("40411" if known else "40403")

    def inquire(self, request: Request, service: str) -> dict[str, Any]:
        """Services 15 and 16: who holds an account."""
        data = request.data
        bank = OWN if service == "15" else text(data, "beneficiaryBankCode", 11)
        number, reference = (
            text(data, "beneficiaryAccountNo", 34),
            text(data, "partnerReferenceNo", 64, mandatory=service == "16"),
        )
        holder, status, held = self.account(bank, number)
        if service == "16" and status in STATUS_REFUSALS:
            raise SnapRefusal(STATUS_REFUSALS[status])
        answer = {
            "referenceNo": f"INQ{number}",
            "partnerReferenceNo": reference,
            "beneficiaryAccountNo": number,
            "currency": "IDR",
        }
        answer |= {"beneficiaryAccountName": "BUKAN NAMA SEBENARNYA" if request.lie else holder}
        answer |= (
            {"beneficiaryBankCode": bank}
            if bank
            else {"beneficiaryAccountStatus": status, "beneficiaryAccountType": "S"}
        )
        return answer | {"additionalInfo": nik_answer(data, held)}

    def transfer(self, request: Request, service: str) -> dict[str, Any]:
        """Services 17 and 18: pay, once per partnerReferenceNo."""
        data = request.data
        reference, source = text(data, "partnerReferenceNo", 64), text(data, "sourceAccountNo", 19)
        number, amount = text(data, "beneficiaryAccountNo", 34), rupiah(data)
        date_time(data, "transactionDate")
        text(data, "remark", 50, mandatory=False)
        bank = OWN
        if service == "18":
            bank = text(data, "beneficiaryBankCode", 11)
            text(data, "beneficiaryAccountName", 100)
        self.repeated(service, reference, number, amount)
        if request.lie:
            return self.echo(data, "0")
        try:
            self.withdraw(source, amount, bank, number)
        except SnapRefusal as refusal:
            raise self.note_refusal(service, reference, refusal) from None
        return self.echo(data, self.book(data, service, source, number, bank, amount))

    def pay_batch(self, batch: BatchFile, partner: str) -> list[tuple[str, int, str, str]]:
        """Book each payment of a file: reference, amount, ACSC or RJCT, reason."""
        self.partner_id = partner
        return list(self._results(batch))

    def _results(self, batch: BatchFile) -> Iterator[tuple[str, int, str, str]]:
        for paid in batch.transfers:
            bank = OWN if paid.bank == batch.debtor_bank else paid.bank
            try:
                self._pay(paid, "18" if bank else "17", batch.debtor_account, bank)
                yield paid.reference, paid.amount, "ACSC", ""
            except SnapRefusal as refusal:
                yield paid.reference, paid.amount, "RJCT", REASONS.get(refusal.status_and_case, "MS03")

    def _pay(self, paid: Transfer, service: str, source: str, bank: str) -> None:
        self.repeated(service, paid.reference, paid.account, paid.amount)
        try:
            self.withdraw(source, paid.amount, bank, paid.account)
        except SnapRefusal as refusal:
            raise self.note_refusal(service, paid.reference, refusal) from None
        told = {"partnerReferenceNo": paid.reference, "remark": paid.remark}
        self.book(told, service, source, paid.account, bank, paid.amount)

    def withdraw(self, source: str, amount: int, bank: str, number: str) -> None:
        """Move money between the books' accounts, or refuse before anything moved."""
        status = self.account(bank, number)[1]
        if status in STATUS_REFUSALS:
            raise SnapRefusal(STATUS_REFUSALS[status])
        row = self.books.row("SELECT partner_id, balance FROM accounts WHERE bank = '' AND number = ?", source)
        if row is None or row[0] != self.partner_id:
            raise SnapRefusal("40315", "[sourceAccountNo]")
        if row[1] < amount:
            raise SnapRefusal("40314")
        self.books.run("UPDATE accounts SET balance = balance - ? WHERE bank = '' AND number = ?", amount, source)
        self.books.run("UPDATE accounts SET balance = balance + ? WHERE bank = ? AND number = ?", amount, bank, number)

    def echo(self, data: dict[str, Any], reference: str) -> dict[str, Any]:
        """A successful transfer's answer repeats the request."""
        names = (
            "partnerReferenceNo",
            "amount",
            "beneficiaryAccountNo",
            "beneficiaryBankCode",
            "sourceAccountNo",
            "transactionDate",
        )
        return {"referenceNo": reference} | {name: data[name] for name in names if name in data}

    def balance(self, request: Request, _service: str) -> dict[str, Any]:
        """Service 11: the balance of an account that belongs to the partner."""
        number = text(request.data, "accountNo", 34)
        row = self.books.row(
            "SELECT holder, status, partner_id, balance FROM accounts WHERE bank = '' AND number = ?", number
        )
        if row is None or row[2] != self.partner_id:
            raise SnapRefusal("40411")
        info = {
            "balanceType": "Cash",
            "amount": money(row[3]),
            "availableBalance": money(row[3]),
            "status": STATUS_CODES[row[1]],
        }
        reference = text(request.data, "partnerReferenceNo", 64, mandatory=False)
        return {"partnerReferenceNo": reference, "accountNo": number, "name": row[0], "accountInfos": [info]}

    def load_accounts(self, request: Request) -> dict[str, Any]:
        """Load accounts: {"accounts": [{"number", "holder", "status"?, "bank"?, "nik"? | "nik_hash"?, "partner_id"?,
        "balance"?}]}."""
        accounts = request.data["accounts"]
        rows, sources = [], []
        for loaded in accounts:
            status = loaded.get("status", "active")
            if status not in STATUS_CODES:
                raise ValueError(f"unknown status {status}")
            row = (
                loaded.get("bank", OWN),
                loaded["number"],
                loaded["holder"],
                status,
                nik_hash(loaded),
                loaded.get("partner_id"),
            )
            rows.append((*row, int(loaded.get("balance", 0))))
            if row[0] == OWN and loaded.get("partner_id"):
                held = self.books.row("SELECT balance FROM accounts WHERE bank = '' AND number = ?", loaded["number"])
                sources.append((loaded["number"], held[0] if held else 0, rows[-1][-1]))
        self.books.load("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        with self.books.booked():
            for number, before, after in sources:
                self.journal.adjust(number, before, after)
        return {"loaded": len(rows)}

    def audit(self) -> dict[str, Any]:
        """Payments, refusals, and what the partners' own accounts hold."""
        sql = "SELECT number, holder, partner_id, balance FROM accounts WHERE partner_id IS NOT NULL ORDER BY number"
        return super().audit() | {"sources": self.books.dicts(sql)}
