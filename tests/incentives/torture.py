"""Processes killed amid a pay run: python -m tests.incentives.torture --seed N [--short | --all | --minutes M]

The whole way runs over HTTP against the simulators, which lose, repeat and delay answers and keep their own books on
disk. A *desk* process plans and approves, a *worker* process sends and asks; at a named place of the code (core/faults)
one of them, PostgreSQL or the payers is killed with SIGKILL. The oracle is the payers' own books: no entitlement is
ever paid twice, and after recovery each is paid once; our ledger's difference is 0 throughout.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bekal.cli.postgres import DATABASE, OWNER, Postgres
from bekal.core import faults

VICTIMS = ("own", "database", "payers")
DESK = ("payouts.before_plan_commit", "payouts.after_plan_commit")
FILES = ("payouts.before_submit", "payouts.after_submit", "payouts.after_report")
ASKS = ("payouts.before_ask_commit", "payouts.after_ask_commit")
PAYING = {"bank": "/bank/v1.0/transfer", "wallet": "/wallet/v1.0/emoney/topup"}
PEOPLE = 3
SHORT = (
    ("payouts.before_plan_commit", "own"), ("payouts.after_claim_commit", "own"), ("payouts.after_call", "own"),
    ("payouts.before_answers_commit", "database"), ("payouts.after_ask_commit", "payers"),
    ("payouts.after_submit", "own"),
)  # fmt: skip


class Ground:
    """PostgreSQL, the payers, the clock, and people who earned their incentives."""

    def __init__(self, seed: int, people: int = PEOPLE) -> None:
        self.seed, self.a_time, self.dice = seed, people, random.Random(seed)
        self.folder = Path(tempfile.mkdtemp(prefix="bekal-torture-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.postgres = Postgres(self.folder)
        self.payers: subprocess.Popen[str] | None = None
        self.port = 0
        self.made = 0
        self.offset = timedelta()
        self.people: list[Any] = []
        self.deaths: Counter[str] = Counter()

    def begin(self) -> None:
        self.postgres.start()
        self.postgres.create_database()
        os.environ |= {
            "BEKAL_MODE": "test", "BEKAL_MASTER_KEY": "11" * 32, "BEKAL_PROGRAMME": "prakerja-2023",
            "BEKAL_SITE_URL": "http://localhost", "DJANGO_SETTINGS_MODULE": "bekal.project.settings",
            "BEKAL_SEED": f"torture {self.seed}", "BEKAL_CLOCK_FILE": str(self.folder / "clock"),
            "BEKAL_LOG_LEVEL": "CRITICAL", "DATABASE_URL": self.postgres.url(OWNER, DATABASE),
        }  # fmt: skip
        (self.folder / "clock").write_text("running 0")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        self.start_payers()
        self.introduce()
        self.open_shop()

    def start_payers(self) -> None:
        command = [sys.executable, "-m", "simulators", "--data", str(self.folder / "payers"), "--port", str(self.port)]
        self.payers = subprocess.Popen(
            [*command, "--control-token", "t", "--die-with-parent"], stdout=subprocess.PIPE, text=True
        )
        assert self.payers.stdout
        line = self.payers.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1])

    def introduce(self) -> None:
        from django.conf import settings

        from simulators.control import Control, ports
        from tests.conformance.conftest import introduced

        self.control = Control(f"http://127.0.0.1:{self.port}", "t")
        stage = introduced(f"http://127.0.0.1:{self.port}", token="t")
        keys = stage.keys | {
            "timeout_seconds": "0.5", "in_flight": "4", "first_ask_seconds": "90", "asks_a_minute": "500", "batch": "4",
            "breaker_failures": "1000", "bank_id": "008",
        }  # fmt: skip
        self.ports = {name: (entry["client"], entry["config"]) for name, entry in ports(stage.url, keys).items()}
        settings.PORTS = self.ports
        source = {"number": keys["source_account"], "holder": "DANA", "partner_id": "BEKAL01", "balance": 10**12}
        self.control.load_accounts("bank", [source])
        self.control.load_deposit("BEKAL01", 10**12)

    def open_shop(self) -> None:
        from tests.learning.making import ENDS_AT, shop

        self.step(ENDS_AT - datetime.now(UTC))
        self.shop = shop()
        from bekal.catalogue.models import Schedule

        Schedule.objects.update(seats=30_000)

    def step(self, by: timedelta) -> None:
        """Move our clock and the payers' clock together."""
        self.offset += by
        (self.folder / "clock.new").write_text(f"running {self.offset.total_seconds():.0f}")
        (self.folder / "clock.new").replace(self.folder / "clock")
        self.control.set_clock(datetime.now(UTC) + self.offset)

    def earn(self, count: int) -> None:
        """So many people more, each with two incentives due; every other one is paid to a wallet."""
        from bekal.citizens.queries import citizen_view
        from tests.incentives.making import entitled

        for _ in range(count):
            self.made += 1
            channel = ("bank", "wallet")[self.made % 2]
            one = entitled(self.shop, self.made, channel=channel)
            name = citizen_view(one.citizen_id).name.upper()
            self.control.load_accounts(channel, [{"number": f"77{one.citizen_id.int % 10**8:08}", "holder": name}])
            self.people.append(one)

    def misbehave(self, *, refusals: bool) -> None:
        """The payers lose, repeat and delay answers, and sometimes do nothing."""
        rules: list[dict[str, Any]] = [
            {"match": {"share": share, "seed": self.dice.random()}, "do": do} | more
            for do, share, more in (
                ("lose_answer", 0.2, {}), ("answer_twice", 0.2, {}), ("fail500", 0.15, {}),
                ("answer_late", 0.1, {"ms": 1_500}), ("delay", 0.1, {"ms": 700}),
            )
        ]  # fmt: skip
        for (name, path), code in zip(PAYING.items(), ("4031718", "4033818"), strict=True):
            refused = {"match": {"path": path, "share": 0.05, "seed": self.dice.random()}, "do": f"refuse:{code}"}
            self.control.faults(name, [*rules, refused] if refusals else rules)

    def lose_everything(self) -> None:
        """The first answer to every payment is lost, so that there is something to ask."""
        for name, path in PAYING.items():
            self.control.faults(name, [{"match": {"path": path}, "do": "lose_answer"}])

    def end(self) -> None:
        if self.payers:
            self.payers.kill()
            self.payers.communicate()
        self.postgres.stop()

    # processes

    def victim(self, name: str) -> int:
        """The number to kill: 0 for the process that reaches the place."""
        assert self.postgres.process
        assert self.payers
        return {"own": 0, "database": -self.postgres.process.pid, "payers": self.payers.pid}[name]

    def fork(self, work: Callable[[], None], fault: tuple[str, int, int] | None = None) -> int:
        """A process that does `work` and dies of `fault`; its number."""
        from django.db import connections

        connections.close_all()
        child = os.fork()
        if child:
            return child
        try:
            if fault:
                faults.arm(*fault)
            work()
        except BaseException:  # noqa: BLE001  the database or the payers died under it
            (self.folder / "errors").open("a").write(traceback.format_exc())
            os._exit(1)
        os._exit(0)

    def wait(self, child: int, seconds: float = 60) -> int:
        """How a process ended: its signal, negative, or its code."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise AssertionError(f"seed {self.seed}: a process hung; {(self.folder / 'errors').read_text()[-2000:]}")

    def mend(self) -> bool:
        """Start again what was killed; whether anything was."""
        from django.db import connection

        assert self.postgres.process
        assert self.payers
        dead = False
        if self.postgres.process.poll() is not None:
            self.postgres.start()
            connection.close()
            connection.settings_dict["HOST"] = str(self.postgres.sockets)
            dead = True
        if self.payers.poll() is not None:
            self.payers.communicate()
            self.start_payers()
            self.control.set_clock(datetime.now(UTC) + self.offset)
            dead = True
        return dead

    # what is looked at

    def paid(self) -> Counter[tuple[Any, str, int]]:
        """How often the payers' books show each entitlement paid."""
        from bekal.incentives.models import PaymentOrder

        told = [row["partner_reference"] for name in ("bank", "wallet") for row in self.control.books(name)["payments"]]
        rows = PaymentOrder.objects.values_list("reference", "award_id", "kind", "number")
        whose = {reference: (award, kind, number) for reference, award, kind, number in rows}
        assert set(told) <= set(whose), "a payer paid what we have no order for"
        return Counter(whose[reference] for reference in told)

    def check(self, *, finished: bool) -> None:
        from bekal.incentives.models import OPEN, PaymentOrder
        from bekal.ledger.queries import balance, imbalance

        paid = self.paid()
        assert max(paid.values(), default=0) <= 1, f"seed {self.seed}: paid twice: {paid.most_common(3)}"
        assert imbalance() == 0
        ours = set(PaymentOrder.objects.filter(state="paid").values_list("award_id", "kind", "number"))
        assert ours <= set(paid), f"seed {self.seed}: we call paid what no payer booked"
        if finished:
            everything = {(one.award_id, kind, 1) for one in self.people for kind in ("completion", "survey")}
            assert set(paid) == everything == ours, f"seed {self.seed}: {len(everything - set(paid))} not paid"
            assert not PaymentOrder.objects.filter(state__in=OPEN).exists()
            credits = balance("paid:bank").credits + balance("paid:wallet").credits
            assert credits == 650_000 * len(self.people)


