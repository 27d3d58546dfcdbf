"""A lean HTTP/1.1 client for one machine: python -m benchmarks.surging.load reads its task as JSON on standard input.

Prints "ready", waits for a line, then keeps `connections` busy (or sends `rate` a second, counting delay from the
planned instant) for `seconds`. A 503 with Retry-After is obeyed after `pause`; a broken connection is opened again and
the same person asks again. Prints one JSON line; acknowledged people go to the file `acknowledged`, 32 bytes each:
citizen id and ticket id.
"""

import heapq
import json
import os
import select
import socket
import sys
import time
from collections import Counter, deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bekal.doors.passes import JOIN_COOKIE, make_pass

END = b"\r\n\r\n"


class Ask(NamedTuple):
    citizen: bytes
    data: bytes
    due: float


Paused = tuple[float, int, int, Ask]


class Load:
    """`kind`: lane, ordinary, lean or stock, each with what its view asks for."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.asked: dict[int, Ask] = {}
        self.parts: dict[int, bytes] = {}
        self.idle: deque[int] = deque()
        self.paused: list[Paused] = []
        self.number = 0
        self.times: list[float] = []
        self.seen: Counter[str] = Counter()
        self.acknowledged = bytearray()
        self.ready = deque(self._made(task["requests"]))

    def run(self) -> dict[str, Any]:
        began = time.perf_counter()
        end = began + self.task["seconds"]
        rate, planned = self.task.get("rate"), 0
        for _ in range(self.task["connections"]):
            self._open()
        while (now := time.perf_counter()) < end or (self.asked and now < end + 10):
            if now < end:
                while self.paused and self.paused[0][0] <= now and self._again(self.paused[0]):
                    pass
                while self.idle and self.ready and not (rate and planned > (now - began) * rate):
                    citizen, data = self.ready.popleft()
                    self._send(Ask(citizen, data, began + planned / rate if rate else now), self.idle.popleft())
                    planned += 1
            for number, _ in self.poll.poll(0.002 if rate or self.paused else 0.1, 512):
                self._read(number)
            while len(self.sockets) < self.task["connections"] and now < end:
                self._open()
                if not self.idle:
                    break
        return self._report(min(time.perf_counter(), end) - began)

    def _report(self, seconds: float) -> dict[str, Any]:
        if self.task.get("acknowledged"):
            Path(self.task["acknowledged"]).write_bytes(self.acknowledged)
        times = sorted(self.times)
        at = {f"p{share}": round(1e3 * times[int(len(times) * share / 100)], 1) for share in (50, 99) if times}
        return {"rate": self.seen["200"] / seconds, "out_of_requests": not self.ready, **self.seen, **at}

    def _open(self) -> None:
        fresh = socket.socket()
        try:
            fresh.connect(("127.0.0.1", self.task["port"]))
        except OSError:
            fresh.close()
            time.sleep(0.02)
            return
        fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fresh.setblocking(False)
        self.sockets[fresh.fileno()] = fresh
        self.poll.register(fresh.fileno(), select.EPOLLIN)
        self.idle.append(fresh.fileno())

    def _again(self, entry: Paused) -> bool:
        """Ask again, over the same connection if it still stands, else if another is free."""
        _, _, number, ask = entry
        if number not in self.sockets or number in self.asked:
            if not self.idle:
                return False
            number = self.idle.popleft()
        heapq.heappop(self.paused)
        self._send(ask, number)
        return True

    def _send(self, ask: Ask, number: int) -> None:
        self.asked[number] = ask
        try:
            self.sockets[number].send(ask.data)
        except OSError:
            self._broken(number)

    def _read(self, number: int) -> None:
        try:
            data = self.sockets[number].recv(65_536)
        except OSError:
            data = b""
        if not data:
            return self._broken(number)
        if number in self.parts:
            data = self.parts.pop(number) + data
        end = data.find(END)
        where = data.find(b"ontent-Length: ", 0, end) if end > 0 else -1
        if where < 0 < end:
            where = data.find(b"ontent-length: ", 0, end)
        if where < 0 or len(data) < end + 4 + int(data[where + 15 : data.index(b"\r", where)]):
            self.parts[number] = data
            return None
        return self._answered(number, data[9:12].decode(), data[end + 4 :])

    def _answered(self, number: int, status: str, body: bytes) -> None:
        ask, now = self.asked.pop(number), time.perf_counter()
        if status == "302":
            status = "200"
        self.seen[status] += 1
        if status != "503":
            self.idle.append(number)
        if status == "200":
            self.times.append(now - ask.due)
            if self.task.get("acknowledged"):
                self.acknowledged += ask.citizen + bytes.fromhex(json.loads(body)["ticket_id"])
        elif status == "503":
            self._later(ask, now + self.task.get("pause", 1.0), number)

    def _later(self, ask: Ask, when: float, number: int) -> None:
        self.number += 1
        heapq.heappush(self.paused, (when, self.number, number, ask))

    def _broken(self, number: int) -> None:
        self.poll.unregister(number)
        self.sockets.pop(number).close()
        self.parts.pop(number, None)
        if number in self.idle:
            self.idle.remove(number)
        ask = self.asked.pop(number, None)
        if ask:
            self.seen["broken"] += 1
            self._later(ask, time.perf_counter() + 0.2, -1)

    def _made(self, count: int) -> list[tuple[bytes, bytes]]:
        """Requests of as many different people."""
        task, made = self.task, []
        key, wave = bytes.fromhex(task["key"]), bytes.fromhex(task["wave"])
        until = datetime(2096, 1, 1, tzinfo=UTC)
        sessions = task.get("sessions") or [""]
        for place in range(count):
            citizen = os.urandom(16)
            cookies = f"{JOIN_COOKIE}={make_pass(key, citizen=citizen, wave=wave, until=until)}"
            form = f"wave={task['form']}"
            if task["kind"] in ("ordinary", "stock"):
                cookies += f"; csrftoken={'x' * 32}"
                form += f"&csrfmiddlewaretoken={'x' * 32}"
            if task["kind"] == "stock":
                cookies += f"; sessionid={sessions[place % len(sessions)]}"
                form += f"&citizen={citizen.hex()}"
            made.append((citizen, self._request(cookies, form)))
        return made

    def _request(self, cookies: str, form: str) -> bytes:
        host = f"localhost:{self.task['port']}"
        return (
            f"POST /saya/gelombang HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nOrigin: http://{host}\r\n"
            f"Cookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
            f"\r\n{form}"
        ).encode()


def main() -> None:
    load = Load(json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(load.run()), flush=True)


if __name__ == "__main__":
    main()
