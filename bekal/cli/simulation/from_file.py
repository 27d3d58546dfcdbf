"""People from a CSV or Parquet file. Each distinct cell is read once; a row with a wrong cell is left out.

Columns and their values: docs/programme-files.md. Only `birth_date` must be there.
"""

import csv
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from bekal.citizens.rules import OCCUPATIONS, SCHOOLING
from bekal.cli.simulation.people import DEFAULTS, Column, People, Rows
from bekal.cli.trouble import Trouble
from bekal.rulebooks.regions import REGENCIES

OTHER = "other"
TOLD = 20
_OLDEST_YEARS = 130
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CODE = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
_BETWEEN = re.compile(r"[;|,\s]+")
_SWITCH = {"true": True, "1": True, "yes": True, "ya": True, "false": False, "0": False, "no": False, "tidak": False}


@dataclass(frozen=True, slots=True)
class BadRow:
    """`row` counts from 1, without the header; `column` names the cell that is not right, "" for the whole row."""

    row: int
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class FileOfPeople:
    """`left_out`: rows that are not in `people`, by column; `shown`: the first of them. `missing`: columns that are
    taken as their default; `ignored`: columns that are not known, each with the known one it resembles, or ""."""

    people: People
    left_out: dict[str, int]
    bad_rows: int
    shown: tuple[BadRow, ...]
    missing: tuple[str, ...]
    ignored: dict[str, str]


class _NotMeant(ValueError):
    """A cell that cannot be read."""


def people_of(file: Path, on: date) -> FileOfPeople:
    """The people of a file, for a decision on the day `on`. Raises `Trouble` when the file cannot be read at all."""
    try:
        table, broken = _table(file)
        texts = {name: _plain(table[name]) for name in table.column_names if name in DEFAULTS}
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror or error}.") from error
    except (pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise Trouble(f"{file} is no table of people: {str(error).splitlines()[0]}") from error
    if "birth_date" not in table.column_names:
        raise Trouble(f"{file} has no column birth_date. Its columns: {', '.join(table.column_names)[:200]}.")
    read = {name: _column(cells, name, on) for name, cells in texts.items()}
    good = np.ones(table.num_rows, bool)
    for _, bad in read.values():
        good &= ~bad
    columns = {name: Column(column.values, column.rows[good]) for name, (column, _) in read.items()}
    numbers = _row_numbers(table.num_rows, broken)
    shown = [BadRow(number, "", text) for number, text in list(broken.items())[:TOLD]]
    shown += [
        BadRow(int(numbers[row]), name, _shown(texts[name][row].as_py()))
        for name, (_, bad) in read.items()
        for row in np.flatnonzero(bad)[:TOLD]
    ]
    left_out = {name: int(bad.sum()) for name, (_, bad) in read.items() if bad.any()}
    return FileOfPeople(
        people=People(int(good.sum()), columns),
        left_out={**({"": len(broken)} if broken else {}), **left_out},
        bad_rows=len(broken) + int((~good).sum()),
        shown=tuple(sorted(shown, key=lambda bad: (bad.row, bad.column))[:TOLD]),
        missing=tuple(name for name in DEFAULTS if name not in texts),
        ignored={name: _resembles(name) for name in table.column_names if name not in DEFAULTS},
    )


def _table(file: Path) -> tuple[pa.Table, dict[int, str]]:
    """The cells as text or lists, and the rows that have too many or too few, by number."""
    with file.open("rb") as source:
        start = source.read(4)
    if start == b"PAR1":
        return pyarrow.parquet.read_table(file), {}
    return _csv_table(file)


def _csv_table(file: Path) -> tuple[pa.Table, dict[int, str]]:
    with file.open("rb") as source:
        first = source.readline(100_000).decode("utf-8-sig")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    twice = {name for name in names if names.count(name) > 1}
    if not names or twice:
        raise Trouble(f"{file} needs a first line with a name for each column, each once{_named(twice)}.")
    broken: dict[int, str] = {}

    def keep(row: Any) -> str:
        broken[row.number - 1] = str(row.text)[:40]
        return "skip"

    table = pyarrow.csv.read_csv(
        file,
        read_options=pyarrow.csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=keep, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            check_utf8=False, column_types=dict.fromkeys(names, pa.binary()), strings_can_be_null=False
        ),
    )
    return table, broken


