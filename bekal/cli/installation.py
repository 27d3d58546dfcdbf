"""One installation of Bekal on this machine: its folder, its lock, its secrets, its processes."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx

from bekal.cli.postgres import APPLICATION, OWNER, Postgres, die_with_parent
from bekal.cli.trouble import Trouble

ROOT = Path(__file__).resolve().parent.parent.parent
LEAST_FREE_BYTES = 400 * 1024 * 1024


@dataclass
class Installation:
    """`seed`: a rehearsal whose secrets follow from it; without one, secrets are drawn and kept in the folder."""

    folder: Path
    site_url: str
    programme: str
    seed: str | None = None
    lane_url: str = ""
    ports: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    _lock: IO[str] | None = None
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _postgres: Postgres | None = None

    def claim(self) -> None:
        """Make sure that nobody else runs this installation and that there is room to run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if free < LEAST_FREE_BYTES:
            raise Trouble(
                f"Only {free // 2**20} MB are free on the disk of {self.folder}; "
                f"{LEAST_FREE_BYTES // 2**20} MB are needed. Free some space and repeat the command; nothing is lost."
            )
        self._lock = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            raise Trouble(
                f"Bekal already runs in {self.folder} (process {self._lock.read().strip() or 'unknown'}). "
                "Stop it with Ctrl-C there, or wait until it ends."
            ) from None
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def clean(self) -> None:
        """Forget everything but the lock."""
        shutil.rmtree(Postgres(self.folder).folder / "postgres", ignore_errors=True)
        for entry in self.folder.iterdir():
            if entry.name == "lock":
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def start_database(self) -> None:
        """Start PostgreSQL, and bring the tables and the application's privileges up to date."""
        self._postgres = Postgres(self.folder)
        self._postgres.start()
        self._postgres.create_database()
        environment = {**self.environment(), "DATABASE_URL": self._postgres.url(OWNER)}
        done = subprocess.run(
            [sys.executable, "-m", "bekal", "migrate"], env=environment, cwd=ROOT, capture_output=True, check=False
        )
        if done.returncode:
            raise Trouble(f"The tables could not be brought up to date:\n{done.stderr.decode()[-2000:]}")
        self._postgres.run_sql(PRIVILEGES, "bekal")

    def environment(self) -> dict[str, str]:
        """The environment in which every process of this installation runs."""
        ports_file = self.folder / "ports.json"
        ports_file.write_text(
            json.dumps(
                {name: {"client": client, "config": dict(config)} for name, (client, config) in self.ports.items()}
            )
        )
        ports_file.chmod(0o600)
        values = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "bekal.project.settings",
            "BEKAL_MODE": "rehearsal" if self.seed else "production",
            "BEKAL_MASTER_KEY": self._master_key(),
            "BEKAL_SITE_URL": self.site_url,
            "BEKAL_PROGRAMME": self.programme,
            "BEKAL_LANE_URL": self.lane_url,
            "BEKAL_PORTS_FILE": str(ports_file),
            "DATABASE_URL": self._postgres.url(APPLICATION) if self._postgres and self._postgres.sockets else "",
        }
        if self.seed:
            clock = self.folder / "clock"
            if not clock.exists():
                clock.write_text("running 0")
            values |= {"BEKAL_SEED": self.seed, "BEKAL_CLOCK_FILE": str(clock)}
        return values

    def start(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a process of this installation; it ends when we do."""
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603
                command, env=self.environment(), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent(),
            )  # fmt: skip
        self._children.append(child)
        return child

    def start_web(self, port: int, *, workers: int = 2) -> subprocess.Popen[bytes]:
        """Serve the site on loopback; returns when it answers."""
        refuse_taken_port(port, f"make demo PORT={port + 1}")
        child = self.start(
            "web",
            [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
             "--workers", str(workers), "--blocking-threads", "2", "--no-ws", "--log-level", "warning",
             "bekal.project.wsgi:application"],
        )  # fmt: skip
        wait_for(f"http://127.0.0.1:{port}/sehat", child, self.folder / "web.log")
        return child

    def start_lane(
        self, port: int, address: str, *, most: int = 2_048, processes: int = 1
    ) -> list[subprocess.Popen[bytes]]:
        """Serve the hot lane at `address` on loopback, by processes that share the port; returns when it answers."""
        refuse_taken_port(port, f"make demo PORT={port + 1}")
        self.lane_url = address
        command = [sys.executable, "-m", "bekal", "lane", "--port", str(port), "--most", str(most)]
        children = [self.start(f"lane-{port}-{number}", command) for number in range(1, processes + 1)]
        for number, child in enumerate(children, 1):
            wait_for(f"http://127.0.0.1:{port}/sehat", child, self.folder / f"lane-{port}-{number}.log")
        return children

    @property
    def postgres(self) -> Postgres:
        """The database server of this installation, once it was started."""
        assert self._postgres
        return self._postgres

    def stop(self) -> None:
        """Stop every child, the database last."""
        for child in reversed(self._children):
            stop_group(child)
        if self._postgres:
            self._postgres.stop()

    def _master_key(self) -> str:
        if self.seed:
            return hashlib.sha256(f"bekal rehearsal {self.seed}".encode()).hexdigest()
        file = self.folder / "master.key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(32))
        return file.read_text().strip()


PRIVILEGES = f"""
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APPLICATION};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION};
    REVOKE UPDATE, DELETE ON ledger_transfer, ledger_seal, core_event, core_eventline FROM {APPLICATION};
    REVOKE UPDATE, DELETE ON ledger_account FROM {APPLICATION};
    GRANT UPDATE (closed_at) ON ledger_account TO {APPLICATION};
    REVOKE INSERT, UPDATE, DELETE ON ledger_delta FROM {APPLICATION};
    DO $$ DECLARE month regclass; BEGIN
        FOR month IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'ledger_transfer'::regclass LOOP
            EXECUTE format('REVOKE ALL ON %s FROM {APPLICATION}', month);
        END LOOP;
    END $$;
"""  # noqa: S608


def refuse_taken_port(port: int, instead: str) -> None:
    """A clear sentence where somebody else listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Trouble(f"Port {port} cannot be used ({error.strerror}). Choose another: {instead}") from error


def wait_for(
    url: str, child: subprocess.Popen[bytes], log: Path, *, seconds: int = 60, good: tuple[int, ...] = (200,)
) -> None:
    """Return when `url` answers with a good status; say why it never will."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code in good:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    lines = log.read_text(errors="replace").splitlines()[-15:]
    raise Trouble(f"{url} does not answer. The end of {log}:\n" + "\n".join(lines))


def stop_group(child: subprocess.Popen[bytes]) -> None:
    """End a child and what it started."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
