"""What civil registry and face match share: one signed question under a reference, answered once, at a limited rate.

`POST {path}` asks; the same reference with the same question is answered from the books (and not charged again), with
another question it is a 409. `GET /v1/answers/{reference}` gives a booked answer or 404. Above `per_second` questions
in any second the answer is 429 with `Retry-After`.
"""

import hashlib
import json
import math
from abc import abstractmethod
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from simulators.http import Reply, Request
from simulators.standin import StandIn, need_text, refuse

LONGEST_REFERENCE = 64


class Questions(StandIn):
    """A stand-in that answers questions. A subclass reads a question, answers it, and keeps what an auditor reads."""

    path = ""
    answers = """
    CREATE TABLE IF NOT EXISTS answers (client_id TEXT, reference TEXT, question TEXT, answer TEXT,
    PRIMARY KEY (client_id, reference)) WITHOUT ROWID;
    """

    def __init__(self, folder: Path) -> None:
        self.schema = self.answers + self.schema
        super().__init__(folder)
        self.verbs |= {"people": self.load_people, "limit": self.set_limit}
        self.per_second: float = self.books.setting("per_second", 0)
        self.asked: deque[float] = deque()
        self.put_off = 0

    @abstractmethod
    def load_people(self, request: Request) -> dict[str, Any]:
        """Load the people this system knows."""

    @abstractmethod
    def decide(self, question: dict[str, Any], *, lie: bool) -> dict[str, Any]:
        """The answer to a new question, kept for the auditor; a refusal when it cannot be read."""

    def set_limit(self, request: Request) -> dict[str, Any]:
        """Answer so many questions a second and put off the others: {"per_second": number}, 0 without limit."""
        self.per_second = float(request.data["per_second"])
        self.books.keep("per_second", self.per_second)
        self.asked.clear()
        return {"per_second": self.per_second}

    def respond(self, request: Request) -> Reply:
        """A question, or a look at an answer given before."""
        known = f"/{self.name}/v1/answers/"
        if (request.method, request.path) == ("POST", f"/{self.name}{self.path}"):
            return self.put_off_reply() or self.ask(self.check_signature(request), request)
        if request.method == "GET" and request.path.startswith(known):
            client_id, reference = self.check_signature(request), unquote(request.path.removeprefix(known))
            booked = self.booked_answer(client_id, reference)
            return Reply(404, {"error": "no answer under this reference"}) if booked is None else Reply(200, booked[1])
        raise refuse(404, f"there is only POST {self.path} and GET /v1/answers/{{reference}}")

    def put_off_reply(self) -> Reply | None:
        """The 429 for a question too many, or None, and the question counts."""
        if not self.per_second:
            return None
        now = self.clock.now().timestamp()
        while self.asked and self.asked[0] <= now - 1:
            self.asked.popleft()
        if len(self.asked) < self.per_second:
            self.asked.append(now)
            return None
        self.put_off += 1
        wait = max(1, math.ceil(self.asked[0] + 1 - now))
        return Reply(429, {"error": "too many questions"}, {"Retry-After": str(wait)})

    def ask(self, client_id: str, request: Request) -> Reply:
        """Answer from the books, or anew."""
        (reference,) = need_text(request.data, "reference")
        if len(reference) > LONGEST_REFERENCE:
            raise refuse(400, f"reference has at most {LONGEST_REFERENCE} characters")
        digest = hashlib.sha256(request.body).hexdigest()
        booked = self.booked_answer(client_id, reference)
        if booked is not None:
            if booked[0] != digest:
                raise refuse(409, "this reference belongs to another question")
            return Reply(200, booked[1])
        answer = self.decide(request.data, lie=request.lie) | {"reference": reference}
        self.books.run("INSERT INTO answers VALUES (?, ?, ?, ?)", client_id, reference, digest, json.dumps(answer))
        return Reply(200, answer)

    def booked_answer(self, client_id: str, reference: str) -> tuple[str, dict[str, Any]] | None:
        """Digest of the question and the answer given under a reference."""
        sql = "SELECT question, answer FROM answers WHERE client_id = ? AND reference = ?"
        row = self.books.row(sql, client_id, reference)
        return None if row is None else (row[0], json.loads(row[1]))
