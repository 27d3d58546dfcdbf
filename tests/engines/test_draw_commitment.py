import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bekal.engines.draw.beacon import QUICKNET
from bekal.engines.draw.commitment import (
    CommitmentRefused,
    RoundTooNear,
    SignaturesRefused,
    beacon_choice,
    check_signatures,
    choose,
    commitment_hash,
    endorse,
    instant,
    instant_text,
    make_commitment,
    round_time,
    sign,
)
from bekal.engines.draw.roll import RollMember, build_roll
from tests.engines.draw_vectors import COMMITTED_AT, SIGNED_AT, WAVE, endorsements, keys, private_key, sample

DUE = datetime(2023, 8, 23, 15, 15, 33, tzinfo=UTC)


def commit(**changes: Any) -> dict[str, Any]:
    drawn = sample()
    arguments: dict[str, Any] = {
        "wave": WAVE,
        "sequence": 1,
        "programme": "prakerja-2023",
        "programme_sha256": "0" * 64,
        "roll": drawn.roll,
        "roll_bytes": drawn.roll_bytes,
        "places": drawn.places,
        "waiting_list": "all",
        "beacon": choose(QUICKNET, 123),
        "committed_at": COMMITTED_AT,
    }
    return make_commitment(**{**arguments, **changes})


def test_commitment_says_what_will_happen() -> None:
    doc = commit(waiting_list=5)
    assert (doc["places"], doc["waiting_list"], doc["sequence"]) == (15, 5, 1)
    assert doc["roll"]["root"] == sample().roll.root().hex()
    assert doc["beacon"]["due_at"] == "2023-08-23T15:15:33Z"
    assert beacon_choice(doc) == choose(QUICKNET, 123)
    assert commitment_hash(doc) == hashlib.sha256(rfc8785.dumps(doc)).digest()


def test_strata_without_places_get_none() -> None:
    assert commit(places={})["places"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 0},
        {"programme": ""},
        {"programme_sha256": "abc"},
        {"waiting_list": -1},
        {"places": {("nowhere", "general"): 1}},
        {"places": {("3171", "general"): 61}},
        {"places": {("3171", "general"): -1}},
        {"wave": "another"},
        {"roll_bytes": sample().roll_bytes[:-1]},
        {"roll_bytes": sample().roll_bytes[:-1] + bytes([sample().roll_bytes[-1] ^ 1])},
        {"roll": build_roll(wave=WAVE, members=[RollMember(bytes(16), "3171", "general")])},
    ],
)
def test_bad_commitments_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CommitmentRefused):
        commit(**changes)


@pytest.mark.parametrize("early", [timedelta(0), timedelta(seconds=59), timedelta(days=-1)])
def test_a_past_or_near_round_is_refused(early: timedelta) -> None:
    with pytest.raises(RoundTooNear):
        commit(committed_at=DUE - early)
    with pytest.raises(RoundTooNear):
        commit(committed_at=DUE - early, minimum_lead=timedelta(0))


def test_the_lead_can_be_longer_but_not_shorter() -> None:
    assert commit(committed_at=DUE - timedelta(seconds=60))
    with pytest.raises(RoundTooNear):
        commit(committed_at=DUE - timedelta(minutes=5), minimum_lead=timedelta(minutes=10))


def test_sign_is_plain_ed25519() -> None:
    key = private_key("director")
    signature = sign(b"h" * 32, key)
    Ed25519PublicKey.from_public_bytes(key.public_key().public_bytes_raw()).verify(bytes.fromhex(signature), b"h" * 32)


def test_two_operators_and_two_witnesses_are_enough() -> None:
    doc = commit()
    check_signatures(doc, keys("operator"), keys("witness"), endorsements(doc))


def problems(doc: dict[str, Any], signatures: list[Any], **parties: dict[str, str]) -> str:
    operators, witnesses = parties.get("operators", keys("operator")), parties.get("witnesses", keys("witness"))
    with pytest.raises(SignaturesRefused) as refusal:
        check_signatures(doc, operators, witnesses, signatures)
    return "; ".join(refusal.value.problems)


@pytest.mark.parametrize("missing", range(4))
def test_a_missing_party_is_named(missing: int) -> None:
    doc = commit()
    assert "1 of 2" in problems(doc, [s for i, s in enumerate(endorsements(doc)) if i != missing])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"by": "stranger"}, "not a known party"),
        ({"role": "witness"}, "not a known party"),
        ({"role": "king"}, "not a known party"),
        ({"by": "registrar"}, "the signature is wrong"),
        ({"at": "2023-08-23T15:06:00Z"}, "the signature is wrong"),
        ({"at": "2023-08-23 15:05:00"}, "not an instant"),
        ({"signature": "00" * 64}, "the signature is wrong"),
        ({"signature": "00"}, "not lower-case hex"),
    ],
)
def test_a_changed_signature_is_caught(change: dict[str, str], problem: str) -> None:
    doc = commit()
    first, *others = endorsements(doc)
    assert problem in problems(doc, [{**first, **change}, *others])


@pytest.mark.parametrize("at", [DUE, DUE + timedelta(days=1), COMMITTED_AT - timedelta(seconds=1)])
def test_signing_late_or_before_the_commitment_is_caught(at: datetime) -> None:
    doc = commit()
    first, *others = endorsements(doc)
    late = endorse(doc, by="director", role="operator", private_key=private_key("director"), at=at)
    assert "outside the time" in problems(doc, [late, *others])
    assert "outside" not in problems(doc, [first, first, *others])


def test_one_key_counts_once() -> None:
    doc = commit()
    shared = private_key("director")
    signatures = [endorse(doc, by=n, role="operator", private_key=shared, at=SIGNED_AT) for n in ("a", "b")]
    operators = dict.fromkeys(("a", "b"), keys("operator")["director"])
    assert "one key signed twice" in problems(doc, [*signatures, *endorsements(doc)[2:]], operators=operators)


def test_signatures_of_another_commitment_are_refused() -> None:
    assert "the signature is wrong" in problems(commit(sequence=2), endorsements(commit()))


def test_instants() -> None:
    with pytest.raises(ValueError, match="aware"):
        instant_text(datetime(2023, 1, 1))
    assert instant("2023-01-01T00:00:00.000001Z") == datetime(2023, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    for bad in ("2023-01-01T00:00:00.000000Z", "2023-01-01T00:00:00+00:00", "2023-13-01T00:00:00Z"):
        with pytest.raises(ValueError, match=r"instant|month"):
            instant(bad)
    assert round_time(QUICKNET, 1) == datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)
