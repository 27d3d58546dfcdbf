"""Seals of the ledger: each transfer is a salted leaf, each seal a root, each seal chained to the one before.

leaf = SHA-256(0x00 || salt || RFC 8785 JSON of the transfer); chain_n = SHA-256(chain_{n-1} || root_n || uint64 size).
"""

import hashlib
from collections.abc import Mapping

import rfc8785

from bekal.engines.merkle import HASH_SIZE, leaf_hash

SALT_SIZE = 32
CHAIN_START = bytes(HASH_SIZE)
TRANSFER_FIELDS = frozenset({"key", "debit", "credit", "amount", "code", "phase", "reference", "at"})


class LeafRefused(ValueError):
    """A leaf that an outsider could not recompute."""


def seal_leaf(transfer: Mapping[str, str | int], salt: bytes) -> bytes:
    """Leaf hash of one transfer. Raises LeafRefused for other fields than TRANSFER_FIELDS or a salt of other length."""
    if set(transfer) != TRANSFER_FIELDS:
        raise LeafRefused(f"fields must be {sorted(TRANSFER_FIELDS)}, not {sorted(transfer)}")
    if len(salt) != SALT_SIZE:
        raise LeafRefused(f"salt of {len(salt)} bytes, {SALT_SIZE} needed")
    return leaf_hash(salt + rfc8785.dumps(dict(transfer)))


def chain(previous: bytes, root: bytes, size: int) -> bytes:
    """Chain value after a seal of `size` leaves with `root`; the first seal's `previous` is CHAIN_START."""
    return hashlib.sha256(previous + root + size.to_bytes(8, "big")).digest()
