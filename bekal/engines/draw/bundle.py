"""The published bundle and its full check, which takes nothing on trust: it rebuilds the bundle (docs/draw.md §8)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import rfc8785

from bekal.engines.draw.beacon import CHAINS, BeaconLied, BeaconRound, Chain, verify_round
from bekal.engines.draw.commitment import (
    CommitmentRefused,
    Signature,
    SignaturesRefused,
    beacon_choice,
    check_signatures,
    commitment_hash,
    instant,
    make_commitment,
)
from bekal.engines.draw.result import DrawResult, StratumResult, select
from bekal.engines.draw.roll import Roll, RollRefused, decode_roll

BUNDLE_FORMAT = "bekal-draw-bundle/1"

REFUSALS = (RollRefused, CommitmentRefused, SignaturesRefused, BeaconLied)
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError)


def _stratum(result: StratumResult) -> dict[str, Any]:
    return {
        **asdict(result.stratum),
        "places": result.places,
        "threshold": None if result.threshold is None else f"{result.threshold:016x}",
        "last": None if result.last is None else result.last.hex(),
        "waiting": len(result.waiting),
    }


def make_bundle(
    *,
    commitment: Mapping[str, Any],
    operators: Mapping[str, str],
    witnesses: Mapping[str, str],
    signatures: Sequence[Signature],
    beacon: BeaconRound,
    result: DrawResult,
) -> dict[str, Any]:
    """JSON-able bundle; only the keys of parties that signed are listed. Raises SignaturesRefused."""
    check_signatures(commitment, operators, witnesses, signatures)
    signed = {role: sorted(s["by"] for s in signatures if s["role"] == role) for role in ("operator", "witness")}
    return {
        "format": BUNDLE_FORMAT,
        "commitment": dict(commitment),
        "commitment_hash": commitment_hash(commitment).hex(),
        "operators": {name: operators[name] for name in signed["operator"]},
        "witnesses": {name: witnesses[name] for name in signed["witness"]},
        "signatures": [dict(s) for s in sorted(signatures, key=lambda s: (s["role"], s["by"]))],
        "beacon": asdict(beacon),
        "strata": [_stratum(stratum) for stratum in result.strata],
        "winners": [ticket_id.hex() for ticket_id in result.selected],
        "waiting": [ticket_id.hex() for ticket_id in result.waiting],
        "result": {"root": result.root().hex(), "bytes": len(result.encode())},
    }


def encode_bundle(bundle: Mapping[str, Any]) -> bytes:
    """The bundle as published: RFC 8785 JSON."""
    return rfc8785.dumps(dict(bundle))


def _recommit(doc: Mapping[str, Any], roll: Roll, roll_bytes: bytes | memoryview) -> dict[str, Any]:
    """The commitment that this roll and the free choices of `doc` lead to."""
    return make_commitment(
        wave=doc["wave"],
        sequence=doc["sequence"],
        programme=doc["programme"]["code"],
        programme_sha256=doc["programme"]["sha256"],
        roll=roll,
        roll_bytes=roll_bytes,
        places={(row["region"], row["group"]): row["places"] for row in doc["strata"]},
        waiting_list=doc["waiting_list"],
        beacon=beacon_choice(doc),
        committed_at=instant(doc["committed_at"]),
    )


def differences(expected: Mapping[str, Any], shown: Mapping[str, Any]) -> list[str]:
    """Names of the members whose canonical form differs, or that stand on one side only."""
    return [
        name
        for name in sorted(set(expected) | set(shown))
        if name not in expected or name not in shown or rfc8785.dumps(expected[name]) != rfc8785.dumps(shown[name])
    ]


def _check_parties(bundle: Mapping[str, Any], role: str, trusted: Mapping[str, str] | None) -> list[str]:
    if trusted is None:
        return []
    return [f"{role} {name}: not the published key" for name, key in bundle[role].items() if trusted.get(name) != key]


def _check_bundle(bundle: Mapping[str, Any], roll_bytes: bytes | memoryview, chains: Mapping[str, Chain]) -> list[str]:
    doc, roll = bundle["commitment"], decode_roll(roll_bytes)
    changed = differences(_recommit(doc, roll, roll_bytes), doc)
    if changed:
        return [f"the commitment does not follow from the roll: {', '.join(changed)}"]
    choice, shown = beacon_choice(doc), BeaconRound(**bundle["beacon"])
    if choice.chain not in chains.values():
        return [f"beacon chain {choice.chain_hash} is not one that is trusted"]
    if shown.number != choice.round:
        return [f"round {shown.number} was drawn with, round {choice.round} committed to"]
    verify_round(choice, shown)
    expected = make_bundle(
        commitment=doc,
        operators=bundle["operators"],
        witnesses=bundle["witnesses"],
        signatures=bundle["signatures"],
        beacon=shown,
        result=select(roll=roll, commitment=doc, randomness=bytes.fromhex(shown.randomness)),
    )
    return [f"{name} is not what the draw gives" for name in differences(expected, bundle)]


def verify_bundle(
    bundle: Mapping[str, Any],
    roll_bytes: bytes | memoryview,
    *,
    operators: Mapping[str, str] | None = None,
    witnesses: Mapping[str, str] | None = None,
    chains: Mapping[str, Chain] = CHAINS,
) -> list[str]:
    """Problems of a bundle against the roll file; empty when everything follows. Never raises on bad input.

    `operators` and `witnesses`: keys published elsewhere, name to hex; without them the keys in the bundle are used,
    and the caller must compare those. `chains`: the beacons that are trusted.
    """
    try:
        problems = _check_parties(bundle, "operators", operators) + _check_parties(bundle, "witnesses", witnesses)
        return problems + _check_bundle(bundle, roll_bytes, chains)
    except REFUSALS as refusal:
        return [str(refusal)]
    except MALFORMED as error:
        return [f"malformed bundle: {type(error).__name__} {error}"]
