"""`bekal draw`: what it writes, what it refuses in one sentence, and what a kill in the middle leaves."""

import errno
import fcntl
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bekal.cli import draw as draw_command
from bekal.cli.main import main
from bekal.engines.draw.beacon import QUICKNET
from bekal.engines.draw.bundle import encode_bundle
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.roll import Stratum, build_roll
from bekal.engines.draw.source import read_source
from tests.cli.draw_files import published, words, write, write_inputs, write_large
from tests.engines.draw_vectors import (
    CEREMONY,
    COMMITTED_AT,
    SIGNED_AT,
    WAVE,
    Sample,
    annulled,
    endorsements,
    keys,
    member,
    sample,
    secret,
)  # fmt: skip

FINISHED = ["bundle.json", "result.bin"]
Harm = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_inputs(tmp_path)
    return tmp_path


def left(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / "out").iterdir()) if (folder / "out").exists() else []


def agrees(folder: Path, drawn: Sample, out: str = "out") -> bool:
    bundle, result = (folder / out / name for name in FINISHED)
    return bundle.read_bytes() == encode_bundle(drawn.bundle) and result.read_bytes() == drawn.result.encode()


def process(*arguments: str, code: str | None = None, **options: Any) -> "subprocess.Popen[str]":
    start = ["-m", "bekal"] if code is None else ["-c", code]
    return subprocess.Popen(
        [sys.executable, *start, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


# what it writes


@pytest.mark.parametrize("workers", [[], ["--processes", "2"]])
def test_run_and_verify_in_processes_of_their_own(folder: Path, workers: list[str]) -> None:
    ran = process(*words(folder), *workers)
    said, trouble = ran.communicate(timeout=120)
    assert (ran.returncode, trouble) == (0, "")
    assert sample().bundle["result"]["root"] in said
    assert left(folder) == FINISHED
    assert agrees(folder, sample())
    bundle, result = (str(folder / "out" / name) for name in FINISHED)
    checked = process("draw", "verify", bundle, str(folder / "roll.bin"), "--result", result, *workers)
    said, trouble = checked.communicate(timeout=120)
    assert (checked.returncode, trouble, said) == (0, "", "the draw holds: every step follows from the files\n")


@pytest.mark.parametrize("drawn", [sample(waiting=0), sample(kind="ceremony"), sample(kind="default")])
def test_every_source_gives_the_sample_s_bundle(tmp_path: Path, drawn: Sample) -> None:
    write_inputs(tmp_path, drawn)
    assert main(words(tmp_path)) == 0
    assert agrees(tmp_path, drawn)


def test_rounds_are_read_as_relays_and_as_bundles_have_them(folder: Path) -> None:
    ours, relayed = sample().bundle["beacon"], json.loads((folder / "beacon.json").read_text())
    relayed.pop("randomness")
    for out, said in (("ours", ours), ("newer", relayed)):
        write(folder, "beacon.json", said)
        assert main(words(folder, out)) == 0
        assert agrees(folder, sample(), out)


def test_a_finished_draw_is_never_touched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(folder)) == 0
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in (folder / "out").iterdir()]
    assert main(words(folder)) == 1
    assert "holds a finished draw" in capsys.readouterr().err
    assert before == [(file.read_bytes(), file.stat().st_mtime_ns) for file in (folder / "out").iterdir()]


