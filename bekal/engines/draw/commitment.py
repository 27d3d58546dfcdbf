"""The commitment: what is fixed, signed and published before the randomness exists (docs/draw.md §4)."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bekal.engines.draw.fields import label
from bekal.engines.draw.instants import instant, instant_text
from bekal.engines.draw.roll import Roll, RollRefused, firsts
from bekal.engines.draw.source import Ceremony, Source, read_source
from bekal.engines.merkle import leaf_hash, root

COMMITMENT_FORMAT = "bekal-draw-commitment/1"
ALGORITHM = "bekal-draw/1"
WAITING_RULE = "stratum, region, all"
STATEMENT_FORMAT = "bekal-draw-signature/1"
MINIMUM_LEAD = timedelta(seconds=60)
NEEDED = {"operator": 2, "witness": 2}
HEX_32, HEX_64 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{128}")

Role = Literal["operator", "witness", "party"]
Cell = tuple[str, str]


class CommitmentRefused(ValueError):
    """A commitment that must not be made."""


class RoundTooNear(CommitmentRefused):
    """The randomness is past, or due sooner than the minimum lead."""


class SignaturesRefused(ValueError):
    """Signatures are missing, late or wrong; `problems` lists every one."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Signature(TypedDict):
    """One party's statement: who, in which role, when, and the Ed25519 signature in hex."""

    by: str
    role: str
    signature: str
    at: str


def document_hash(document: Mapping[str, Any]) -> bytes:
    """SHA-256 of the RFC 8785 form."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).digest()


commitment_hash = document_hash


def strata_rows(roll: Roll, places: Sequence[int]) -> list[dict[str, Any]]:
    """The strata as published with a commitment, in the order of the roll; `places` of each."""
    return [{**asdict(stratum), "places": won} for stratum, won in zip(roll.strata, places, strict=True)]


def strata_leaves(rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """Leaf hashes of the strata tree, from the rows that are published."""
    return [
        leaf_hash(stratum_leaf(row["region"], row["group"], first, row["people"], row["places"]))
        for row, first in zip(rows, firsts(row["people"] for row in rows), strict=False)
    ]


def stratum_leaf(region: str, group: str, first: int, people: int, places: int) -> bytes:
    """Leaf data of a stratum: labels of region and group, then first position, people and places, 8 bytes each."""
    names = label(region, RollRefused) + label(group, RollRefused)
    return names + b"".join(n.to_bytes(8, "big") for n in (first, people, places))


def strata_root(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Root of the strata tree."""
    return root(strata_leaves(rows))


def places_in_order(roll: Roll, places: Mapping[Cell, int]) -> list[int]:
    """Places of each stratum in the order of the roll; 0 where none are named. Raises CommitmentRefused."""
    unknown = set(places) - {(s.region, s.group) for s in roll.strata}
    if unknown:
        raise CommitmentRefused(f"places for strata that are not on the roll: {sorted(unknown)[:5]}")
    found = [places.get((s.region, s.group), 0) for s in roll.strata]
    for stratum, won in zip(roll.strata, found, strict=True):
        if type(won) is not int or not 0 <= won <= stratum.people:
            raise CommitmentRefused(f"{won} places for {stratum.people} people in {stratum.region} {stratum.group}")
    return found


def _check_times(source: Source, committed_at: datetime, lead: timedelta) -> None:
    if source.due_at - committed_at < lead:
        raise RoundTooNear(f"due at {instant_text(source.due_at)}, too near {instant_text(committed_at)}")
    if source.wait_until - source.due_at < MINIMUM_LEAD:
        raise CommitmentRefused(f"a silent source must be waited for {MINIMUM_LEAD} at least")


def _check_parts(previous: str | None, sequence: int, waiting_list: int | Literal["all"]) -> None:
    if type(sequence) is not int or sequence < 1 or (previous is None) != (sequence == 1):
        raise CommitmentRefused("draws count from 1; from the second on each names the annulment of the one before")
    if previous is not None and not HEX_32.fullmatch(previous):
        raise CommitmentRefused("the annulment before is named by its SHA-256 in hex")
    if waiting_list != "all" and (type(waiting_list) is not int or waiting_list < 0):
        raise CommitmentRefused(f"a waiting list of {waiting_list}")


