"""A payment list from nothing to reconciled: python -m benchmarks.payment_list [--quick]

A durable throw-away PostgreSQL with so many recipients, two in three of whom are due a second amount. Each part runs in
a process of its own: plan the list (orders, money set aside, digest); reconcile it from the payer's camt.053, in which
one line in a hundred is of nobody we know and one payment in a hundred was known as paid before. A second, shorter list
is planned and reconciled by processes that are killed (-9) in the middle. Statements are counted in the driver, COPY
and every fetch from a cursor too (BEGIN and COMMIT apart). Goals beside the figures; openIMIS 2024-10 needs 84.75 and
38.2 statements a row. Last line: RESULT {json}.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bekal.cli.postgres import DATABASE, OWNER, Postgres

Figure = dict[str, Any]
ROOT = Path(__file__).resolve().parent.parent
AT = datetime(2023, 8, 20, 3, tzinfo=UTC)
ACCOUNT = "8800000001"
KILLS = {
    "plan": "payouts.before_plan_commit:2",
    "reconcile": "payouts.before_answers_commit:2",
}
GOALS = {
    "plan_statements": 0.1, "reconcile_statements": 0.1, "plan_memory": 1.1, "reconcile_memory": 1.1, "kept_wrong": 0,
}  # fmt: skip
OF = {
    "plan_statements": "SQL statements a person: planning, money set aside, events, digest",
    "reconcile_statements": "SQL statements a line: file taken in, paid ones settled, all compared, differences queued",
    "plan_memory": "peak memory of planning / after its first piece",
    "reconcile_memory": "peak memory of settling and comparing / after the file was read and stored",
    "kept_wrong": "orders lost, doubled or unpaid, differences wrong, rupiah out of balance; after kill -9 too",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", nargs=3, metavar=("NAME", "CHANNEL", "FOLDER"))
    given = parser.parse_args()
    if given.part:
        play(*given.part)
        return
    with tempfile.TemporaryDirectory(prefix="bekal-list-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = Postgres(folder / "postgres")
        try:
            figures = measure(postgres, folder, many=4_100 if given.quick else 100_000, few=4_100)
        finally:
            postgres.stop()
    print(f"RESULT {json.dumps(figures)}")


def measure(postgres: Postgres, folder: Path, *, many: int, few: int) -> dict[str, Figure]:
    from benchmarks.paying import recipients

    postgres.folder.mkdir(parents=True, exist_ok=True)
    postgres.folder.chmod(0o711)
    postgres.start()
    postgres.create_database()
    os.environ |= environment(postgres)
    stand(folder)
    from bekal.core import clock

    began = time.monotonic()
    recipients.seed(postgres, {"bank": many, "wallet": few}, AT)
    print(f"{many + few:,} recipients stand after {time.monotonic() - began:.0f} s")
    found = {}
    for channel, people, is_killed in (("bank", many, False), ("wallet", few, True)):
        planned = part("plan", channel, folder, killed=is_killed)
        clock.freeze(AT)
        send(channel, folder)
        reconciled = part("reconcile", channel, folder, killed=is_killed)
        found[channel] = (planned, reconciled, recipients.faults(channel, people))
        report(channel, people, planned, reconciled)
    planned, reconciled, _ = found["bank"]
    values = {
        "plan_statements": planned["statements"] / many,
        "reconcile_statements": reconciled["statements"] / reconciled["lines"],
        "plan_memory": planned["peak"] / planned["middle"],
        "reconcile_memory": reconciled["peak"] / reconciled["middle"],
        "kept_wrong": sum(wrong for _, _, wrong in found.values()),
    }
    figures = {
        name: {"value": round(value, 4), "goal": GOALS[name], "met": value <= GOALS[name], "of": OF[name]}
        for name, value in values.items()
    }
    for name, figure in figures.items():
        print(f"{name:<22} {figure['value']!s:>8}  goal {figure['goal']!s:>5}  {'met' if figure['met'] else 'MISSED'}")
    return figures


def report(channel: str, people: int, planned: dict[str, Any], reconciled: dict[str, Any]) -> None:
    for name, rows, one in (("planned", people, planned), ("reconciled", reconciled["lines"], reconciled)):
        print(f"  {channel}: {rows:,} rows {name} in {one['seconds']:.1f} s, {one['statements']:,} statements, "
              f"peak {one['peak'] / 1024:.0f} MiB ({one['middle'] / 1024:.0f} MiB at first)")  # fmt: skip


def part(name: str, channel: str, folder: Path, *, killed: bool = False) -> dict[str, Any]:
    """Run one part in a process of its own; if `killed`, first in one that dies in the middle."""
    command = [sys.executable, "-m", "benchmarks.payment_list", "--part", name, channel, str(folder)]
    if killed:
        died = subprocess.run(command, cwd=ROOT, env={**os.environ, "BEKAL_FAULT": KILLS[name]}, check=False)
        assert died.returncode == -9, f"{KILLS[name]}: ended with {died.returncode}"
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def environment(postgres: Postgres) -> dict[str, str]:
    return {
        "BEKAL_MODE": "test", "BEKAL_MASTER_KEY": "11" * 32, "BEKAL_PROGRAMME": "prakerja-2023",
        "BEKAL_SITE_URL": "http://localhost", "DJANGO_SETTINGS_MODULE": "bekal.project.settings",
        "DATABASE_URL": postgres.url(OWNER, DATABASE),
    }  # fmt: skip


def stand(folder: Path) -> None:
    """Django with a clock of its own, and the payer's statements in a folder."""
    import django

    django.setup()
    from django.conf import settings

    from bekal.core import clock

    settings.CLOCK_FILE = folder / "clock"
    clock.freeze(AT)
    settings.PORTS = {
        f"statements:{channel}": ("benchmarks.payment_list.Desk", {"folder": str(folder), "channel": channel})
        for channel in ("bank", "wallet")
    } | {f"payer:{channel}": ("", {}) for channel in ("bank", "wallet")}


