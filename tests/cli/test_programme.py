"""`bekal programme check` and `diff`, as a person at the keyboard meets them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bekal.cli.main import main
from tests.rulebooks.making import ABROAD, PROGRAMMES, programme_files, programme_text

TEXT = programme_text()
ROOT = PROGRAMMES.parent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A whole programme with its examples beside it."""
    (tmp_path / "cases.toml").write_text((PROGRAMMES / "prakerja-2023" / "cases.toml").read_text())
    place = tmp_path / "1.toml"
    place.write_text(TEXT)
    return place


def check(*words: object) -> int:
    return main(["programme", "check", *map(str, words)])


@pytest.mark.parametrize("whole", programme_files(), ids=lambda one: one.parent.name)
def test_what_is_in_order_is_said_so(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(whole, "--cases") == 0
    told = capsys.readouterr().out
    assert "examples agree" in told
    assert "version 1, is in order" in told


def test_many_faults_are_told_at_once_each_with_its_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(TEXT.replace("age_min = 18", "age_mim = 18").replace("min_hours = 15", 'min_hours = "15"'))
    assert check(file) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{file}:") for line in lines)
    numbers = [int(line.removeprefix(f"{file}:").split(":")[0]) for line in lines]
    assert numbers == sorted(numbers)
    assert TEXT.splitlines()[numbers[-1] - 1] == "min_hours = 15"
    assert lines[-1].endswith("Write digits alone, such as 15: no quotes, no point.")


def test_an_example_that_disagrees_is_told_at_its_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(TEXT.replace("age_max = 64", "age_max = 70").replace("amount = 50_000", "amount = 60_000"))
    assert check(file) == 0
    assert check(file, "--cases") == 1
    told = [line for line in capsys.readouterr().out.splitlines() if "cases.toml" in line]
    cases = (file.parent / "cases.toml").read_text().splitlines()
    found = {cases[int(line.split(":")[1]) - 1]: line for line in told}
    assert found.keys() == {"[[cases]]", "incentive_total = 700_000", "total_benefit = 4_200_000"}
    assert "The programme gives 720000, not 700000." in found["incentive_total = 700_000"]
    assert any("Turns 65 today: eligible: True, expected False." in line for line in told)


def test_faulty_examples_are_told_with_their_own_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = file.parent / "cases.toml"
    cases.write_text(cases.read_text().replace("citizen = false", "citizens = false", 1))
    assert check(file, "--cases") == 1
    assert f"{cases}:" in (told := capsys.readouterr().out)
    assert "Did you mean `citizen`?" in told


@pytest.mark.parametrize("missing", ["cases.toml", "1.toml"])
def test_a_file_that_is_not_there(file: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / missing).unlink()
    assert check(file, "--cases") == 1
    assert f"{missing} cannot be read: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (b'\n\ncode = "\xe9"\n', 3, "is not UTF-8. Save the file as UTF-8."),
        (b"x" * 10_000_000, 1, "Is this the right file?"),
        (b"code = 'a'\nname = \n", 2, "This is not TOML"),
        (b'"\x1b[31m" = 1\n', 1, "This is not TOML"),
        (b'"\\u001b[31m" = 1\n', 1, "is not known here"),
        (b"", 1, "is missing"),
    ],
)
def test_what_is_no_programme(
    file: Path, content: bytes, line: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(content)
    assert check(file) == 1
    told = capsys.readouterr().out
    assert any(one.startswith(f"{file}:{line}:") and says in one for one in told.splitlines()), told
    assert "\x1b" not in told


def test_a_folder_and_a_forbidden_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(file.parent) == 1
    assert "Is a directory" in capsys.readouterr().err
    assert check("/proc/self/mem") == 1
    assert "cannot be read" in capsys.readouterr().err


def diff(old: object, new: object, *words: str) -> int:
    return main(["programme", "diff", str(old), str(new), *words])


def test_what_changes_is_grouped_by_whom_it_concerns(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(
        TEXT.replace("age_max = 64", 'age_max = "none"').replace(
            "training_balance = 3_500_000", "training_balance = 1_000_000"
        )
    )
    assert diff(PROGRAMMES / "prakerja-2023" / "1.toml", file, "--language", "en") == 0
    assert capsys.readouterr().out == (
        "From prakerja-2023 1 to prakerja-2023 1\n"
        "\nRecipients\n"
        "  Everything that one person can receive: Rp4.200.000 → Rp1.700.000.  [total_benefit]\n"
        "  Training balance: Rp3.500.000 → Rp1.000.000.  [scholarship.training_balance]\n"
        "\nPeople of 65 or older\n"
        "  Highest age: 64 → none. This rule no longer bars them.  [eligibility.age_max]\n"
    )
    assert diff(PROGRAMMES / "prakerja-2023" / "1.toml", file) == 0
    assert "Orang berusia 65 tahun atau lebih" in capsys.readouterr().out


def test_a_comment_changes_nothing_and_a_source_stands_apart(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(TEXT.replace('source = "UU 8/2016', '# see also the law\nsource = "UU 8 of 2016'))
    assert diff(PROGRAMMES / "prakerja-2023" / "1.toml", file) == 0
    nothing, papers = capsys.readouterr().out.split("\n\n")
    assert nothing.endswith("Tidak ada yang berubah bagi siapa pun.")
    assert papers.startswith("Hanya di atas kertas\n  Penyandang disabilitas: Sumber: UU 8/2016")


def test_faults_come_before_differences(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(TEXT.replace("[end]", "[fin]"))
    assert diff(file, PROGRAMMES / "prakerja-2023" / "1.toml") == 1
    assert f"{file}:" in capsys.readouterr().out


def test_a_scheme_of_another_country_can_be_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(PROGRAMMES / "prakerja-2023" / "1.toml", ABROAD / "skillsfuture-credit" / "1.toml") == 0
    assert "Rp3.500.000 → S$500" in capsys.readouterr().out


def test_the_commands_need_no_database_and_no_settings(file: Path) -> None:
    """In a process of its own, with nothing in the environment; a reader that stops early is no fault."""
    for words in (["check", "--cases", file], ["diff", file, file], ["simulate", file, "--people", "1000"]):
        command = [sys.executable, "-m", "bekal", "programme", *map(str, words)]
        done = subprocess.run(command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    script = (
        "import sys, bekal.cli.main as m; m.main(sys.argv[1:]); print([n for n in sys.modules if n[:6] == 'django'])"
    )
    command = [sys.executable, "-c", script, "programme", "simulate", str(file), "--people", "10"]
    done = subprocess.run(command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == b"[]"


def test_a_reader_that_stops_early_is_no_fault(file: Path) -> None:
    command = f"{sys.executable} -m bekal programme simulate {file} --people 1000 | head -1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, check=False)
    assert done.stderr == b""
