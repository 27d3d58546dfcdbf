"""Many signed calls at a time to one SNAP provider, over kept lines (`lines`).

A kept line makes one mistake thinkable: a second answer to an earlier question, taken for the answer to this one. So
an answer that would settle a payment is believed at once only if it names the payment, or came on a line that carried
nothing before; otherwise, and for every status question, the provider is asked on a line of its own.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from bekal.core.atomic import no_transaction
from bekal.core.ports import Busy
from bekal.incentives.ports import Instruction, PayAnswer
from bekal.outside.lines import Lines
from bekal.outside.snap import (
    LONGEST_MESSAGE,
    SAME_EXTERNAL_ID,
    TOKEN_BODY,
    TOKEN_PATH,
    TOKEN_REFUSED,
    Keys,
    Snap,
    SnapAnswer,
    after_asking,
    compact,
    read_answer,
    read_payment,
    read_token,
    service_headers,
    stamp,
    token_headers,
    told,
    unanswered,
)
from bekal.outside.wire import Answer, BadAnswer, Breaker, Config, NoAnswer, Pace, Unreachable

Question = tuple[str, dict[str, Any]]
Trust = Callable[[Answer], bool]


class Forms(Protocol):
    """How a payer words its questions: the path, and the question itself."""

    def order(self, instruction: Instruction) -> Question:
        """A payment."""
        ...

    def enquiry(self, *, reference: str, at: datetime, amount: int) -> Question:
        """What became of a payment."""
        ...


def steady_breaker(config: Config) -> Breaker:
    """A breaker on a clock that only grows, whatever happens to the time of day. Config as for Wire."""
    rest = timedelta(seconds=float(config.get("breaker_seconds", "20")))
    failures = int(config.get("breaker_failures", "5"))
    return Breaker(lambda: datetime.fromtimestamp(time.monotonic(), UTC), failures=failures, rest=rest)


class SnapLane:
    """A `Lane`. Config of `snap` as for Lines and Keys, plus per_second. `breaker`: the payer's, it outlives lanes."""

    def __init__(self, snap: Snap, forms: Forms, breaker: Breaker) -> None:
        self._lines, self._keys = Lines(snap.config), Keys.of(snap.config)
        self._snap, self._clock, self._forms, self._breaker = snap, snap.clock, forms, breaker
        self._pace = Pace(float(snap.config.get("per_second", "0")))
        self._token_lock = asyncio.Lock()
        self._token = ""
        self._token_until: datetime | None = None

    @property
    def resting(self) -> bool:
        """See `Lane.resting`."""
        return self._breaker.rests

    async def pay(self, instruction: Instruction) -> PayAnswer:
        """See `Payer.pay`."""
        reference = instruction.reference
        forgotten = self._snap.asked_too_late(instruction.at)
        if forgotten is not None:
            return forgotten

        def names_it(answer: Answer) -> bool:
            return _record(answer).get("partnerReferenceNo") == reference

        try:
            answer, used = await self._call(self._forms.order(instruction), trusts=names_it)
        except NoAnswer as wrong:
            return unanswered(wrong)
        known = read_payment(answer, reference)
        if known is not None and (known.outcome not in ("paid", "refused") or not used or _names(answer, reference)):
            return known
        asked = await self.status(reference=reference, at=instruction.at, amount=instruction.amount)
        if known is None or known.outcome != "refused" or asked.outcome != "refused":
            return after_asking(asked, answer)
        return known

    async def status(self, *, reference: str, at: datetime, amount: int) -> PayAnswer:
        """See `Payer.status`."""
        try:
            found, _ = await self._call(self._forms.enquiry(reference=reference, at=at, amount=amount), trusts=None)
        except NoAnswer as wrong:
            return PayAnswer("unknown", "", None, told(wrong, LONGEST_MESSAGE))
        return self._snap.judged(lambda: found, reference=reference, at=at, amount=amount)

    async def close(self) -> None:
        """See `Lane.close`."""
        self._lines.close()

    async def _call(self, question: Question, *, trusts: Trust | None) -> tuple[SnapAnswer, bool]:
        """Ask one service; once more what was refused before it could have any effect."""
        answer, used = await self._call_once(question, trusts)
        if answer.case in TOKEN_REFUSED:
            self._token_until = None
        if answer.case in TOKEN_REFUSED or answer.case == SAME_EXTERNAL_ID:
            answer, used = await self._call_once(question, trusts)
        return answer, used

    async def _call_once(self, question: Question, trusts: Trust | None) -> tuple[SnapAnswer, bool]:
        no_transaction()
        refused = await self._refresh_token()
        if refused is not None:
            return refused, False
        path, body, at = question[0], compact(question[1]), stamp(self._clock())
        headers = service_headers(self._keys, self._lines.prefix + path, self._token, body, at)
        answer, used = await self._send(path, headers, body, trusts)
        return read_answer(answer), used

    async def _refresh_token(self) -> SnapAnswer | None:
        """Have a valid token; the answer when the provider refuses one. Whatever fails here, nothing was asked of the
        service itself."""
        if self._is_valid():
            return None
        async with self._token_lock:
            if self._is_valid():
                return None
            now = self._clock()
            try:
                sent = await self._send(TOKEN_PATH, token_headers(self._keys, stamp(now)), TOKEN_BODY, None)
                answer = read_answer(sent[0])
            except NoAnswer as wrong:
                raise Unreachable(f"no token: {wrong}", sent=False) from wrong
            if answer.case != "20000":
                return answer
            self._token, self._token_until = read_token(answer, now)
            return None

    def _is_valid(self) -> bool:
        return self._token_until is not None and self._clock() < self._token_until

    async def _send(self, path: str, headers: dict[str, str], body: bytes, trusts: Trust | None) -> tuple[Answer, bool]:
        await self._turn()
        if not self._breaker.admit():
            raise Unreachable(f"{self._lines.host} failed too often; not called for a while", sent=False)
        try:
            answer, used = await self._lines.post(path, headers, body, trusts=trusts)
        except NoAnswer:
            self._breaker.record(worked=False)
            raise
        self._breaker.record(worked=answer.status < 500)
        if answer.status == 429:
            self._pace.hold(answer.retry_after)
        return answer, used

    async def _turn(self) -> None:
        """Wait until the payer's pace allows a call."""
        while True:
            try:
                return self._pace.take()
            except Busy as busy:
                await asyncio.sleep(busy.seconds)


def _record(answer: Answer) -> dict[str, Any]:
    try:
        return answer.record()
    except BadAnswer:
        return {}


def _names(answer: SnapAnswer, reference: str) -> bool:
    return answer.record.get("partnerReferenceNo") == reference
