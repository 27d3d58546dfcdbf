"""`bekal import`: lists of registers and of applicants, from CSV or Parquet. Bad rows come back in a file."""

import argparse
import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from bekal.cli.started import start_django
from bekal.cli.tables import Table, open_table
from bekal.cli.trouble import Trouble

ALIASES: Mapping[str, str] = {
    "no_kk": "family_card", "nomor_kk": "family_card", "kk": "family_card", "nama": "name", "nama_lengkap": "name",
    "tanggal_lahir": "birth_date", "tgl_lahir": "birth_date", "jenis_kelamin": "sex", "kabupaten": "regency",
    "kode_kabupaten": "regency", "regency_code": "regency", "telepon": "phone", "no_hp": "phone", "hp": "phone",
    "pendidikan": "schooling", "pekerjaan": "occupation", "disabilitas": "disability", "minat": "interests",
    "bahasa": "language", "persetujuan": "consents", "cara_persetujuan": "consent_taken",
}  # fmt: skip
OURS = ("row", "alasan", "reason")
"""Columns of the file of refused rows, which can be mended and imported as it is."""

Reasons = Sequence[tuple[str, str, Mapping[str, Any]]]
"""(column, key of a text, facts)."""


def add_commands(imports: Any) -> None:
    """`import list` and `import applicants` below `import`, a set of subparsers."""
    listed = imports.add_parser(
        "list", help="who stands in a register on a day: columns nik, optionally name, birth_date"
    )
    listed.add_argument("file", type=Path)
    listed.add_argument("--register", required=True, metavar="CODE", help="as the programme file calls it")
    listed.add_argument("--as-of", required=True, type=_day, metavar="YYYY-MM-DD", help="the day of the list")
    listed.add_argument("--source", required=True, help="who sent it, in words that people on it may read")
    listed.add_argument("--whole", action="store_true", help="who is not on it no longer stands in the register")
    applicants = imports.add_parser("applicants", help="people who were registered on paper or in an earlier system")
    applicants.add_argument("file", type=Path)
    for command, run in ((listed, _list), (applicants, _applicants)):
        command.add_argument("--refused", type=Path, metavar="FILE", help="rows that could not be taken, as CSV")
        command.set_defaults(run=run)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day like 2023-08-01") from None


def _list(options: argparse.Namespace) -> int:
    start_django()
    from bekal.core.errors import Refused
    from bekal.core.texts import text
    from bekal.eligibility.tasks import take_in_list

    if not 0 < len(options.source) <= 64:
        raise Trouble("--source must have 1 to 64 letters.")
    table = open_table(options.file, needed=("nik",), aliases=ALIASES)
    with RefusedRows(options.refused, options.file, table) as refused:
        counted = _Counted()
        try:
            done = take_in_list(
                by=_operator(), kind=options.register, as_of=options.as_of, source=options.source, sha256=table.sha256,
                whole=options.whole, pieces=_niks(table, refused, counted), refused_rows=lambda: refused.rows,
            )  # fmt: skip
        except Refused as refusal:
            raise Trouble(text(refusal.code, "en", **refusal.facts)) from refusal
    if done.known:
        print(f"This list was taken in before ({done.people} people); nothing was changed.")
        return 0
    figures = (
        ("rows", counted.rows + refused.rows), ("taken", counted.rows), ("refused", refused.rows),
        ("people", done.people), ("added", done.added), ("ended", done.ended), ("contested", done.contested),
    )  # fmt: skip
    _summary(figures, refused)
    return 0


class _Counted:
    """How many rows were taken so far."""

    rows = 0


def _niks(table: Table, refused: "RefusedRows", counted: _Counted) -> Iterator[list[str]]:
    """The NIKs of each piece; rows that cannot be taken go to the file."""
    from bekal.citizens.queries import names_by_nik
    from bekal.core import clock
    from bekal.eligibility.rows import name_reasons, read_listed

    on = clock.now().date()
    place = {name: table.columns.index(name) for name in ("nik", "name", "birth_date") if name in table.columns}
    for piece in table.pieces:
        refused.ragged(piece.ragged)
        good: list[tuple[int, Sequence[str], str]] = []
        for number, row in piece.rows:
            found = read_listed({name: row[at] for name, at in place.items()}, on)
            if isinstance(found, str):
                good.append((number, row, found))
            else:
                refused.add(number, row, found)
        if "name" in place:
            known = names_by_nik(nik for _, _, nik in good)
            wrong = {number: name_reasons(row[place["name"]], known.get(nik)) for number, row, nik in good}
            for number, row, _ in (one for one in good if wrong[one[0]]):
                refused.add(number, row, wrong[number])
            good = [one for one in good if not wrong[one[0]]]
        counted.rows += len(good)
        yield [nik for _, _, nik in good]


