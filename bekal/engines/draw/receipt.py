"""A receipt: one person's proof that their ticket is on the committed roll, and how it was drawn (docs/draw.md §9)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from bekal.engines.draw.commitment import commitment_hash
from bekal.engines.draw.roll import BLOCK_SIZE, TICKET_ID_SIZE, Roll, blocks
from bekal.engines.draw.tickets import ticket_key, tickets
from bekal.engines.merkle import HASH_SIZE, Tree, leaf_hash, verify_inclusion

RECEIPT_FORMAT = "bekal-draw-receipt/1"
PROOF_MAGIC = b"BKLPROF\x01"


class NotOnRoll(LookupError):
    """The ticket id does not stand on the roll."""


@dataclass(frozen=True)
class Standing:
    """How a ticket was drawn: its number, the last winning (ticket, id) of its stratum, and whether it won."""

    ticket: int
    threshold: int | None
    last: bytes | None
    selected: bool


@dataclass(frozen=True)
class BlockProof:
    """One 64 KiB block of the roll file and its way up to the root."""

    index: int
    count: int
    path: tuple[bytes, ...]
    block: bytes

    def encode(self) -> bytes:
        """The static proof file: magic, index and count (8 bytes each), path length (1), path, block; at most 68 kB."""
        numbers = self.index.to_bytes(8, "big") + self.count.to_bytes(8, "big") + bytes([len(self.path)])
        return PROOF_MAGIC + numbers + b"".join(self.path) + self.block

    def leads_to(self, root: bytes) -> bool:
        return verify_inclusion(leaf_hash(self.block), self.index, self.count, self.path, root)


def decode_block_proof(encoded: bytes) -> BlockProof:
    """Reads a static proof file. Raises ValueError."""
    start = len(PROOF_MAGIC) + 17
    if encoded[: len(PROOF_MAGIC)] != PROOF_MAGIC or len(encoded) < start:
        raise ValueError("not a proof file of version 1")
    numbers = encoded[len(PROOF_MAGIC) : start]
    end = start + numbers[16] * HASH_SIZE
    path = tuple(encoded[at : at + HASH_SIZE] for at in range(start, end, HASH_SIZE))
    return BlockProof(int.from_bytes(numbers[:8], "big"), int.from_bytes(numbers[8:16], "big"), path, encoded[end:])


class BlockProofs:
    """Proofs of every block of a roll file, for publishing them all or answering many receipts."""

    def __init__(self, roll_bytes: bytes | memoryview) -> None:
        self._data = memoryview(roll_bytes)
        self._tree = Tree([leaf_hash(block) for block in blocks(self._data)])

    def __len__(self) -> int:
        return self._tree.size

    def of(self, index: int) -> BlockProof:
        block = bytes(self._data[index * BLOCK_SIZE : (index + 1) * BLOCK_SIZE])
        return BlockProof(index, len(self), tuple(self._tree.path(index)), block)


def receipt(
    roll: Roll, roll_bytes: bytes | memoryview, ticket_id: bytes, proofs: BlockProofs | None = None
) -> dict[str, Any]:
    """JSON-able receipt of one ticket; `proofs` saves hashing the roll again for each. Raises NotOnRoll."""
    position = roll.position(ticket_id)
    if position is None:
        raise NotOnRoll(ticket_id.hex())
    stratum = roll.strata[roll.stratum_index(position)]
    index = (len(roll.header) + position * TICKET_ID_SIZE) // BLOCK_SIZE
    proof = (proofs or BlockProofs(roll_bytes)).of(index)
    return {
        "format": RECEIPT_FORMAT,
        "wave": roll.wave,
        "ticket_id": ticket_id.hex(),
        "region": stratum.region,
        "group": stratum.group,
        "position": position,
        "block": proof.index,
        "blocks": proof.count,
        "path": [digest.hex() for digest in proof.path],
        "block_base64": base64.b64encode(proof.block).decode(),
    }


def _proof(shown: Mapping[str, Any]) -> BlockProof:
    path = tuple(bytes.fromhex(digest) for digest in shown["path"])
    return BlockProof(shown["block"], shown["blocks"], path, base64.b64decode(shown["block_base64"], validate=True))


def _stratum_at(commitment: Mapping[str, Any], position: int) -> int:
    ends = list(accumulate(row["people"] for row in commitment["strata"]))
    if not 0 <= position < ends[-1]:
        raise ValueError(f"position {position} of {ends[-1]}")
    return int(np.searchsorted(ends, position, side="right"))


def check_inclusion(shown: Mapping[str, Any], commitment: Mapping[str, Any]) -> list[str]:
    """Problems of a receipt against the commitment alone, as it can be checked before the draw."""
    roll, proof, problems = commitment["roll"], _proof(shown), []
    offset = roll["entries_at"] + shown["position"] * TICKET_ID_SIZE
    row = commitment["strata"][_stratum_at(commitment, shown["position"])]
    if shown["format"] != RECEIPT_FORMAT or shown["wave"] != commitment["wave"]:
        problems.append("the receipt is of another wave or version")
    if (row["region"], row["group"]) != (shown["region"], shown["group"]):
        problems.append("the position lies in another stratum")
    if (proof.index, proof.count) != (offset // BLOCK_SIZE, -(-roll["bytes"] // BLOCK_SIZE)):
        problems.append("the block is not the one that holds the position")
    inside = offset % BLOCK_SIZE
    if proof.block[inside : inside + TICKET_ID_SIZE].hex() != shown["ticket_id"]:
        problems.append("the ticket id does not stand at its position")
    if not proof.leads_to(bytes.fromhex(roll["root"])):
        problems.append("the block does not belong to the committed roll")
    return problems


def standing(shown: Mapping[str, Any], bundle: Mapping[str, Any]) -> Standing:
    """How the ticket of a receipt was drawn, from the published threshold of its stratum."""
    commitment = bundle["commitment"]
    key = ticket_key(bytes.fromhex(bundle["beacon"]["randomness"]), commitment_hash(commitment))
    ticket = int(tickets(key, shown["position"], 1)[0])
    row = bundle["strata"][_stratum_at(commitment, shown["position"])]
    if row["threshold"] is None:
        return Standing(ticket, None, None, selected=False)
    threshold, last = int(row["threshold"], 16), bytes.fromhex(row["last"])
    return Standing(ticket, threshold, last, (ticket, bytes.fromhex(shown["ticket_id"])) <= (threshold, last))


def verify_receipt(receipt: Mapping[str, Any], bundle: Mapping[str, Any]) -> list[str]:
    """Problems of a receipt against a bundle; empty when the ticket is on the roll and winner or not as it was drawn.

    Only commitment, beacon, thresholds and the list of winners are read; the bundle itself is `verify_bundle`'s matter.
    Never raises on bad input.
    """
    try:
        problems = check_inclusion(receipt, bundle["commitment"])
        if standing(receipt, bundle).selected != (receipt["ticket_id"] in bundle["winners"]):
            problems.append("the list of winners does not agree with the ticket")
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        return [f"malformed receipt or bundle: {type(error).__name__} {error}"]
    return problems
