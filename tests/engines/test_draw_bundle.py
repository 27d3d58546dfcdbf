import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw.beacon import QUICKNET
from bekal.engines.draw.bundle import encode_bundle, make_bundle, verify_bundle
from bekal.engines.draw.commitment import SignaturesRefused, choose, make_commitment
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.result import draw
from tests.engines.draw_vectors import COMMITTED_AT, VECTORS, Sample, build, endorsements, keys, sample


@pytest.mark.parametrize("waiting", ["all", 0, 3])
@pytest.mark.parametrize("chain", ["quicknet", "default"])
def test_an_honest_bundle_is_good(waiting: Any, chain: str) -> None:
    drawn = sample(waiting=waiting, chain=chain)
    assert verify_bundle(drawn.bundle, drawn.roll_bytes) == []
    assert verify_bundle(json.loads(encode_bundle(drawn.bundle)), drawn.roll_bytes) == []
    assert verify_bundle(drawn.bundle, drawn.roll_bytes, operators=keys("operator"), witnesses=keys("witness")) == []


def test_published_vectors_are_current() -> None:
    assert json.loads(VECTORS.read_text()) == json.loads(json.dumps(build()))


def tampered(**changes: Any) -> list[str]:
    return verify_bundle({**sample().bundle, **changes}, sample().roll_bytes)


def rebuilt(drawn: Sample, **changes: Any) -> dict[str, Any]:
    """A bundle drawn anew from a changed commitment, with fresh signatures: a cheating operator with all keys."""
    commitment = {**drawn.commitment, **changes}
    return make_bundle(
        commitment=commitment,
        operators=keys("operator"),
        witnesses=keys("witness"),
        signatures=endorsements(commitment),
        beacon=drawn.beacon,
        result=draw(roll=drawn.roll, commitment=commitment, randomness=bytes.fromhex(drawn.beacon.randomness)),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "bekal-draw-bundle/2"},
        {"commitment_hash": "00" * 32},
        {"winners": sample().bundle["winners"][:-1]},
        {"winners": list(reversed(sample().bundle["winners"]))},
        {"waiting": list(reversed(sample().bundle["waiting"]))},
        {"result": {"root": "00" * 32, "bytes": 1}},
        {"strata": sample().bundle["strata"][1:]},
        {"strata": [{**row, "threshold": "f" * 16} for row in sample().bundle["strata"]]},
        {"signatures": sample().bundle["signatures"][1:]},
        {"signatures": list(reversed(sample().bundle["signatures"]))},
        {"operators": {**keys("operator"), "third": "00" * 32}},
        {"beacon": None},
        {"commitment": None},
        {"extra": 1},
        {"commitment": {**sample().commitment, "sequence": 2}},
        {"commitment": {**sample().commitment, "sequence": "1"}},
        {"commitment": {**sample().commitment, "sequence": 0}},
        {"commitment": {**sample().commitment, "extra": 1}},
        {"commitment": {**sample().commitment, "committed_at": "yesterday"}},
    ],
)
def test_tampering_is_caught(changes: dict[str, Any]) -> None:
    assert tampered(**changes)


def test_missing_members_are_caught() -> None:
    for name in sample().bundle:
        bundle = {key: value for key, value in sample().bundle.items() if key != name}
        assert verify_bundle(bundle, sample().roll_bytes)


def test_another_round_is_caught() -> None:
    other = RECORDED_ROUNDS["quicknet", 3]
    doc = sample().commitment
    bundle = make_bundle(
        commitment=doc,
        operators=keys("operator"),
        witnesses=keys("witness"),
        signatures=endorsements(doc),
        beacon=other,
        result=draw(roll=sample().roll, commitment=doc, randomness=bytes.fromhex(other.randomness)),
    )
    assert verify_bundle(bundle, sample().roll_bytes) == ["round 3 was drawn with, round 123 committed to"]


def test_a_chosen_seed_is_caught() -> None:
    beacon = {**sample().bundle["beacon"], "randomness": "00" * 32}
    assert tampered(beacon=beacon) == ["randomness is not SHA-256 of the signature"]


def test_an_own_beacon_is_caught() -> None:
    doc = sample().commitment
    bundle = rebuilt(sample(), beacon={**doc["beacon"], "period": 4, "due_at": "2023-08-23T15:17:35Z"})
    assert "not one that is trusted" in verify_bundle(bundle, sample().roll_bytes)[0]
    trusted = {"test": replace(QUICKNET, period=4)}
    assert verify_bundle(bundle, sample().roll_bytes, chains=trusted) == []


def test_own_keys_are_caught_when_the_published_ones_are_known() -> None:
    operators = {**keys("operator"), "director": "00" * 32}
    found = verify_bundle(sample().bundle, sample().roll_bytes, operators=operators, witnesses=keys("witness"))
    assert found == ["operators director: not the published key"]


def test_an_altered_quota_breaks_the_signatures() -> None:
    rows = copy.deepcopy(sample().commitment["strata"])
    rows[0]["places"], rows[1]["places"] = rows[0]["places"] + 1, rows[1]["places"] - 1
    assert "the signature is wrong" in tampered(commitment={**sample().commitment, "strata": rows})[0]


def test_a_changed_list_is_caught() -> None:
    ids = len(sample().roll.header)
    dropped = sample().roll_bytes[: ids + 16 * 59]
    assert verify_bundle(sample().bundle, dropped)
    assert verify_bundle(sample().bundle, sample(people=61).roll_bytes)


def test_two_lists_cannot_share_a_bundle() -> None:
    other = sample(people=61)
    assert verify_bundle(other.bundle, other.roll_bytes) == []
    assert verify_bundle(other.bundle, sample().roll_bytes)


def test_unsigned_commitments_make_no_bundle() -> None:
    with pytest.raises(SignaturesRefused):
        make_bundle(
            commitment=sample().commitment,
            operators={},
            witnesses={},
            signatures=[],
            beacon=sample().beacon,
            result=sample().result,
        )


def test_a_commitment_that_would_be_refused_now_is_a_problem() -> None:
    drawn = sample()
    doc = make_commitment(
        wave=drawn.roll.wave,
        sequence=1,
        programme="p",
        programme_sha256="0" * 64,
        roll=drawn.roll,
        roll_bytes=drawn.roll_bytes,
        places=drawn.places,
        waiting_list="all",
        beacon=choose(QUICKNET, 123),
        committed_at=COMMITTED_AT,
    )
    late = {**doc, "committed_at": "2023-08-23T15:15:00Z"}
    assert "too near" in verify_bundle({**drawn.bundle, "commitment": late}, drawn.roll_bytes)[0]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_one_flipped_bit_anywhere_is_caught(data: st.DataObject) -> None:
    drawn = sample(people=25, places=8)
    published = encode_bundle(drawn.bundle)
    files = [published, drawn.roll_bytes]
    which = data.draw(st.integers(0, 1))
    bit = data.draw(st.integers(0, len(files[which]) * 8 - 1))
    changed = bytearray(files[which])
    changed[bit // 8] ^= 1 << bit % 8
    files[which] = bytes(changed)
    try:
        bundle = json.loads(files[0])
    except ValueError:
        return
    assert verify_bundle(bundle, files[1])
