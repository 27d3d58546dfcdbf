"""The `bekal` command."""

import argparse
import os
import sys
from collections.abc import Sequence

from bekal.cli import draw, imports, keys, programme
from bekal.cli.started import start_django
from bekal.cli.trouble import Trouble


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a problem that the person can solve is one sentence and exit code 1."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["manage"]:
            return _manage(words[1:])
        options = _parser().parse_args(words)
        return int(options.run(options))
    except Trouble as trouble:
        print(f"bekal: {trouble}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bekal", description="Runs a national training-scholarship programme.")
    commands = parser.add_subparsers(required=True, metavar="command")

    migrate = commands.add_parser("migrate", help="bring the tables up to date")
    migrate.set_defaults(run=_migrate)

    work = commands.add_parser("work", help="work off what is due, for ever or once")
    work.add_argument("--once", action="store_true", help="one round, then end")
    work.add_argument("--every", type=float, default=5.0, metavar="SECONDS")
    work.set_defaults(run=_work)

    lane = commands.add_parser("lane", help="serve the hot lane: joining a wave, and nothing else")
    lane.add_argument("--host", default="127.0.0.1")
    lane.add_argument("--port", type=int, default=8001)
    lane.add_argument("--most", type=int, default=2_048, metavar="PEOPLE", help="in line before others wait outside")
    lane.set_defaults(run=_lane)

    programme.add_commands(
        commands.add_parser("programme", help="programme files").add_subparsers(required=True, metavar="what")
    )
    draw.add_commands(commands.add_parser("draw", help="draws").add_subparsers(required=True, metavar="what"))

    lists = commands.add_parser("import", help="lists from CSV or Parquet")
    imports.add_commands(lists.add_subparsers(required=True, metavar="what"))
    keys.add_commands(commands.add_parser("keys", help="renewing keys").add_subparsers(required=True, metavar="what"))

    ledger = commands.add_parser("ledger", help="the books").add_subparsers(required=True, metavar="what")
    books = ledger.add_parser("verify", help="recompute every account from its transfers, and every seal")
    books.set_defaults(run=_ledger_verify)
    return parser


def _manage(words: list[str]) -> int:
    """Django's own commands, for developers; on a throw-away database unless DATABASE_URL is set."""
    if "DATABASE_URL" not in os.environ:
        import tests.database  # noqa: F401
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bekal.project.settings")
    from django.core.management import execute_from_command_line

    if words[:1] == ["makemigrations"]:
        words = [*words, "--skip-checks"]
    execute_from_command_line(["bekal manage", *words])
    return 0


def _migrate(_: argparse.Namespace) -> int:
    start_django()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return 0


def _work(options: argparse.Namespace) -> int:
    start_django()
    from bekal.cli.work import work

    work(once=options.once, every=options.every)
    return 0


def _lane(options: argparse.Namespace) -> int:
    start_django()
    import asyncio

    from bekal.doors.hotlane.server import serve

    asyncio.run(serve(options.port, host=options.host, most_in_line=options.most))
    return 0


def _ledger_verify(_: argparse.Namespace) -> int:
    start_django()
    from bekal.ledger.queries import books_in_order

    problems = books_in_order()
    for problem in problems:
        print(f"problem: {problem}")
    print("the books are wrong" if problems else "the books are in order: difference 0, every seal holds")
    return 1 if problems else 0
