"""The signature of the plain JSON interfaces (civil registry, face match, SMS gateway, job portal).

`X-Signature` is the lower-case hex HMAC-SHA256, under the client's secret, of METHOD:path and
query:hex(SHA-256(body)):X-Timestamp.
"""

import hashlib
import hmac
import json
from typing import Any

from bekal.outside.wire import BadAnswer, Clock, Config, Wire


class SignedWire:
    """Signed JSON questions to one system. Config as for Wire, plus client_id and secret."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._wire = Wire(config, clock)
        self._clock = clock
        self._client_id, self._secret = config["client_id"], config["secret"].encode()

    def ask(self, method: str, path: str, question: dict[str, Any] | None, *, echo: tuple[str, str]) -> dict[str, Any]:
        """The answer to a question that may safely be asked twice. `echo`: a field of the answer and the value that
        shows that it is ours.

        Raises Unreachable or BadAnswer.
        """
        body = b"" if question is None else json.dumps(question, ensure_ascii=False, separators=(",", ":")).encode()
        answer = self._wire.send(method, path, self._headers(method, path, body), body, repeatable=True)
        try:
            return self._checked(answer.status, answer.record(), echo)
        except BadAnswer:
            self._wire.distrust()
            raise

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        stamp = self._clock().isoformat(timespec="seconds")
        message = f"{method}:{self._wire.target(path)}:{hashlib.sha256(body).hexdigest()}:{stamp}"
        signature = hmac.new(self._secret, message.encode(), hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "X-Client-Id": self._client_id,
            "X-Timestamp": stamp,
            "X-Signature": signature,
        }

    def _checked(self, status: int, record: dict[str, Any], echo: tuple[str, str]) -> dict[str, Any]:
        if status != 200:
            raise BadAnswer(f"refused with HTTP {status}: {record.get('error', '')}", status=status)
        name, value = echo
        if record.get(name) != value:
            raise BadAnswer("the answer belongs to another question", status=status)
        return record
