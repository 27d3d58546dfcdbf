"""Sealed columns, blind indexes and signing keys. Keys never reach the database.

Columns: AES-256-GCM (NIST SP 800-38D) under a versioned key, a fresh 96-bit nonce, the column's place and its row as
associated data. Blind indexes: keyed BLAKE2b (RFC 7693) under keys of their own; version n is the index, under the key
of version n, of the index of version n - 1, so that an index can be renewed without the value behind it.
The first version of every key, and all other keys, are derived from `settings.MASTER_KEY` by HKDF (RFC 5869).
"""

import hmac
import os
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import blake2b
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

INDEX_SIZE = 16
_NONCE = 12


class UnknownKey(ValueError):
    """Sealed under a key version that this installation was not given (BEKAL_COLUMN_KEYS)."""


def seal(value: str, *, place: str, row: UUID | None = None) -> bytes:
    """Encrypt a column's value: key version, nonce, ciphertext with tag. It opens for the same place and row only."""
    return seal_bytes(value.encode(), place=place, row=row)


def unseal(blob: bytes | memoryview, *, place: str, row: UUID | None = None) -> str:
    """Decrypt what `seal` made. Raises `cryptography.exceptions.InvalidTag` for another place or row, UnknownKey."""
    return unseal_bytes(blob, place=place, row=row).decode()


def seal_bytes(value: bytes, *, place: str, row: UUID | None = None) -> bytes:
    """As `seal`, for bytes."""
    nonce, version = os.urandom(_NONCE), settings.COLUMN_KEY
    return bytes([version]) + nonce + _cipher(version).encrypt(nonce, value, _associated(place, row))


def unseal_bytes(blob: bytes | memoryview, *, place: str, row: UUID | None = None) -> bytes:
    """As `unseal`, for bytes."""
    data = bytes(blob)
    return _cipher(data[0]).decrypt(data[1 : 1 + _NONCE], data[1 + _NONCE :], _associated(place, row))


def seal_many(values: Iterable[str], *, place: str, rows: Sequence[UUID]) -> list[bytes]:
    """`seal` of each value for its row, at a fraction of the cost."""
    nonces, version = os.urandom(_NONCE * len(rows)), settings.COLUMN_KEY
    encrypt, mark, head = _cipher(version).encrypt, bytes([version]), _associated(place, None) + b"\x1f"
    starts = range(0, len(nonces), _NONCE)
    return [
        mark + (nonce := nonces[start : start + _NONCE]) + encrypt(nonce, value.encode(), head + row.bytes)
        for value, row, start in zip(values, rows, starts, strict=True)
    ]


def sealed_under(blob: bytes | memoryview) -> int:
    """The version of the key a value is sealed under."""
    return bytes(blob[:1])[0]


def blind_indexes(values: Iterable[str], *, place: str, version: int) -> list[bytes]:
    """16 bytes each, equal for equal values of one place and version; without the keys they say nothing."""
    found = _keyed((value.encode() for value in values), _index_key(place, 1))
    return renewed(found, place=place, since=1, version=version)


def renewed(indexes: Iterable[bytes], *, place: str, since: int, version: int) -> list[bytes]:
    """Blind indexes of version `since` as those of a later version."""
    found = list(indexes)
    for step in range(since + 1, version + 1):
        found = _keyed(found, _index_key(place, step))
    return found


def index_versions() -> range:
    """The versions under which indexes are written; one, but for the time of a rotation. Look-ups go by the first."""
    return range(settings.INDEX_FROM, max(settings.INDEX_KEYS, default=1) + 1)


def fingerprint(value: str, *, place: str) -> bytes:
    """32 bytes (HMAC-SHA-256) that stand for a short-lived secret or a leaf; not for finding people."""
    return hmac.digest(derived_key("index:" + place), value.encode(), "sha256")


def signing_key(purpose: str) -> Ed25519PrivateKey:
    """The installation's Ed25519 key for `purpose` (certificates, seals, one per draw operator)."""
    return Ed25519PrivateKey.from_private_bytes(derived_key("sign:" + purpose))


@cache
def derived_key(purpose: str) -> bytes:
    """32 bytes for one purpose (RFC 5869, HKDF-SHA-256)."""
    return _derive(settings.MASTER_KEY, purpose)


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=b"bekal.vault.1", info=purpose.encode()).derive(secret)


def _keyed(values: Iterable[bytes], key: bytes) -> list[bytes]:
    prepared, found = blake2b(key=key, digest_size=INDEX_SIZE), []
    for value in values:
        keyed = prepared.copy()
        keyed.update(value)
        found.append(keyed.digest())
    return found


def _associated(place: str, row: UUID | None) -> bytes:
    return place.encode() if row is None else place.encode() + b"\x1f" + row.bytes


def _cipher(version: int) -> AESGCM:
    secret = settings.MASTER_KEY if version == 1 else settings.COLUMN_KEYS.get(version)
    if secret is None:
        raise UnknownKey(f"sealed under column key {version}, which is not in BEKAL_COLUMN_KEYS")
    return _cipher_of(secret)


@cache
def _cipher_of(secret: bytes) -> AESGCM:
    return AESGCM(_derive(secret, "columns"))


def _index_key(place: str, version: int) -> bytes:
    return _index_key_of(settings.MASTER_KEY if version == 1 else settings.INDEX_KEYS[version], place)


@cache
def _index_key_of(secret: bytes, place: str) -> bytes:
    return _derive(secret, "blind index:" + place)
