"""A bank that does nothing but check and answer, so that the client is what is measured: python -m
benchmarks.paying.standin MILLISECONDS, with the client it knows in the environment; prints its port.

It speaks service 73 (token), 17 (transfer inside the bank) and 36 (status), checks RSA and HMAC signatures, token, time
stamp, external id and fields as `simulators/bank` does, pays once a reference, and answers after so many milliseconds.
Its books are in memory; `GET /books` counts payments and references paid.
"""

import asyncio
import hashlib
import hmac
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from simulators.http import Connection, Plan, Reply, Request
from simulators.snap import SnapRefusal, SnapStandIn, date_time, decoded_signature, minified, rupiah, text

FRESH = timedelta(minutes=15)


class LeanBank(SnapStandIn):
    """The checks of the simulators' bank over books in memory."""

    name = "bank"
    schema = "CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, client_id TEXT, expires_at TEXT) WITHOUT ROWID"

    def __init__(self, client: dict[str, Any], seconds: float) -> None:
        super().__init__(Path(mkdtemp(prefix="bekal-lean-bank-", dir="/tmp")))
        self.client, self.seconds = client, seconds
        self.paid: dict[str, tuple[str, int]] = {}
        self.calls = 0
        self.externals: set[str] = set()
        self.tokens: set[str] = set()
        self.services = {"/transfer-intrabank": ("17", self.transfer), "/transfer/status": ("36", self.status)}
        self.books.load("INSERT OR REPLACE INTO clients VALUES (?, ?)", [(client["client_id"], json.dumps(client))])

    def plan(self, request: Request) -> Plan:
        """Effect first, answer after the delay: the delay is a network's, so the books are right when a client dies."""
        if request.path == "/books":
            return Plan(lambda: Reply(200, {"calls": self.calls, "paid": len(self.paid)}))
        wait = 0.0 if request.path.endswith("/b2b") else self.seconds
        return Plan(lambda: self.respond(request), wait_after=wait)

    def issue_token(self, request: Request) -> dict[str, Any]:
        """Service 73, its token remembered."""
        issued = super().issue_token(request)
        self.tokens.add(issued["accessToken"])
        return issued

    def authenticate(self, request: Request) -> None:
        """As the simulators' bank, without its disk."""
        headers = request.headers
        stamp, partner = headers.get("x-timestamp", ""), headers.get("x-partner-id", "")
        external, token = headers.get("x-external-id", ""), headers.get("authorization", "")[7:]
        if token not in self.tokens:
            raise SnapRefusal("40101")
        if partner != self.client["partner_id"] or not headers.get("channel-id"):
            raise SnapRefusal("40100", "[X-PARTNER-ID]")
        if abs(datetime.fromisoformat(stamp) - datetime.now(UTC)) > FRESH:
            raise SnapRefusal("40100", "[Signature]")
        digest = hashlib.sha256(minified(request.body)).hexdigest()
        message = f"{request.method}:{request.target}:{token}:{digest}:{stamp}"
        expected = hmac.digest(self.client["secret"].encode(), message.encode(), "sha512")
        if not hmac.compare_digest(expected, decoded_signature(headers.get("x-signature", ""))):
            raise SnapRefusal("40100", "[Signature]")
        if not external.isdigit() or external in self.externals:
            raise SnapRefusal("40900")
        self.externals.add(external)

    def transfer(self, request: Request, _service: str) -> dict[str, Any]:
        """Service 17."""
        data = request.data
        reference, number, amount = text(data, "partnerReferenceNo", 64), text(data, "beneficiaryAccountNo", 34), 0
        text(data, "sourceAccountNo", 19)
        date_time(data, "transactionDate")
        amount = rupiah(data)
        self.calls += 1
        if reference in self.paid:
            raise SnapRefusal("40901")
        self.paid[reference] = (number, amount)
        return {"referenceNo": f"L{len(self.paid)}"} | {
            name: data[name] for name in ("partnerReferenceNo", "amount", "beneficiaryAccountNo", "sourceAccountNo")
        }

    def status(self, request: Request, _service: str) -> dict[str, Any]:
        """Service 36."""
        reference = text(request.data, "originalPartnerReferenceNo", 64)
        if reference not in self.paid:
            raise SnapRefusal("40401")
        return {"originalPartnerReferenceNo": reference, "latestTransactionStatus": "00"}

    def audit(self) -> dict[str, Any]:
        """How much was paid."""
        return {"paid": len(self.paid)}


async def serve(bank: LeanBank) -> None:
    """Until killed; one line says the port."""
    server = await asyncio.get_running_loop().create_server(lambda: Connection(bank.plan), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(LeanBank(json.loads(os.environ["LEAN_CLIENT"]), float(sys.argv[1]) / 1000)))
