"""The outsider's check of a draw: good draws pass both ways, and no forgery does."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.engines.draw.bundle import encode_bundle, verify_bundle
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.result import draw
from bekal.engines.draw.roll import build_roll
from tests.engines.draw_vectors import CEREMONY, VECTORS, WAVE, Sample, endorsements, keys, member, sample
from tests.engines.test_tools import TOOLS, alone, load

DRAW = load("verify_draw")
WAYS = [DRAW.Fast, DRAW.Slow]
Bundle = dict[str, Any]


def fault(bundle: Bundle | bytes, roll: bytes, way: Any = DRAW.Fast, **known: Any) -> tuple[str, str] | None:
    """Which check fails, and how."""
    written = bundle if isinstance(bundle, bytes) else rfc8785.dumps(bundle)
    line = DRAW.run(DRAW.Draw(written, memoryview(roll), way, **known))[-1]
    return None if line["ok"] else (line["check"], line["detail"])


def faults(bundle: Bundle | bytes, roll: bytes) -> set[str]:
    """The checks that fail, each way its own."""
    return {(fault(bundle, roll, way) or ("none",))[0] for way in WAYS}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    drawn = sample()
    contents = {"bundle.json": encode_bundle(drawn.bundle), "roll.bin": drawn.roll_bytes}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in contents]


@pytest.mark.parametrize("flags", [[], ["--slow"]])
def test_a_draw_is_good(files: list[Path], flags: list[str]) -> None:
    ran = alone("verify_draw", *files, *flags)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["good"] * len(DRAW.CHECKS)


@pytest.mark.parametrize("way", WAYS)
def test_the_vectors_are_good(way: Any) -> None:
    vectors = json.loads(VECTORS.read_text())
    roll, result = bytes.fromhex(vectors["roll"]), bytes.fromhex(vectors["result"])
    assert fault(vectors["bundle"], roll, way, result=result) is None
    assert fault(vectors["ceremony"]["bundle"], roll, way) is None
    assert fault(vectors["bundle"], roll, way, result=result[:-1] + b"\0") == ("draw", "the result file is another")


def test_without_libraries_it_says_what_it_could_not_check(files: list[Path]) -> None:
    code = (
        "import runpy, sys; sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(','))); tool = sys.argv.pop(1); "
        "sys.argv[0] = tool; runpy.run_path(tool, run_name='__main__')"
    )
    for missing, expected in (("drand_verify", 3), ("numpy", 0), ("numpy,cryptography,drand_verify", 3)):
        ran = alone("", missing, TOOLS / "verify_draw.py", *files, code=code)
        assert (ran.returncode, ran.stderr) == (expected, "")
        assert ("open  round signature: NOT CHECKED" in ran.stdout) == (expected == 3)


def test_what_others_publish_is_compared(files: list[Path], tmp_path: Path) -> None:
    def code(option: str, content: Any) -> int:
        (tmp_path / "known.json").write_text(json.dumps(content))
        found: int = DRAW.main([*map(str, files), option, str(tmp_path / "known.json")])
        return found

    published = {"operators": keys("operator"), "witnesses": keys("witness")}
    assert code("--keys", published) == 0
    assert code("--keys", {**published, "witnesses": {}}) == 1
    assert code("--keys", {}) == 1
    fetched = {"round": 123, "signature": RECORDED_ROUNDS["quicknet", 123].signature}
    assert code("--round", fetched) == 0
    assert code("--round", {"round": 123, "signature": RECORDED_ROUNDS["quicknet", 1].signature}) == 1
    (tmp_path / "result.bin").write_bytes(sample().result.encode())
    assert DRAW.main([*map(str, files), "--result", str(tmp_path / "result.bin")]) == 0
    assert DRAW.main([*map(str, files), "--result", str(files[1]), "--slow"]) == 1


def test_unreadable_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert DRAW.main([str(tmp_path / "none"), str(tmp_path / "none"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["checks"][0]["check"] == "files"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["quicknet", "default", "ceremony"])
@pytest.mark.parametrize("waiting", ["all", 0, 3])
def test_every_sample_is_good(waiting: Any, kind: Any, way: Any) -> None:
    drawn = sample(waiting=waiting, kind=kind)
    assert fault(drawn.bundle, drawn.roll_bytes, way, result=drawn.result.encode()) is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("places", [0, 1_000, 10_000])
def test_several_blocks_are_good(places: int, way: Any) -> None:
    drawn = sample(people=10_000, places=places, waiting=5)
    assert fault(drawn.bundle, drawn.roll_bytes, way, result=drawn.result.encode()) is None


def test_another_chain_must_be_trusted() -> None:
    drawn = sample()
    bundle = copy.deepcopy(drawn.bundle)
    source = bundle["commitment"]["source"]
    source.update(chain_hash="00" * 32)
    bundle["commitment_hash"] = DRAW.digest(bundle["commitment"]).hex()
    trusted = {name: source[name] for name in DRAW.CHAIN}
    assert fault(bundle, drawn.roll_bytes, chain=trusted) != fault(bundle, drawn.roll_bytes)
    assert fault(bundle, drawn.roll_bytes) == ("source", f"chain {'00' * 32} is not one that this program trusts")


def forged(drawn: Sample, changes: dict[str, Any], sign: bool = False, round_number: int = 123) -> Bundle:
    """A bundle whose draw follows from a changed commitment, or from another round; signed anew where asked."""
    commitment = {**drawn.commitment, **changes}
    shown = RECORDED_ROUNDS["quicknet", round_number]
    result = draw(
        roll=drawn.roll, commitment=commitment, places=drawn.places, randomness=bytes.fromhex(shown.randomness)
    )
    return {
        **drawn.bundle,
        "commitment": commitment,
        "commitment_hash": DRAW.digest(commitment).hex(),
        "beacon": {**vars(shown)},
        "signatures": endorsements(commitment) if sign else drawn.bundle["signatures"],
        "strata": result.rows(),
        "result": result.facts,
    }


def test_an_honest_forgery_would_pass() -> None:
    """So what fails below fails for what was changed."""
    assert faults(
        forged(sample(), {"programme": {"code": "x", "sha256": "00" * 32}}, sign=True), sample().roll_bytes
    ) == {"none"}


def test_other_randomness_is_found() -> None:
    drawn = sample()
    other = forged(drawn, {}, round_number=2)
    assert faults(other, drawn.roll_bytes) == {"randomness"}
    other["beacon"]["number"] = 123
    assert faults(other, drawn.roll_bytes) == {"round signature"}
    later = {**drawn.commitment["source"], "round": 2}
    assert faults(forged(drawn, {"source": later}, sign=True, round_number=2), drawn.roll_bytes) == {"source"}
    assert faults(forged(drawn, {"sequence": 2, "previous": "00" * 32}), drawn.roll_bytes) == {"signatures"}


@given(gone=st.integers(0, 59), added=st.integers(60, 10**6))
@settings(max_examples=20, deadline=None)
def test_another_list_is_found(gone: int, added: int) -> None:
    drawn = sample()
    for numbers in ({*range(60)} - {gone}, {*range(60), added}, {*range(60), added} - {gone}):
        roll = build_roll(wave=WAVE, members=[member(number) for number in numbers], collapsed=1)
        assert faults(drawn.bundle, roll.encode()) == {"roll"}


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_moved_places_are_found(data: st.DataObject) -> None:
    drawn, bundle = sample(), copy.deepcopy(sample().bundle)
    there, here = data.draw(st.permutations(bundle["strata"]))[:2]
    there["places"] += 1
    here["places"] -= 1
    assert faults(bundle, drawn.roll_bytes) == {"form" if here["places"] < 0 else "roll"}


@given(data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_one_flipped_bit_is_found(data: st.DataObject) -> None:
    drawn = sample(people=25, places=8)
    contents = [encode_bundle(drawn.bundle), drawn.roll_bytes]
    which = data.draw(st.integers(0, 1))
    bit = data.draw(st.integers(0, len(contents[which]) * 8 - 1))
    changed = bytearray(contents[which])
    changed[bit // 8] ^= 1 << bit % 8
    contents[which] = bytes(changed)
    assert "none" not in faults(*contents)
    try:
        assert verify_bundle(json.loads(contents[0]), contents[1])
    except ValueError:
        assert which == 0


def _values(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, one in inner for deeper in _values(one, (*path, key)))]


@given(data=st.data(), kind=st.sampled_from(["quicknet", "ceremony"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_value_is_checked(data: st.DataObject, kind: Any) -> None:
    """Whatever is changed, left out or added, in canonical form."""
    drawn = sample(people=25, places=8, waiting=2, kind=kind)
    holder = [copy.deepcopy(drawn.bundle)]
    *path, last = data.draw(st.sampled_from(_values(holder)[1:]))
    place: Any = holder
    for step in path:
        place = place[step]
    old = copy.deepcopy(place[last])
    match data.draw(st.sampled_from(["other", "gone", "more"])):
        case "gone" if path:
            del place[last]
        case "more" if isinstance(old, dict):
            place[last]["more"] = None
        case _:
            swaps = [None, True, 0, 1, "", "00" * 32, [], {}, *([old + 1, -old] if isinstance(old, int) else [])]
            place[last] = data.draw(st.sampled_from([swap for swap in swaps if repr(swap) != repr(old)]))
    assert fault(holder[0], drawn.roll_bytes) is not None


CHANGES: list[tuple[str, str, Callable[[Bundle], Any]]] = [
    ("form", "draws count", lambda b: b["commitment"].update(sequence=0)),
    ("form", "draws count", lambda b: b["commitment"].update(previous="00" * 32)),
    ("roll", "one stands twice", lambda b: b["strata"].reverse()),
    ("roll", "too long a label", lambda b: b["commitment"].update(wave="w" * 256)),
    ("source", "60 seconds", lambda b: b["commitment"]["source"].update(wait_until="2023-08-23T15:16:32Z")),
    ("source", "60 seconds", lambda b: b["commitment"].update(committed_at="2023-08-23T15:14:34Z")),
    ("source", "another time", lambda b: b["commitment"]["source"].update(due_at="2023-08-23T15:15:33.000001Z")),
    ("source", "one form", lambda b: b["commitment"].update(committed_at="2023-08-23T15:14:34.000000Z")),
    ("signatures", "not every party", lambda b: b["signatures"].reverse()),
    ("signatures", "not every party", lambda b: b["signatures"].pop()),
    ("signatures", "out of time", lambda b: b["signatures"][0].update(at="2023-08-23T15:15:33Z")),
    ("signatures", "director is wrong", lambda b: b["signatures"][0].update(at="2023-08-23T15:15:32Z")),
    ("signatures", "stands twice", lambda b: b["witnesses"].update(university=b["operators"]["director"])),
    ("signatures", "must sign", lambda b: (b["signatures"].pop(), b["witnesses"].pop("university"))),
]


@pytest.mark.parametrize(("check", "words", "change"), CHANGES)
def test_each_rule_has_its_sentence(check: str, words: str, change: Callable[[Bundle], Any]) -> None:
    drawn, bundle = sample(), copy.deepcopy(sample().bundle)
    change(bundle)
    bundle["commitment_hash"] = DRAW.digest(bundle["commitment"]).hex()
    for way in WAYS:
        found, detail = fault(bundle, drawn.roll_bytes, way) or ("", "")
        assert found == check
        assert words in detail


PARTIES: list[tuple[str, Callable[[list[dict[str, str]]], Any]]] = [
    ("too few", lambda parties: parties.pop()),
    ("by name", lambda parties: parties.reverse()),
    ("each once", lambda parties: parties[1].update(name=parties[0]["name"])),
    ("each once", lambda parties: parties[1].update(sealed=parties[0]["sealed"])),
]


@pytest.mark.parametrize(("words", "change"), PARTIES)
def test_a_ceremony_has_its_rules(words: str, change: Callable[[list[dict[str, str]]], Any]) -> None:
    drawn, bundle = sample(kind="ceremony"), copy.deepcopy(sample(kind="ceremony").bundle)
    change(bundle["commitment"]["source"]["parties"])
    bundle["commitment_hash"] = DRAW.digest(bundle["commitment"]).hex()
    check, detail = fault(bundle, drawn.roll_bytes) or ("", "")
    assert check == "source"
    assert words in detail


def test_a_false_or_missing_secret_is_found() -> None:
    drawn = sample(kind="ceremony")
    for change in ({CEREMONY[0]: "00" * 32}, {"stranger": "00" * 32}):
        secrets = {**drawn.bundle["beacon"]["secrets"], **change}
        assert faults({**drawn.bundle, "beacon": {"secrets": secrets}}, drawn.roll_bytes) == {"randomness"}
    secrets = {name: secret for name, secret in drawn.bundle["beacon"]["secrets"].items() if name != CEREMONY[1]}
    assert faults({**drawn.bundle, "beacon": {"secrets": secrets}}, drawn.roll_bytes) == {"randomness"}
    assert faults({**drawn.bundle, "beacon": sample().bundle["beacon"]}, drawn.roll_bytes) == {"randomness"}


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=5), min_size=1, max_size=4)
)
@settings(max_examples=300, deadline=None)
def test_order_of_ids_is_found_where_first_halves_are_equal(strata: list[list[tuple[int, int]]]) -> None:
    ids = memoryview(b"".join(part.to_bytes(8, "big") for one in strata for pair in one for part in pair))
    whole = [pair for one in strata for pair in one]
    good = all(one == sorted(set(one)) for one in strata) and len(set(whole)) == len(whole)
    for way in WAYS:
        entries = way(ids, [len(one) for one in strata])
        try:
            entries.check_ids()
        except ValueError:
            assert not good
        else:
            assert good


@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    keep=st.sampled_from([0, 1, 3, 10**9]),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_equal_tickets_go_by_position_both_ways(sizes: list[int], keep: int, data: st.DataObject) -> None:
    people = sum(sizes)
    drawn = data.draw(st.lists(st.sampled_from([0, 5, 5 << 48, 2**64 - 1]), min_size=people, max_size=people))
    places = [data.draw(st.integers(0, size)) for size in sizes]
    ids = memoryview(b"".join(number.to_bytes(16, "big") for number in range(people)))
    fast, slow = (way(ids, sizes) for way in WAYS)
    tickets = np.array(drawn, "<u8")
    fast.smallest = lambda _, first, end, most: (np.arange(first, end), tickets[first:end])
    slow.tickets = lambda _: zip(drawn, range(people), strict=True)
    found = [entries.draw(b"", places, keep) for entries in (fast, slow)]
    assert found[0] == found[1]
    assert len(found[0][1]) == 16 * sum(places)
