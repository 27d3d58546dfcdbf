"""The pay run against a bare asynchronous client that signs and sends to the same bank, in pairs."""

import asyncio
import os
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.paying.world import AMOUNT, World

Figure = dict[str, Any]
GOALS = {"run_to_bare": 0.7, "database_cpu_ms": 2.0, "database_wall_ms": 2.0}
OF = {
    "run_to_bare": "orders/s from approved to paid in the database / orders/s of the same signed calls alone",
    "database_cpu_ms": "CPU an order outside calls: our process but its thread of calls, and PostgreSQL's processes",
    "database_wall_ms": "wall time an order in claims and answers",
}
TICK = os.sysconf("SC_CLK_TCK")


def measure(*, orders: int, rounds: int, in_flight: int = 16) -> dict[str, Figure]:
    """`orders` a round, each round against a bare client with as many orders and calls in flight."""
    world = World(in_flight=in_flight, delay=20)
    try:
        world.begin()
        bare(world, 500)
        found = [pair(world, orders, number) for number in range(rounds)]
        assert world.books()["paid"] == world.books()["calls"] == 500 + 2 * orders * rounds
    finally:
        world.end()
    values = {name: statistics.median(one[name] for one in found) for name in GOALS}
    met = {"run_to_bare": values["run_to_bare"] >= GOALS["run_to_bare"]}
    return {
        name: {
            "value": round(value, 3), "goal": GOALS[name], "met": met.get(name, value <= GOALS[name]), "of": OF[name],
        }
        for name, value in values.items()
    }  # fmt: skip


def pair(world: World, orders: int, number: int) -> dict[str, float]:
    """One round: the bare client, then the run, then the bare client again."""
    world.approve(orders)
    first = bare(world, orders // 2)
    ours = run(world, orders)
    second = bare(world, orders - orders // 2)
    rate = orders / (orders // 2 / first + (orders - orders // 2) / second)
    print(f"round {number + 1}: bare {rate:,.0f}/s  run {ours['rate']:,.0f}/s  database "
          f"{ours['database_cpu_ms']:.2f} ms CPU, {ours['database_wall_ms']:.2f} ms wall an order")  # fmt: skip
    return ours | {"run_to_bare": ours["rate"] / rate}


def bare(world: World, orders: int) -> float:
    """Orders a second: signed, sent, answered; nothing is kept."""
    from bekal.core import clock, ids
    from bekal.core.ports import open_port
    from bekal.incentives.ports import Instruction

    names = [key.hex for key in ids.fresh_many([("bare", str(n)) for n in range(orders)])]
    at = clock.now()
    told = [Instruction(name, "7700000001", "PERSON", AMOUNT, "Insentif", at) for name in names]

    async def everything() -> float:
        lane = open_port("payer:bank").lane(world.in_flight)
        waiting = iter(told)

        async def one() -> None:
            for instruction in waiting:
                assert (await lane.pay(instruction)).outcome == "paid"

        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(world.in_flight)))
        took = time.perf_counter() - began
        await lane.close()
        return orders / took

    return asyncio.run(everything())


def run(world: World, orders: int) -> dict[str, float]:
    """`send_due` until every order is paid."""
    from bekal.incentives import tasks
    from bekal.incentives.tasks import sending

    spent = Spent(sending)
    served, began, own = served_cpu(world), time.perf_counter(), time.thread_time()
    with spent:
        states = tasks.send_due(limit=orders)
    took = time.perf_counter() - began
    assert states == {"paid": orders}, states
    cpu = time.thread_time() - own + served_cpu(world) - served
    return {
        "rate": orders / took, "database_cpu_ms": 1e3 * cpu / orders, "database_wall_ms": 1e3 * spent.seconds / orders,
    }  # fmt: skip


class Spent:
    """Wall time inside the actions that claim and keep."""

    def __init__(self, module: Any) -> None:
        self.module, self.seconds = module, 0.0
        self.before = {name: getattr(module, name) for name in ("take_orders", "read_payees", "record_answers")}

    def __enter__(self) -> None:
        for name, function in self.before.items():
            setattr(self.module, name, self._timed(function))

    def __exit__(self, *_: object) -> None:
        for name, function in self.before.items():
            setattr(self.module, name, function)

    def _timed(self, function: Any) -> Any:
        def timed(**arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(**arguments)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


def served_cpu(world: World) -> float:
    """CPU seconds of PostgreSQL's processes, living and ended."""
    assert world.postgres.process
    top = world.postgres.process.pid
    total = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(entry.name) == top:
                total += sum(map(int, stat[11:15]))
            elif int(stat[1]) == top:
                total += sum(map(int, stat[11:13]))
    return total / TICK
