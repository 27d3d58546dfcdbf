"""What a person at the keyboard runs into: a taken port, a second start, a full disk, another version, a kill."""

import os
import shutil
import signal
import socket
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from bekal.cli import installation as installations
from bekal.cli.installation import Installation, refuse_taken_port, wait_for
from bekal.cli.main import main
from bekal.cli.postgres import Account, Postgres
from bekal.cli.trouble import Trouble

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder() -> Iterator[Path]:
    place = Path("/tmp") / f"bekal-cli-{os.getpid()}-{time.monotonic_ns()}"
    place.mkdir(mode=0o711)
    yield place
    shutil.rmtree(place, ignore_errors=True)


def installed(folder: Path) -> Installation:
    return Installation(folder, "http://localhost:8000", "prakerja-2023", seed="tests")


def test_a_second_start_is_refused_with_a_sentence(folder: Path) -> None:
    first = installed(folder)
    first.claim()
    with pytest.raises(Trouble, match=f"already runs.*{os.getpid()}"):
        installed(folder).claim()


def test_a_full_disk_is_said_before_anything_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installations.shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 10 * 2**20))
    with pytest.raises(Trouble, match="Only 10 MB are free"):
        installed(folder).claim()


def test_a_taken_port_is_named_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Trouble, match=rf"Port {port} cannot be used.*PORT={port + 1}"):
            refuse_taken_port(port, f"make demo PORT={port + 1}")


def test_cleaning_keeps_the_lock(folder: Path) -> None:
    mine = installed(folder)
    mine.claim()
    (folder / "partners").mkdir()
    (folder / "clock").write_text("running 0")
    mine.clean()
    assert [entry.name for entry in folder.iterdir()] == ["lock"]


def test_a_process_that_never_answers_is_explained(folder: Path) -> None:
    mine = installed(folder)
    child = mine.start("web", ["sh", "-c", "echo it broke; exit 3"])
    child.wait()
    with pytest.raises(Trouble, match="it broke"):
        wait_for("http://127.0.0.1:9/none", child, folder / "web.log", seconds=2)
    mine.stop()


def test_data_of_another_version_is_refused_and_kept(folder: Path) -> None:
    server = Postgres(folder)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("11\n")
    with pytest.raises(Trouble, match="written by PostgreSQL 11"):
        server.start()
    assert (server.data / "PG_VERSION").read_text() == "11\n"


def test_a_killed_server_loses_nothing_that_was_committed(folder: Path) -> None:
    server = Postgres(folder)
    server.start()
    server.create_database()
    server.create_database()
    server.run_sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)", "bekal")
    assert server.process
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    server.stop()
    again = Postgres(folder)
    again.start()
    assert again.run_sql("SELECT n FROM kept", "bekal") == "7"
    with pytest.raises(Trouble, match="PostgreSQL refused"):
        again.run_sql("SELECT nonsense")
    orphan = again.process
    third = Postgres(folder)  # as after a kill of the parent: the folder still has an owner
    third.start()
    assert orphan
    assert orphan.wait(10) is not None
    assert third.run_sql("SELECT n FROM kept", "bekal") == "7"
    third.drop_database()
    third.stop()


def test_a_private_home_is_no_obstacle_for_root(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    nobody = Account(65534, 65534, drop=True)
    assert not nobody.may_pass(private)
    assert Account(os.getuid(), os.getgid(), drop=False).may_pass(private)


def test_commands_explain_their_trouble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["programme", "check", str(tmp_path / "none.toml")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    file = tmp_path / "bad.toml"
    file.write_text('code = "x"\nnonsense = 1\n')
    assert main(["programme", "check", str(file)]) == 1
    assert "bad.toml:2" in capsys.readouterr().out
    assert main(["programme", "check", "programmes/prakerja-2023/1.toml"]) == 0
    (tmp_path / "bundle.json").write_text("{")
    (tmp_path / "roll.bin").write_bytes(b"")
    assert main(["draw", "verify", str(tmp_path / "bundle.json"), str(tmp_path / "roll.bin")]) == 1
    assert "is not JSON" in capsys.readouterr().err
