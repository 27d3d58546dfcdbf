"""Tickets: one 64-bit number for each position of the roll, from an AES-256-CTR keystream (docs/draw.md §6)."""

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

INFO = b"bekal-draw/1 tickets"
RANDOMNESS_SIZE = KEY_SIZE = 32
TICKET_SIZE, AES_BLOCK = 8, 16
PER_BLOCK = AES_BLOCK // TICKET_SIZE

Tickets = npt.NDArray[np.uint64]


def ticket_key(randomness: bytes, commitment_hash: bytes) -> bytes:
    """HKDF-SHA-256: input key = 32 bytes of the beacon, salt = commitment hash, info = INFO; 32 bytes out.

    Raises ValueError for another length of randomness.
    """
    if len(randomness) != RANDOMNESS_SIZE:
        raise ValueError(f"randomness of {len(randomness)} bytes, {RANDOMNESS_SIZE} needed")
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=commitment_hash, info=INFO).derive(randomness)


def tickets(key: bytes, start: int, count: int) -> Tickets:
    """Tickets of positions start .. start + count - 1: position i is bytes 8i .. 8i + 7 of the keystream, big-endian.

    The first counter block is 16 zero bytes, so position i lies in AES block i // 2.
    """
    first, skip = divmod(start, PER_BLOCK)
    blocks = -(-(skip + count) // PER_BLOCK)
    stream = Cipher(AES256(key), CTR(first.to_bytes(AES_BLOCK, "big"))).encryptor().update(bytes(blocks * AES_BLOCK))
    return np.frombuffer(stream, dtype=">u8")[skip : skip + count].astype(np.uint64)