def _applicants(options: argparse.Namespace) -> int:
    start_django()
    from bekal.citizens.rows import NEEDED, Applicant, read_row
    from bekal.citizens.tasks import take_in_applicants
    from bekal.core import clock

    table = open_table(options.file, needed=NEEDED, aliases=ALIASES)
    by, on, added, known = _operator(), clock.now().date(), 0, 0
    with RefusedRows(options.refused, options.file, table) as refused:
        for piece in table.pieces:
            refused.ragged(piece.ragged)
            good: list[Applicant] = []
            for number, row in piece.rows:
                found = read_row(number, dict(zip(table.columns, row, strict=True)), on)
                if isinstance(found, Applicant):
                    good.append(found)
                else:
                    refused.add(number, row, [(one.cell, one.fault.kind, one.fault.facts) for one in found])
            done = take_in_applicants(by=by, source=table.sha256, applicants=good)
            added, known = added + done.added, known + done.known
            rows = dict(piece.rows)
            cells: dict[int, list[tuple[str, str, Mapping[str, Any]]]] = {}
            for fault in done.faults:
                cells.setdefault(fault.row, []).append((fault.cell, fault.fault.kind, fault.fault.facts))
            for number, reasons in cells.items():
                refused.add(number, rows[number], reasons)
    _summary(
        (("rows", added + known + refused.rows), ("registered", added), ("known", known), ("refused", refused.rows)),
        refused,
    )
    return 0


def _operator() -> Any:
    from bekal.core.events import Actor

    return Actor.system("cli.import")


def _summary(figures: Iterable[tuple[str, int]], refused: "RefusedRows") -> None:
    for name, value in figures:
        print(f"{name:<11}{value:>12,}")
    if refused.rows and refused.file:
        print(f"The refused rows and their reasons: {refused.file}")
    elif refused.rows:
        print("Name a file with --refused to get the refused rows with their reasons.")


class RefusedRows:
    """Rows that could not be taken, as they came, with their number and every reason in both languages, by column.

    The file appears when all is read; none without refused rows. Only its owner may read it: it holds NIKs.
    """

    def __init__(self, file: Path | None, source: Path, table: Table) -> None:
        if file is not None and file.resolve() == source.resolve():
            raise Trouble("--refused names the imported file itself. Name another.")
        self.file, self.rows = file, 0
        self._kept = [place for place, name in enumerate(table.columns) if name not in OURS]
        self._columns = table.columns
        self._part = file.with_name(f"{file.name}.part") if file else None
        self._opened: IO[str] | None = None
        self._writer: Any = None

    def __enter__(self) -> "RefusedRows":
        if self._part:
            try:
                self._opened = os.fdopen(
                    os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                    "w",
                    encoding="utf-8-sig",
                    newline="",
                )
            except OSError as error:
                raise Trouble(f"{self.file} cannot be written: {error.strerror}.") from error
            self._writer = csv.writer(self._opened)
            self._writer.writerow(["row", *(self._columns[place] for place in self._kept), "alasan", "reason"])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._opened and self._part and self.file:
            self._opened.close()
            if kind is None and self.rows:
                self._part.replace(self.file)
            else:
                self._part.unlink()

    def add(self, number: int, row: Sequence[str], reasons: Reasons) -> None:
        """One row; `reasons` name the texts `citizens.<kind>`."""
        from bekal.core.texts import text

        self.rows += 1
        if self._writer:
            told = ["; ".join(f"{cell}: {text(f'citizens.{kind}', language, **facts)}" for cell, kind, facts in reasons)
                    for language in ("id", "en")]  # fmt: skip
            kept = [_harmless(row[place]) if place < len(row) else "" for place in self._kept]
            self._writer.writerow([number, *kept, *told])

    def ragged(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Rows with too many or too few cells."""
        for number, row in rows:
            self.add(number, row, [("row", "row_cells", {"cells": len(row), "columns": len(self._columns)})])


def _harmless(cell: str) -> str:
    """A spreadsheet would run a cell that begins like a formula; no answer of ours does."""
    return f"'{cell}" if cell[:1] in ("=", "@", "\t", "\r") else cell
