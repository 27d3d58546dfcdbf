"""Seals, proofs, and the check of the whole journal."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from django.db import connection

from bekal.core import vault
from bekal.engines import merkle
from bekal.engines.merkle import seal
from bekal.ledger.models import Seal
from bekal.ledger.queries.books import imbalance
from bekal.ledger.rules import key_of, resolution_of


@dataclass(frozen=True, slots=True)
class SealView:
    number: int
    size: int
    root: str
    previous: str
    chain: str
    at: datetime


_DOCUMENTS = """
    SELECT '{"amount":' || t.amount || ',"at":"' || replace((t.at AT TIME ZONE 'UTC')::text, ' ', 'T')
        || 'Z","code":"' || t.code || '","credit":"' || c.key || '","debit":"' || d.key || '","key":"' || t.key
        || '","phase":"' || t.phase || '","reference":"' || t.reference || '"}'
    FROM ledger_transfer t JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
    WHERE t.number BETWEEN %s AND %s ORDER BY t.key
"""


def documents_between(first: int, last: int) -> list[str]:
    """The transfers numbered `first` to `last` as their leaves say them (RFC 8785 JSON), in order of their keys."""
    with connection.cursor() as cursor:
        cursor.execute(_DOCUMENTS, [first, last])
        return [document for (document,) in cursor.fetchall()]


def settled_number() -> int:
    """The number up to which every transfer is committed or never will be: waits for the postings under way, and keeps
    others out until its transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_hold_still()")
        return int(cursor.fetchone()[0])


def leaves_between(number: int, first: int, last: int) -> list[bytes]:
    """The leaf hashes of seal `number` over the transfers numbered `first` to `last`."""
    return _hashes(number, documents_between(first, last))


def seals() -> list[SealView]:
    """Every seal, oldest first."""
    return [_view(row) for row in Seal.objects.order_by("number")]


def books_in_order() -> list[str]:
    """Problems of the books, recomputed from the transfers: counters, difference, seals and their chain."""
    problems = []
    if imbalance():
        problems.append("accounts and transfers do not agree")
    previous = seal.CHAIN_START
    for row in Seal.objects.order_by("number").iterator():
        leaves = leaves_between(row.number, row.first, row.last)
        if len(leaves) != row.size or merkle.root(leaves) != bytes(row.root):
            problems.append(f"seal {row.number}: the transfers under it are not those that were sealed")
        if bytes(row.previous) != previous or seal.chain(previous, bytes(row.root), row.size) != bytes(row.chain):
            problems.append(f"seal {row.number}: the chain is broken")
        previous = bytes(row.chain)
    return problems


def journal_export(references: Sequence[str] | None = None) -> dict[str, Any]:
    """Seals, and an inclusion proof for each sealed transfer among `references` (all when None), with what resolved it.

    The shape is that of `tools/verify_ledger.py`. A proof opens its own leaf and nobody else's.
    """
    rows = list(Seal.objects.order_by("number"))
    wanted = None if references is None else _numbers(references)
    proofs = [proof for row in rows for proof in _proofs(row, wanted)]
    return {"seals": [_sealed(row) for row in rows], "proofs": proofs}


def _numbers(references: Sequence[str]) -> dict[str, int]:
    """The keys under which these and their resolutions stand, and their numbers."""
    keys = [key_of(reference) for reference in references]
    both = keys + [resolution_of(key) for key in keys]
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, number FROM ledger_transfer WHERE key = ANY(%s)", [both])
        return {str(key): number for key, number in cursor.fetchall()}


def _proofs(row: Seal, wanted: dict[str, int] | None) -> list[dict[str, Any]]:
    if wanted is not None and not any(row.first <= number <= row.last for number in wanted.values()):
        return []
    documents = documents_between(row.first, row.last)
    tree, salts = merkle.Tree(_hashes(row.number, documents)), _salts(row.number, len(documents))
    leaves = [json.loads(document) for document in documents]
    return [
        {
            "seal": row.number, "index": index, "leaf": leaf, "path": [step.hex() for step in tree.path(index)],
            "salt": salts[32 * index : 32 * index + 32].hex(),
        }
        for index, leaf in enumerate(leaves)
        if wanted is None or leaf["key"] in wanted
    ]  # fmt: skip


def _hashes(number: int, documents: Sequence[str]) -> list[bytes]:
    """`engines.merkle.seal.seal_leaf` of documents that the database wrote in RFC 8785 form."""
    salts, sha256 = _salts(number, len(documents)), hashlib.sha256
    return [
        sha256(b"\x00" + salts[start : start + 32] + document.encode()).digest()
        for start, document in zip(range(0, len(salts), 32), documents, strict=True)
    ]


def _salts(number: int, size: int) -> bytes:
    """The secret 32 bytes of each leaf of a seal, end to end: the keystream of AES-256-CTR under the seal's own key."""
    key = vault.fingerprint(str(number), place="ledger.seal")
    return Cipher(AES(key), CTR(bytes(16))).encryptor().update(bytes(32 * size))


def _sealed(row: Seal) -> dict[str, Any]:
    view = _view(row)
    return {
        "number": view.number, "size": view.size, "root": view.root, "previous": view.previous, "chain": view.chain,
        "at": view.at.isoformat(),
    }  # fmt: skip


def _view(row: Seal) -> SealView:
    return SealView(
        row.number, row.size, bytes(row.root).hex(), bytes(row.previous).hex(), bytes(row.chain).hex(), row.at
    )
