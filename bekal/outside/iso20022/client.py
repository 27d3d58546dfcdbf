"""Files to and from a payer over HTTP: batches of payments, their reports, daily statements.

POST /pain.001, GET /pain.002/{batch}, GET /camt.053/{day}?account=..., signed like the other plain interfaces. Where a
bank takes files in another way (SFTP), this is the one module to exchange.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from bekal.core import clock
from bekal.core.ports import Busy
from bekal.incentives.ports import BatchPayer, Instruction, PayAnswer, Statement, StatementBroken, Statements
from bekal.outside.iso20022 import camt053, pain001, pain002
from bekal.outside.iso20022.reading import broken
from bekal.outside.signed import signed_headers
from bekal.outside.wire import Answer, BadAnswer, Clock, Config, NoAnswer, Unreachable, Wire

TAKEN = (200, 202)
REFUSED = (400, 401, 403, 404, 405, 411, 413, 415, 422)


class FileWire:
    """Signed calls to the file doors of one payer. Config as for Wire (timeout_seconds 60), plus client_id, secret."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._wire = Wire({"timeout_seconds": "60", **config}, clock, keep_alive=False)
        self._clock = clock
        self._client_id, self._secret = config["client_id"], config["secret"].encode()

    def send(self, method: str, path: str, body: bytes = b"") -> Answer:
        """One call; GET is tried twice. Raises Unreachable, or Busy when nothing was taken."""
        stamp = self._clock().isoformat(timespec="seconds")
        target = self._wire.target(path)
        headers = signed_headers(self._client_id, self._secret, method, target, body, stamp)
        headers["Content-Type"] = "application/xml"
        answer = self._wire.send(method, path, headers, body, repeatable=method == "GET")
        if answer.status == 429:
            self._wire.pace.hold(answer.retry_after)
            raise Busy(answer.retry_after)
        return answer


class BatchBank:
    """Hands in pain.001 and reads pain.002."""

    def __init__(self, wire: FileWire, debtor: pain001.Debtor, beneficiary_bank: str) -> None:
        self._wire, self._debtor, self._beneficiary_bank = wire, debtor, beneficiary_bank

    def submit(self, *, batch: str, instructions: Sequence[Instruction]) -> PayAnswer:
        """See `BatchPayer.submit`."""
        try:
            raw = pain001.write(batch, instructions, self._debtor, self._beneficiary_bank)
        except ValueError as wrong:
            return PayAnswer("stop", "", None, str(wrong))
        try:
            answer = self._wire.send("POST", "/pain.001", raw)
        except Busy as busy:
            return PayAnswer("later", "429", None, str(busy))
        except Unreachable as wrong:
            return PayAnswer("unknown" if wrong.sent else "later", "", None, str(wrong)[:200])
        code, words = str(answer.status), _told(answer)
        if answer.status in TAKEN:
            return PayAnswer("unknown", code, None, "taken; the report tells what became of each payment")
        return PayAnswer("stop" if answer.status in REFUSED else "unknown", code, None, words)

    def report(self, *, batch: str, references: Collection[str] = ()) -> Mapping[str, PayAnswer] | None:
        """See `BatchPayer.report`."""
        try:
            answer = self._wire.send("GET", f"/pain.002/{quote(batch, safe='')}")
            if answer.status == 404 and answer.record() == {"batch": batch, "known": False}:
                return {}
            return pain002.read(answer.body, batch=batch, references=references) if answer.status == 200 else None
        except (Busy, NoAnswer, StatementBroken):
            return None


class DailyStatements:
    """Fetches and reads camt.053 of one account."""

    def __init__(self, wire: FileWire, account: str) -> None:
        self._wire, self._account = wire, account

    def fetch(self, *, day: date) -> bytes | None:
        """See `Statements.fetch`."""
        answer = self._wire.send("GET", f"/camt.053/{day.isoformat()}?account={quote(self._account, safe='')}")
        if answer.status == 200:
            return answer.body
        if answer.status == 404 and answer.record().get("known") is False:
            return None
        raise BadAnswer(
            f"the statement of {day} was answered HTTP {answer.status}: {_told(answer)}", status=answer.status
        )

    def read(self, raw: bytes) -> Statement:
        """See `Statements.read`."""
        statement = camt053.read(raw)
        if statement.account != self._account:
            broken("Stmt/Acct", f"it is of account {statement.account}, not of {self._account}")
        return statement


def _told(answer: Answer) -> str:
    """The payer's own words on a refusal, printable and cut."""
    try:
        record: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        record = None
    words = str(record.get("error", "")) if isinstance(record, dict) else ""
    return "".join(sign for sign in words if sign.isprintable())[:200]


def connect_batch(config: Config, now: Clock = clock.now) -> BatchPayer:
    """A client from config: what `FileWire` knows, plus source_account, bank_id (BIC or clearing number of our bank),
    partner_id (client_id when absent), debtor_name ("Bekal"), and beneficiary_bank for payments to another bank."""
    partner_id, bank = config.get("partner_id", config["client_id"]), config.get("bank_id", "000")
    debtor = pain001.Debtor(config.get("debtor_name", "Bekal"), partner_id, config["source_account"], bank)
    return BatchBank(FileWire(config, now), debtor, config.get("beneficiary_bank") or bank)


def connect_statements(config: Config, now: Clock = clock.now) -> Statements:
    """A client from config: what `FileWire` knows, plus source_account (at a wallet our partner id)."""
    account = config.get("source_account") or config.get("partner_id", config["client_id"])
    return DailyStatements(FileWire(config, now), account)
