"""`bekal keys`: where the renewal of keys stands, and moving it on. See docs/runbooks/renewing-keys.md."""

import argparse
from typing import Any

from bekal.cli.started import start_django


def add_commands(commands: Any) -> None:
    """The commands below `bekal keys`."""
    commands.add_parser("status", help="versions in use, and what is left to renew").set_defaults(run=_status)
    renew = commands.add_parser("renew", help="bring columns and blind indexes under the newest keys, while all runs")
    renew.set_defaults(run=_renew)
    retire = commands.add_parser("retire", help="delete blind indexes under keys that are no longer looked up")
    retire.set_defaults(run=_retire)


def _status(_: argparse.Namespace) -> int:
    start_django()
    from django.conf import settings

    from bekal.core.renewal import left_to_renew
    from bekal.core.vault import index_versions

    versions = ", ".join(str(version) for version in index_versions())
    print(f"columns are sealed under key {settings.COLUMN_KEY}; blind indexes are written under {versions}")
    left = left_to_renew()
    for name, count in sorted(left.items()):
        print(f"{name}: {count} to renew")
    if not left:
        print("nothing is left to renew")
    return 0


def _renew(options: argparse.Namespace) -> int:
    start_django()
    from bekal.core import clock
    from bekal.core.events import Actor
    from bekal.core.renewal import left_to_renew, renew_everything

    print(f"{renew_everything(by=Actor.system('keys'), at=clock.now())} values renewed")
    left = left_to_renew()
    if left:
        print(f"{sum(left.values())} are held by others or came meanwhile; repeat the command")
    return 1 if left else 0


def _retire(_: argparse.Namespace) -> int:
    start_django()
    from bekal.core import clock
    from bekal.core.events import Actor
    from bekal.core.renewal import retire_marks

    done = 0
    while count := retire_marks(by=Actor.system("keys"), at=clock.now()):
        done += count
    print(f"{done} blind indexes deleted")
    return 0