def desk() -> None:
    """What staff do: plan, approve, let halted runs go on."""
    from bekal.core import clock
    from bekal.incentives.actions import approve_pay_run, resume_pay_run
    from bekal.incentives.queries import pay_runs
    from bekal.incentives.tasks import plan_due
    from tests.incentives.making import CHECKER, MAKER

    plan_due(MAKER)
    for run in pay_runs():
        if run.state == "planned":
            approve_pay_run(by=CHECKER, at=clock.now(), pay_run_id=run.id, digest=run.digest)
        if run.state == "halted":
            resume_pay_run(by=CHECKER, at=clock.now(), pay_run_id=run.id, why="diperiksa")


def worker() -> None:
    """What a worker does, round after round."""
    from bekal.incentives.tasks import enquire_due, send_due

    send_due()
    enquire_due()


def citizens(ground: Ground) -> None:
    """Whoever was refused links another account."""
    from bekal.citizens.queries import citizen_view
    from bekal.core import clock
    from bekal.incentives.models import PayeeAccount
    from tests.incentives.making import linked

    blocked = dict(PayeeAccount.objects.filter(state="refused").values_list("citizen_id", "channel"))
    for one in ground.people:
        if one.citizen_id in blocked:
            ground.made += 1
            number, channel = f"5550000{ground.made:04}", blocked[one.citizen_id]
            name = citizen_view(one.citizen_id).name.upper()
            ground.control.load_accounts(channel, [{"number": number, "holder": name}])
            linked(one, channel=channel, account=number, at=clock.now())


