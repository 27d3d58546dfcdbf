"""The published bundle and its full check, which takes nothing on trust: it rebuilds the bundle (docs/draw.md §8)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import rfc8785

from bekal.engines.draw.beacon import CHAINS, BeaconLied, Chain
from bekal.engines.draw.commitment import (
    CommitmentRefused,
    Signature,
    SignaturesRefused,
    check_signatures,
    commitment_hash,
    make_commitment,
)
from bekal.engines.draw.cut import Spread, one_process
from bekal.engines.draw.instants import instant
from bekal.engines.draw.result import DrawRefused, DrawResult, select
from bekal.engines.draw.roll import Roll, RollRefused, decode_roll
from bekal.engines.draw.source import CeremonyOpen, Drand, Shown, SourceRefused, read_shown, read_source

BUNDLE_FORMAT = "bekal-draw-bundle/1"

REFUSALS = (RollRefused, CommitmentRefused, SignaturesRefused, SourceRefused, CeremonyOpen, BeaconLied, DrawRefused)
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, RecursionError)


def signers(
    operators: Mapping[str, str], witnesses: Mapping[str, str], signatures: Sequence[Signature]
) -> dict[str, dict[str, str]]:
    """`operators` and `witnesses` as published: the keys of those that signed."""
    signed = {role: sorted(s["by"] for s in signatures if s["role"] == role) for role in ("operator", "witness")}
    return {
        "operators": {name: operators[name] for name in signed["operator"]},
        "witnesses": {name: witnesses[name] for name in signed["witness"]},
    }


def in_order(signatures: Sequence[Signature]) -> list[dict[str, Any]]:
    """Signatures as published: by role, then name."""
    return [
        {name: s[name] for name in ("by", "role", "signature", "at")}
        for s in sorted(signatures, key=lambda s: (s["role"], s["by"]))
    ]


def make_bundle(
    *,
    commitment: Mapping[str, Any],
    operators: Mapping[str, str],
    witnesses: Mapping[str, str],
    signatures: Sequence[Signature],
    shown: Shown,
    result: DrawResult,
) -> dict[str, Any]:
    """JSON-able bundle; only the keys of parties that signed are listed. Raises SignaturesRefused."""
    check_signatures(commitment, operators, witnesses, signatures)
    return {
        "format": BUNDLE_FORMAT,
        "commitment": dict(commitment),
        "commitment_hash": commitment_hash(commitment).hex(),
        **signers(operators, witnesses, signatures),
        "signatures": in_order(signatures),
        "beacon": asdict(shown),
        "strata": result.rows(),
        "result": result.facts,
    }


def encode_bundle(bundle: Mapping[str, Any]) -> bytes:
    """The bundle as published: RFC 8785 JSON."""
    return rfc8785.dumps(dict(bundle))


def recommit(doc: Mapping[str, Any], roll: Roll, strata: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The commitment that this roll, the places in `strata` and the free choices of `doc` lead to.

    Raises CommitmentRefused, above all for strata that are not those of the roll in their order.
    """
    if [(row["region"], row["group"]) for row in strata] != [(s.region, s.group) for s in roll.strata]:
        raise CommitmentRefused("the strata are not those of the roll")
    return make_commitment(
        roll=roll,
        sequence=doc["sequence"],
        previous=doc["previous"],
        programme=doc["programme"]["code"],
        programme_sha256=doc["programme"]["sha256"],
        places={(row["region"], row["group"]): row["places"] for row in strata},
        waiting_list=doc["waiting_list"],
        source=read_source(doc["source"]),
        output_test=doc["output_test"],
        excluded=doc.get("excluded"),
        committed_at=instant(doc["committed_at"]),
    )


def differences(expected: Mapping[str, Any], shown: Mapping[str, Any]) -> list[str]:
    """Names of the members whose canonical form differs, or that stand on one side only."""
    return [
        name
        for name in sorted(set(expected) | set(shown))
        if name not in expected or name not in shown or rfc8785.dumps(expected[name]) != rfc8785.dumps(shown[name])
    ]


def check_published_keys(bundle: Mapping[str, Any], role: str, trusted: Mapping[str, str] | None) -> list[str]:
    """Parties of a role ("operators", "witnesses") whose key is not the one they publish themselves."""
    if trusted is None:
        return []
    return [f"{role} {name}: not the published key" for name, key in bundle[role].items() if trusted.get(name) != key]


def check_chain(commitment: Mapping[str, Any], chains: Mapping[str, Chain]) -> list[str]:
    """A beacon must be of a chain that is trusted, in all its parameters."""
    source = read_source(commitment["source"])
    if isinstance(source, Drand) and source.chain not in chains.values():
        return [f"beacon chain {source.chain.chain_hash} is not one that is trusted"]
    return []


def _check_bundle(
    bundle: Mapping[str, Any], roll_bytes: bytes | memoryview, chains: Mapping[str, Chain], spread: Spread
) -> tuple[list[str], DrawResult | None]:
    doc, roll = bundle["commitment"], decode_roll(roll_bytes)
    changed = differences(recommit(doc, roll, bundle["strata"]), doc)
    if changed:
        return [f"the commitment does not follow from the roll: {', '.join(changed)}"], None
    strange = check_chain(doc, chains)
    if strange:
        return strange, None
    shown = read_shown(bundle["beacon"])
    randomness = read_source(doc["source"]).randomness(commitment_hash(doc), shown)
    places = [row["places"] for row in bundle["strata"]]
    result = select(roll=roll, commitment=doc, places=places, randomness=randomness, spread=spread)
    expected = make_bundle(
        commitment=doc,
        operators=bundle["operators"],
        witnesses=bundle["witnesses"],
        signatures=bundle["signatures"],
        shown=shown,
        result=result,
    )
    return [f"{name} is not what the draw gives" for name in differences(expected, bundle)], result


def _check_result_file(result: DrawResult | None, file: bytes | memoryview | None) -> list[str]:
    if result is None or file is None:
        return []
    at = 0
    for piece in result.pieces():
        if bytes(file[at : at + len(piece)]) != piece:
            return ["the result file is not what the draw gives"]
        at += len(piece)
    return [] if at == len(file) else ["the result file has another length"]


def verify_bundle(
    bundle: Mapping[str, Any],
    roll_bytes: bytes | memoryview,
    *,
    result_file: bytes | memoryview | None = None,
    operators: Mapping[str, str] | None = None,
    witnesses: Mapping[str, str] | None = None,
    chains: Mapping[str, Chain] = CHAINS,
    spread: Spread = one_process,
) -> list[str]:
    """Problems of a bundle, and of the result file when given, against the roll file; empty when everything follows.
    Never raises on bad input.

    `operators` and `witnesses`: keys published elsewhere, name to hex; without them the keys in the bundle are used,
    and the caller must compare those. `chains`: the beacons that are trusted.
    """
    try:
        problems = check_published_keys(bundle, "operators", operators)
        problems += check_published_keys(bundle, "witnesses", witnesses)
        found, result = _check_bundle(bundle, roll_bytes, chains, spread)
        return problems + found + _check_result_file(result, result_file)
    except REFUSALS as refusal:
        return [str(refusal)]
    except MALFORMED as error:
        return [f"malformed bundle: {type(error).__name__} {error}"]
