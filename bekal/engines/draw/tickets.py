"""Tickets: one 64-bit number for each position of the roll, from two AES-256-CTR keystreams (docs/draw.md §6).

Stream A gives the most significant 16 bits of every ticket, B the other 48. A draw reads A alone, 2 bytes a person, and
B only for the few that tie with the threshold.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

INFO = b"bekal-draw/1 tickets"
RANDOMNESS_SIZE = KEY_SIZE = 32
AES_BLOCK = 16
PREFIXES_A_BLOCK, REST_A_BLOCK = 8, 2
REST_COUNTER = 1 << 127
REST_BITS = 48
CHUNK = 1 << 18

Tickets = npt.NDArray[np.uint64]
Prefixes = npt.NDArray[np.uint16]
Positions = npt.NDArray[np.int64]


def ticket_key(randomness: bytes, commitment_hash: bytes) -> bytes:
    """HKDF-SHA-256: input key = 32 bytes of randomness, salt = commitment hash, info = INFO; 32 bytes out.

    Raises ValueError for another length of randomness.
    """
    if len(randomness) != RANDOMNESS_SIZE:
        raise ValueError(f"randomness of {len(randomness)} bytes, {RANDOMNESS_SIZE} needed")
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=commitment_hash, info=INFO).derive(randomness)


def prefix_chunks(key: bytes, start: int, end: int) -> Iterator[tuple[int, Prefixes]]:
    """(first position, 16-bit prefixes) of positions start .. end - 1 in pieces that fit the cache.

    Each is a view of one buffer that the next overwrites. Raises ValueError unless start is a multiple of 8.
    """
    if start % PREFIXES_A_BLOCK:
        raise ValueError(f"position {start} does not begin an AES block")
    stream = Cipher(AES256(key), CTR((start // PREFIXES_A_BLOCK).to_bytes(AES_BLOCK, "big"))).encryptor()
    zeros, room = bytes(2 * CHUNK), bytearray(2 * CHUNK + AES_BLOCK)
    piece = np.frombuffer(room, dtype="<u2")[:CHUNK]
    for at in range(start, end, CHUNK):
        stream.update_into(zeros, room)
        yield at, piece[: min(CHUNK, end - at)]


def _blocks(key: bytes, high: int, numbers: Positions) -> npt.NDArray[np.uint8]:
    """AES of the 16-byte counters (high x 2^64 + number), as rows of 16 bytes."""
    counters = np.empty((len(numbers), 2), dtype=">u8")
    counters[:, 0], counters[:, 1] = high, numbers
    stream = Cipher(AES256(key), ECB()).encryptor().update(counters.tobytes())  # noqa: S305 - CTR at scattered places
    return np.frombuffer(stream, dtype=np.uint8).reshape(-1, AES_BLOCK)


def tickets_at(key: bytes, positions: Positions) -> Tickets:
    """Tickets of any positions, each computed alone."""
    found = np.empty(len(positions), dtype=np.uint64)
    for at in range(0, len(positions), CHUNK):
        some = positions[at : at + CHUNK]
        prefixes = _blocks(key, 0, some // PREFIXES_A_BLOCK).view("<u2")
        rests = _blocks(key, REST_COUNTER >> 64, some // REST_A_BLOCK).view("<u8")
        row = np.arange(len(some))
        prefix = prefixes[row, some % PREFIXES_A_BLOCK].astype(np.uint64)
        rest = rests[row, some % REST_A_BLOCK] & np.uint64((1 << REST_BITS) - 1)
        found[at : at + CHUNK] = prefix << np.uint64(REST_BITS) | rest
    return found


def tickets(key: bytes, start: int, count: int) -> Tickets:
    """Tickets of positions start .. start + count - 1."""
    return tickets_at(key, np.arange(start, start + count))