def scenario(ground: Ground, place: str, victim: str, visit: int = 1, *, workers: int = 1, rails: str = "") -> None:
    """Earn, plan, send and ask; at `place` the victim dies; then recover until nothing is open."""
    from django.conf import settings

    rail = rails or ("file" if place in FILES else "call")
    settings.PORTS = ground.ports | {
        "payer:bank": (ground.ports["payer:bank"][0], {**ground.ports["payer:bank"][1], "rail": rail})
    }
    ground.earn(ground.a_time)
    fault = (place, visit, ground.victim(victim))
    hit = attempt(ground, [desk], fault if place in DESK else None)
    hit |= ground.mend()
    ground.check(finished=False)
    hit |= attempt(ground, [desk], None)
    if place not in ASKS and place != "payouts.after_report":
        hit |= attempt(ground, [worker] * workers, fault if place not in DESK else None)
        hit |= ground.mend()
        ground.check(finished=False)
        fault_left = None
    else:
        if place in ASKS:
            ground.lose_everything()
        attempt(ground, [worker], None)
        fault_left = fault
    ground.step(timedelta(minutes=3))
    hit |= attempt(ground, [worker] * workers, fault_left)
    hit |= ground.mend()
    ground.check(finished=False)
    ground.deaths[f"{place} {victim}"] += hit
    recover(ground)


def attempt(ground: Ground, works: Sequence[Callable[[], None]], fault: tuple[str, int, int] | None) -> bool:
    """Let processes do their work, the first of them with a fault; whether it killed that one."""
    children = [ground.fork(work, fault if number == 0 else None) for number, work in enumerate(works)]
    ended = [ground.wait(child) for child in children]
    return ended[0] == -signal.SIGKILL


def recover(ground: Ground) -> None:
    """Rounds of everybody's ordinary work, on a clock that moves as days do, until nothing is open."""
    from bekal.incentives.models import OPEN, PaymentOrder
    from bekal.incentives.queries import due_entitlements

    for minutes in (3, 31, 6, 125, 6, 370, 6, *[25 * 60, 6] * 8):
        if not PaymentOrder.objects.filter(state__in=OPEN).exists():
            citizens(ground)
            from bekal.core import clock

            if not due_entitlements(clock.now() + timedelta(days=2)):
                break
        ground.step(timedelta(minutes=minutes))
        attempt(ground, [desk], None)
        attempt(ground, [worker], None)
        ground.check(finished=False)
    ground.check(finished=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--all", action="store_true")
    chosen = parser.parse_args()
    ground = Ground(chosen.seed, 2 if chosen.short else PEOPLE)
    print(f"seed {chosen.seed}", flush=True)
    try:
        ground.begin()
        plan = SHORT if chosen.short else [(place, victim) for place in faults.PLACES for victim in VICTIMS]
        if chosen.short or chosen.all:
            for place, victim in plan:
                ground.misbehave(refusals=not chosen.short)
                scenario(ground, place, victim)
                print(f"{place} {victim}: {ground.deaths[f'{place} {victim}']} death", flush=True)
            missed = [f"{place} {victim}" for place, victim in plan if not ground.deaths[f"{place} {victim}"]]
            assert not missed, f"seed {chosen.seed}: nobody died at {missed}"
        until = time.monotonic() + 60 * chosen.minutes
        while time.monotonic() < until:
            anything(ground)
    finally:
        ground.end()
    print(f"{len(ground.people)} people, {2 * len(ground.people)} payments, {ground.deaths.total()} deaths: "
          f"each paid once in the payers' own books, difference 0")  # fmt: skip


def anything(ground: Ground) -> None:
    """One scenario that chance makes."""
    dice = ground.dice
    ground.misbehave(refusals=True)
    place, victim = dice.choice(faults.PLACES), dice.choice(VICTIMS)
    rails = "" if place in FILES else dice.choice(("call", "call", "file"))
    scenario(ground, place, victim, dice.randint(1, 4), workers=dice.randint(1, 3), rails=rails)


if __name__ == "__main__":
    main()
