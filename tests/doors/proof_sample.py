"""Whole draws with receipts and proof files, written from docs/draw.md alone: nothing here imports the draw engine."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

BLOCK = 65_536
QUICKNET = {
    "chain_hash": "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
    "scheme": "bls-unchained-g1-rfc9380",
    "public_key": "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
    "genesis": 1_692_803_367,
    "period": 3,
}
SOURCE = {
    "kind": "drand", **QUICKNET, "round": 123, "due_at": "2023-08-23T15:15:33Z", "wait_until": "2023-08-24T15:15:33Z",
}  # fmt: skip
CHAINED = SOURCE | {
    "chain_hash": "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
    "scheme": "pedersen-bls-chained", "genesis": 1_595_431_050, "period": 30, "round": 3_245_757,
    "due_at": "2023-08-23T15:15:30Z",
}  # fmt: skip
SECRETS = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("ketua", "pengamat", "saksi ñ")}


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def canonical(value: object) -> bytes:
    """RFC 8785 for what a draw holds: whole numbers, and names of members in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def document_hash(value: object) -> str:
    return sha256(canonical(value)).hex()


def ceremony() -> dict[str, Any]:
    parties = [
        {
            "name": name,
            "public_key": sha256(f"key {name}".encode()).hex(),
            "sealed": document_hash({"format": "bekal-draw-secret/1", "by": name, "secret": secret}),
        }
        for name, secret in SECRETS.items()
    ]
    return {"kind": "ceremony", "parties": parties, "due_at": SOURCE["due_at"], "wait_until": SOURCE["wait_until"]}


def label(text: str) -> bytes:
    return bytes([len(text.encode())]) + text.encode()


def number8(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "big") for number in numbers)


def leaf(data: bytes) -> bytes:
    return sha256(b"\0" + data)


def split(size: int) -> int:
    return int(1 << (size - 1).bit_length() - 1)


def root(hashes: Sequence[bytes]) -> bytes:
    """RFC 9162 §2.1.1 over the hashes of the leaves."""
    if len(hashes) == 1:
        return hashes[0]
    half = split(len(hashes))
    return sha256(b"\1" + root(hashes[:half]) + root(hashes[half:]))


def range_proof(hashes: Sequence[bytes], first: int, end: int) -> list[bytes]:
    """The roots of the largest subtrees without a leaf of first … end−1."""
    if first >= len(hashes) or end <= 0:
        return [root(hashes)]
    if len(hashes) == 1:
        return []
    half = split(len(hashes))
    return [*range_proof(hashes[:half], first, end), *range_proof(hashes[half:], first - half, end - half)]


def proof_text(hashes: Sequence[bytes], first: int, end: int) -> str:
    return base64.b64encode(b"".join(range_proof(hashes, first, end))).decode()


