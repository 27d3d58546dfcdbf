"""`bekal import`: good rows in, bad rows back with their reasons, one clear sentence for everything else."""

import csv
import gzip
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pytest
from pyarrow import parquet

from bekal.citizens.models import Citizen, Holding
from bekal.cli import tables
from bekal.cli.main import main
from bekal.core.models import Event
from bekal.eligibility.models import Fact, RegisterList
from tests.citizens.making import nik, registered_citizen
from tests.citizens.test_applicants import cells
from tests.eligibility.making import eligible_citizen
from tests.rulebooks.making import loaded_programme

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = ("--register", "pupil", "--as-of", "2023-08-01", "--source", "Kemendikbud")
HEADING = list(cells())


@pytest.fixture
def programme(db: None, clock_at: Callable[[datetime], None]) -> Any:
    clock_at(datetime(2023, 8, 20, 3, 0, tzinfo=UTC))
    return loaded_programme()


def written(file: Path, rows: Sequence[Sequence[str]], **dialect: Any) -> Path:
    with file.open("w", encoding=dialect.pop("encoding", "utf-8"), newline="") as opened:
        csv.writer(opened, **dialect).writerows(rows)
    return file


def applicants(file: Path, *people: dict[str, str], **dialect: Any) -> Path:
    return written(file, [HEADING, *([one[name] for name in HEADING] for one in people)], **dialect)


def figures(printed: str) -> dict[str, int]:
    rows = (line.split() for line in printed.splitlines())
    return {row[0]: int(row[1].replace(",", "")) for row in rows if len(row) == 2 and row[1].replace(",", "").isdigit()}


def refused(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize(
    "dialect",
    [{}, {"delimiter": ";"}, {"delimiter": "\t"}, {"quoting": csv.QUOTE_ALL}, {"encoding": "utf-8-sig"},
     {"lineterminator": "\n"}, {"delimiter": ";", "encoding": "utf-8-sig", "quoting": csv.QUOTE_ALL}],
)  # fmt: skip
def test_a_list_in_any_usual_csv(
    programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], dialect: dict[str, Any]
) -> None:
    rows = [["NIK", "Nama"], [nik(1), "Siti, S.E."], [f" {nik(2)[:6]}.{nik(2)[6:]} ", 'Budi "Bo"\nSantoso'], ["", ""],
            ["12", "X"], [nik(3), "Ana"]]  # fmt: skip
    file, out = written(tmp_path / "list.csv", rows, **dialect), tmp_path / "refused.csv"
    assert main(["import", "list", str(file), *LIST, "--refused", str(out)]) == 0
    assert figures(capsys.readouterr().out) == {
        "rows": 4, "taken": 3, "refused": 1, "people": 3, "added": 3, "ended": 0, "contested": 0,
    }  # fmt: skip
    (row,) = refused(out)
    assert (row["row"], row["nik"], row["name"]) == ("5", "12", "X")
    assert row["alasan"] == "nik: NIK berisi 16 angka. Yang Anda tulis 2 angka."
    assert row["reason"] == "nik: A NIK has 16 digits. You wrote 2."
    assert out.stat().st_mode & 0o077 == 0


