"""The options of `bekal programme simulate`, checked, and the run."""

import argparse
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from bekal.cli.simulation.drawn import drawn_people
from bekal.cli.simulation.from_file import people_of
from bekal.cli.simulation.people import People, decide
from bekal.cli.simulation.report import Simulation, lines_of, nationwide, origin_of_drawn, origin_of_file
from bekal.cli.trouble import Trouble
from bekal.rulebooks.rules import Programme

MOST_PEOPLE = 5_000_000
MOST_PLACES = 10_000_000


def simulate(programme: Programme, options: argparse.Namespace) -> Iterator[str]:
    """The report, line by line. Raises `Trouble`."""
    on = options.on or programme.in_force_from
    if not date.min + timedelta(days=50_000) < on:
        raise Trouble(f"The day {on} is too long ago.")
    _check(programme, options)
    number = options.people.replace("_", "").replace(".", "")
    if number.isdecimal():
        people = drawn_people(_within("--people", int(number[:20]), 1, MOST_PEOPLE), programme, on, options.seed)
        found = _found(programme, people, on, options)
        origin, end = origin_of_drawn(found, options.seed), nationwide(found)
    else:
        file = people_of(Path(options.people), on)
        found = _found(programme, file.people, on, options)
        origin, end = origin_of_file(found, file, options.people), iter(())
    yield found.text("title", name=programme.name[options.language], version=programme.version)
    yield from origin
    yield from lines_of(found)
    yield from end


def _check(programme: Programme, options: argparse.Namespace) -> None:
    if options.places is not None:
        if programme.selection is None:
            raise Trouble("This programme has no wave: leave --places out.")
        _within("--places", options.places, 1, MOST_PLACES)
    if options.take_up is not None:
        if not programme.is_entitlement:
            raise Trouble("Only an entitlement has a take-up: leave --take-up out.")
        _within("--take-up", options.take_up, 0, 100)
    _within("--seed", options.seed, 0, 2**63)


def _within(name: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise Trouble(f"{name} must be {least:,} to {most:,}.")
    return value


def _found(programme: Programme, people: People, on: date, options: argparse.Namespace) -> Simulation:
    decision = decide(programme, people, on)
    return Simulation(programme, people, decision, on, options.places, options.take_up, options.language)
