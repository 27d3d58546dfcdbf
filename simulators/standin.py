"""What every stand-in shares: books, clock, faults, introduced clients, and the control door."""

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulators.books import Books
from simulators.faults import Faults, complaint
from simulators.http import Plan, Reply, Request

WINDOW = timedelta(minutes=15)


class Refusal(Exception):
    """The request is answered with a refusal."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def refuse(status: int, error: str) -> Refusal:
    """A refusal in the plain style of the signed, non-SNAP interfaces."""
    return Refusal(Reply(status, {"error": error}))


class Clock:
    """A stand-in's notion of now: the machine's time, or one it was told, which goes on ticking or stands still."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.told: dict[str, Any] | None = books.setting("clock")

    def tell(self, now: str | None, ticks: bool) -> None:
        """Set now (ISO 8601 with offset), or go back to the machine's time with None."""
        self.told = None
        if now is not None:
            moment = datetime.fromisoformat(now)
            if moment.tzinfo is None:
                raise ValueError("now needs an offset, like 2023-05-01T00:00:00+00:00")
            self.told = {"now": moment.isoformat(), "ticks": ticks, "told_at": datetime.now(UTC).isoformat()}
        self.books.keep("clock", self.told)

    def now(self) -> datetime:
        """Now, aware, UTC."""
        machine = datetime.now(UTC)
        if self.told is None:
            return machine
        passed = machine - datetime.fromisoformat(self.told["told_at"]) if self.told["ticks"] else timedelta()
        return datetime.fromisoformat(self.told["now"]).astimezone(UTC) + passed


class StandIn(ABC):
    """One outside system. A subclass names itself, its tables, its public answers and its control verbs."""

    name = ""
    schema = ""

    def __init__(self, folder: Path) -> None:
        self.books = Books(folder / f"{self.name}.sqlite", self.schema)
        self.faults = Faults(self.books)
        self.clock = Clock(self.books)
        self.verbs: dict[str, Callable[[Request], Any]] = {
            "clients": self.introduce,
            "faults": self.set_faults,
            "clock": self.set_clock,
            "books": lambda request: self.audit(),
        }

    @abstractmethod
    def respond(self, request: Request) -> Reply:
        """Answer one public request."""

    @abstractmethod
    def audit(self) -> Any:
        """What an auditor may read."""

    def failure(self, request: Request, code: str) -> Reply:
        """An error answer made by a fault; `code` is a whole response code or just an HTTP status."""
        return Reply(int(code[:3]), {"error": "refused on request", "code": code})

    def plan(self, request: Request) -> Plan:
        """How this request will be answered, faults considered."""
        rule = self.faults.strike(request)
        if rule is None:
            return Plan(lambda: self.answer(request))
        do, wait = rule["do"], rule.get("ms", 0) / 1000
        if do == "fail500":
            return Plan(lambda: self.failure(request, "500"), wait_before=wait)
        if do.startswith("refuse:"):
            return Plan(lambda: self.failure(request, do[7:]), wait_before=wait)
        request.lie, request.accept = do == "lie", do == "accept"
        late = do in ("answer_late", "lose_answer")
        copies = {"lose_answer": 0, "answer_twice": 2}.get(do, 1)
        return Plan(
            lambda: self.answer(request),
            wait_before=0.0 if late else wait,
            wait_after=wait if late else 0.0,
            copies=copies,
        )

    def answer(self, request: Request) -> Reply:
        """The answer, its effect booked."""
        try:
            with self.books.booked():
                return self.respond(request)
        except Refusal as refusal:
            return refusal.reply

    def check_signature(self, request: Request) -> str:
        """Check `X-Signature`: hex HMAC-SHA256 over METHOD:target:hex(sha256(body)):timestamp; the client id, or a
        401."""
        client_id, stamp = request.headers.get("x-client-id", ""), request.headers.get("x-timestamp", "")
        client = self.books.client(client_id)
        if client is None:
            raise refuse(401, "unknown client")
        if not self.is_fresh(stamp):
            raise refuse(401, "timestamp missing, unreadable or too far from now")
        message = f"{request.method}:{request.target}:{hashlib.sha256(request.body).hexdigest()}:{stamp}"
        expected = hmac.new(client["secret"].encode(), message.encode(), "sha256").hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("x-signature", "").lower()):
            raise refuse(401, "wrong signature")
        return client_id

    def is_fresh(self, stamp: str) -> bool:
        """Whether a timestamp (ISO 8601 with offset) is near now."""
        try:
            return abs(datetime.fromisoformat(stamp) - self.clock.now()) <= WINDOW
        except (ValueError, TypeError):
            return False

    def control(self, verb: str, request: Request) -> Reply:
        """Do one control verb; a sentence when it cannot."""
        if verb not in self.verbs:
            return Reply(404, {"error": f"{self.name} knows: {', '.join(sorted(self.verbs))}"})
        try:
            return Reply(200, self.verbs[verb](request))
        except Refusal as refusal:
            return refusal.reply
        except (KeyError, TypeError, ValueError) as wrong:
            return Reply(400, {"error": f"{type(wrong).__name__}: {wrong}"})

    def introduce(self, request: Request) -> dict[str, Any]:
        """Load clients with their keys: {"clients": [{"client_id", "secret", "public_key_pem", "partner_id"}]}."""
        clients = request.data["clients"]
        rows = [(client["client_id"], json.dumps(client)) for client in clients]
        self.books.load("INSERT OR REPLACE INTO clients VALUES (?, ?)", rows)
        return {"loaded": len(rows)}

    def set_faults(self, request: Request) -> dict[str, Any]:
        """Replace the fault rules: {"faults": [...]}."""
        rules = request.data.get("faults")
        wrong = complaint(rules)
        if wrong is not None or not isinstance(rules, list):
            raise refuse(400, wrong or "faults must be a list of rules")
        self.faults.set(rules)
        return {"rules": len(rules)}

    def set_clock(self, request: Request) -> dict[str, Any]:
        """Set now: {"now": ISO 8601 | null, "ticks": true}."""
        self.clock.tell(request.data["now"], bool(request.data.get("ticks", True)))
        return {"now": self.clock.now().isoformat()}


def need_text(data: dict[str, Any], *names: str) -> list[str]:
    """The named fields as non-empty text, or a 400 that names the first that is missing."""
    for name in names:
        if not isinstance(data.get(name), str) or not data[name]:
            raise refuse(400, f"{name} is mandatory text")
        if any("\ud800" <= sign <= "\udfff" for sign in data[name]):
            raise refuse(400, f"{name} holds half a sign")
    return [data[name] for name in names]