def test_a_list_twice_then_whole(programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decided = eligible_citizen(programme.id, 1)
    file = written(tmp_path / "a.csv", [["nik"], [nik(1)], [nik(2)]])
    assert main(["import", "list", str(file), *LIST]) == 0
    assert figures(capsys.readouterr().out)["contested"] == 1
    events = Event.objects.count()
    assert main(["import", "list", str(file), *LIST]) == 0
    assert "taken in before (2 people); nothing was changed" in capsys.readouterr().out
    assert Event.objects.count() == events
    corrected = written(tmp_path / "b.csv", [["nik"], [nik(2)]])
    assert main(["import", "list", str(corrected), *LIST, "--whole"]) == 0
    assert figures(capsys.readouterr().out)["ended"] == 1
    assert Fact.objects.get(nik_ref=decided.nik_ref, kind="pupil").standing == "ended"


def test_what_stands_beside_a_nik_is_compared(
    programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registered_citizen(1, name="Siti Nurhaliza")
    registered_citizen(2, name="I Gusti Ayu Made")
    rows = [["nik", "nama", "tanggal_lahir"], [nik(1), "Joko Widodo", "1995-08-15"],
            [nik(2), "GUSTI AYU", "15/08/1995"],
            [nik(3), "Nobody Yet", "1995-08-16"], [nik(4), "Nobody Yet", "?"], [nik(5), "Anyone", ""]]  # fmt: skip
    file, out = written(tmp_path / "list.csv", rows), tmp_path / "refused.csv"
    assert main(["import", "list", str(file), *LIST, "--refused", str(out)]) == 0
    assert [(row["row"], row["reason"].split(":")[0]) for row in refused(out)] == [
        ("4", "birth_date"), ("5", "birth_date"), ("2", "nik"),
    ]  # fmt: skip
    assert "Siti" not in out.read_text(), "what we know of a person is not told to whoever sends a list"
    assert figures(capsys.readouterr().out)["people"] == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--register", "pupils", *LIST[2:]), "No programme looks into the register pupils. Known ones: "),
        ((*LIST[:2], "--as-of", "2023-08-22", *LIST[4:]), "The day of the list, 22 August 2023, has not come yet."),
        ((*LIST[:4], "--source", "x" * 65), "--source must have 1 to 64 letters."),
        (("--register", "prior_recipient", *LIST[2:], "--whole"), "The register prior_recipient can only grow."),
    ],
)
def test_a_refusal_is_a_sentence(
    programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], sentence: str
) -> None:
    file = written(tmp_path / "a.csv", [["nik"], [nik(1)]])
    assert main(["import", "list", str(file), *options]) == 1
    assert sentence in capsys.readouterr().err
    assert not RegisterList.objects.exists()


