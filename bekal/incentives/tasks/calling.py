"""Calls to several payers at once, each on its own lane, so that a dead one delays no other.

One thread runs the event loop and touches no database; whoever gives it work keeps the answers meanwhile.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from bekal.core.atomic import no_transaction
from bekal.core.faults import at_fault
from bekal.incentives.ports import Instruction, Lane, ManyPayer, PayAnswer, Payer

Call = Callable[[Lane], Awaitable[PayAnswer]]
Answered = tuple[str, UUID, PayAnswer]
NOT_SENT = PayAnswer("later", "", None, "not sent: the payer told us to stop, or does not answer")


class ThreadLane:
    """A lane over a payer that can only be called and waited for: `in_flight` threads."""

    resting = False

    def __init__(self, payer: Payer, in_flight: int) -> None:
        self._payer = payer
        self._threads = ThreadPoolExecutor(in_flight)

    async def pay(self, instruction: Instruction) -> PayAnswer:
        """See `Lane.pay`."""
        return await self._run(lambda: self._payer.pay(instruction))

    async def status(self, *, reference: str, at: datetime, amount: int) -> PayAnswer:
        """See `Lane.status`."""
        return await self._run(lambda: self._payer.status(reference=reference, at=at, amount=amount))

    async def close(self) -> None:
        """See `Lane.close`."""
        self._threads.shutdown()

    async def _run(self, call: Callable[[], PayAnswer]) -> PayAnswer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def lane_of(payer: Payer, in_flight: int) -> Lane:
    """The quickest lane that a payer offers."""
    return payer.lane(in_flight) if isinstance(payer, ManyPayer) else ThreadLane(payer, in_flight)


@dataclass(slots=True)
class _Queue:
    """What waits for one payer. `stopped`: nothing more goes out, what waits is answered `later`."""

    lane: Lane
    in_flight: int
    waiting: deque[tuple[UUID, Call]] = field(default_factory=deque)
    busy: int = 0
    stopped: bool = False


class Calls:
    """Use as a context: `put` work for a channel, `take` answers in the order in which they come."""

    def __init__(self, lanes: dict[str, tuple[Lane, int]]) -> None:
        self._queues = {channel: _Queue(lane, in_flight) for channel, (lane, in_flight) in lanes.items()}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="payers", daemon=True)
        self._told = threading.Condition()
        self._answers: list[Answered] = []
        self._open = dict.fromkeys(lanes, 0)
        self._want = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def put(self, channel: str, calls: Iterable[tuple[UUID, Call]]) -> None:
        """Make these calls as soon as the channel's lane is free."""
        no_transaction()
        work = list(calls)
        with self._told:
            self._open[channel] += len(work)
        self._loop.call_soon_threadsafe(self._accept, self._queues[channel], channel, work)

    def take(self, at_least: int, *, patience: timedelta) -> list[Answered]:
        """Answers not taken yet: as soon as there are `at_least`, or none is outstanding, or after `patience`."""
        with self._told:
            self._want = at_least
            self._told.wait_for(self._enough, patience.total_seconds())
            found, self._answers = self._answers, []
        for channel, _, _ in found:
            self._open[channel] -= 1
        return found

    def outstanding(self, channel: str) -> int:
        """Calls whose answer was not taken yet."""
        return self._open[channel]

    def willing(self, channel: str) -> bool:
        """Whether the channel's payer still takes more in this round."""
        queue = self._queues[channel]
        return not queue.stopped and not queue.lane.resting

    def _enough(self) -> bool:
        return len(self._answers) >= min(self._want, sum(self._open.values()))

    def _accept(self, queue: _Queue, channel: str, work: list[tuple[UUID, Call]]) -> None:
        queue.waiting.extend(work)
        while queue.waiting and queue.busy < queue.in_flight:
            queue.busy += 1
            self._loop.create_task(self._work(queue, channel, *queue.waiting.popleft()))

    async def _work(self, queue: _Queue, channel: str, order_id: UUID, call: Call) -> None:
        while True:
            answer = NOT_SENT if queue.stopped else await self._answer(queue, call)
            queue.stopped |= answer.outcome == "stop"
            self._tell(channel, order_id, answer)
            if not queue.waiting:
                break
            order_id, call = queue.waiting.popleft()
        queue.busy -= 1

    async def _answer(self, queue: _Queue, call: Call) -> PayAnswer:
        at_fault("payouts.before_call")
        try:
            answer = await call(queue.lane)
        except Exception as wrong:  # noqa: BLE001  whatever broke, the instruction may have left: ask
            answer = PayAnswer("unknown", "", None, f"{type(wrong).__name__}: {wrong}"[:200])
        at_fault("payouts.after_call")
        return answer

    def _tell(self, channel: str, order_id: UUID, answer: PayAnswer) -> None:
        with self._told:
            self._answers.append((channel, order_id, answer))
            if self._enough():
                self._told.notify()

    async def _close(self) -> None:
        for queue in self._queues.values():
            await queue.lane.close()
