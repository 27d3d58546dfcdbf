"""The signature of the plain JSON interfaces (civil registry, face match, SMS gateway, job portal), and the one way to
put an identity question.

`X-Signature` is the lower-case hex HMAC-SHA256, under the client's secret, of METHOD:path and
query:hex(SHA-256(body)):X-Timestamp.
"""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import quote

from bekal.core.ports import Busy
from bekal.outside.wire import Answer, BadAnswer, Clock, Config, Ticks, Unreachable, Wire


def signed_headers(client_id: str, secret: bytes, method: str, target: str, body: bytes, stamp: str) -> dict[str, str]:
    """Who asks, when, and the signature over it."""
    message = f"{method}:{target}:{hashlib.sha256(body).hexdigest()}:{stamp}"
    signature = hmac.new(secret, message.encode(), hashlib.sha256).hexdigest()
    return {"X-Client-Id": client_id, "X-Timestamp": stamp, "X-Signature": signature}


class SignedWire:
    """Signed JSON questions to one system. Config as for Wire, plus client_id and secret."""

    def __init__(self, config: Config, clock: Clock, *, ticks: Ticks = time.monotonic) -> None:
        self._wire = Wire(config, clock, ticks=ticks)
        self._clock = clock
        self._client_id, self._secret = config["client_id"], config["secret"].encode()

    def ask(self, method: str, path: str, question: dict[str, Any] | None, *, echo: tuple[str, str]) -> dict[str, Any]:
        """The answer to a question that may safely be asked twice. `echo`: a field of the answer and the value that
        shows that it is ours.

        Raises Unreachable, BadAnswer or Busy.
        """
        return self._checked(self._send(method, path, question, repeatable=True), echo)

    def ask_once(self, path: str, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question under its own `reference`, which never changes and is never charged twice.

        When an answer is lost on its way, GET /v1/answers/{reference} is asked before the question is sent again.
        Raises Unreachable, BadAnswer or Busy.
        """
        reference = str(question["reference"])
        echo = ("reference", reference)
        try:
            return self._checked(self._send("POST", path, question), echo)
        except Unreachable as lost:
            if not lost.sent:
                raise
        booked = self._send("GET", f"/v1/answers/{quote(reference, safe='')}", None)
        return self._checked(self._send("POST", path, question) if booked.status == 404 else booked, echo)

    def _send(self, method: str, path: str, question: dict[str, Any] | None, *, repeatable: bool = False) -> Answer:
        body = b"" if question is None else json.dumps(question, ensure_ascii=False, separators=(",", ":")).encode()
        answer = self._wire.send(method, path, self._headers(method, path, body), body, repeatable=repeatable)
        if answer.status == 429:
            self._wire.pace.hold(answer.retry_after)
            raise Busy(answer.retry_after)
        return answer

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        stamp = self._clock().isoformat(timespec="seconds")
        signed = signed_headers(self._client_id, self._secret, method, self._wire.target(path), body, stamp)
        return {"Content-Type": "application/json"} | signed

    def _checked(self, answer: Answer, echo: tuple[str, str]) -> dict[str, Any]:
        try:
            return _trusted(answer, echo)
        except BadAnswer:
            self._wire.distrust()
            raise


def _trusted(answer: Answer, echo: tuple[str, str]) -> dict[str, Any]:
    record = answer.record()
    if answer.status != 200:
        raise BadAnswer(f"refused with HTTP {answer.status}: {record.get('error', '')}", status=answer.status)
    name, value = echo
    if record.get(name) != value:
        raise BadAnswer("the answer belongs to another question", status=answer.status)
    return record