def strange_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files that are no table, and what is said about each."""
    made = {name: folder / name for name in (
        "empty", "latin.csv", "zero.csv", "wrong.csv", "twice.csv", "quote.csv", "gzip.csv", "short.parquet",
        "other.parquet", "utf16.csv", "huge.csv",
    )}  # fmt: skip
    made["empty"].touch()
    made["latin.csv"].write_bytes(b"nik,nama\n1,A\n2,Jos\xe9\n")
    made["zero.csv"].write_bytes(b"nik\n1\x00\n")
    made["wrong.csv"].write_text("no,nama\n1,A\n")
    made["twice.csv"].write_text("nik,nama,name\n1,A,B\n")
    made["quote.csv"].write_text('nik,nama\n1,A\n2,"B\n3,C\n')
    made["huge.csv"].write_text("nik,nama\n1," + "x" * 200_000 + "\n")
    made["gzip.csv"].write_bytes(gzip.compress(b"nik\n1\n"))
    made["utf16.csv"].write_bytes("nik\n1\n".encode("utf-16"))
    parquet.write_table(arrow.table({"nik": ["1"] * 1000}), made["short.parquet"])
    made["short.parquet"].write_bytes(made["short.parquet"].read_bytes()[:-9])
    parquet.write_table(arrow.table({"no": ["1"]}), made["other.parquet"])
    with zipfile.ZipFile(folder / "a.xlsx", "w") as archive:
        archive.writestr("sheet.xml", "<x/>")
    return {
        "nothing": (folder / "none.csv", "cannot be read: No such file or directory."),
        "folder": (folder, "is a folder."),
        "empty": (made["empty"], "is empty."),
        "latin": (made["latin.csv"], "is not UTF-8 (line 3). Save it as CSV in UTF-8."),
        "zero": (made["zero.csv"], "is no text: line 2 holds a zero byte."),
        "wrong": (made["wrong.csv"], "has no column nik. Its first row names: no, nama."),
        "twice": (made["twice.csv"], "has more than one column name."),
        "quote": (made["quote.csv"], "cannot be read from line 4 on"),
        "huge": (made["huge.csv"], "cannot be read from line 2 on"),
        "gzip": (made["gzip.csv"], "is compressed (gzip)."),
        "zip": (folder / "a.xlsx", "is a ZIP archive or an Excel workbook."),
        "utf16": (made["utf16.csv"], "is UTF-16."),
        "truncated": (made["short.parquet"], "is a damaged or truncated Parquet file"),
        "other": (made["other.parquet"], "has no column nik. Its first row names: no."),
    }


@pytest.mark.parametrize("what", ["list", "applicants"])
def test_what_is_no_table_is_one_sentence(
    programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    for name, (file, sentence) in strange_files(tmp_path).items():
        options = LIST if what == "list" else ()
        assert main(["import", what, str(file), *options, "--refused", str(tmp_path / "out")]) == 1, name
        said = capsys.readouterr().err
        assert said.count("\n") == 1, said
        expected = sentence if what == "list" else sentence.replace("no column nik.", "no column ")
        assert expected.split(". Its")[0] in said or "has no column" in said, (name, said)
    assert not RegisterList.objects.exists()
    assert not Citizen.objects.exists()
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.part").exists()


def test_a_list_in_parquet(programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    born = datetime(1995, 8, 15, tzinfo=UTC).date()
    columns = {"nik": [int(nik(1)), int(nik(2)), None], "tanggal_lahir": [born, born, born], "other": [[1.0], [], None]}
    parquet.write_table(arrow.table(columns), tmp_path / "a.parquet")
    out = tmp_path / "refused.csv"
    assert main(["import", "list", str(tmp_path / "a.parquet"), *LIST, "--refused", str(out)]) == 0
    assert figures(capsys.readouterr().out)["people"] == 2
    assert [(row["row"], row["other"]) for row in refused(out)] == [("3", "")]


def test_numbers_of_other_programs_are_read_as_written() -> None:
    assert [tables._text(value) for value in (3273105508950001.0, [1.0, "b"], None, 7, 0.5)] == [
        "3273105508950001", "1|b", "", "7", "0.5",
    ]  # fmt: skip


def test_applicants_come_in_and_bad_rows_come_back(
    programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registered_citizen(5)
    people = [cells(1), cells(2, nik=nik(2)[:-1], phone="=1+1"), cells(3, phone="0812 3456 0001"), cells(5),
              cells(6, nik=nik(5)), cells(7, consent_taken="?")]  # fmt: skip
    file, out = applicants(tmp_path / "a.csv", *people), tmp_path / "refused.csv"
    assert main(["import", "applicants", str(file), "--refused", str(out)]) == 0
    assert figures(capsys.readouterr().out) == {"rows": 6, "registered": 1, "known": 1, "refused": 4}
    rows = {row["row"]: row for row in refused(out)}
    assert set(rows) == {"3", "4", "6", "7"}
    assert rows["3"]["phone"] == "'=1+1", "a spreadsheet does not run what somebody typed"
    assert rows["3"]["reason"].startswith("nik: A NIK has 16 digits. You wrote 15.; phone: ")
    assert rows["4"]["alasan"] == "phone: Nomor HP ini sudah ada di baris 2."
    assert rows["6"]["reason"].startswith("nik: This NIK is registered already.")
    assert rows["7"]["reason"].startswith("consent_taken: ")


def test_the_refused_file_can_be_mended_and_imported(
    programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = applicants(tmp_path / "a.csv", cells(1, name="1")), tmp_path / "refused.csv"
    assert main(["import", "applicants", str(file), "--refused", str(out)]) == 0
    out.write_text(out.read_text().replace(",1,1995", ",Siti,1995"))
    assert main(["import", "applicants", str(out)]) == 0
    assert figures(capsys.readouterr().out)["registered"] == 1
    assert Citizen.objects.get().name == "Siti"


def test_applicants_twice_change_nothing(
    programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PIECE", 2)
    people = [cells(number) for number in range(1, 6)]
    file = applicants(tmp_path / "a.csv", *people, people[0], cells(6, nik=nik(1)), delimiter=";")
    assert main(["import", "applicants", str(file)]) == 0
    assert figures(capsys.readouterr().out) == {"rows": 7, "registered": 5, "known": 1, "refused": 1}
    events = Event.objects.count()
    assert main(["import", "applicants", str(file)]) == 0
    printed = capsys.readouterr().out
    assert figures(printed) == {"rows": 7, "registered": 0, "known": 6, "refused": 1}
    assert "--refused" in printed
    assert (Event.objects.count(), Citizen.objects.count()) == (events, 5)


def test_rows_of_another_width_come_back(programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(f"nik,nama\n{nik(1)},A,,\n{nik(2)}\n{nik(3)},A,B\n\n{nik(4)},A\n")
    out = tmp_path / "out.csv"
    assert main(["import", "list", str(tmp_path / "a.csv"), *LIST, "--refused", str(out)]) == 0
    assert [(row["row"], row["reason"]) for row in refused(out)] == [
        ("3", "row: This row has 1 cells instead of 2. Check separators and quotation marks."),
        ("4", "row: This row has 3 cells instead of 2. Check separators and quotation marks."),
    ]


def test_the_refused_file_must_be_another(programme: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "a.csv", [["nik"], [nik(1)]])
    assert main(["import", "list", str(file), *LIST, "--refused", str(file)]) == 1
    assert main(["import", "list", str(file), *LIST, "--refused", str(tmp_path / "no" / "b.csv")]) == 1
    assert "cannot be written: No such file or directory." in capsys.readouterr().err
    assert file.read_text().startswith("nik")


def many(file: Path, people: int) -> Path:
    """So many different good applicants."""
    usual = cells(1)
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(HEADING)
        for number in range(people):
            day, rest = divmod(number, 9_999)
            own = {
                "nik": f"327310{41 + day % 28:02}{1 + day // 28 % 12:02}95{rest + 1:04}", "phone": f"0812{number:08}",
                "family_card": f"327310010110{number % 10_000:04}",
                "birth_date": f"1995-{1 + day // 28 % 12:02}-{1 + day % 28:02}",
            }  # fmt: skip
            writer.writerow({**usual, **own}.values())
    return file


def running(file: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DATABASE_URL": _database()}
    command = [sys.executable, "-m", "bekal", "import", "applicants", str(file)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _database() -> str:
    """The address of the database of this test."""
    from django.db import connection

    return os.environ["DATABASE_URL"].replace("/bekal?", f"/{connection.settings_dict['NAME']}?")


def _peak_kilobytes(pid: int) -> int:
    """The most memory this program has had; `ru_maxrss` would count that of whoever started it."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        return int(found.group(1)) if found else 0
    return 0


@pytest.mark.django_db(transaction=True)
def test_an_import_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    people = 45_000
    file = many(tmp_path / "many.csv", people)
    first = running(file)
    until = time.monotonic() + 120
    while not Citizen.objects.exists() and first.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = Citizen.objects.count()
    assert 0 < before < people
    assert before % tables.PIECE == 0, "pieces are whole"
    done = running(file)
    used = 0
    while done.poll() is None:
        used = max(used, _peak_kilobytes(done.pid))
        time.sleep(0.05)
    printed = done.communicate()[0].decode()
    assert figures(printed) == {"rows": people, "registered": people - before, "known": before, "refused": 0}, printed
    assert (Citizen.objects.count(), Holding.objects.count()) == (people, 2 * people)
    assert 0 < used < 256 * 1024, f"{used} kB"
