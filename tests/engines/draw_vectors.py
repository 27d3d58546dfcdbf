"""Test vectors of the draw, also the sample that the tests share.

Write them anew with `python -m tests.engines.draw_vectors` from the repository's root.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bekal.engines.draw.annulment import make_annulment, publish
from bekal.engines.draw.beacon import DEFAULT, QUICKNET, BeaconRound
from bekal.engines.draw.bundle import make_bundle
from bekal.engines.draw.commitment import (
    Role,
    Signature,
    commitment_hash,
    document_hash,
    endorse,
    make_commitment,
    public_key_hex,
    statement_hash,
)
from bekal.engines.draw.quotas import QuotaPolicy, Share, allocate_places
from bekal.engines.draw.receipt import Proofs
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.result import DrawResult, draw
from bekal.engines.draw.roll import Roll, RollMember, blocks, build_roll, ticket_id
from bekal.engines.draw.source import Ceremony, Drand, Party, Secrets, Shown, Source, read_source, seal
from bekal.engines.draw.tickets import ticket_key, tickets

VECTORS = Path(__file__).parent / "draw_vectors.json"
WAVE = "prakerja-2023/48"
WAVE_KEY = hashlib.sha256(b"wave key").digest()
COMMITTED_AT = datetime(2023, 8, 23, 15, 0, tzinfo=UTC)
SIGNED_AT = datetime(2023, 8, 23, 15, 5, tzinfo=UTC)
PATIENCE = timedelta(days=7)
REGIONS, GROUPS = ("3171", "3273", "9471"), ("disability", "general", "remote")
WEIGHTS = {"3171": 5, "3273": 3, "9471": 1}
POLICY = QuotaPolicy(
    region_weights=WEIGHTS,
    region_floor=Share(places=2),
    group_order=("disability", "remote"),
    group_floor={"disability": Share(percent=10), "remote": Share(percent=20)},
)
PARTIES: tuple[tuple[str, Role], ...] = (
    ("director", "operator"),
    ("registrar", "operator"),
    ("ombudsman", "witness"),
    ("university", "witness"),
)
CEREMONY = ("audit_board", "press_council", "students")
SourceKind = Literal["quicknet", "default", "ceremony"]


def person(number: int) -> UUID:
    return UUID(bytes=hashlib.sha256(f"person {number}".encode()).digest()[:16])


def member(number: int) -> RollMember:
    """Person `number` of the sample: region and group follow from a hash, so that strata differ in size."""
    spread = hashlib.sha256(f"place {number}".encode()).digest()
    region = REGIONS[min(spread[0] // 110, 2)]
    group = GROUPS[0] if spread[1] < 30 else GROUPS[2] if spread[1] < 90 else GROUPS[1]
    return RollMember(ticket_id(wave_key=WAVE_KEY, person=person(number)), region, group)


def private_key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"key of {name}".encode()).digest())


def secret(name: str) -> str:
    return hashlib.sha256(f"secret of {name}".encode()).hexdigest()


def keys(role: Role) -> dict[str, str]:
    return {name: public_key_hex(private_key(name)) for name, of in PARTIES if of == role}


def endorsements(document: dict[str, Any], at: datetime = SIGNED_AT) -> list[Signature]:
    """Statements of all parties, those of a ceremony too where the document names one."""
    parties = PARTIES
    if document.get("source", {}).get("kind") == "ceremony":
        parties += tuple((name, "party") for name in CEREMONY)
    return [endorse(document, by=name, role=role, private_key=private_key(name), at=at) for name, role in parties]


def source_of(kind: SourceKind) -> tuple[Source, Shown, datetime]:
    """A source, what it showed, and when the commitment was made."""
    if kind == "ceremony":
        parties = tuple(Party(name, public_key_hex(private_key(name)), seal(name, secret(name))) for name in CEREMONY)
        due_at = COMMITTED_AT + timedelta(minutes=10)
        shown = Secrets({name: secret(name) for name in CEREMONY})
        return Ceremony(parties, due_at, due_at + PATIENCE), shown, COMMITTED_AT
    chain, number = (QUICKNET, 123) if kind == "quicknet" else (DEFAULT, 1337)
    beacon: BeaconRound = RECORDED_ROUNDS[kind, number]
    committed_at = COMMITTED_AT if kind == "quicknet" else datetime(2020, 7, 22, tzinfo=UTC)
    drand = Drand(chain, number, datetime(2020, 7, 22, tzinfo=UTC))
    return Drand(chain, number, drand.due_at + PATIENCE), beacon, committed_at


@dataclass(frozen=True)
class Sample:
    """One whole draw."""

    roll: Roll
    roll_bytes: bytes
    places: list[int]
    commitment: dict[str, Any]
    signatures: list[Signature]
    shown: Shown
    result: DrawResult
    bundle: dict[str, Any]

    def proofs(self, drawn: bool = True) -> Proofs:
        beacon = self.bundle["beacon"] if drawn else None
        return Proofs(self.commitment, self.bundle["strata"], self.roll.leaves, beacon)

    def block(self, number: int) -> bytes:
        return bytes(list(blocks(memoryview(self.roll_bytes)))[number])


def people_of(roll: Roll) -> dict[tuple[str, str], int]:
    return {(s.region, s.group): s.people for s in roll.strata}


@cache
def sample(
    people: int = 60, places: int = 15, waiting: int | Literal["all"] = "all", kind: SourceKind = "quicknet"
) -> Sample:
    members = [member(number) for number in range(people)]
    roll = build_roll(wave=WAVE, members=[*members, members[0]])
    source, shown, committed_at = source_of(kind)
    allocated = allocate_places(places=places, people=people_of(roll), policy=POLICY)
    commitment = make_commitment(
        roll=roll,
        sequence=1,
        programme="prakerja-2023",
        programme_sha256=hashlib.sha256(b"programme file").hexdigest(),
        places=allocated,
        waiting_list=waiting,
        source=source,
        committed_at=committed_at,
    )
    in_order = [allocated[s.region, s.group] for s in roll.strata]
    signatures = endorsements(commitment, committed_at + timedelta(minutes=5) if kind != "default" else committed_at)
    randomness = source.randomness(commitment_hash(commitment), shown)
    result = draw(roll=roll, commitment=commitment, places=in_order, randomness=randomness)
    bundle = make_bundle(
        commitment=commitment,
        operators=keys("operator"),
        witnesses=keys("witness"),
        signatures=signatures,
        shown=shown,
        result=result,
    )
    return Sample(roll, roll.encode(), in_order, commitment, signatures, shown, result, bundle)


def annulled(commitment: dict[str, Any], reason: Any, evidence: dict[str, Any], at: datetime) -> dict[str, Any]:
    """An annulment, signed by everybody at its own instant."""
    document = make_annulment(commitment=commitment, reason=reason, evidence=evidence, at=at)
    return publish(document, keys("operator"), keys("witness"), endorsements(document, at), commitment)


def annulments() -> dict[str, Any]:
    """One that withdraws a draw, one that names a party of a ceremony, each with the commitment it ends."""
    drawn, held = sample().commitment, sample(kind="ceremony").commitment
    silent = read_source(held["source"]).wait_until
    revealed = {name: secret(name) for name in CEREMONY[:2]}
    evidence = {"secrets": revealed, "missing": [CEREMONY[2]]}
    return {
        "withdrawn": {"commitment": drawn, **annulled(drawn, "withdrawn", {"why": "a list was missing"}, SIGNED_AT)},
        "reveal_withheld": {"commitment": held, **annulled(held, "reveal_withheld", evidence, silent)},
        "beacon_silent": {
            "commitment": drawn,
            **annulled(drawn, "beacon_silent", {}, read_source(drawn["source"]).wait_until),
        },
    }


def _large() -> dict[str, Any]:
    """A roll of several blocks, given by its rule alone; people are 0 .. 9999 of `member`."""
    drawn = sample(people=10_000, places=1_000, waiting=5)
    position = drawn.roll.position(member(7_000).ticket_id)
    assert position is not None
    proofs = drawn.proofs()
    return {
        "people": 10_000,
        "places": [[s.region, s.group, n] for s, n in zip(drawn.roll.strata, drawn.places, strict=True)],
        "roll_root": drawn.roll.root().hex(),
        "commitment_hash": commitment_hash(drawn.commitment).hex(),
        "result": drawn.result.facts,
        "receipt": proofs.receipt(member(7_000).ticket_id, position),
        "proof_head": proofs.file(proofs.block_of(position), b"").hex(),
    }


def _receipts(drawn: Sample, numbers: range) -> list[dict[str, Any]]:
    found = []
    for number in numbers:
        ticket, position = member(number).ticket_id, drawn.roll.position(member(number).ticket_id)
        assert position is not None
        before, after = drawn.proofs(drawn=False), drawn.proofs()
        block = after.block_of(position)
        found.append(
            {
                "person": number,
                "receipt": after.receipt(ticket, position),
                "proof_before": before.file(block, drawn.block(block)).hex(),
                "proof_after": after.file(block, drawn.block(block)).hex(),
                "wins": ticket in drawn.result.selected,
            }
        )
    return found


def build() -> dict[str, Any]:
    """All vectors as JSON-able data."""
    drawn, held = sample(), sample(kind="ceremony")
    randomness = source_of("quicknet")[0].randomness(commitment_hash(drawn.commitment), drawn.shown)
    key = ticket_key(randomness, commitment_hash(drawn.commitment))
    return {
        "specification": "docs/draw.md, version 1",
        "wave": WAVE,
        "wave_key": WAVE_KEY.hex(),
        "members": [
            {"person": str(person(n)), "ticket_id": m.ticket_id.hex(), "region": m.region, "group": m.group}
            for n, m in ((n, member(n)) for n in range(60))
        ],
        "places": [[s.region, s.group, n] for s, n in zip(drawn.roll.strata, drawn.places, strict=True)],
        "roll": drawn.roll_bytes.hex(),
        "roll_root": drawn.roll.root().hex(),
        "commitment_json": rfc8785.dumps(drawn.commitment).decode(),
        "commitment_hash": commitment_hash(drawn.commitment).hex(),
        "private_keys": {name: private_key(name).private_bytes_raw().hex() for name, _ in PARTIES},
        "statement_hashes": {
            s["by"]: statement_hash(drawn.commitment, by=s["by"], role=s["role"], at=s["at"]).hex()
            for s in drawn.signatures
        },
        "ticket_key": key.hex(),
        "tickets": [f"{int(ticket):016x}" for ticket in tickets(key, 0, 60)],
        "bundle": drawn.bundle,
        "result": drawn.result.encode().hex(),
        "receipts": _receipts(drawn, range(0, 60, 6)),
        "ceremony": {"bundle": held.bundle, "receipts": _receipts(held, range(3, 5))},
        "annulments": {
            name: {**value, "hash": document_hash(value["annulment"]).hex()} for name, value in annulments().items()
        },
        "large": _large(),
    }


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(build(), indent=1) + "\n")
