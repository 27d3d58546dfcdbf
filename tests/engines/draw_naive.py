"""The draw again, in few lines of plain Python from the words of docs/draw.md: a judge that knows nothing of Bekal."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 65_536
Member = tuple[bytes, str, str]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def jcs(value: Any) -> bytes:
    """RFC 8785 for whole numbers and names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hash_of(value: Any) -> bytes:
    return sha(jcs(value))


def number(value: int, size: int = 8) -> bytes:
    return value.to_bytes(size, "big")


def label(text: str) -> bytes:
    return bytes([len(text.encode())]) + text.encode()


# Trees: RFC 9162 §2.1.1; a span is (low, high) of the leaves.


def half(size: int) -> int:
    power = 1
    while 2 * power < size:
        power *= 2
    return power


def mth(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf data."""
    if len(leaves) < 2:
        return sha(b"\x00", leaves[0]) if leaves else sha()
    middle = half(len(leaves))
    return sha(b"\x01", mth(leaves[:middle]), mth(leaves[middle:]))


def spans(low: int, high: int) -> Iterator[tuple[int, int]]:
    """Every subtree of a tree, each before those inside it."""
    yield low, high
    if high - low > 1:
        middle = low + half(high - low)
        yield from spans(low, middle)
        yield from spans(middle, high)


def outside(size: int, start: int, stop: int) -> list[tuple[int, int]]:
    """The largest subtrees that hold none of the leaves start .. stop - 1, left to right."""
    kept: list[tuple[int, int]] = []
    for low, high in spans(0, size):
        free, inside = stop <= low or high <= start, bool(kept) and low < kept[-1][1]
        kept += [(low, high)] if free and not inside else []
    return kept


def range_proof(leaves: Sequence[bytes], start: int, stop: int) -> bytes:
    return b"".join(mth(leaves[low:high]) for low, high in outside(len(leaves), start, stop))


def file_blocks(file: bytes) -> list[bytes]:
    return [file[at : at + BLOCK] for at in range(0, len(file), BLOCK)]


def file_root(file: bytes) -> bytes:
    return mth(file_blocks(file))


# The roll, its strata and its tickets.


class Cell(NamedTuple):
    region: str
    group: str
    first: int
    people: int


def in_order(members: set[Member]) -> list[Member]:
    return sorted(members, key=lambda m: (m[1].encode(), m[2].encode(), m[0]))


def cells(members: set[Member]) -> list[Cell]:
    names = [(region, group) for _, region, group in in_order(members)]
    once = list(dict.fromkeys(names))
    return [Cell(*name, names.index(name), names.count(name)) for name in once]


def roll_file(wave: str, members: set[Member], duplicates: int) -> bytes:
    strata = cells(members)
    body = label(wave) + b"".join(label(c.region) + label(c.group) + number(c.people) for c in strata)
    size = -(-(32 + len(body)) // 16) * 16
    head = b"BKLROLL\x01" + number(size, 4) + number(len(strata), 4) + number(len(members)) + number(duplicates)
    return (head + body).ljust(size, b"\x00") + b"".join(m[0] for m in in_order(members))


def strata_leaves(strata: Sequence[Cell], places: Sequence[int]) -> list[bytes]:
    return [
        label(c.region) + label(c.group) + number(c.first) + number(c.people) + number(won)
        for c, won in zip(strata, places, strict=True)
    ]


def ticket_key(randomness: bytes, commitment: bytes) -> bytes:
    """HKDF of RFC 5869, one block long."""
    secret = hmac.digest(commitment, randomness, "sha256")
    return hmac.digest(secret, b"bekal-draw/1 tickets\x01", "sha256")


def keystream(key: bytes, counter: int, size: int) -> bytes:
    return Cipher(algorithms.AES256(key), modes.CTR(number(counter, 16))).encryptor().update(bytes(size))


def tickets(key: bytes, people: int) -> list[int]:
    a, b = keystream(key, 0, 2 * people), keystream(key, 1 << 127, 8 * people)
    return [int.from_bytes(b[8 * i : 8 * i + 6] + a[2 * i : 2 * i + 2], "little") for i in range(people)]


def ticket_alone(key: bytes, i: int) -> int:
    aes = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()
    a, b = aes.update(number(i // 8, 16)), aes.update(number((1 << 127) + i // 2, 16))
    return int.from_bytes(b[8 * (i % 2) :][:6] + a[2 * (i % 8) :][:2], "little")


# The result.


class Drawn(NamedTuple):
    """Of each stratum: threshold, last (0, 0 where nobody wins) and who wins; those who wait, in the overall order."""

    thresholds: list[tuple[int, int]]
    winners: list[list[int]]
    waiting: list[int]

    @property
    def threshold_leaves(self) -> list[bytes]:
        return [number(threshold) + number(last) for threshold, last in self.thresholds]

    def file(self, ids: Sequence[bytes]) -> bytes:
        won = sorted(position for cell in self.winners for position in cell)
        head = b"BKLRSLT\x01" + number(len(won)) + number(len(self.waiting))
        return head + b"".join(ids[position] for position in won + self.waiting)


def draw(drawn: Sequence[int], people: Sequence[int], places: Sequence[int], waiting: int | str) -> Drawn:
    """`drawn`: the ticket of each position."""
    thresholds, winners, waits = [], [], list[tuple[int, int]]()
    for (start, end), won in zip(pairwise([0, *accumulate(people)]), places, strict=True):
        cell = sorted((drawn[position], position) for position in range(start, end))
        thresholds.append(cell[won - 1] if won else (0, 0))
        winners.append(sorted(position for _, position in cell[:won]))
        waits += cell[won:] if waiting == "all" else cell[won:][: int(waiting)]
    return Drawn(thresholds, winners, [position for _, position in sorted(waits)])


def signed(document: Any, by: str, role: str, at: str) -> bytes:
    """What a party signs."""
    return hash_of(
        {"format": "bekal-draw-signature/1", "document": hash_of(document).hex(), "by": by, "role": role, "at": at}
    )