@dataclass(frozen=True)
class Sample:
    """A draw over `strata` = (region, group, people, places), in the order of the roll."""

    strata: tuple[tuple[str, str, int, int], ...]
    source: dict[str, Any]

    @property
    def people(self) -> int:
        return sum(people for _, _, people, _ in self.strata)

    @cached_property
    def firsts(self) -> list[int]:
        return [sum(people for _, _, people, _ in self.strata[:index]) for index in range(len(self.strata))]

    @cached_property
    def ids(self) -> list[bytes]:
        every = [sha256(b"id %d" % number)[:16] for number in range(self.people)]
        return [
            ticket
            for (_, _, people, _), first in zip(self.strata, self.firsts, strict=True)
            for ticket in sorted(every[first : first + people])
        ]

    @cached_property
    def header(self) -> bytes:
        rest = label("latihan/7") + b"".join(label(r) + label(g) + number8(p) for r, g, p, _ in self.strata)
        size = -(-(32 + len(rest)) // 16) * 16
        counts = size.to_bytes(4, "big") + len(self.strata).to_bytes(4, "big") + number8(self.people, 3)
        return (b"BKLROLL\x01" + counts + rest).ljust(size, b"\0")

    @cached_property
    def blocks(self) -> list[bytes]:
        roll = self.header + b"".join(self.ids)
        return [roll[at : at + BLOCK] for at in range(0, len(roll), BLOCK)]

    @cached_property
    def block_leaves(self) -> list[bytes]:
        return [leaf(block) for block in self.blocks]

    @cached_property
    def stratum_leaves(self) -> list[bytes]:
        return [
            leaf(label(r) + label(g) + number8(first, people, places))
            for (r, g, people, places), first in zip(self.strata, self.firsts, strict=True)
        ]

    @cached_property
    def commitment(self) -> dict[str, Any]:
        return {
            "format": "bekal-draw-commitment/1", "algorithm": "bekal-draw/1", "wave": "latihan/7", "sequence": 2,
            "previous": "ab" * 32, "programme": {"code": "latihan é", "sha256": "cd" * 32},
            "roll": {
                "root": root(self.block_leaves).hex(), "bytes": sum(map(len, self.blocks)),
                "entries_at": len(self.header), "people": self.people, "duplicates": 3,
            },
            "strata": {"count": len(self.strata), "root": root(self.stratum_leaves).hex()},
            "places": sum(places for _, _, _, places in self.strata), "waiting_list": "all",
            "waiting_rule": "stratum, region, all", "source": self.source, "output_test": None,
            "committed_at": "2023-08-23T15:00:00.500000Z",
        }  # fmt: skip

    @cached_property
    def beacon(self) -> dict[str, Any]:
        if self.source["kind"] == "ceremony":
            return {"secrets": SECRETS}
        chained = self.source["scheme"] == CHAINED["scheme"]
        signature = (sha256(b"signature") * 3)[: 96 if chained else 48]
        return {
            "number": self.source["round"], "randomness": sha256(signature).hex(), "signature": signature.hex(),
            "previous_signature": "ef" * 96 if chained else "",
        }  # fmt: skip

    @property
    def randomness(self) -> bytes:
        if self.source["kind"] != "ceremony":
            return bytes.fromhex(self.beacon["randomness"])
        named = {
            "format": "bekal-draw-ceremony/1",
            "commitment": document_hash(self.commitment),
            "secrets": SECRETS,
        }
        return sha256(canonical(named))

    @cached_property
    def tickets(self) -> list[int]:
        """Both keystreams in one piece each."""
        salt = bytes.fromhex(document_hash(self.commitment))
        key = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"bekal-draw/1 tickets").derive(self.randomness)

        def keystream(start: int, size: int) -> bytes:
            return Cipher(algorithms.AES(key), modes.CTR(start.to_bytes(16, "big"))).encryptor().update(bytes(size))

        top, low = keystream(0, 2 * self.people), keystream(2**127, 8 * self.people)
        return [
            int.from_bytes(low[8 * place : 8 * place + 6] + top[2 * place : 2 * place + 2], "little")
            for place in range(self.people)
        ]

    @cached_property
    def winners(self) -> set[int]:
        return {
            place
            for (_, _, people, places), first in zip(self.strata, self.firsts, strict=True)
            for place in sorted(range(first, first + people), key=lambda at: (self.tickets[at], at))[:places]
        }

    @cached_property
    def threshold_rows(self) -> list[bytes]:
        rows = []
        for (_, _, people, _), first in zip(self.strata, self.firsts, strict=True):
            won = [(self.tickets[at], at) for at in range(first, first + people) if at in self.winners]
            rows.append(number8(*max(won, default=(0, 0))))
        return rows

    def stratum_of(self, position: int) -> int:
        return max(index for index, first in enumerate(self.firsts) if first <= position)

    def block_of(self, position: int) -> int:
        return (len(self.header) + 16 * position) // BLOCK

    def receipt(self, position: int) -> dict[str, Any]:
        index = self.stratum_of(position)
        region, group, people, places = self.strata[index]
        return {
            "format": "bekal-draw-receipt/1", "wave": "latihan/7", "sequence": 2,
            "commitment": document_hash(self.commitment), "ticket_id": self.ids[position].hex(),
            "position": position, "block": self.block_of(position),
            "stratum": {
                "index": index, "region": region, "group": group, "first": self.firsts[index], "people": people,
                "places": places,
            },
            "path": proof_text(self.stratum_leaves, index, index + 1),
        }  # fmt: skip

    def proof(self, block: int, *, drawn: bool = True) -> bytes:
        """The proof file of a block."""
        start = max(0, (block * BLOCK - len(self.header)) // 16)
        end = min(self.people, ((block + 1) * BLOCK - len(self.header)) // 16)
        first, stop = self.stratum_of(start), self.stratum_of(end - 1) + 1
        thresholds = {
            "root": root([leaf(row) for row in self.threshold_rows]).hex(), "first": first,
            "rows": base64.b64encode(b"".join(self.threshold_rows[first:stop])).decode(),
            "path": proof_text([leaf(row) for row in self.threshold_rows], first, stop),
        }  # fmt: skip
        words = canonical({
            "block": block, "blocks": len(self.blocks), "path": proof_text(self.block_leaves, block, block + 1),
            "commitment": self.commitment, "beacon": self.beacon if drawn else None,
            "thresholds": thresholds if drawn else None,
        })  # fmt: skip
        return b"BKLPROF\x01" + len(words).to_bytes(4, "big") + words + self.blocks[block]


GROUPS = ("difabel", "umum")
SMALL = tuple((f"{31 + at}", GROUPS[at % 2], 5 + at, at % 4) for at in range(7))
LARGE = tuple((f"{1100 + at // 2}", GROUPS[at % 2], 40 + 97 * at, (0, 40 + 97 * at, 11)[at % 3]) for at in range(16))