def _check_output_test(chosen: Mapping[str, Any]) -> None:
    tests, numbers = chosen.get("tests"), [chosen.get("bytes"), chosen.get("level_ppm")]
    if set(chosen) != {"attributes", "bytes", "tests", "level_ppm"} or not HEX_32.fullmatch(chosen["attributes"]):
        raise CommitmentRefused("an output test has attributes by their SHA-256 in hex, bytes, tests and level_ppm")
    if not isinstance(tests, list) or not tests or any(type(name) is not str for name in tests):
        raise CommitmentRefused("an output test names its tests")
    if any(type(number) is not int or number < 1 for number in numbers):
        raise CommitmentRefused("bytes and level of an output test are whole numbers from 1")


def _check_excluded(listed: Mapping[str, Any]) -> None:
    if set(listed) != {"count", "sha256"} or type(listed["count"]) is not int or listed["count"] < 0:
        raise CommitmentRefused("a list of excluded people has its count and its SHA-256")
    if not isinstance(listed["sha256"], str) or not HEX_32.fullmatch(listed["sha256"]):
        raise CommitmentRefused("the list of excluded people is named by its SHA-256 in hex")


def make_commitment(
    *,
    roll: Roll,
    sequence: int,
    previous: str | None = None,
    programme: str,
    programme_sha256: str,
    places: Mapping[Cell, int],
    waiting_list: int | Literal["all"],
    source: Source,
    output_test: Mapping[str, Any] | None = None,
    excluded: Mapping[str, Any] | None = None,
    committed_at: datetime,
    minimum_lead: timedelta = MINIMUM_LEAD,
) -> dict[str, Any]:
    """The document to sign. `sequence` counts the draws of a wave from 1 without gaps, `previous` is the hash of the
    annulment before (hex); `waiting_list` is the length kept for each stratum, or "all"; a `minimum_lead` below
    MINIMUM_LEAD counts as that, since verifiers ask for it. `excluded`: count and SHA-256 of the list beside the roll.

    Raises RoundTooNear, or CommitmentRefused for places that do not fit the roll and bad counts.
    """
    _check_parts(previous, sequence, waiting_list)
    if not HEX_32.fullmatch(programme_sha256) or not programme or not isinstance(programme, str):
        raise CommitmentRefused("the programme needs a code and a SHA-256 in hex")
    if output_test is not None:
        _check_output_test(output_test)
    if excluded is not None:
        _check_excluded(excluded)
    _check_times(source, committed_at, max(minimum_lead, MINIMUM_LEAD))
    won = places_in_order(roll, places)
    return {
        "format": COMMITMENT_FORMAT,
        "algorithm": ALGORITHM,
        "wave": roll.wave,
        "sequence": sequence,
        "previous": previous,
        "programme": {"code": programme, "sha256": programme_sha256},
        "roll": {
            "root": roll.root().hex(),
            "bytes": len(roll.header) + len(roll.ticket_ids),
            "entries_at": len(roll.header),
            "people": roll.people,
            "duplicates": roll.duplicates,
        },
        "strata": {"count": len(roll.strata), "root": strata_root(strata_rows(roll, won)).hex()},
        "places": sum(won),
        "waiting_list": waiting_list,
        "waiting_rule": WAITING_RULE,
        "source": source.document(),
        "output_test": None if output_test is None else dict(output_test),
        **({} if excluded is None else {"excluded": dict(excluded)}),
        "committed_at": instant_text(committed_at),
    }


def sign(doc_hash: bytes, private_key: Ed25519PrivateKey) -> str:
    """Ed25519 signature of 32 bytes, in hex. For a commitment use `endorse`, which also binds name, role and time."""
    return private_key.sign(doc_hash).hex()


