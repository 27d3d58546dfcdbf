"""Test vectors of the draw, also the sample that the tests share.

Write them anew with `python -m tests.engines.draw_vectors` from the repository's root.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bekal.engines.draw.beacon import DEFAULT, QUICKNET, BeaconRound
from bekal.engines.draw.bundle import make_bundle
from bekal.engines.draw.commitment import (
    Role,
    Signature,
    choose,
    commitment_hash,
    endorse,
    make_commitment,
    public_key_hex,
    statement_hash,
)
from bekal.engines.draw.quotas import QuotaPolicy, allocate_places
from bekal.engines.draw.receipt import receipt
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.result import DrawResult, draw
from bekal.engines.draw.roll import Roll, RollMember, build_roll, roll_root, ticket_id
from bekal.engines.draw.tickets import ticket_key, tickets

VECTORS = Path(__file__).parent / "draw_vectors.json"
WAVE = "prakerja-2023/48"
WAVE_KEY = hashlib.sha256(b"wave key").digest()
COMMITTED_AT = datetime(2023, 8, 23, 15, 0, tzinfo=UTC)
SIGNED_AT = datetime(2023, 8, 23, 15, 5, tzinfo=UTC)
REGIONS, GROUPS = ("3171", "3273", "9471"), ("disability", "general", "remote")
POLICY = QuotaPolicy(
    region_weights={"3171": 5, "3273": 3, "9471": 1},
    group_order=("disability", "remote"),
    group_floor_percent={"disability": 10, "remote": 20},
    region_floor=2,
)
PARTIES: tuple[tuple[str, Role], ...] = (
    ("director", "operator"),
    ("registrar", "operator"),
    ("ombudsman", "witness"),
    ("university", "witness"),
)


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


def keys(role: Role) -> dict[str, str]:
    return {name: public_key_hex(private_key(name)) for name, of in PARTIES if of == role}


def endorsements(commitment: dict[str, Any], at: datetime = SIGNED_AT) -> list[Signature]:
    return [endorse(commitment, by=name, role=role, private_key=private_key(name), at=at) for name, role in PARTIES]


@dataclass(frozen=True)
class Sample:
    """One whole draw."""

    roll: Roll
    roll_bytes: bytes
    places: dict[tuple[str, str], int]
    commitment: dict[str, Any]
    signatures: list[Signature]
    beacon: BeaconRound
    result: DrawResult
    bundle: dict[str, Any]


def people_of(roll: Roll) -> dict[tuple[str, str], int]:
    return {(s.region, s.group): s.people for s in roll.strata}


@cache
def sample(
    people: int = 60, places: int = 15, waiting: int | Literal["all"] = "all", chain: str = "quicknet"
) -> Sample:
    members = [member(number) for number in range(people)]
    roll = build_roll(wave=WAVE, members=[*members, members[0]])
    roll_bytes = roll.encode()
    beacon = RECORDED_ROUNDS["quicknet", 123] if chain == "quicknet" else RECORDED_ROUNDS["default", 1337]
    committed_at = COMMITTED_AT if chain == "quicknet" else datetime(2020, 7, 22, tzinfo=UTC)
    allocated = allocate_places(places=places, people=people_of(roll), policy=POLICY)
    commitment = make_commitment(
        wave=WAVE,
        sequence=1,
        programme="prakerja-2023",
        programme_sha256=hashlib.sha256(b"programme file").hexdigest(),
        roll=roll,
        roll_bytes=roll_bytes,
        places=allocated,
        waiting_list=waiting,
        beacon=choose(QUICKNET if chain == "quicknet" else DEFAULT, beacon.number),
        committed_at=committed_at,
    )
    signatures = endorsements(commitment, SIGNED_AT if chain == "quicknet" else committed_at)
    result = draw(roll=roll, commitment=commitment, randomness=bytes.fromhex(beacon.randomness))
    bundle = make_bundle(
        commitment=commitment,
        operators=keys("operator"),
        witnesses=keys("witness"),
        signatures=signatures,
        beacon=beacon,
        result=result,
    )
    return Sample(roll, roll_bytes, allocated, commitment, signatures, beacon, result, bundle)


def _large() -> dict[str, Any]:
    """A roll of several blocks, given by its rule alone; people are 0 .. 9999 of `member`."""
    drawn = sample(people=10_000, places=1_000, waiting=5)
    return {
        "people": 10_000,
        "places": [[*cell, places] for cell, places in drawn.places.items()],
        "roll_root": drawn.roll.root().hex(),
        "commitment_hash": commitment_hash(drawn.commitment).hex(),
        "result_root": drawn.result.root().hex(),
    }


def build() -> dict[str, Any]:
    """All vectors as JSON-able data."""
    drawn = sample()
    key = ticket_key(bytes.fromhex(drawn.beacon.randomness), commitment_hash(drawn.commitment))
    return {
        "specification": "docs/draw.md, version 1",
        "wave": WAVE,
        "wave_key": WAVE_KEY.hex(),
        "members": [
            {"person": str(person(n)), "ticket_id": member(n).ticket_id.hex(), "region": m.region, "group": m.group}
            for n, m in ((n, member(n)) for n in range(60))
        ],
        "policy": asdict(POLICY),
        "places": [[*cell, places] for cell, places in drawn.places.items()],
        "roll": drawn.roll_bytes.hex(),
        "roll_root": roll_root(drawn.roll_bytes).hex(),
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
        "receipt": receipt(drawn.roll, drawn.roll_bytes, member(7).ticket_id),
        "large": _large(),
    }


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(build(), indent=1) + "\n")
