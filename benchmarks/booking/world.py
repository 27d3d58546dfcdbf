"""A PostgreSQL of its own that commits to disk, clients of it, and what its processes cost."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from bekal.cli.postgres import DATABASE, OWNER, Postgres
from benchmarks.booking import peer

TICKS = os.sysconf("SC_CLK_TCK")
CLIENTS = 16
DICE = """
\\set d random(1, {accounts})
\\set c 1 + (:d + random(0, {accounts} - 2)) % {accounts}
"""


class World:
    """`begin` before use, `end` after. Accounts a1 ... of both ledgers hold a thousand million each; `hot` is
    unlimited."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        self.folder = Path(tempfile.mkdtemp(prefix="bekal-ledger-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.server = Postgres(self.folder)

    def begin(self) -> None:
        """Start the server, migrate, open the accounts of both."""
        self.server.start()
        self.server.create_database()
        os.environ["DATABASE_URL"] = self.server.url(OWNER)
        os.environ.setdefault("BEKAL_MODE", "test")
        os.environ.setdefault("BEKAL_MASTER_KEY", "11" * 32)
        os.environ.setdefault("BEKAL_PROGRAMME", "prakerja-2023")
        os.environ.setdefault("BEKAL_SITE_URL", "http://localhost:8000")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bekal.project.settings")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        self.sql(peer.TABLES + peer.FUNCTIONS + peer.ACCOUNTS.format(accounts=self.accounts))
        self.sql("SELECT ledger_open_month(now())")

    def end(self) -> None:
        self.server.stop()
        subprocess.run(["rm", "-rf", str(self.folder)], check=False)

    def sql(self, statement: str) -> str:
        return self.server.run_sql(statement, DATABASE)

    def cpu(self) -> float:
        """CPU seconds of the server since it started, of all its processes, ended ones too."""
        assert self.server.process
        parent = self.server.process.pid
        total = 0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if int(entry.name) == parent:
                    total += sum(map(int, words[11:15]))
                elif int(words[1]) == parent:
                    total += int(words[11]) + int(words[12])
        return total / TICKS

    def many(self, statement: str, seconds: float) -> tuple[float, float]:
        """Run a one-statement transaction over 16 connections: (transactions a second, server CPU seconds each).

        `:d` and `:c` are numbers of two different accounts.
        """
        script = self.folder / "many.sql"
        script.write_text(DICE.format(accounts=self.accounts) + statement + "\n")
        before = self.cpu()
        done = subprocess.run(
            [self.server.bin / "pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2",
             "-T", str(max(1, round(seconds))), "-f", script, "-h", str(self.server.sockets), "-U", OWNER, DATABASE],
            env={"PGPASSWORD": self.server.password()}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        spent = self.cpu() - before
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        count = re.search(r"actually processed: (\d+)", done.stdout)
        if not found or not count or "number of failed transactions: 0" not in done.stdout:
            raise RuntimeError(f"pgbench: {done.stdout}\n{done.stderr}")
        return float(found[1]), spent / int(count[1])
