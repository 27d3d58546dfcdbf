"""`bekal programme`: check a file, say what changes between two, and try one on people. Needs no database.

Exit code 0: in order; 1: faults, or examples that disagree, all of them printed with file and line.
"""

import argparse
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from bekal.cli.trouble import Trouble
from bekal.core.texts import LANGUAGES, text
from bekal.eligibility.rules import case_faults
from bekal.rulebooks.rules import Fault, Programme, ProgrammeFaults, amount_faults, parse_examples, parse_programme
from bekal.rulebooks.rules.changes import Change, difference
from bekal.rulebooks.rules.parsing import LONGEST
from bekal.rulebooks.rules.places import find_places

EXAMPLES = "cases.toml"


def add_commands(programme: Any) -> None:
    """`check`, `diff` and `simulate` below `programme`, a set of subparsers."""
    check = programme.add_parser("check", help="explain every fault of a programme file, with its line")
    check.add_argument("file", type=Path)
    check.add_argument("--cases", action="store_true", help=f"run the examples in {EXAMPLES} beside the file, too")
    check.set_defaults(run=_check)

    diff = programme.add_parser("diff", help="say in words what changes for whom between two programme files")
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)
    diff.add_argument("--language", choices=LANGUAGES, default="id")
    diff.set_defaults(run=_diff)

    simulate = programme.add_parser("simulate", help="how many would be eligible, and what it costs; changes nothing")
    simulate.add_argument("file", type=Path)
    simulate.add_argument(
        "--people", required=True, metavar="N|FILE", help="how many to draw, or a CSV or Parquet file"
    )
    simulate.add_argument(
        "--on", type=date.fromisoformat, metavar="DATE", help="day of decision; else the first in force"
    )
    simulate.add_argument("--places", type=int, metavar="N", help="places of one wave")
    simulate.add_argument("--take-up", type=int, metavar="PERCENT", help="how many claim an entitlement")
    simulate.add_argument("--seed", type=int, default=1, help="of the people drawn")
    simulate.add_argument("--language", choices=LANGUAGES, default="id")
    simulate.set_defaults(run=_simulate)


def read_programme(file: Path) -> Programme:
    """The programme of a file. Raises `ProgrammeFaults`, and `Trouble` when it cannot be read."""
    return parse_programme(_read(file), file=str(file))


def show_faults(file: Path | str, faults: Iterable[Fault]) -> None:
    """One line for each fault: file, line, key, problem, hint."""
    for fault in faults:
        where = f"{fault.path}: " if fault.path else ""
        show(f"{file}:{fault.line}: {where}{fault.problem} {fault.hint}".rstrip())


def show(line: str) -> None:
    """Print what may come from a file: one line, nothing that steers a terminal."""
    print("".join(sign if sign.isprintable() else "\ufffd" for sign in line))


def _check(options: argparse.Namespace) -> int:
    try:
        programme = read_programme(options.file)
        faults = _example_faults(programme, options.file.parent / EXAMPLES) if options.cases else 0
    except ProgrammeFaults as found:
        show_faults(found.file, found.faults)
        return 1
    if faults:
        return 1
    print(f"{options.file}: {programme.code}, version {programme.version}, is in order")
    return 0


def _example_faults(programme: Programme, file: Path) -> int:
    """Print where the programme and its examples disagree; returns how many do."""
    written = _read(file)
    examples = parse_examples(written, file=str(file))
    places = find_places(written.replace("\r\n", "\n"))
    faults = [
        Fault(places.line(("amounts", key)), f"amounts.{key}", problem, "Correct one of the two.")
        for key, problem in amount_faults(programme, examples.amounts).items()
    ]
    for number, case in enumerate(examples.cases):
        path = f"cases.{number}"
        faults += [
            Fault(places.line(("cases", number)), path, f"{case.name.en}: {problem}.", "Correct one of the two.")
            for problem in case_faults(programme, case)
        ]
    show_faults(file, faults)
    if not faults:
        print(f"{file}: {len(examples.cases)} examples agree")
    return len(faults)


def _diff(options: argparse.Namespace) -> int:
    try:
        old, new = read_programme(options.old), read_programme(options.new)
    except ProgrammeFaults as found:
        show_faults(found.file, found.faults)
        return 1
    changed = difference(old, new, options.language)
    names = [f"{programme.code} {programme.version}" for programme in (old, new)]
    show(text("rulebooks.change.from_to", options.language, old=names[0], new=names[1]))
    if not changed.changes:
        show(text("rulebooks.change.nothing", options.language))
    for who in dict.fromkeys(change.who for change in changed.changes):
        _group(who, (change for change in changed.changes if change.who == who))
    if changed.papers:
        _group(text("rulebooks.change.papers", options.language), changed.papers)
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from bekal.cli.simulation.command import simulate

    try:
        programme = read_programme(options.file)
    except ProgrammeFaults as found:
        show_faults(found.file, found.faults)
        return 1
    for line in simulate(programme, options):
        show(line)
    return 0


def _group(title: str, changes: Iterable[Change]) -> None:
    print()
    show(title)
    for change in changes:
        show(f"  {change.line}  [{change.path}]")


def _read(file: Path) -> str:
    """The text of a file. Raises `Trouble`, or `ProgrammeFaults` when it is too long or no text."""
    try:
        with file.open("rb") as source:
            content = source.read(4 * LONGEST + 1)
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > 4 * LONGEST:
        problem = f"The file is longer than {4 * LONGEST:,} bytes."
        raise ProgrammeFaults((Fault(1, "", problem, "Is this the right file?"),), str(file))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"The sign {content[error.start]:#04x} on this line is not UTF-8."
        raise ProgrammeFaults((Fault(line, "", problem, "Save the file as UTF-8."),), str(file)) from None
