"""What may be committed to, and who must have signed it when."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bekal.engines.draw.beacon import DEFAULT, QUICKNET
from bekal.engines.draw.commitment import (
    CommitmentRefused,
    Role,
    RoundTooNear,
    Signature,
    SignaturesRefused,
    check_signatures,
    commitment_hash,
    endorse,
    make_commitment,
    places_in_order,
    public_key_hex,
    sign,
    signature_problem,
    statement_hash,
    strata_root,
    strata_rows,
    stratum_leaf,
)
from bekal.engines.draw.instants import instant_text
from bekal.engines.draw.roll import RollRefused
from bekal.engines.draw.source import Ceremony, Drand, round_time
from tests.engines import draw_naive as naive
from tests.engines.draw_vectors import (
    CEREMONY,
    COMMITTED_AT,
    PATIENCE,
    SIGNED_AT,
    WAVE,
    endorsements,
    keys,
    private_key,
    sample,
    source_of,
)

DUE = datetime(2023, 8, 23, 15, 15, 33, tzinfo=UTC)
MINUTE = timedelta(seconds=60)
TICK = timedelta(microseconds=1)
HELD = source_of("ceremony")[0]
SHA = "0" * 64
OUTPUT_TEST = {"attributes": SHA, "bytes": 900, "tests": ["age", "sex"], "level_ppm": 1000}


def places() -> dict[tuple[str, str], int]:
    return {(s.region, s.group): won for s, won in zip(sample().roll.strata, sample().places, strict=True)}


def commit(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "roll": sample().roll,
        "sequence": 1,
        "programme": "prakerja-2023",
        "programme_sha256": SHA,
        "places": places(),
        "waiting_list": "all",
        "source": Drand(QUICKNET, 123, DUE + PATIENCE),
        "committed_at": COMMITTED_AT,
    }
    return make_commitment(**{**arguments, **changes})


def test_commitment_says_what_will_happen() -> None:
    doc, roll = commit(waiting_list=5, output_test=OUTPUT_TEST), sample().roll
    assert doc == {
        "format": "bekal-draw-commitment/1",
        "algorithm": "bekal-draw/1",
        "wave": WAVE,
        "sequence": 1,
        "previous": None,
        "programme": {"code": "prakerja-2023", "sha256": SHA},
        "roll": {
            "root": naive.file_root(sample().roll_bytes).hex(),
            "bytes": len(sample().roll_bytes),
            "entries_at": len(roll.header),
            "people": 60,
            "duplicates": 1,
        },
        "strata": {"count": len(roll.strata), "root": strata_root(strata_rows(roll, sample().places)).hex()},
        "places": 15,
        "waiting_list": 5,
        "waiting_rule": "stratum, region, all",
        "source": Drand(QUICKNET, 123, DUE + PATIENCE).document(),
        "output_test": OUTPUT_TEST,
        "committed_at": "2023-08-23T15:00:00Z",
    }
    assert commitment_hash(doc) == naive.hash_of(doc)
    assert commit(committed_at=COMMITTED_AT + TICK)["committed_at"] == "2023-08-23T15:00:00.000001Z"


def test_a_ceremony_and_a_later_draw() -> None:
    doc = commit(source=HELD, sequence=2, previous="ab" * 32)
    assert (doc["source"], doc["sequence"], doc["previous"]) == (HELD.document(), 2, "ab" * 32)


def test_places_go_by_stratum() -> None:
    assert commit(places={})["places"] == 0
    roll, first = sample().roll, sample().roll.strata[0]
    assert places_in_order(roll, {(first.region, first.group): 1}) == [1] + [0] * (len(roll.strata) - 1)
    for (region, group), won in places().items():
        changed = {**places(), (region, group): won + 1}
        assert commit(places=changed)["strata"]["root"] != commit()["strata"]["root"]


def test_the_leaf_of_a_stratum_holds_all_of_it() -> None:
    assert (
        stratum_leaf("a", "é", 1, 2, 3)
        == b"\x01a\x02\xc3\xa9" + bytes(7) + b"\x01" + bytes(7) + b"\x02" + bytes(7) + b"\x03"
    )
    with pytest.raises(RollRefused):
        stratum_leaf("", "g", 0, 1, 1)
    with pytest.raises(OverflowError):
        stratum_leaf("a", "g", 0, 1, -1)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sequence": 0}, "count from 1"),
        ({"sequence": True}, "count from 1"),
        ({"sequence": 2}, "annulment of the one before"),
        ({"previous": SHA}, "annulment of the one before"),
        ({"sequence": 2, "previous": SHA[:-1]}, "SHA-256 in hex"),
        ({"sequence": 2, "previous": "AB" * 32}, "SHA-256 in hex"),
        ({"programme": ""}, "needs a code"),
        ({"programme": 5}, "needs a code"),
        ({"programme_sha256": "abc"}, "needs a code"),
        ({"programme_sha256": "AB" * 32}, "needs a code"),
        ({"waiting_list": -1}, "waiting list of -1"),
        ({"waiting_list": True}, "waiting list of True"),
        ({"waiting_list": 1.5}, "waiting list of 1.5"),
        ({"waiting_list": "some"}, "waiting list of some"),
        ({"places": {("nowhere", "general"): 1}}, "not on the roll"),
        ({"places": {("3171", "general"): 61}}, "61 places for"),
        ({"places": {("3171", "general"): -1}}, "-1 places for"),
        ({"places": {("3171", "general"): True}}, "True places for"),
        ({"places": {("3171", "general"): 1.0}}, "1.0 places for"),
        ({"output_test": {**OUTPUT_TEST, "more": 1}}, "an output test has"),
        ({"output_test": {"attributes": SHA}}, "an output test has"),
        ({"output_test": {**OUTPUT_TEST, "attributes": "x"}}, "an output test has"),
        ({"output_test": {**OUTPUT_TEST, "tests": []}}, "names its tests"),
        ({"output_test": {**OUTPUT_TEST, "tests": "age"}}, "names its tests"),
        ({"output_test": {**OUTPUT_TEST, "tests": [1]}}, "names its tests"),
        ({"output_test": {**OUTPUT_TEST, "level_ppm": 0}}, "whole numbers"),
        ({"output_test": {**OUTPUT_TEST, "bytes": "9"}}, "whole numbers"),
    ],
)
def test_bad_commitments_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(CommitmentRefused, match=problem):
        commit(**changes)


@pytest.mark.parametrize("early", [timedelta(0), timedelta(seconds=59), MINUTE - TICK, timedelta(days=-1)])
def test_past_or_near_randomness_is_refused(early: timedelta) -> None:
    for changes in ({}, {"minimum_lead": timedelta(0)}):
        with pytest.raises(RoundTooNear, match="too near"):
            commit(committed_at=DUE - early, **changes)
        with pytest.raises(RoundTooNear, match="too near"):
            commit(committed_at=HELD.due_at - early, source=HELD, **changes)


def test_the_lead_can_be_longer_but_not_shorter() -> None:
    assert commit(committed_at=DUE - MINUTE)
    assert commit(committed_at=HELD.due_at - MINUTE, source=HELD)
    with pytest.raises(RoundTooNear):
        commit(committed_at=DUE - timedelta(minutes=5), minimum_lead=timedelta(minutes=10))


def test_a_silent_source_is_waited_for() -> None:
    assert isinstance(HELD, Ceremony)
    assert commit(source=Drand(QUICKNET, 123, DUE + MINUTE))
    for short in (MINUTE - TICK, timedelta(0), -MINUTE):
        for source in (Drand(QUICKNET, 123, DUE + short), Ceremony(HELD.parties, HELD.due_at, HELD.due_at + short)):
            with pytest.raises(CommitmentRefused, match="waited for"):
                commit(source=source)


def test_sign_is_plain_ed25519() -> None:
    key = private_key("director")
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key_hex(key)))
    public.verify(bytes.fromhex(sign(b"h" * 32, key)), b"h" * 32)


def test_what_a_party_says() -> None:
    doc = commit()
    said = endorse(doc, by="director", role="operator", private_key=private_key("director"), at=SIGNED_AT)
    signed = naive.signed(doc, "director", "operator", "2023-08-23T15:05:00Z")
    assert statement_hash(doc, by="director", role="operator", at="2023-08-23T15:05:00Z") == signed
    assert said["signature"] == private_key("director").sign(signed).hex()
    assert signature_problem(doc, said, keys("operator")["director"]) is None
    assert "not a known party" in str(signature_problem(doc, said, None))
    assert "outside the time" in str(signature_problem(doc, {**said, "at": instant_text(DUE)}, None))


def problems(doc: dict[str, Any], signatures: Sequence[Any], **parties: dict[str, str]) -> str:
    operators, witnesses = parties.get("operators", keys("operator")), parties.get("witnesses", keys("witness"))
    with pytest.raises(SignaturesRefused) as refusal:
        check_signatures(doc, operators, witnesses, signatures)
    assert str(refusal.value) == "; ".join(refusal.value.problems)
    return str(refusal.value)


COMMITMENTS = pytest.mark.parametrize("source", [Drand(QUICKNET, 123, DUE + PATIENCE), HELD], ids=["drand", "ceremony"])


@COMMITMENTS
def test_all_parties_together_are_enough(source: Any) -> None:
    doc = commit(source=source)
    signatures = endorsements(doc)
    assert len(signatures) == (7 if isinstance(source, Ceremony) else 4)
    check_signatures(doc, keys("operator"), keys("witness"), signatures)
    third = {**keys("operator"), "deputy": public_key_hex(private_key("deputy"))}
    said = endorse(doc, by="deputy", role="operator", private_key=private_key("deputy"), at=SIGNED_AT)
    check_signatures(doc, third, keys("witness"), [*signatures, said])


@COMMITMENTS
def test_every_missing_party_is_named(source: Any) -> None:
    doc = commit(source=source)
    for missing in endorsements(doc):
        few = [said for said in endorsements(doc) if said != missing]
        expected = f"2 of 3 {missing['role']}" if missing["role"] == "party" else f"1 of 2 {missing['role']}"
        assert problems(doc, few) == f"{expected} signatures"
    assert "0 of 2 operator signatures; 0 of 2 witness signatures" in problems(doc, [])


@COMMITMENTS
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"by": "stranger"}, "not a known party"),
        ({"role": "witness"}, "not a known party"),
        ({"role": "party"}, "not a known party"),
        ({"role": "king"}, "not a known party"),
        ({"by": "registrar"}, "the signature is wrong"),
        ({"at": "2023-08-23T15:06:00Z"}, "the signature is wrong"),
        ({"at": "2023-08-23 15:05:00"}, "not an instant"),
        ({"signature": "00" * 64}, "the signature is wrong"),
        ({"signature": "00"}, "not lower-case hex"),
        ({"signature": "AB" * 64}, "not lower-case hex"),
    ],
)
def test_a_changed_signature_is_caught(source: Any, change: dict[str, str], problem: str) -> None:
    doc = commit(source=source)
    first, *others = endorsements(doc)
    assert problem in problems(doc, [{**first, **change}, *others])


@pytest.mark.parametrize(
    ("key", "problem"),
    [("00" * 31, "not lower-case hex"), ("AB" * 32, "not lower-case hex"), ("ab" * 32, "the signature is wrong")],
)
def test_a_bad_key_is_caught(key: str, problem: str) -> None:
    doc = commit()
    assert problem in problems(doc, endorsements(doc), operators={**keys("operator"), "director": key})


@COMMITMENTS
def test_signing_late_or_before_the_commitment_is_caught(source: Any) -> None:
    doc, signatures = commit(source=source), endorsements(commit(source=source))
    for i, said in enumerate(signatures):
        for at in (source.due_at, source.due_at + timedelta(days=1), COMMITTED_AT - TICK):
            role: Role = said["role"]  # type: ignore[assignment]
            late = endorse(doc, by=said["by"], role=role, private_key=private_key(said["by"]), at=at)
            found = problems(doc, [*signatures[:i], late, *signatures[i + 1 :]])
            assert found == f"{said['role']} {said['by']} signed at {instant_text(at)}, outside the time allowed"


@COMMITMENTS
def test_the_ends_of_the_time_allowed(source: Any) -> None:
    doc = commit(source=source)
    for at in (COMMITTED_AT, source.due_at - TICK):
        check_signatures(doc, keys("operator"), keys("witness"), endorsements(doc, at))


def shared(doc: dict[str, Any], role: Role, names: Sequence[str]) -> tuple[list[Signature], dict[str, str]]:
    """Several parties with the director's key."""
    key = private_key("director")
    said = [endorse(doc, by=name, role=role, private_key=key, at=SIGNED_AT) for name in names]
    return said, dict.fromkeys(names, public_key_hex(key))


