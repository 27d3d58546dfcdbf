"""Short references for receipts: read aloud without mistakes, checked by their last letter."""

import hashlib
from uuid import UUID

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs without 0, O, 1 and I."""


def reference_of(kind: str, key: UUID | str) -> str:
    """`D-7KQ2-M9XC` for the thing `key` of a kind (one letter): 35 bits of its SHA-256, then a check sign.

    The check sign is the sum of the signs weighted by place, modulo 31: one wrong or swapped sign shows.
    """
    number = int.from_bytes(hashlib.sha256(f"{kind}:{key}".encode()).digest()[:8], "big")
    signs = ""
    for _ in range(7):
        number, place = divmod(number, 32)
        signs += ALPHABET[place]
    signs += check_sign(signs)
    return f"{kind}-{signs[:4]}-{signs[4:]}"


def check_sign(signs: str) -> str:
    return ALPHABET[sum(place * ALPHABET.index(sign) for place, sign in enumerate(signs, 1)) % 31]
