"""The other end of a draw: a public, signed annulment, for few reasons that anyone can check (docs/draw.md §10)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from bekal.engines.draw.beacon import CHAINS, BeaconLied, Chain
from bekal.engines.draw.bundle import (
    MALFORMED,
    REFUSALS,
    check_chain,
    check_published_keys,
    differences,
    in_order,
    signers,
)
from bekal.engines.draw.commitment import (
    NEEDED,
    Signature,
    SignaturesRefused,
    check_signatures,
    check_statements,
    commitment_hash,
    document_hash,
)
from bekal.engines.draw.instants import instant, instant_text
from bekal.engines.draw.source import Ceremony, CeremonyOpen, Drand, Shown, read_source

ANNULMENT_FORMAT = "bekal-draw-annulment/1"
PROBABILITY = re.compile(r"0\.[0-9]{6}|1\.000000")

Reason = Literal["withdrawn", "unsigned", "beacon_silent", "reveal_withheld", "output_test_failed"]


class AnnulmentRefused(ValueError):
    """A draw that must not be annulled for this reason, now, or with this evidence."""


def make_annulment(
    *, commitment: Mapping[str, Any], reason: Reason, evidence: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    """The document to sign. Raises AnnulmentRefused when reason, evidence and time do not belong together, CeremonyOpen
    for a secret that opens no seal, LookupError, TypeError or ValueError for evidence of another form.
    """
    document = {
        "format": ANNULMENT_FORMAT,
        "wave": commitment["wave"],
        "sequence": commitment["sequence"],
        "commitment": commitment_hash(commitment).hex(),
        "reason": reason,
        "evidence": dict(evidence),
        "at": instant_text(at),
    }
    problem = _problem(document, commitment)
    if problem:
        raise AnnulmentRefused(problem)
    return document


def withheld(ceremony: Ceremony, secrets: Mapping[str, str]) -> dict[str, Any]:
    """Evidence that parties did not reveal. Raises CeremonyOpen for a secret that opens no seal."""
    ceremony.opened(secrets)
    return {"secrets": dict(secrets), "missing": list(ceremony.missing(secrets))}


def failed_output(bundle: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence that the output test failed."""
    return {"bundle": document_hash(bundle).hex(), "report": dict(report)}


def _problem(document: Mapping[str, Any], commitment: Mapping[str, Any]) -> str | None:
    """Why an annulment does not stand on its own terms."""
    right: object
    source, at = read_source(commitment["source"]), instant(document["at"])
    evidence, committed_at = document["evidence"], instant(commitment["committed_at"])
    match document["reason"]:
        case "withdrawn":
            right = set(evidence) == {"why"} and isinstance(evidence["why"], str) and evidence["why"]
            timely = committed_at <= at < source.due_at
        case "unsigned":
            right, timely = not evidence, at >= source.due_at
        case "beacon_silent":
            right, timely = not evidence and isinstance(source, Drand), at >= source.wait_until
        case "reveal_withheld":
            named = isinstance(source, Ceremony) and evidence == withheld(source, evidence["secrets"])
            right, timely = named and evidence["missing"], at >= source.wait_until
        case "output_test_failed":
            right, timely = _failed_as_committed(evidence, commitment), at >= source.due_at
        case other:
            return f"{other!r} is no reason to annul a draw"
    if not right:
        return f"the evidence does not show {document['reason']}"
    return None if timely else f"a draw is not annulled as {document['reason']} at {document['at']}"


def _failed_as_committed(evidence: Mapping[str, Any], commitment: Mapping[str, Any]) -> bool:
    chosen = commitment["output_test"]
    if chosen is None or set(evidence) != {"bundle", "report"} or evidence["report"]["passed"] is not False:
        return False
    report = evidence["report"]
    return (
        report["commitment"] == commitment_hash(commitment).hex()
        and [test["attribute"] for test in report["tests"]] == chosen["tests"]
        and any(_millionths(test["p"]) * len(report["tests"]) < chosen["level_ppm"] for test in report["tests"])
    )


