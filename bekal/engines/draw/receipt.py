"""One person's proof: a receipt, and the static proof file of the block that holds it (docs/draw.md §11)."""

import base64
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import rfc8785

from bekal.engines.draw.commitment import (
    ALGORITHM,
    COMMITMENT_FORMAT,
    Cell,
    commitment_hash,
    strata_leaves,
    stratum_leaf,
)
from bekal.engines.draw.result import threshold_rows
from bekal.engines.draw.roll import BLOCK_SIZE, TICKET_ID_SIZE, firsts
from bekal.engines.draw.source import read_shown, read_source
from bekal.engines.draw.tickets import ticket_key, tickets_at
from bekal.engines.merkle import HASH_SIZE, Tree, leaf_hash, root_from_range

RECEIPT_FORMAT = "bekal-draw-receipt/1"
PROOF_MAGIC = b"BKLPROF\x01"
ROW_SIZE = 16
RECEIPT_MEMBERS = {"format", "wave", "sequence", "commitment", "ticket_id", "position", "block", "stratum", "path"}
STRATUM_MEMBERS = {"index", "region", "group", "first", "people", "places"}
PROOF_MEMBERS = {"block", "blocks", "path", "commitment", "beacon", "thresholds"}
THRESHOLDS_MEMBERS = {"root", "first", "rows", "path"}


def _packed(hashes: Sequence[bytes]) -> str:
    return base64.b64encode(b"".join(hashes)).decode()


def _unpacked(text: str, size: int = HASH_SIZE) -> list[bytes]:
    raw = base64.b64decode(text, validate=True)
    if len(raw) % size or base64.b64encode(raw).decode() != text:
        raise ValueError(f"not canonical base64 of rows of {size} bytes")
    return [raw[at : at + size] for at in range(0, len(raw), size)]