def test_two_at_once_do_not_mix(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out").mkdir()
    handle = os.open(folder / "out", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert main(words(folder)) == 1
    assert "Another draw is being written" in capsys.readouterr().err
    os.close(handle)
    assert main(words(folder)) == 0


def test_a_draw_finished_meanwhile_is_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check, asked = draw_command._refuse_finished, []
    monkeypatch.setattr(draw_command, "_refuse_finished", lambda out: check(out) if asked else asked.append(out))
    assert main(words(folder)) == 0
    asked.clear()
    assert main(words(folder)) == 1
    assert "holds a finished draw" in capsys.readouterr().err


# what a kill leaves

HANGING = """
import sys, time
from bekal.cli import draw
from bekal.engines.draw.result import DrawResult

def hang(*_):
    print("hangs", flush=True)
    time.sleep(600)

def half(self, pieces=DrawResult.pieces):
    yield from pieces(self)
    if sys._getframe(1).f_code.co_name == "_publish":
        hang()

if sys.argv.pop(1) == "half": DrawResult.pieces = half
else: draw._sync = hang
from bekal.cli.main import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(("point", "remains"), [("half", ["result.bin.part"]), ("between", ["result.bin"])])
def test_a_kill_in_the_middle_leaves_nothing_that_hinders(folder: Path, point: str, remains: list[str]) -> None:
    killed = process(point, *words(folder), code=HANGING)
    assert killed.stdout
    assert killed.stdout.readline() == "hangs\n"
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert left(folder) == remains
    assert main(words(folder)) == 0
    assert left(folder) == FINISHED
    assert agrees(folder, sample())


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_full_disk_leaves_nothing(
    folder: Path, call: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = iter(range(1, 9))

    def full(_handle: int) -> None:
        if next(calls) == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(draw_command.os, "fsync", full)
        assert main(words(folder)) == 1
    assert "No space left on device; no result was published" in capsys.readouterr().err
    assert left(folder) == []
    assert main(words(folder)) == 0
    assert agrees(folder, sample())


def test_a_device_that_is_full_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "result.bin.part").symlink_to("/dev/full")
    assert main(words(folder)) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert left(folder) == []


def test_a_file_that_may_not_grow_leaves_nothing(folder: Path) -> None:
    bounded = process(*words(folder), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)))
    _, trouble = bounded.communicate(timeout=60)
    assert bounded.returncode == 1
    assert "File too large; no result was published" in trouble
    assert left(folder) == []


# what it refuses


def change(name: str, **members: Any) -> Harm:
    def harm(folder: Path) -> None:
        write(folder, name, {**json.loads((folder / name).read_text()), **members})

    return harm


def put(name: str, data: bytes | str) -> Harm:
    return lambda folder: (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)


def roll(strata: tuple[Stratum, ...], ids: bytes) -> Harm:
    return put("roll.bin", replace(sample().roll, strata=strata, ticket_ids=ids).encode())


def commit(places: list[int] | None = None, at: Any = None, drop: int = 0, **members: Any) -> Harm:
    """published.json of the sample's commitment with other members, signed anew."""
    doc = {**sample().commitment, **members}
    signatures = endorsements(doc, at or SIGNED_AT)[drop:]
    return lambda folder: write(
        folder, "published.json", published(doc, sample().roll, places or sample().places, signatures)
    )


def other_source(**members: Any) -> dict[str, Any]:
    return {**sample().commitment["source"], **members}


IDS, STRATA = bytes(sample().roll.ticket_ids), sample().roll.strata
BYTES, ROWS = sample().roll_bytes, published(sample().commitment, sample().roll, sample().places)["strata"]
PADDED = replace(sample().roll, wave="x").encode()  # its header ends in zeros
FIRST, SECOND = RECORDED_ROUNDS["quicknet", 1], RECORDED_ROUNDS["quicknet", 2]
BAD: dict[str, tuple[Harm, str]] = {
    "a stratum is empty": (roll((*STRATA, Stratum("9999", "x", 0)), IDS), "roll.bin: a stratum is empty"),
    "nobody": (roll((), b""), "roll.bin: nobody is on the roll"),
    "no bytes": (put("roll.bin", b""), "roll.bin: the roll is truncated"),
    "cut in an id": (put("roll.bin", BYTES[:-1]), "bytes do not hold 60 entries"),
    "cut in the header": (put("roll.bin", BYTES[:40]), "roll.bin: the roll is truncated"),
    "more bytes": (put("roll.bin", BYTES + b"\0"), "bytes do not hold 60 entries"),
    "another order": (roll(STRATA, IDS[16:32] + IDS[:16] + IDS[32:]), "not in order"),
    "padding": (put("roll.bin", PADDED[: -len(IDS) - 1] + b"\1" + IDS), "the header is not canonical"),
    "an id twice": (roll(STRATA, IDS[:16] * 2 + IDS[32:]), "not in order, or one stands twice"),
    "an id in two strata": (
        roll((Stratum("1", "a", 1), Stratum("2", "a", 1)), IDS[:16] * 2),
        f"ticket {IDS[:16].hex()} stands in two strata",
    ),
    "another roll": (
        put("roll.bin", build_roll(wave=WAVE, members=[member(n) for n in range(1, 61)]).encode()),
        "published.json: (its strata are not|the commitment does not follow|[0-9]+ places)",
    ),
    "a folder": (lambda folder: (folder / "roll.bin").unlink() or (folder / "roll.bin").mkdir(), "Is a directory"),
    "no roll": (lambda folder: (folder / "roll.bin").unlink(), "roll.bin cannot be read: No such file"),
    "no commitment": (lambda folder: (folder / "published.json").unlink(), "published.json cannot be read: No such"),
    "no beacon": (lambda folder: (folder / "beacon.json").unlink(), "beacon.json cannot be read: No such file"),
    "no JSON": (put("published.json", "{"), "published.json is not JSON"),
    "no text": (put("beacon.json", b"\xff"), "beacon.json is not JSON"),
    "too deep": (put("beacon.json", "[" * 100_000), "beacon.json is not JSON"),
    "a list": (put("beacon.json", "[]"), "beacon.json must be a JSON object"),
    "one member more": (change("published.json", x=1), "exactly the members commitment, operators"),
    "members of another kind": (change("published.json", commitment=[]), "published.json is malformed"),
    "rows of another kind": (change("published.json", strata=[[]]), "published.json is malformed"),
    "places above people": (
        change("published.json", strata=[{**ROWS[0], "places": ROWS[0]["people"] + 1}, *ROWS[1:]]),
        "published.json: [0-9]+ places for [0-9]+ people in 3171 disability",
    ),
    "a place that is true": (change("published.json", strata=[{**ROWS[0], "places": True}, *ROWS[1:]]), "True places"),
    "other places": (
        change("published.json", strata=[{**row, "places": 1} for row in ROWS]),
        "published.json: the commitment does not follow from the roll: .*strata",
    ),
    "strata in another order": (change("published.json", strata=ROWS[::-1]), "strata are not those of the roll"),
    "other duplicates": (commit(roll={**sample().commitment["roll"], "duplicates": 7}), "does not follow.*: roll"),
    "changed and not signed": (
        change("published.json", commitment={**sample().commitment, "waiting_list": 3}), "the signature is wrong"
    ),
    "a signature missing": (commit(drop=1), "published.json: 1 of 2 operator signatures"),
    "nobody signed": (commit(drop=4), "0 of 2 operator signatures; 0 of 2 witness signatures"),
    "signed late": (commit(at=read_source(sample().commitment["source"]).due_at), "outside the time allowed"),
    "signed early": (commit(at=COMMITTED_AT - timedelta(seconds=1)), "outside the time allowed"),
    "another chain committed": (commit(source=other_source(chain_hash="0" * 64)), "not one that is trusted"),
    "another round": (change("beacon.json", **{**asdict(FIRST), "round": 1}), "round 1 shown, round 123 committed to"),
    "a forged signature": (change("beacon.json", signature=SECOND.signature), "beacon.json: round 123"),
    "no point": (change("beacon.json", signature="00"), "not a point of the scheme"),
    "another randomness": (change("beacon.json", randomness=FIRST.randomness), "randomness is not SHA-256"),
    "a number that is text": (change("beacon.json", round="123"), "this is no round of drand"),
    "no number": (put("beacon.json", json.dumps({"signature": "00"})), "this is no round of drand"),
    "no signature": (put("beacon.json", "{}"), "beacon.json is malformed: KeyError 'signature'"),
    "a member more": (change("beacon.json", x="1"), "beacon.json is malformed: TypeError"),
    "secrets for a round": (put("beacon.json", '{"secrets": {}}'), "secrets shown, round 123 committed to"),
}  # fmt: skip


def refused(folder: Path, capsys: pytest.CaptureFixture[str], *extra: str) -> str:
    """The one sentence of a draw that is refused; nothing was written."""
    capsys.readouterr()
    assert main([*words(folder), *extra]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("bekal: ")
    assert said.err.count("\n") == 1
    assert not (folder / "out").exists()
    return said.err


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    harm, sentence = BAD[name]
    harm(folder)
    assert re.search(sentence, refused(folder, capsys))


def test_a_withheld_secret_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_inputs(tmp_path, sample(kind="ceremony"))
    for said, sentence in (
        ({name: secret(name) for name in CEREMONY[:2]}, f"not revealed: {CEREMONY[2]}"),
        ({**{name: secret(name) for name in CEREMONY}, CEREMONY[0]: "00" * 32}, "does not open its seal"),
        ({**{name: secret(name) for name in CEREMONY}, "stranger": "00" * 32}, "stranger is no party"),
    ):
        write(tmp_path, "beacon.json", {"secrets": said})
        assert sentence in refused(tmp_path, capsys)
    write(tmp_path, "beacon.json", asdict(FIRST))
    assert "a round shown, a ceremony committed to" in refused(tmp_path, capsys)


def test_a_rehearsal_s_chain_must_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A chain of another hash, with quicknet's key: trusted only when told to."""
    own = replace(QUICKNET, chain_hash="0" * 64)
    commit(source=other_source(chain_hash=own.chain_hash))(folder)
    assert "not one that is trusted" in refused(folder, capsys)
    chain = str(write(folder, "chain.json", asdict(own)))
    assert main([*words(folder), "--chain", chain]) == 0
    bundle = str(folder / "out" / "bundle.json")
    assert main(["draw", "verify", bundle, str(folder / "roll.bin")]) == 1
    assert main(["draw", "verify", bundle, str(folder / "roll.bin"), "--chain", chain]) == 0
    write(folder, "chain.json", {"chain_hash": "0"})
    assert main([*words(folder, "again"), "--chain", chain]) == 1
    assert "chain.json is malformed: TypeError" in capsys.readouterr().err


def test_workers_that_cannot_be_had(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    assert "PySpark is not installed; `make setup-spark`" in refused(folder, capsys, "--spark", "spark://127.0.0.1:1")
    for count in ("0", "-1", "1025", "x"):
        with pytest.raises(SystemExit):
            main([*words(folder), "--processes", count])
    with pytest.raises(SystemExit):
        main([*words(folder), "--processes", "2", "--spark", "local[2]"])


def test_a_place_that_is_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out").write_text("mine")
    assert main(words(folder)) == 1
    assert "out cannot be written: File exists; no result was published" in capsys.readouterr().err
    assert (folder / "out").read_text() == "mine"


# what it verifies


def verified(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[str]:
    capsys.readouterr()
    code = main(["draw", "verify", *map(str, arguments), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["exit"] == code == int(bool(said["problems"]))
    return list(said["problems"])


def test_verify_compares_with_the_world_outside(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, roll_file = write(folder, "bundle.json", sample().bundle), folder / "roll.bin"
    assert verified(capsys, bundle, roll_file, "--round", folder / "beacon.json") == []
    assert verified(capsys, bundle, roll_file, "--round", write(folder, "first.json", asdict(FIRST))) == [
        "the round is not the one you fetched"
    ]
    own = {"operators": keys("operator"), "witnesses": keys("witness"), "parties": {}}
    assert verified(capsys, bundle, roll_file, "--keys", write(folder, "keys.json", own)) == []
    own["operators"]["director"] = "00" * 32
    assert verified(capsys, bundle, roll_file, "--keys", write(folder, "keys.json", own)) == [
        "operators director: not the published key"
    ]
    result = folder / "result.bin"
    result.write_bytes(sample().result.encode()[:-1])
    assert verified(capsys, bundle, roll_file, "--result", result) == ["the result file is not what the draw gives"]
    assert main(["draw", "verify", str(bundle), str(roll_file), "--keys", str(write(folder, "k.json", {"x": 1}))]) == 1
    assert "k.json must be {operators" in capsys.readouterr().err
    write(folder, "bundle.json", {**sample().bundle, "strata": []})
    assert main(["draw", "verify", str(bundle), str(roll_file)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "the draw does not hold"


def test_verify_knows_the_keys_of_a_ceremony(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = sample(kind="ceremony")
    write_inputs(tmp_path, held)
    files = (write(tmp_path, "bundle.json", held.bundle), tmp_path / "roll.bin")
    parties = {party["name"]: party["public_key"] for party in held.commitment["source"]["parties"]}
    assert verified(capsys, *files, "--keys", write(tmp_path, "keys.json", {"parties": parties})) == []
    assert verified(capsys, *files, "--round", tmp_path / "beacon.json") == []
    parties[CEREMONY[1]] = "00" * 32
    assert verified(capsys, *files, "--keys", write(tmp_path, "keys.json", {"parties": parties})) == [
        f"parties {CEREMONY[1]}: not the published key"
    ]


def test_verify_reads_annulments(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doc = sample().commitment
    withdrawn = write(folder, "withdrawn.json", annulled(doc, "withdrawn", {"why": "a list was missing"}, SIGNED_AT))
    assert verified(capsys, withdrawn, folder / "published.json") == []
    bundle = write(folder, "bundle.json", sample().bundle)
    silent = annulled(doc, "beacon_silent", {}, read_source(doc["source"]).wait_until)
    silence = write(folder, "silent.json", silent)
    assert verified(capsys, silence, folder / "published.json") == []
    there = ["the randomness is there: the draw must not be annulled as beacon_silent"]
    assert verified(capsys, silence, bundle) == there
    assert verified(capsys, silence, folder / "published.json", "--round", folder / "beacon.json") == there
    unsigned = write(folder, "u.json", annulled(doc, "unsigned", {}, read_source(doc["source"]).due_at))
    assert verified(capsys, unsigned, folder / "published.json") == [
        "the commitment was signed in full: the draw must not be annulled as unsigned"
    ]
    silent["annulment"]["sequence"] = 2
    assert verified(capsys, write(folder, "silent.json", silent), folder / "published.json")
    assert main(["draw", "verify", str(silence), str(folder / "beacon.json")]) == 1
    assert "beacon.json is malformed: KeyError 'commitment'" in capsys.readouterr().err


# what it needs


@pytest.mark.wide
def test_memory_stays_below_six_bytes_a_person(tmp_path: Path) -> None:
    people = 6_000_000
    write_large(tmp_path, people, 1_500)
    tracemalloc.start()
    began = time.monotonic()
    assert main(words(tmp_path)) == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 6 * people
    assert time.monotonic() - began < 120
