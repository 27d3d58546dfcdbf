"""A bundle is caught in every lie, and the check raises on nothing."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw.beacon import QUICKNET
from bekal.engines.draw.bundle import encode_bundle, make_bundle, recommit, verify_bundle
from bekal.engines.draw.commitment import CommitmentRefused, SignaturesRefused, commitment_hash, public_key_hex
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.result import draw
from bekal.engines.draw.roll import RollMember, build_roll
from bekal.engines.draw.source import read_source
from tests.engines.draw_vectors import (
    CEREMONY,
    WAVE,
    Sample,
    SourceKind,
    endorsements,
    keys,
    member,
    private_key,
    sample,
    secret,
)
from tests.engines.tampering import edits, flipped


def few(kind: SourceKind = "quicknet") -> Sample:
    return sample(people=12, places=5, waiting=1, kind=kind)


def found(drawn: Sample, bundle: Any = None, roll: bytes | None = None, file: bytes | None = None) -> list[str]:
    return verify_bundle(
        drawn.bundle if bundle is None else bundle,
        drawn.roll_bytes if roll is None else roll,
        result_file=drawn.result.encode() if file is None else file,
    )


@pytest.mark.parametrize("waiting", ["all", 0, 3])
@pytest.mark.parametrize("kind", ["quicknet", "default", "ceremony"])
def test_an_honest_bundle_is_good(waiting: Any, kind: SourceKind) -> None:
    drawn = sample(waiting=waiting, kind=kind)
    assert found(drawn) == found(drawn, json.loads(encode_bundle(drawn.bundle))) == []
    assert verify_bundle(drawn.bundle, memoryview(drawn.roll_bytes)) == []
    assert verify_bundle(drawn.bundle, drawn.roll_bytes, operators=keys("operator"), witnesses=keys("witness")) == []


def test_it_is_published_in_its_canonical_form() -> None:
    assert encode_bundle(sample().bundle) == rfc8785.dumps(json.loads(json.dumps(sample().bundle)))


def missed(drawn: Sample, changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    right = rfc8785.dumps(drawn.bundle)
    return [one for one in changes if rfc8785.dumps(one) != right and not verify_bundle(one, drawn.roll_bytes)]


def test_every_member_is_checked() -> None:
    """Whatever JSON is changed, left out or added, in a bundle that is otherwise right."""
    assert missed(few(), edits(few().bundle)) == []


def test_every_member_of_a_ceremony_is_checked() -> None:
    bundle, source = few("ceremony").bundle, few("ceremony").commitment["source"]
    commitments = ({**bundle["commitment"], "source": changed} for changed in edits(source))
    assert missed(few("ceremony"), ({**bundle, "commitment": changed} for changed in commitments)) == []
    assert missed(few("ceremony"), ({**bundle, "beacon": changed} for changed in edits(bundle["beacon"]))) == []


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_one_flipped_bit_anywhere_is_caught(data: st.DataObject) -> None:
    drawn = few(data.draw(st.sampled_from(["quicknet", "ceremony"])))
    files = [encode_bundle(drawn.bundle), drawn.roll_bytes, drawn.result.encode()]
    which = data.draw(st.integers(0, 2))
    files[which] = flipped(files[which], data.draw(st.integers(0, 8 * len(files[which]) - 1)))
    try:
        bundle = json.loads(files[0])
    except ValueError:
        return
    assert verify_bundle(bundle, files[1], result_file=files[2])


def test_the_result_file_is_compared_whole() -> None:
    drawn, file = few(), few().result.encode()
    assert found(drawn, file=file + b"\x00") == ["the result file has another length"]
    for size in {*range(0, len(file), 16), len(file) - 1}:
        assert found(drawn, file=file[:size])
    swapped = file[:24] + file[40:56] + file[24:40] + file[56:]
    assert found(drawn, file=swapped) == ["the result file is not what the draw gives"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(JUNK, st.binary(max_size=100), st.data())
@settings(max_examples=80, deadline=None)
def test_nothing_makes_it_raise(junk: Any, file: bytes, data: st.DataObject) -> None:
    drawn = few()
    name = data.draw(st.sampled_from(sorted(drawn.bundle)))
    inner = data.draw(st.sampled_from(sorted(drawn.commitment)))
    assert verify_bundle(junk, drawn.roll_bytes)
    assert verify_bundle(drawn.bundle, file)
    assert found(drawn, {**drawn.bundle, name: junk})
    changed = {**drawn.commitment, inner: junk}
    assert found(drawn, {**drawn.bundle, "commitment": changed}) or changed == drawn.commitment


def test_a_deep_nest_does_not_make_it_raise() -> None:
    nest: list[Any] = []
    for _ in range(5_000):
        nest = [nest]
    first, *others = few().bundle["strata"]
    assert "malformed" in found(few(), {**few().bundle, "strata": [{**first, "more": nest}, *others]})[0]


def rebuilt(drawn: Sample, signed: bool = True, **changes: Any) -> dict[str, Any]:
    """A bundle drawn anew from a changed commitment; `signed`: by a cheating operator who has all keys."""
    commitment = {**drawn.commitment, **changes}
    randomness = read_source(commitment["source"]).randomness(commitment_hash(commitment), drawn.shown)
    bundle = make_bundle(
        commitment=commitment,
        operators=keys("operator"),
        witnesses=keys("witness"),
        signatures=endorsements(commitment),
        shown=drawn.shown,
        result=draw(roll=drawn.roll, commitment=commitment, places=drawn.places, randomness=randomness),
    )
    return bundle if signed else {**bundle, "signatures": drawn.bundle["signatures"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 2},
        {"sequence": 0},
        {"sequence": True},
        {"sequence": "1"},
        {"previous": "00" * 32},
        {"format": "bekal-draw-commitment/2"},
        {"algorithm": "bekal-draw/2"},
        {"wave": "another"},
        {"places": 14},
        {"waiting_rule": "all"},
        {"output_test": {}},
        {"programme": {"code": "p", "sha256": "00" * 32, "more": 1}},
        {"committed_at": "2023-08-23T15:15:00Z"},
        {"committed_at": "2023-08-23T17:00:00+02:00"},
        {"more": 1},
    ],
)
def test_even_all_keys_sign_no_bad_commitment(changes: dict[str, Any]) -> None:
    """Parties who sign anything still cannot have a commitment that verifiers do not know."""
    commitment = {**sample().commitment, **changes}
    bundle = {**sample().bundle, "commitment": commitment, "commitment_hash": commitment_hash(commitment).hex()}
    bundle["signatures"] = endorsements(commitment)
    assert found(sample(), bundle)


def test_other_free_choices_are_signed() -> None:
    for changes in ({"waiting_list": 3}, {"programme": {"code": "other", "sha256": "00" * 32}}):
        assert verify_bundle(rebuilt(sample(), **changes), sample().roll_bytes) == []
        forged = verify_bundle(rebuilt(sample(), signed=False, **changes), sample().roll_bytes)
        assert [problem.rpartition(": ")[2] for problem in forged[0].split("; ")] == ["the signature is wrong"] * 4


def test_another_round_is_caught() -> None:
    other = RECORDED_ROUNDS["quicknet", 3]
    beacon = {**sample().bundle["beacon"], "number": 3, "randomness": other.randomness, "signature": other.signature}
    assert found(sample(), {**sample().bundle, "beacon": beacon}) == ["round 3 shown, round 123 committed to"]
    assert "round 123: " in found(sample(), {**sample().bundle, "beacon": {**beacon, "number": 123}})[0]


def test_a_chosen_seed_is_caught() -> None:
    beacon = {**sample().bundle["beacon"], "randomness": "00" * 32}
    assert found(sample(), {**sample().bundle, "beacon": beacon}) == ["randomness is not SHA-256 of the signature"]


def test_a_ceremony_without_all_secrets_is_caught() -> None:
    held = sample(kind="ceremony")
    secrets = held.bundle["beacon"]["secrets"]
    for name in CEREMONY:
        without = {other: value for other, value in secrets.items() if other != name}
        assert found(held, {**held.bundle, "beacon": {"secrets": without}}) == [f"not revealed: {name}"]
        lie = {"secrets": {**secrets, name: secret("another try")}}
        assert found(held, {**held.bundle, "beacon": lie}) == [f"the secret of {name} does not open its seal"]
    assert found(held, {**held.bundle, "beacon": sample().bundle["beacon"]})
    assert found(sample(), {**sample().bundle, "beacon": held.bundle["beacon"]})


def test_an_own_beacon_is_caught() -> None:
    source = {**sample().commitment["source"], "period": 4, "due_at": "2023-08-23T15:17:35Z"}
    bundle = rebuilt(sample(), source=source)
    assert "not one that is trusted" in verify_bundle(bundle, sample().roll_bytes)[0]
    assert verify_bundle(bundle, sample().roll_bytes, chains={"test": replace(QUICKNET, period=4)}) == []


@pytest.mark.parametrize("role", ["operators", "witnesses"])
def test_own_keys_are_caught_when_the_published_ones_are_known(role: str) -> None:
    trusted: dict[str, Any] = {"operators": keys("operator"), "witnesses": keys("witness")}
    name = next(iter(trusted[role]))
    trusted[role] = {**trusted[role], name: public_key_hex(private_key("another"))}
    assert verify_bundle(sample().bundle, sample().roll_bytes, **trusted) == [f"{role} {name}: not the published key"]


def test_an_altered_quota_is_caught() -> None:
    drawn = sample()
    rows = [dict(row) for row in drawn.bundle["strata"]]
    rows[0]["places"], rows[1]["places"] = rows[0]["places"] + 1, rows[1]["places"] - 1
    assert "does not follow from the roll: strata" in found(drawn, {**drawn.bundle, "strata": rows})[0]
    again = recommit(drawn.commitment, drawn.roll, rows)
    assert again["strata"] != drawn.commitment["strata"]
    assert "the signature is wrong" in found(drawn, {**drawn.bundle, "strata": rows, "commitment": again})[0]


def test_strata_stand_in_the_order_of_the_roll() -> None:
    drawn = sample()
    rows = drawn.bundle["strata"]
    for wrong in (rows[::-1], rows[1:], [*rows, rows[0]], []):
        with pytest.raises(CommitmentRefused, match="not those of the roll"):
            recommit(drawn.commitment, drawn.roll, wrong)


def test_a_changed_list_is_caught() -> None:
    drawn, members = sample(), [member(n) for n in range(60)]
    for changed in (
        members[1:],
        [*members, member(60)],
        [RollMember(bytes(16), *members[0][1:]), *members[1:]],
        [members[0]._replace(region="9471"), *members[1:]],
    ):
        other = build_roll(wave=WAVE, members=[*changed, changed[0]]).encode()
        assert "the roll" in found(drawn, roll=other)[0]


def test_two_lists_cannot_share_a_bundle() -> None:
    other = sample(people=61)
    assert found(other) == []
    assert found(other, roll=sample().roll_bytes) == ["the strata are not those of the roll"]
    swapped = [member(n) for n in range(60)]
    swapped[0] = swapped[0]._replace(ticket_id=bytes(16))
    roll = build_roll(wave=WAVE, members=[*swapped, swapped[0]]).encode()
    assert found(sample(), roll=roll) == ["the commitment does not follow from the roll: roll"]


def test_unsigned_commitments_make_no_bundle() -> None:
    with pytest.raises(SignaturesRefused):
        make_bundle(
            commitment=sample().commitment,
            operators={},
            witnesses={},
            signatures=[],
            shown=sample().shown,
            result=sample().result,
        )


def test_signatures_are_published_in_order_with_known_members_alone() -> None:
    drawn = sample()
    signatures: Any = [{**said, "more": 1} for said in reversed(drawn.signatures)]
    bundle = make_bundle(
        commitment=drawn.commitment,
        operators={**keys("operator"), "absent": "00" * 32},
        witnesses=keys("witness"),
        signatures=signatures,
        shown=drawn.shown,
        result=drawn.result,
    )
    assert bundle == drawn.bundle