class Proofs:
    """Receipts and proof files of one draw, made from what is published and the leaf hashes of the roll's blocks.

    `strata`: rows of the published commitment or bundle; `beacon`: of the bundle, None before the draw.
    Memory: 64 bytes for each block and stratum.
    """

    def __init__(
        self,
        commitment: Mapping[str, Any],
        strata: Sequence[Mapping[str, Any]],
        leaves: Sequence[bytes],
        beacon: Mapping[str, Any] | None = None,
    ) -> None:
        self.commitment, self.strata, self.beacon = commitment, strata, beacon
        self.starts = firsts(row["people"] for row in strata)
        self.roll = Tree(leaves)
        self.cells: dict[Cell, int] = {(row["region"], row["group"]): i for i, row in enumerate(strata)}
        self.tree = Tree(strata_leaves(strata))
        self.rows = self._threshold_rows() if beacon else []
        self.thresholds = Tree([leaf_hash(row) for row in self.rows])

    def _threshold_rows(self) -> list[bytes]:
        values = np.array([int(row["threshold"] or "0", 16) for row in self.strata], dtype=np.uint64)
        return threshold_rows(values, np.array([row["last"] or 0 for row in self.strata], dtype=np.int64))

    def span(self, region: str, group: str) -> tuple[int, int]:
        """First position of a stratum, and the one after its last. Raises KeyError."""
        index = self.cells[region, group]
        return self.starts[index], self.starts[index + 1]

    def block_of(self, position: int) -> int:
        """Index of the block that holds a position."""
        return int((self.commitment["roll"]["entries_at"] + position * TICKET_ID_SIZE) // BLOCK_SIZE)

    def receipt(self, ticket_id: bytes, position: int) -> dict[str, Any]:
        """What one person keeps, about 1.5 kB of JSON."""
        index = bisect_right(self.starts, position) - 1
        row = self.strata[index]
        return {
            "format": RECEIPT_FORMAT,
            "wave": self.commitment["wave"],
            "sequence": self.commitment["sequence"],
            "commitment": commitment_hash(self.commitment).hex(),
            "ticket_id": ticket_id.hex(),
            "position": position,
            "block": self.block_of(position),
            "stratum": {
                "index": index,
                **{name: row[name] for name in ("region", "group", "people", "places")},
                "first": self.starts[index],
            },
            "path": _packed(self.tree.range_proof(index, index + 1)),
        }

    def _thresholds_in(self, block: int) -> dict[str, Any]:
        """Thresholds of the strata that have a person in a block."""
        entries_at, people = self.commitment["roll"]["entries_at"], self.starts[-1]
        first_person = max(0, (block * BLOCK_SIZE - entries_at) // TICKET_ID_SIZE)
        last_person = min(people, ((block + 1) * BLOCK_SIZE - entries_at) // TICKET_ID_SIZE) - 1
        first = bisect_right(self.starts, first_person) - 1
        stop = max(first + 1, bisect_right(self.starts, last_person))
        return {
            "root": self.thresholds.root.hex(),
            "first": first,
            "rows": _packed(self.rows[first:stop]),
            "path": _packed(self.thresholds.range_proof(first, stop)),
        }

    def file(self, block: int, data: bytes | memoryview) -> bytes:
        """The static proof file of block number `block` of the roll. Raises IndexError where there is no such block."""
        facts: dict[str, Any] = {
            "block": block,
            "blocks": self.roll.size,
            "path": _packed(self.roll.range_proof(block, block + 1)),
            "commitment": dict(self.commitment),
            "beacon": self.beacon,
            "thresholds": self._thresholds_in(block) if self.beacon else None,
        }
        head = rfc8785.dumps(facts)
        return PROOF_MAGIC + len(head).to_bytes(4, "big") + head + data


@dataclass(frozen=True)
class Standing:
    """How a ticket was drawn; `ticket`, `threshold` and `selected` are None before the draw."""

    ticket: int | None
    threshold: int | None
    selected: bool | None


def _read_file(encoded: bytes) -> tuple[dict[str, Any], bytes]:
    head = len(PROOF_MAGIC) + 4
    size = int.from_bytes(encoded[len(PROOF_MAGIC) : head], "big")
    if encoded[: len(PROOF_MAGIC)] != PROOF_MAGIC or len(encoded) < head + size:
        raise ValueError("not a proof file of version 1")
    raw = encoded[head : head + size]
    facts = json.loads(raw)
    if not isinstance(facts, dict) or rfc8785.dumps(facts) != raw:
        raise ValueError("the head of the proof file is not canonical JSON")
    return facts, encoded[head + size :]


def _whole(*numbers: Any) -> bool:
    return all(type(number) is int and number >= 0 for number in numbers)


def _check_forms(receipt: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """Members and versions are those that are known, and no others."""
    stratum, commitment, shown, problems = receipt["stratum"], facts["commitment"], facts["thresholds"], []
    numbers = [receipt[name] for name in ("sequence", "position", "block")]
    numbers += [stratum[name] for name in ("index", "first", "people", "places")]
    if set(receipt) != RECEIPT_MEMBERS or set(stratum) != STRATUM_MEMBERS or not _whole(*numbers):
        problems.append("the receipt has other members than a receipt")
    if set(facts) != PROOF_MEMBERS or not _whole(facts["block"], facts["blocks"]):
        problems.append("the proof file has other members than a proof file")
    if (shown is None) != (facts["beacon"] is None):
        problems.append("the thresholds stand beside the beacon, or neither does")
    if shown is not None and (set(shown) != THRESHOLDS_MEMBERS or not _whole(shown["first"])):
        problems.append("the thresholds have other members than thresholds")
    if (commitment["format"], commitment["algorithm"]) != (COMMITMENT_FORMAT, ALGORITHM):
        problems.append("the commitment is of an unknown version")
    return problems


def _check_inclusion(receipt: Mapping[str, Any], facts: Mapping[str, Any], block: bytes) -> list[str]:
    commitment, stratum, position = facts["commitment"], receipt["stratum"], receipt["position"]
    roll, problems = commitment["roll"], []
    if receipt["format"] != RECEIPT_FORMAT or commitment_hash(commitment).hex() != receipt["commitment"]:
        problems.append("the proof is of another commitment than the receipt")
    if (receipt["wave"], receipt["sequence"]) != (commitment["wave"], commitment["sequence"]):
        problems.append("the receipt names another wave or draw")
    leaf = leaf_hash(
        stratum_leaf(stratum["region"], stratum["group"], stratum["first"], stratum["people"], stratum["places"])
    )
    found = root_from_range([leaf], stratum["index"], commitment["strata"]["count"], _unpacked(receipt["path"]))
    if found is None or found.hex() != commitment["strata"]["root"]:
        problems.append("the stratum is not one that was committed to")
    if not stratum["first"] <= position < stratum["first"] + stratum["people"]:
        problems.append("the position lies in another stratum")
    offset = roll["entries_at"] + position * TICKET_ID_SIZE
    numbers = (offset // BLOCK_SIZE, -(-roll["bytes"] // BLOCK_SIZE))
    if (facts["block"], facts["blocks"]) != numbers or receipt["block"] != facts["block"]:
        problems.append("the block is not the one that holds the position")
    inside = offset % BLOCK_SIZE
    if block[inside : inside + TICKET_ID_SIZE].hex() != receipt["ticket_id"]:
        problems.append("the ticket id does not stand at its position")
    found = root_from_range([leaf_hash(block)], facts["block"], facts["blocks"], _unpacked(facts["path"]))
    if found is None or found.hex() != roll["root"]:
        problems.append("the block does not belong to the committed roll")
    return problems


def _standing(receipt: Mapping[str, Any], facts: Mapping[str, Any]) -> Standing:
    """The ticket against the threshold of its stratum. Raises ValueError where thresholds do not hold together."""
    if facts["beacon"] is None:
        return Standing(None, None, None)
    commitment, shown, stratum = facts["commitment"], facts["thresholds"], receipt["stratum"]
    rows = _unpacked(shown["rows"], ROW_SIZE)
    found = root_from_range(
        [leaf_hash(row) for row in rows], shown["first"], commitment["strata"]["count"], _unpacked(shown["path"])
    )
    if found is None or found.hex() != shown["root"] or not 0 <= stratum["index"] - shown["first"] < len(rows):
        raise ValueError("the thresholds do not belong to their root")
    row = rows[stratum["index"] - shown["first"]]
    digest = commitment_hash(commitment)
    randomness = read_source(commitment["source"]).randomness(digest, read_shown(facts["beacon"]))
    threshold, last = int.from_bytes(row[:8], "big"), int.from_bytes(row[8:], "big")
    if not stratum["first"] <= last < stratum["first"] + stratum["people"] and stratum["places"]:
        raise ValueError("the threshold is that of a position in another stratum")
    own = np.array([receipt["position"], last], dtype=np.int64)
    ticket, lasts = tickets_at(ticket_key(randomness, digest), own).tolist()
    if stratum["places"] and lasts != threshold:
        raise ValueError("the threshold is not the ticket of the last winner")
    won = stratum["places"] > 0 and (ticket, receipt["position"]) <= (threshold, last)
    return Standing(ticket, threshold, won)


def verify_receipt(
    receipt: Mapping[str, Any], proof_file: bytes, *, thresholds_root: str | None = None
) -> tuple[list[str], Standing]:
    """Problems of a receipt against its proof file, and how the ticket was drawn. Never raises on bad input.

    `thresholds_root`: from the bundle (hex), where the caller has it. The beacon's signature is checked too.
    """
    nothing = Standing(None, None, None)
    try:
        facts, block = _read_file(proof_file)
        problems = _check_forms(receipt, facts) + _check_inclusion(receipt, facts, block)
        if thresholds_root is not None and facts["thresholds"]["root"] != thresholds_root:
            problems.append("the thresholds are others than in the bundle")
        return problems, nothing if problems else _standing(receipt, facts)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, RecursionError) as error:
        return [f"{type(error).__name__}: {error}"], nothing
