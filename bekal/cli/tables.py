"""Reading a table from a CSV or Parquet file, in pieces, in bounded memory whatever its size."""

import codecs
import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from bekal.cli.trouble import Trouble

PIECE = 10_000
_READ = 1 << 20
_OTHERS = {
    b"PK\x03\x04": "is a ZIP archive or an Excel workbook. Unpack it, or save the sheet as CSV.",
    b"\x1f\x8b": "is compressed (gzip). Unpack it first.",
    b"\xff\xfe": "is UTF-16. Save it as CSV in UTF-8.",
    b"\xfe\xff": "is UTF-16. Save it as CSV in UTF-8.",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook. Save the sheet as CSV.",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows with their numbers: in a CSV as a spreadsheet counts them (the heading is row 1), in Parquet from 1.
    `ragged`: rows with another number of cells than the heading has."""

    rows: list[tuple[int, Sequence[str]]]
    ragged: list[tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Table:
    """An open file. `columns`: as our rules call them; one that we do not know keeps its own name."""

    columns: tuple[str, ...]
    sha256: str
    pieces: Iterator[Piece]


def open_table(file: Path, *, needed: Sequence[str], aliases: Mapping[str, str]) -> Table:
    """Raises Trouble, one sentence, for everything that is no such table; `aliases`: other names of columns."""
    try:
        head = _head(file)
        for magic, problem in _OTHERS.items():
            if head.startswith(magic):
                raise Trouble(f"{file} {problem}")
        return (_open_parquet if head == b"PAR1" else _open_csv)(file, needed, aliases)
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror or error}.") from error


def _head(file: Path) -> bytes:
    if file.is_dir():
        raise Trouble(f"{file} is a folder. Name one file in it.")
    with file.open("rb") as opened:
        head = opened.read(4)
    if not head:
        raise Trouble(f"{file} is empty.")
    return head


def _open_csv(file: Path, needed: Sequence[str], aliases: Mapping[str, str]) -> Table:
    sha256 = _checked_text(file)
    rows = _csv_rows(file)
    heading = next(rows, (1, ()))[1]
    columns = _columns(file, heading, needed, aliases)
    return Table(columns, sha256, _pieces(rows, len(columns)))


def _checked_text(file: Path) -> str:
    """SHA-256 of a file that is UTF-8 throughout; what is not is said before a row of it counts."""
    digest, decoder, line = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), 1
    with file.open("rb") as opened:
        while True:
            data = opened.read(_READ)
            digest.update(data)
            try:
                decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                line += error.object.count(b"\n", 0, error.start)
                raise Trouble(f"{file} is not UTF-8 (line {line}). Save it as CSV in UTF-8.") from error
            if b"\0" in data:
                raise Trouble(f"{file} is no text: line {line + data[: data.index(0)].count(10)} holds a zero byte.")
            if not data:
                return digest.hexdigest()
            line += data.count(b"\n")


def _csv_rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        first = opened.readline(_READ)
        opened.seek(0)
        separator = max(",;\t", key=first.count)
        reader = csv.reader(opened, delimiter=separator, strict=True)
        try:
            for number, row in enumerate(reader, 1):
                if any(row):
                    yield number, row
        except csv.Error as error:
            raise Trouble(
                f"{file} cannot be read from line {reader.line_num} on ({error}). A quotation mark may be missing "
                "there; rows before it may be in already. Mend the line and import the whole file again."
            ) from error


def _columns(file: Path, heading: Sequence[str], needed: Sequence[str], aliases: Mapping[str, str]) -> tuple[str, ...]:
    names = [name.strip().lower().replace(" ", "_") for name in heading]
    while names and not names[-1]:
        names.pop()
    columns = tuple(aliases.get(name, name) for name in names)
    missing = [name for name in needed if name not in columns]
    if missing:
        found = ", ".join(names)[:200] or "nothing"
        raise Trouble(f"{file} has no column {', '.join(missing)}. Its first row names: {found}.")
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise Trouble(f"{file} has more than one column {', '.join(twice)}.")
    return columns


def _pieces(rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[Piece]:
    while taken := list(islice(rows, PIECE)):
        piece = Piece([], [])
        for number, row in taken:
            while len(row) > width and not row[-1]:
                row.pop()
            (piece.rows if len(row) == width else piece.ragged).append((number, row))
        yield piece


def _open_parquet(file: Path, needed: Sequence[str], aliases: Mapping[str, str]) -> Table:
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        opened = parquet.ParquetFile(file, memory_map=True)
    except arrow.ArrowException as error:
        raise Trouble(f"{file} is a damaged or truncated Parquet file: {str(error).splitlines()[0]}") from error
    columns = _columns(file, opened.schema_arrow.names, needed, aliases)
    with file.open("rb") as whole:
        sha256 = hashlib.file_digest(whole, "sha256").hexdigest()
    return Table(columns, sha256, _parquet_pieces(file, opened))


def _parquet_pieces(file: Path, opened: Any) -> Iterator[Piece]:
    import pyarrow as arrow

    number = 1
    try:
        for batch in opened.iter_batches(batch_size=PIECE, use_threads=False):
            columns = [[_text(value) for value in column.to_pylist()] for column in batch.columns]
            rows: Iterable[tuple[str, ...]] = zip(*columns, strict=True)
            yield Piece(list(enumerate(rows, number)), [])
            number += batch.num_rows
    except (arrow.ArrowException, OSError) as error:
        raise Trouble(
            f"{file} is damaged after row {number - 1}: {str(error).splitlines()[0]} Rows before it may be in already."
        ) from error


def _text(value: object) -> str:
    """As somebody would have written it in a CSV."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return "|".join(map(_text, value))
    return str(value)
