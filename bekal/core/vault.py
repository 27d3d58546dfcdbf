"""Sealed columns, blind indexes and signing keys. Keys never reach the database.

Columns: AES-256-GCM (NIST SP 800-38D), a fresh 96-bit nonce, the column's place as associated data.
Look-ups: HMAC-SHA-256 under another key. All keys are derived from `settings.MASTER_KEY` by HKDF (RFC 5869).
"""

import hmac
import os
from functools import cache
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_VERSION = b"\x01"
_NONCE = 12


def seal(value: str, *, place: str) -> bytes:
    """Encrypt a column's value: version byte, nonce, ciphertext with tag."""
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + _cipher().encrypt(nonce, value.encode(), place.encode())


def unseal(blob: bytes | memoryview, *, place: str) -> str:
    """Decrypt what `seal` made for the same place; raises `cryptography.exceptions.InvalidTag` otherwise."""
    data = bytes(blob)
    if data[:1] != _VERSION:
        raise ValueError("sealed under an unknown version")
    return _cipher().decrypt(data[1 : 1 + _NONCE], data[1 + _NONCE :], place.encode()).decode()


def seal_file(data: bytes, *, place: str, row: UUID) -> bytes:
    """Encrypt the bytes of a file; they open only at the same place and row, so no file passes for another's."""
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + _cipher().encrypt(nonce, data, f"{place}:{row}".encode())


def unseal_file(blob: bytes | memoryview, *, place: str, row: UUID) -> bytes:
    """Decrypt what `seal_file` made for the same place and row; raises as `unseal` does."""
    sealed = bytes(blob)
    if sealed[:1] != _VERSION:
        raise ValueError("sealed under an unknown version")
    return _cipher().decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], f"{place}:{row}".encode())


def blind_index(value: str, *, place: str) -> bytes:
    """32 bytes that are equal for equal values of one place and say nothing without the key."""
    return hmac.digest(derived_key("index:" + place), value.encode(), "sha256")


def signing_key(purpose: str) -> Ed25519PrivateKey:
    """The installation's Ed25519 key for `purpose` (certificates, seals, one per draw operator)."""
    return Ed25519PrivateKey.from_private_bytes(derived_key("sign:" + purpose))


@cache
def derived_key(purpose: str) -> bytes:
    """32 bytes for one purpose (RFC 5869, HKDF-SHA-256)."""
    return HKDF(hashes.SHA256(), 32, salt=b"bekal.vault.1", info=purpose.encode()).derive(settings.MASTER_KEY)


@cache
def _cipher() -> AESGCM:
    return AESGCM(derived_key("columns"))
