"""SMS gateway: takes messages, each reference once, and shows a number's inbox to whoever holds the control token."""

from typing import Any

from simulators.http import Reply, Request
from simulators.standin import StandIn, need_text, refuse


class Sms(StandIn):
    """Mounted at /sms. Its inbox is what a phone would show."""

    name = "sms"
    schema = """
    CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, number TEXT NOT NULL, text TEXT NOT NULL, reference
    TEXT NOT NULL UNIQUE, at TEXT);
    CREATE INDEX IF NOT EXISTS messages_by_number ON messages (number, id);
    """
    control_token = ""

    def respond(self, request: Request) -> Reply:
        """POST /sms/v1/messages, GET /sms/v1/inbox?to=+62...&after=id."""
        match request.method, request.path:
            case "POST", "/sms/v1/messages":
                return self.take(request)
            case "GET", "/sms/v1/inbox":
                return self.inbox(request)
        raise refuse(404, "there are POST /sms/v1/messages and GET /sms/v1/inbox")

    def take(self, request: Request) -> Reply:
        """Accept a message; the same reference again is the same message."""
        self.check_signature(request)
        to, text, reference = need_text(request.data, "to", "text", "reference")
        if not (to.startswith("+") and to[1:].isdigit()):
            raise refuse(400, "to must be a number like +62...")
        if request.lie:
            return Reply(200, {"accepted": True, "message_id": "0", "reference": reference})
        sql = "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?) ON CONFLICT (reference) DO NOTHING"
        if not self.books.run(sql, to, text, reference, self.clock.now().isoformat()):
            held = self.books.row("SELECT number, text FROM messages WHERE reference = ?", reference)
            if held != (to, text):
                raise refuse(409, "this reference belongs to another message")
        number = self.books.row("SELECT id FROM messages WHERE reference = ?", reference)[0]
        return Reply(200, {"accepted": True, "message_id": str(number), "reference": reference})

    def inbox(self, request: Request) -> Reply:
        """Messages to one number, oldest first. A plus sign that a query turned into a space is put back."""
        if request.headers.get("x-control-token") != self.control_token:
            raise refuse(403, "the inbox needs the control token")
        number = "+" + request.query.get("to", "").strip(" +")
        sql = "SELECT id, text, reference, at FROM messages WHERE number = ? AND id > ? ORDER BY id"
        return Reply(200, {"messages": self.books.dicts(sql, number, int(request.query.get("after", "0")))})

    def audit(self) -> dict[str, Any]:
        """Every message that was accepted."""
        return {"messages": self.books.dicts("SELECT id, number, text, reference, at FROM messages ORDER BY id")}
