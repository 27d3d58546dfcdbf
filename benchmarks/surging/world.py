"""The processes of the surge benchmark on this machine: database, lanes, Django three ways, clients, pgbench."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from bekal.cli.installation import ROOT, Installation, wait_for
from bekal.cli.postgres import APPLICATION, DATABASE, OWNER, Postgres

WAVE = "01890000-0000-7000-8000-000000000059"
PGBENCH = f"""
INSERT INTO waves_joining (wave_id, citizen_id, ticket_id, joined_at, attempts)
VALUES ('{WAVE}', gen_random_uuid(), uuid_send(gen_random_uuid()), now(), 1)
ON CONFLICT (wave_id, citizen_id) DO UPDATE SET attempts = waves_joining.attempts + 1 RETURNING joined_at;
"""
Running = subprocess.Popen[str]


class World:
    """`lane`, `small_lane` (a line of 256 in each process), `site`, `lean`, `stock`: ports."""

    def __init__(self, folder: Path, *, small: int = 256) -> None:
        self.folder, self.small = folder, small
        self.lane, self.small_lane, self.site, self.lean, self.stock = _free_ports(5)
        self.place = Installation(folder / "installation", f"http://localhost:{self.site}", "benchmark")
        self.lanes: list[subprocess.Popen[bytes]] = []
        self.sessions: list[str] = []

    @property
    def join_key(self) -> bytes:
        """The key of passes to join, from the environment that `begin` set."""
        from bekal.core.vault import derived_key
        from bekal.doors.passes import JOIN

        return derived_key(JOIN)

    def begin(self, *, only_lanes: bool = False) -> None:
        self.place.claim()
        self.place.start_database()
        os.environ.update(self.place.environment())
        self.sql(
            "INSERT INTO waves_wave (id, programme_code, number, rulebook_id, opens_at, closes_at, places, state) "
            f"VALUES ('{WAVE}', 'benchmark', 59, '{WAVE}', '2020-01-01', '2090-01-01', 1, 'open')"
        )
        if only_lanes:
            self.start_lanes()
            return
        made = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.surging.stock_users", "200"], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, env={**os.environ, "DATABASE_URL": self.postgres.url(OWNER)},
        )  # fmt: skip
        self.start_lanes()
        for name, port in (("lean", self.lean), ("stock", self.stock)):
            self.place.start(
                name,
                [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
                 "--workers", "2", "--blocking-threads", "2", "--no-ws", "--log-level", "warning",
                 f"benchmarks.surging.{name}_wsgi:application"],
            )  # fmt: skip
        web = self.place.start_web(self.site)
        for name, port in (("lean", self.lean), ("stock", self.stock)):
            wait_for(f"http://127.0.0.1:{port}/", web, self.place.folder / f"{name}.log", good=(404,))
        self.sessions = made.communicate()[0].split()
        self.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APPLICATION}")

    def end(self) -> None:
        self.place.stop()

    def start_lanes(self) -> None:
        """Two processes each, as two cores have."""
        self.lanes = [
            *self.place.start_lane(self.lane, self.lane_url(self.lane), processes=2),
            *self.place.start_lane(self.small_lane, self.lane_url(self.small_lane), most=self.small, processes=2),
        ]

    @staticmethod
    def lane_url(port: int) -> str:
        return f"http://localhost:{port}"

    def sql(self, statement: str) -> str:
        return self.postgres.run_sql(statement, DATABASE)

    def pgbench(self, seconds: float) -> float:
        """Transactions a second."""
        postgres, script = self.postgres, self.folder / "insert.sql"
        script.write_text(PGBENCH)
        done = subprocess.run(
            [postgres.bin / "pgbench", "-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", str(max(1, round(seconds))),
             "-f", script, "-h", str(postgres.sockets), "-U", OWNER, DATABASE],
            env={"PGPASSWORD": postgres.password()}, capture_output=True, check=True, text=True,
        )  # fmt: skip
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        assert found, done.stdout
        return float(found[1])

    def load(self, **task: Any) -> dict[str, Any]:
        return self.finish_load(self.begin_load(**task))

    def begin_load(self, **task: Any) -> Running:
        """Let the client run; it has made its requests before."""
        if task.get("acknowledged"):
            task["acknowledged"] = str(self.folder / task["acknowledged"])
        task |= {"key": self.join_key.hex(), "wave": WAVE.replace("-", ""), "form": WAVE, "sessions": self.sessions}
        client = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.surging.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert client.stdin
        assert client.stdout
        client.stdin.write(json.dumps(task) + "\n")
        client.stdin.flush()
        assert client.stdout.readline() == "ready\n"
        client.stdin.write("go\n")
        client.stdin.flush()
        return client

    def finish_load(self, client: Running) -> dict[str, Any]:
        said, _ = client.communicate()
        return dict(json.loads(said))

    def kill_lane(self) -> None:
        """kill -9, and start it again."""
        for lane in self.lanes:
            os.killpg(lane.pid, signal.SIGKILL)
            lane.wait()
        self.start_lanes()

    def kill_database(self) -> None:
        """kill -9 of every process of the server, then of the lane; both come back."""
        postgres = self.postgres
        assert postgres.process
        os.killpg(postgres.process.pid, signal.SIGKILL)
        postgres.process.wait()
        postgres.start()
        os.environ.update(self.place.environment())
        self.kill_lane()

    def check(self, names: list[str]) -> tuple[int, int]:
        """How many acknowledged people (with their tickets) are not in the table, and how many rows too many."""
        said = b"".join((self.folder / name).read_bytes() for name in names)
        rows = [said[at : at + 32].hex() for at in range(0, len(said), 32)]
        self.sql("CREATE TABLE IF NOT EXISTS said (citizen text, ticket text)")
        for start in range(0, len(rows), 5_000):
            values = ",".join(f"('{row[:32]}','{row[32:]}')" for row in rows[start : start + 5_000])
            self.sql(f"INSERT INTO said VALUES {values}")
        lost = self.sql(
            "SELECT count(*) FROM said WHERE NOT EXISTS (SELECT FROM waves_joining "
            f"WHERE wave_id = '{WAVE}' AND citizen_id = citizen::uuid AND encode(ticket_id, 'hex') = ticket)"
        )
        double = self.sql(
            "SELECT count(*) - count(DISTINCT citizen_id) FROM waves_joining JOIN said ON citizen_id = citizen::uuid"
        )
        return int(lost), int(double) - (len(rows) - len(set(rows)))

    @property
    def postgres(self) -> Postgres:
        return self.place.postgres


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