def _millionths(p: str) -> int:
    if not PROBABILITY.fullmatch(p):
        raise ValueError(f"{p!r} is no probability with six places")
    return int(p.replace(".", ""))


def publish(
    document: Mapping[str, Any],
    operators: Mapping[str, str],
    witnesses: Mapping[str, str],
    signatures: Sequence[Signature],
    commitment: Mapping[str, Any],
) -> dict[str, Any]:
    """The annulment with its signatures. Raises SignaturesRefused."""
    _check_annulment_signatures(document, operators, witnesses, signatures, commitment)
    return {
        "annulment": dict(document),
        **signers(operators, witnesses, signatures),
        "signatures": in_order(signatures),
    }


def _check_annulment_signatures(
    document: Mapping[str, Any],
    operators: Mapping[str, str],
    witnesses: Mapping[str, str],
    signatures: Sequence[Signature],
    commitment: Mapping[str, Any],
) -> None:
    due_at = read_source(commitment["source"]).due_at
    check_statements(
        document,
        {"operator": operators, "witness": witnesses},
        signatures,
        needed=NEEDED,
        not_before=instant(document["at"]),
        before=due_at if document["reason"] == "withdrawn" else None,
    )


def _refuted(
    published: Mapping[str, Any],
    commitment: Mapping[str, Any],
    bundle: Mapping[str, Any] | None,
    shown: Shown | None,
    signed: tuple[Mapping[str, str], Mapping[str, str], Sequence[Signature]] | None,
) -> list[str]:
    """What somebody holds that shows the annulment to be false."""
    document, source = published["annulment"], read_source(commitment["source"])
    reason, digest = document["reason"], commitment_hash(commitment)
    if reason == "output_test_failed" and bundle is not None:
        evidence = document["evidence"]
        if (
            document_hash(bundle).hex() != evidence["bundle"]
            or bundle["result"]["root"] != evidence["report"]["result"]
        ):
            return ["the annulled result is not the one that was published"]
    if reason in {"beacon_silent", "reveal_withheld"} and shown is not None:
        try:
            source.randomness(digest, shown)
        except (BeaconLied, CeremonyOpen):
            return []
        return [f"the randomness is there: the draw must not be annulled as {reason}"]
    if reason == "unsigned" and signed is not None:
        try:
            check_signatures(commitment, *signed)
        except SignaturesRefused:
            return []
        return ["the commitment was signed in full: the draw must not be annulled as unsigned"]
    return []


def verify_annulment(
    published: Mapping[str, Any],
    commitment: Mapping[str, Any],
    *,
    bundle: Mapping[str, Any] | None = None,
    shown: Shown | None = None,
    signed: tuple[Mapping[str, str], Mapping[str, str], Sequence[Signature]] | None = None,
    operators: Mapping[str, str] | None = None,
    witnesses: Mapping[str, str] | None = None,
    chains: Mapping[str, Chain] = CHAINS,
) -> list[str]:
    """Problems of a published annulment; empty when it stands. Never raises on bad input.

    What would refute it, where the caller has it: `bundle` (the annulled result), `shown` (round or secrets), `signed`
    (operators, witnesses and signatures of the commitment).
    """
    try:
        document = published["annulment"]
        problems = check_published_keys(published, "operators", operators)
        problems += check_published_keys(published, "witnesses", witnesses) + check_chain(commitment, chains)
        made = make_annulment(
            commitment=commitment,
            reason=document["reason"],
            evidence=document["evidence"],
            at=instant(document["at"]),
        )
        again = publish(made, published["operators"], published["witnesses"], published["signatures"], commitment)
        if differences(again, published):
            problems.append("the annulment is not in its canonical form or names another draw")
        return problems + _refuted(published, commitment, bundle, shown, signed)
    except (*REFUSALS, AnnulmentRefused) as refusal:
        return [str(refusal)]
    except MALFORMED as error:
        return [f"malformed annulment: {type(error).__name__} {error}"]
