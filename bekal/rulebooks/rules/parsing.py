"""From the text of a file to a `Programme`, or to every fault with its line."""

import re
import tomllib
from typing import Any

from bekal.rulebooks.rules.checks import check_programme
from bekal.rulebooks.rules.faults import Fault, ProgrammeFaults
from bekal.rulebooks.rules.places import Places, find_places
from bekal.rulebooks.rules.programme import End, Programme
from bekal.rulebooks.rules.reading import Reader

LONGEST = 1_000_000
_PLACE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")


def parse_programme(text: str, *, file: str = "") -> Programme:
    """The programme that `text` (TOML) says. Raises `ProgrammeFaults` with every fault found."""
    data, places = read_toml(text, file)
    reader = Reader(places)
    end = _read_end(reader, data)
    programme = reader.table(Programme, data)
    if programme is not None and end is not None:
        check_programme(programme, end, reader)
    if programme is None or reader.faults:
        raise ProgrammeFaults(tuple(reader.faults), file)
    return programme


def read_toml(text: str, file: str) -> tuple[dict[str, Any], Places]:
    """The parsed text and its places. Raises `ProgrammeFaults` when it is not TOML, or too long."""
    if len(text) > LONGEST:
        problem = f"The text has {len(text):,} signs; {LONGEST:,} are allowed."
        raise ProgrammeFaults((Fault(1, "", problem, "Is this the right file?"),), file)
    try:
        return tomllib.loads(text), find_places(text.replace("\r\n", "\n"))
    except RecursionError:
        fault = Fault(1, "", "The brackets are nested too deep.", "Write plain tables and lists.")
    except ValueError as error:
        fault = _syntax_fault(str(error), text)
    raise ProgrammeFaults((fault,), file)


def _syntax_fault(message: str, text: str) -> Fault:
    place = _PLACE.search(message)
    problem = _PLACE.sub("", message).strip()
    last = text.count("\n") + (not text.endswith("\n"))
    line = int(place[1]) if place and place[1] else max(last, 1) if place else 1
    return Fault(line, "", f"This is not TOML: {problem}.", "Look at quotes, brackets and the sign `=` on this line.")


def _read_end(reader: Reader, data: dict[str, Any]) -> End | None:
    if "end" not in data:
        last = max(reader.places.lines.values(), default=1)
        reader.faults.append(Fault(last, "end", "The section [end] is missing.", "Was the file cut short?"))
        return None
    return reader.table(End, data.pop("end"), ("end",))