def statement_hash(doc: Mapping[str, Any], *, by: str, role: str, at: str) -> bytes:
    """What a party signs: SHA-256 of RFC 8785 {format, document, by, role, at}; nobody can move its time or role."""
    said = {"format": STATEMENT_FORMAT, "document": document_hash(doc).hex(), "by": by, "role": role, "at": at}
    return document_hash(said)


def endorse(doc: Mapping[str, Any], *, by: str, role: Role, private_key: Ed25519PrivateKey, at: datetime) -> Signature:
    """A party's signature entry for a commitment or an annulment."""
    text = instant_text(at)
    signature = sign(statement_hash(doc, by=by, role=role, at=text), private_key)
    return {"by": by, "role": role, "signature": signature, "at": text}


def public_key_hex(private_key: Ed25519PrivateKey) -> str:
    """The 32-byte public key in hex, as `operators` and `witnesses` list it."""
    return private_key.public_key().public_bytes_raw().hex()


def statement_problem(doc: Mapping[str, Any], entry: Signature, key: str | None) -> str | None:
    """What is wrong with one party's statement under its published key (hex), its time aside; None when nothing is."""
    who = f"{entry['role']} {entry['by']}"
    if key is None:
        return f"{who} is not a known party"
    if not HEX_32.fullmatch(key) or not HEX_64.fullmatch(entry["signature"]):
        return f"{who}: key or signature is not lower-case hex of the right length"
    signed = statement_hash(doc, by=entry["by"], role=entry["role"], at=entry["at"])
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(entry["signature"]), signed)
    except InvalidSignature:
        return f"{who}: the signature is wrong"
    return None


def time_problem(entry: Signature, not_before: datetime, before: datetime | None) -> str | None:
    """What is wrong with the instant of a statement; None when nothing is."""
    who = f"{entry['role']} {entry['by']}"
    try:
        at = instant(entry["at"])
    except ValueError:
        return f"{who}: {entry['at']!r} is not an instant"
    if at < not_before or (before is not None and at >= before):
        return f"{who} signed at {entry['at']}, outside the time allowed"
    return None


def signature_problem(commitment: Mapping[str, Any], entry: Signature, key: str | None) -> str | None:
    """What is wrong with one party's statement over a commitment under its published key (hex), or None."""
    due = read_source(commitment["source"]).due_at
    late = time_problem(entry, instant(commitment["committed_at"]), due)
    return late or statement_problem(commitment, entry, key)


def check_signatures(
    commitment: Mapping[str, Any],
    operators: Mapping[str, str],
    witnesses: Mapping[str, str],
    signatures: Sequence[Signature],
) -> None:
    """Every signature is good and made between commitment and randomness; two operators, two witnesses, every party of
    a ceremony; names and keys all different.

    `operators` and `witnesses` map names to public keys in hex. Raises SignaturesRefused with every problem.
    """
    source = read_source(commitment["source"])
    parties = {p.name: p.public_key for p in source.parties} if isinstance(source, Ceremony) else {}
    check_statements(
        commitment,
        {"operator": operators, "witness": witnesses, "party": parties},
        signatures,
        needed={**NEEDED, "party": len(parties)},
        not_before=instant(commitment["committed_at"]),
        before=source.due_at,
    )


def check_statements(
    doc: Mapping[str, Any],
    keys: Mapping[str, Mapping[str, str]],
    signatures: Sequence[Signature],
    *,
    needed: Mapping[str, int],
    not_before: datetime,
    before: datetime | None,
) -> None:
    """Every statement is good and in time, and enough of each role signed. Raises SignaturesRefused."""
    problems: list[str] = []
    signed = [(entry, keys.get(entry["role"], {}).get(entry["by"])) for entry in signatures]
    for entry, key in signed:
        problem = time_problem(entry, not_before, before) or statement_problem(doc, entry, key)
        problems += [problem] if problem else []
    for role, least in needed.items():
        count = len({entry["by"] for entry in signatures if entry["role"] == role})
        if count < least:
            problems.append(f"{count} of {least} {role} signatures")
    if len({key for _, key in signed}) < len(signed) or len({entry["by"] for entry in signatures}) < len(signed):
        problems.append("one key or name signed twice")
    if problems:
        raise SignaturesRefused(problems)
