"""python -m simulators --data DIR --port N --control-token T: one process with all stand-ins, on loopback."""

import argparse
import asyncio
import contextlib
import ctypes
import errno
import os
import signal
import sqlite3
import sys
from pathlib import Path

from simulators.http import Connection
from simulators.town import Town

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent or parent == 1:
        raise SystemExit("The process that started the simulators is gone already.")


async def serve(town: Town, host: str, port: int) -> None:
    """Answer until SIGTERM or SIGINT; one line on standard output says that it listens."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(town.plan), host, port, backlog=1024)
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    address = server.sockets[0].getsockname()
    print(f"simulators listen on http://{host}:{address[1]}", flush=True)
    await done.wait()
    server.close()


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators", description="Stand-ins for every outside system, on loopback."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the stand-ins' own books")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port; the first line printed names it")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--control-token", required=True)
    parser.add_argument("--at-root", default="", choices=["", "bank", "wallet"], help="answers paths that are nobody's")
    parser.add_argument("--die-with-parent", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Serve; 2 with a sentence when the port or the folder cannot be had."""
    chosen = parse(arguments)
    if chosen.die_with_parent:
        die_with_parent()
    try:
        chosen.data.mkdir(parents=True, exist_ok=True)
        town = Town(chosen.data, chosen.control_token, chosen.at_root)
    except (OSError, sqlite3.Error) as wrong:
        print(f"The simulators cannot keep their books in {chosen.data}: {wrong}", file=sys.stderr)
        return 2
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(town, chosen.host, chosen.port))
    except OSError as wrong:
        why = "another process uses it" if wrong.errno == errno.EADDRINUSE else wrong.strerror
        print(
            f"The simulators cannot listen on {chosen.host}:{chosen.port}: {why}. Choose another port.", file=sys.stderr
        )
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
