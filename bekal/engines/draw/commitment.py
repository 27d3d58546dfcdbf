"""The commitment: what is fixed, signed and published before the random round exists (docs/draw.md §4)."""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypedDict

import numpy as np
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bekal.engines.draw.beacon import Chain
from bekal.engines.draw.roll import Roll, roll_root

COMMITMENT_FORMAT = "bekal-draw-commitment/1"
ALGORITHM = "bekal-draw/1"
WAITING_RULE = "stratum, region, all"
STATEMENT_FORMAT = "bekal-draw-signature/1"
MINIMUM_LEAD = timedelta(seconds=60)
NEEDED = {"operator": 2, "witness": 2}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z")
HEX_32, HEX_64 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{128}")
COMPARE_CHUNK = 1 << 24


Role = Literal["operator", "witness"]


class CommitmentRefused(ValueError):
    """A commitment that must not be made."""


class RoundTooNear(CommitmentRefused):
    """The chosen round is past, or due sooner than the minimum lead."""


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


@dataclass(frozen=True)
class BeaconChoice:
    """The chain and the future round that a commitment names."""

    chain_hash: str
    scheme: str
    public_key: str
    genesis: int
    period: int
    round: int

    @property
    def chain(self) -> Chain:
        return Chain(self.chain_hash, self.scheme, self.public_key, self.genesis, self.period)


def choose(chain: Chain, number: int) -> BeaconChoice:
    """The choice of one round of a chain."""
    return BeaconChoice(chain.chain_hash, chain.scheme, chain.public_key, chain.genesis, chain.period, number)


def round_time(choice: BeaconChoice | Chain, number: int) -> datetime:
    """When a round is due: genesis + period x (number - 1), aware UTC. Raises ValueError below round 1."""
    if number < 1:
        raise ValueError(f"round {number}: rounds count from 1")
    return datetime.fromtimestamp(choice.genesis + choice.period * (number - 1), UTC)


