"""The rehearsal's installation: the product, the stand-ins, the clock, and how far the story has come."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bekal.cli.installation import ROOT, Installation, wait_for
from bekal.cli.trouble import Trouble
from bekal.engines.draw.beacon import CHAINS
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from simulators.control import Control, ports

FOLDER = ROOT / ".bekal" / "demo"
PROGRAMME = "prakerja-2023"
CLIENT = "bekal-demo"
SOURCE_ACCOUNT = "0019900012345"
HANDS = 4
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person at the keyboard asked for."""

    people: int
    seed: str
    serve: bool
    clean: bool
    port: int


class Rehearsal:
    """Everything that runs. `begin` starts it, `end` stops it; a new start goes on where the last one stopped."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.site = f"http://localhost:{wish.port}"
        self.lane = f"http://localhost:{wish.port + 1}"
        self.installation = Installation(FOLDER, self.site, PROGRAMME, seed=wish.seed)
        self.state_file = FOLDER / "rehearsal.json"
        self.control: Control
        self.begun = False

    def begin(self) -> None:
        """Claim the folder, start PostgreSQL, stand-ins and site, and connect this process to them."""
        self.installation.claim()
        self._go_on_or_start_clean()
        self.begun = True
        token = hashlib.sha256(f"control {self.wish.seed}".encode()).hexdigest()[:32]
        simulators = self._start_simulators(token)
        self.installation.ports = {
            name: (entry["client"], entry["config"]) for name, entry in ports(simulators, self._keys()).items()
        }
        self.installation.start_database()
        self.control = Control(simulators, token)
        self._introduce()
        self.installation.start_lane(self.wish.port + 1, self.lane)
        self.installation.start_web(self.wish.port)
        self._become_the_application()

    def end(self) -> None:
        self.installation.stop()

    def set_time(self, at: datetime) -> None:
        """Put the product's and the stand-ins' clock on `at`, where it stands."""
        from bekal.core import clock

        clock.freeze(at)
        self.control.set_clock(at, ticks=False)

    def many(self, work: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
        """Work on things with a few hands that use HTTP only; results come in the things' order."""
        hands = ThreadPoolExecutor(HANDS)
        try:
            yield from hands.map(work, things)
        finally:
            hands.shutdown(cancel_futures=True)

    def crew(self, work: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
        """Work on things in two processes that call the product's actions; results come in the things' order."""
        from django.db import connections

        connections.close_all()
        crew = ProcessPoolExecutor(2, get_context("fork"), _start_afresh)
        try:
            yield from crew.map(work, things, chunksize=10)
        finally:
            crew.shutdown(cancel_futures=True)

    @property
    def stages_done(self) -> list[str]:
        return list(self._state().get("done", []))

    def stage_done(self, name: str, **facts: Any) -> None:
        """Note a finished stage, and facts that later starts need."""
        self._save({**self._state(), **facts, "done": [*self.stages_done, name]})

    def remembered(self, name: str, otherwise: Any) -> Any:
        return self._state().get(name, otherwise)

    def run_on(self) -> None:
        """Let time run from where the story ended, and a worker do what falls due."""
        from bekal.core import clock

        clock.run_on()
        self.control.set_clock(clock.now(), ticks=True)
        self.installation.start("worker", [sys.executable, "-m", "bekal", "work"])

    def _state(self) -> dict[str, Any]:
        return dict(json.loads(self.state_file.read_text())) if self.state_file.exists() else {}

    def _save(self, state: Mapping[str, Any]) -> None:
        fresh = self.state_file.with_suffix(".new")
        fresh.write_text(json.dumps(state))
        os.replace(fresh, self.state_file)

    def _go_on_or_start_clean(self) -> None:
        state = self._state()
        same = (state.get("people"), state.get("seed")) == (self.wish.people, self.wish.seed)
        if state and not same and not self.wish.clean:
            raise Trouble(
                f"A rehearsal with {state['people']} people and seed {state['seed']} lies in {FOLDER}. Go on with "
                f"`make demo PEOPLE={state['people']} SEED={state['seed']}`, or start clean with `make demo CLEAN=yes`."
            )
        if self.wish.clean or not state:
            self.installation.clean()
            self._save({"people": self.wish.people, "seed": self.wish.seed, "done": []})
        elif state["done"]:
            print(f"Going on with the rehearsal in {FOLDER}: {len(state['done'])} stages are done.")

    def _start_simulators(self, token: str) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "simulators", "--data", str(FOLDER / "simulators"), "--port", str(port),
                   "--control-token", token, "--die-with-parent"]  # fmt: skip
        child = self.installation.start("simulators", command)
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/beacon/{'0' * 64}/info", child, FOLDER / "simulators.log", good=(200, 404))
        return address

    def _keys(self) -> dict[str, str]:
        """Our side of the agreements with the outside: made once, kept in the folder."""
        file = FOLDER / "partner.pem"
        if not file.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            file.touch(mode=0o600)
            file.write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        return {
            "client_id": CLIENT,
            "secret": hashlib.sha256(f"secret {self.wish.seed}".encode()).hexdigest(),
            "private_key_pem": file.read_text(),
            "partner_id": CLIENT,
            "source_account": SOURCE_ACCOUNT,
            "channel": "95221",
        }

    def _introduce(self) -> None:
        keys = self._keys()
        public = serialization.load_pem_private_key(keys["private_key_pem"].encode(), None).public_key()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.control.introduce(CLIENT, keys["secret"], pem.decode(), CLIENT)
        self.control.load_rounds(
            [
                {"chain_hash": CHAINS[chain].chain_hash, "round": number, "randomness": shown.randomness,
                 "signature": shown.signature, "previous_signature": shown.previous_signature or None}
                for (chain, number), shown in RECORDED_ROUNDS.items()
            ]
        )  # fmt: skip

    def _become_the_application(self) -> None:
        os.environ.update(self.installation.environment())
        import django

        django.setup()

    def verify(self, tool: str, *files: Path | str) -> bool:
        """Run an outsider's tool on published files."""
        command = [sys.executable, str(ROOT / "tools" / tool), *map(str, files)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            print(done.stdout.decode(), done.stderr.decode(), file=sys.stderr)
        return done.returncode == 0


def _start_afresh() -> None:
    """A forked process must not use its parent's connections, and leaves Ctrl-C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from bekal.core.ports import open_port

    open_port.cache_clear()