def _named(twice: set[str]) -> str:
    return f": {', '.join(sorted(twice))[:100]}" if twice else ""


def _shown(cell: str | bytes | None) -> str:
    return (cell.decode(errors="replace") if isinstance(cell, bytes) else cell or "")[:40]


def _row_numbers(many: int, broken: dict[int, str]) -> Rows:
    """The number in the file, from 1, of each row that was kept."""
    numbers = np.arange(1, many + len(broken) + 1)
    return numbers[~np.isin(numbers, list(broken))] if broken else numbers


def _column(cells: pa.ChunkedArray, name: str, on: date) -> tuple[Column, NDArray[np.bool_]]:
    """The column, and which rows hold a cell that cannot be meant."""
    encoded = pc.dictionary_encode(cells.combine_chunks())
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    read = _reader(name, on)
    values = [_read(read, cell) for cell in (*encoded.dictionary.to_pylist(), "")]
    rows = np.asarray(encoded.indices.fill_null(len(values) - 1)).astype(np.int64)
    bad = np.array([isinstance(value, _NotMeant) for value in values], bool)
    told = [DEFAULTS[name] if isinstance(value, _NotMeant) else value for value in values]
    return Column(told, rows), bad[rows]


def _plain(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lists joined, instants cut to days, everything else as text."""
    kind = cells.type
    if pa.types.is_binary(kind):
        return cells
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pc.binary_join(cells.cast(pa.list_(pa.string())), ";")
    if pa.types.is_timestamp(kind):
        cells = cells.cast(pa.date32())
    return cells.cast(pa.string())


def _read(read: Callable[[str], Any], cell: str | bytes) -> Any:
    try:
        told = cell.decode() if isinstance(cell, bytes) else cell
        return read(told.strip())
    except (ValueError, OverflowError):
        return _NotMeant()


def _reader(name: str, on: date) -> Callable[[str], Any]:
    """How a cell of the column is read. Raises ValueError for one that cannot be meant."""
    match name:
        case "birth_date":
            return lambda cell: _birth_date(cell, on)
        case "registers" | "prior_awards":
            return _codes
        case "citizen" | "earlier_recipient":
            return lambda cell: _switch(cell, DEFAULTS[name])
        case "family_card":
            return lambda cell: cell
        case "disability":
            return lambda cell: _codes(cell)[0] if cell else None
    allowed = CHOICES[name]
    return lambda cell: _choice(cell, allowed, DEFAULTS[name])


CHOICES: dict[str, frozenset[str]] = {
    "occupation": frozenset((*OCCUPATIONS, OTHER)),
    "regency_code": frozenset(REGENCIES),
    "schooling": frozenset(SCHOOLING),
    "sex": frozenset(("F", "M")),
    "identity": frozenset(("registered", "verified", "mismatched")),
    "face": frozenset(("matched", "review", "none")),
}


def _birth_date(cell: str, on: date) -> date:
    if _DATE.fullmatch(cell) is None:
        raise _NotMeant
    born = date.fromisoformat(cell)
    if born > on or on.year - born.year > _OLDEST_YEARS:
        raise _NotMeant
    return born


def _codes(cell: str) -> tuple[str, ...]:
    codes = tuple(sorted({code for code in _BETWEEN.split(cell) if code}))
    if any(_CODE.fullmatch(code) is None for code in codes):
        raise _NotMeant
    return codes


def _switch(cell: str, default: bool) -> bool:
    if cell and cell.lower() not in _SWITCH:
        raise _NotMeant
    return _SWITCH[cell.lower()] if cell else default


def _choice(cell: str, allowed: frozenset[str], default: str) -> str:
    if cell and cell not in allowed:
        raise _NotMeant
    return cell or default


def _resembles(name: str) -> str:
    close: Iterator[str] = iter(difflib.get_close_matches(name, DEFAULTS, n=1, cutoff=0.6))
    return next(close, "")