def test_one_key_counts_once() -> None:
    doc = commit()
    signatures = endorsements(doc)
    said, operators = shared(doc, "operator", ("a", "b"))
    assert problems(doc, [*said, *signatures[2:]], operators=operators) == "one key or name signed twice"
    said, witnesses = shared(doc, "witness", ("ombudsman",))
    both = {**keys("witness"), **witnesses}
    assert problems(doc, [*signatures[:2], *said, signatures[3]], witnesses=both) == "one key or name signed twice"


def test_one_name_counts_once() -> None:
    doc = commit()
    first, *others = endorsements(doc)
    assert problems(doc, [first, first, *others]) == "one key or name signed twice"
    both = {**keys("witness"), "director": public_key_hex(private_key("other"))}
    said = endorse(doc, by="director", role="witness", private_key=private_key("other"), at=SIGNED_AT)
    assert problems(doc, [first, *others, said], witnesses=both) == "one key or name signed twice"


def test_a_party_cannot_be_operator_too() -> None:
    doc = commit(source=HELD)
    operators = {**keys("operator"), CEREMONY[0]: public_key_hex(private_key(CEREMONY[0]))}
    said = endorse(doc, by=CEREMONY[0], role="operator", private_key=private_key(CEREMONY[0]), at=SIGNED_AT)
    assert problems(doc, [*endorsements(doc), said], operators=operators) == "one key or name signed twice"


def test_signatures_of_another_commitment_are_refused() -> None:
    assert "the signature is wrong" in problems(commit(waiting_list=1), endorsements(commit()))
    assert "the signature is wrong" in problems(commit(source=HELD), endorsements(commit(source=HELD, places={})))


def test_a_chained_beacon() -> None:
    source, _, committed_at = source_of("default")
    doc = commit(source=source, committed_at=committed_at)
    assert doc["source"]["due_at"] == instant_text(round_time(DEFAULT, 1337))