def first_round_at(chain: BeaconChoice | Chain, instant: datetime) -> int:
    """The first round due at or after an instant."""
    late = math.ceil(instant.timestamp()) - chain.genesis
    return max(1, 1 + -(-late // chain.period))


def instant_text(at: datetime) -> str:
    """RFC 3339 in UTC with `Z`; microseconds only when there are some. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("an aware time is needed")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """Reads what `instant_text` writes, and nothing else. Raises ValueError."""
    at = datetime.fromisoformat(text) if INSTANT.fullmatch(text) else None
    if at is None or instant_text(at) != text:
        raise ValueError(f"not an instant: {text!r}")
    return at


def _strata(roll: Roll, places: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    unknown = set(places) - {(s.region, s.group) for s in roll.strata}
    if unknown:
        raise CommitmentRefused(f"places for strata that are not on the roll: {sorted(unknown)[:5]}")
    rows = [{**asdict(s), "places": places.get((s.region, s.group), 0)} for s in roll.strata]
    for row in rows:
        if not 0 <= row["places"] <= row["people"]:
            cell = f"{row['region']} {row['group']}"
            raise CommitmentRefused(f"{row['places']} places for {row['people']} people in {cell}")
    return rows


def _check_roll(roll: Roll, roll_bytes: bytes | memoryview, wave: str) -> None:
    if roll.wave != wave:
        raise CommitmentRefused(f"the roll is of wave {roll.wave!r}, not {wave!r}")
    size = len(roll.header)
    ids, shown = memoryview(roll.ticket_ids), memoryview(roll_bytes)
    same = len(shown) == size + len(ids) and bytes(shown[:size]) == roll.header
    if not same or not all(
        np.array_equal(
            np.frombuffer(ids[start : start + COMPARE_CHUNK], np.uint8),
            np.frombuffer(shown[size + start : size + start + COMPARE_CHUNK], np.uint8),
        )
        for start in range(0, len(ids), COMPARE_CHUNK)
    ):
        raise CommitmentRefused("the bytes are not those of the roll")


def make_commitment(
    *,
    wave: str,
    sequence: int,
    programme: str,
    programme_sha256: str,
    roll: Roll,
    roll_bytes: bytes | memoryview,
    places: Mapping[tuple[str, str], int],
    waiting_list: int | Literal["all"],
    beacon: BeaconChoice,
    committed_at: datetime,
    minimum_lead: timedelta = MINIMUM_LEAD,
) -> dict[str, Any]:
    """The document to sign. `sequence` counts the draws of a wave from 1 without gaps; `waiting_list` is the length
    kept for each stratum, or "all"; a `minimum_lead` below MINIMUM_LEAD counts as that, since verifiers ask for it.

    Raises RoundTooNear, or CommitmentRefused for places that do not fit the roll, foreign bytes and bad counts.
    """
    _check_roll(roll, roll_bytes, wave)
    if sequence < 1 or not HEX_32.fullmatch(programme_sha256) or not programme:
        raise CommitmentRefused("sequence counts from 1; the programme needs a code and a SHA-256 in hex")
    if waiting_list != "all" and waiting_list < 0:
        raise CommitmentRefused(f"a waiting list of {waiting_list}")
    due = round_time(beacon, beacon.round)
    if due - committed_at < max(minimum_lead, MINIMUM_LEAD):
        raise RoundTooNear(f"round {beacon.round} is due at {instant_text(due)}, too near {instant_text(committed_at)}")
    strata = _strata(roll, places)
    return {
        "format": COMMITMENT_FORMAT,
        "algorithm": ALGORITHM,
        "wave": wave,
        "sequence": sequence,
        "programme": {"code": programme, "sha256": programme_sha256},
        "roll": {
            "root": roll_root(roll_bytes).hex(),
            "bytes": len(roll_bytes),
            "entries_at": len(roll.header),
            "people": roll.people,
            "duplicates": roll.duplicates,
        },
        "strata": strata,
        "places": sum(row["places"] for row in strata),
        "waiting_list": waiting_list,
        "waiting_rule": WAITING_RULE,
        "beacon": {**asdict(beacon), "due_at": instant_text(due)},
        "committed_at": instant_text(committed_at),
    }


def beacon_choice(doc: Mapping[str, Any]) -> BeaconChoice:
    """The round that a commitment names."""
    return BeaconChoice(**{key: value for key, value in doc["beacon"].items() if key != "due_at"})


def commitment_hash(doc: Mapping[str, Any]) -> bytes:
    """SHA-256 of the RFC 8785 form."""
    return hashlib.sha256(rfc8785.dumps(dict(doc))).digest()


def sign(doc_hash: bytes, private_key: Ed25519PrivateKey) -> str:
    """Ed25519 signature of 32 bytes, in hex. For a commitment use `endorse`, which also binds name, role and time."""
    return private_key.sign(doc_hash).hex()


def statement_hash(doc: Mapping[str, Any], *, by: str, role: str, at: str) -> bytes:
    """What a party signs: SHA-256 of RFC 8785 {format, commitment, by, role, at}; nobody can move its time or role."""
    statement = {"format": STATEMENT_FORMAT, "commitment": commitment_hash(doc).hex(), "by": by, "role": role, "at": at}
    return hashlib.sha256(rfc8785.dumps(statement)).digest()


def endorse(doc: Mapping[str, Any], *, by: str, role: Role, private_key: Ed25519PrivateKey, at: datetime) -> Signature:
    """A party's signature entry for a commitment."""
    text = instant_text(at)
    signature = sign(statement_hash(doc, by=by, role=role, at=text), private_key)
    return {"by": by, "role": role, "signature": signature, "at": text}


def public_key_hex(private_key: Ed25519PrivateKey) -> str:
    """The 32-byte public key in hex, as `operators` and `witnesses` list it."""
    return private_key.public_key().public_bytes_raw().hex()


def signature_problem(doc: Mapping[str, Any], entry: Signature, key: str | None) -> str | None:
    """What is wrong with one party's statement under its published key (hex), or None."""
    who = f"{entry['role']} {entry['by']}"
    if key is None:
        return f"{who} is not a known party"
    if not HEX_32.fullmatch(key) or not HEX_64.fullmatch(entry["signature"]):
        return f"{who}: key or signature is not lower-case hex of the right length"
    try:
        at = instant(entry["at"])
    except ValueError:
        return f"{who}: {entry['at']!r} is not an instant"
    if not instant(doc["committed_at"]) <= at < round_time(beacon_choice(doc), doc["beacon"]["round"]):
        return f"{who} signed at {entry['at']}, outside the time between commitment and round"
    signed = statement_hash(doc, by=entry["by"], role=entry["role"], at=entry["at"])
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(entry["signature"]), signed)
    except InvalidSignature:
        return f"{who}: the signature is wrong"
    return None


def check_signatures(
    doc: Mapping[str, Any],
    operators: Mapping[str, str],
    witnesses: Mapping[str, str],
    signatures: Sequence[Signature],
) -> None:
    """Every signature is good and made between commitment and round; two operators, two witnesses, different keys.

    `operators` and `witnesses` map names to public keys in hex. Raises SignaturesRefused with every problem.
    """
    parties: dict[str, Mapping[str, str]] = {"operator": operators, "witness": witnesses}
    problems, keys = [], []
    for entry in signatures:
        key = parties.get(entry["role"], {}).get(entry["by"])
        problem = signature_problem(doc, entry, key)
        problems += [problem] if problem else []
        keys.append(key)
    for role, needed in NEEDED.items():
        count = len({entry["by"] for entry in signatures if entry["role"] == role})
        if count < needed:
            problems.append(f"{count} of {needed} {role} signatures")
    if len(set(keys)) < len(keys):
        problems.append("one key signed twice")
    if problems:
        raise SignaturesRefused(problems)