class Desk:
    """`Statements` over files in a folder, read by the product's own reader of camt.053."""

    def __init__(self, config: dict[str, str]) -> None:
        self.folder, self.channel = Path(config["folder"]), config["channel"]

    def fetch(self, *, day: Any) -> bytes | None:
        file = self.folder / f"{self.channel}-{day.isoformat()}.xml"
        return file.read_bytes() if file.exists() else None

    def read(self, raw: bytes) -> Any:
        from bekal.outside.iso20022 import camt053

        return camt053.read(raw)


def play(name: str, channel: str, folder: str) -> None:
    """One part, in this process; its counts as JSON."""
    stand(Path(folder))
    counted = Counted()
    began = time.monotonic()
    found = {"plan": plan, "reconcile": reconcile}[name](channel, Path(folder))
    counts = {"statements": counted.statements, "seconds": time.monotonic() - began, "peak": peak()}
    print(json.dumps(counts | found))


def plan(channel: str, folder: Path) -> dict[str, int]:
    """Plan the channel's list, and read the peak of memory after the first piece."""
    from bekal.core.events import Actor
    from bekal.core.faults import at_fault
    from bekal.incentives.actions import plan_pay_run

    middle = 0
    while (run := plan_pay_run(by=Actor.staff("maker"), at=AT, channel=channel)) is not None:
        at_fault("payouts.after_plan_commit")
        middle = middle or peak()
        if run.state == "planned":
            return {"middle": middle}
    raise AssertionError("nothing was due")


def send(channel: str, folder: Path) -> None:
    """The list approved and handed over, one payment in a hundred known as paid; and what the payer lays down."""
    from bekal.core.events import Actor
    from bekal.incentives.actions import approve_pay_run, record_answers, take_orders
    from bekal.incentives.models import PaymentOrder, PayRun
    from bekal.incentives.ports import PayAnswer
    from benchmarks.paying.recipients import lay_down

    run = PayRun.objects.get(channel=channel, state="planned")
    approve_pay_run(by=Actor.staff("checker"), at=AT, pay_run_id=run.id, digest=run.digest)
    by = Actor.system("benchmark")
    while take_orders(by=by, at=AT, channel=channel, limit=2_000, batch="one file"):
        pass
    rows = list(PaymentOrder.objects.filter(channel=channel).order_by("id").values_list("id", "reference", "amount"))
    known = [(order_id, PayAnswer("paid", "00", None, "")) for order_id, _, _ in rows[::100]]
    record_answers(by=by, at=AT, asked="status", answers=known)
    lay_down(folder / f"{channel}-{AT.date().isoformat()}.xml", ACCOUNT, AT, [row[1:] for row in rows])


def reconcile(channel: str, folder: Path) -> dict[str, int]:
    """A day later: whatever is there is taken in, settled and compared, as every hour."""
    from bekal.core import clock
    from bekal.incentives.models import StatementEntry
    from bekal.incentives.tasks import reconciling

    clock.freeze(AT + timedelta(days=1))
    reconciling.take_due()
    middle = peak()
    reconciling.compare_due()
    lines = StatementEntry.objects.filter(statement__channel=channel).count()
    return {"lines": lines, "middle": middle}


class Counted:
    """Counts what goes to the server from here on."""

    def __init__(self) -> None:
        import psycopg

        self.statements = 0
        for kind, names in ((psycopg.Cursor, ("execute", "executemany", "copy")),
                            (psycopg.ServerCursor, ("execute", "fetchmany", "fetchone", "fetchall"))):  # fmt: skip
            for name in names:
                setattr(kind, name, self._counting(kind.__dict__.get(name) or getattr(kind, name)))

    def _counting(self, function: Any) -> Any:
        def counting(*arguments: Any, **named: Any) -> Any:
            self.statements += 1
            return function(*arguments, **named)

        return counting


def peak() -> int:
    """The most memory this process ever held, KiB (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    main()
