"""Seals, proofs, and the check of the whole journal."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

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


_LEAVES = """
    SELECT t.key, '{"amount":' || t.amount
        || ',"at":"' || to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
        || '+00:00","code":"' || t.code || '","credit":"' || c.key || '","debit":"' || d.key || '","key":"' || t.key
        || '","phase":"' || t.phase || '","reference":"' || t.reference || '"}'
    FROM ledger_transfer t JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
    WHERE t.number BETWEEN %s AND %s AND t.key BETWEEN %s AND %s ORDER BY t.key
"""
_LOWEST, _HIGHEST = UUID(int=0), UUID(int=2**128 - 1)


def leaves_between(
    first: int, last: int, from_key: UUID = _LOWEST, to_key: UUID = _HIGHEST
) -> Sequence[tuple[UUID, bytes]]:
    """Keys and leaf hashes of the transfers numbered `first` to `last` within these keys, in order of their keys."""
    return [(key, _leaf_hash(key, document)) for key, document in _documents(first, last, from_key, to_key)]


def seals() -> list[SealView]:
    """Every seal, oldest first."""
    return [_view(row) for row in Seal.objects.order_by("number")]


def books_in_order() -> list[str]:
    """Problems of the books, recomputed from the transfers: counters, difference, seals and their chain."""
    problems = []
    if imbalance():
        problems.append("accounts and transfers do not agree")
    previous = seal.CHAIN_START
    for (first, last), run in groupby(Seal.objects.order_by("number"), lambda row: (row.first, row.last)):
        leaves, start = [leaf for _, leaf in leaves_between(first, last)], 0
        for row in run:
            covered = leaves[start : start + row.size]
            start += row.size
            if len(covered) != row.size or merkle.root(covered) != bytes(row.root):
                problems.append(f"seal {row.number}: the transfers under it are not those that were sealed")
            if bytes(row.previous) != previous or seal.chain(previous, bytes(row.root), row.size) != bytes(row.chain):
                problems.append(f"seal {row.number}: the chain is broken")
            previous = bytes(row.chain)
        if start != len(leaves):
            problems.append(f"transfers {first} to {last}: {len(leaves)} stand there, {start} were sealed")
    return problems


def journal_export(references: Sequence[str] | None = None) -> dict[str, Any]:
    """Seals, and an inclusion proof for each sealed transfer among `references` (all when None), with what resolved it.

    The shape is that of `tools/verify_ledger.py`. A proof opens its own leaf and nobody else's.
    """
    rows = list(Seal.objects.order_by("number"))
    wanted = None if references is None else _keys(references)
    proofs = [proof for row in rows for proof in _proofs(row, wanted)]
    return {"seals": [_sealed(row) for row in rows], "proofs": proofs}


def _keys(references: Sequence[str]) -> dict[UUID, int]:
    """The keys under which these stand, and their numbers."""
    keys = [key_of(reference) for reference in references]
    with connection.cursor() as cursor:
        both = keys + [resolution_of(key) for key in keys]
        cursor.execute("SELECT key, number FROM ledger_transfer WHERE key = ANY(%s)", [both])
        return dict(cursor.fetchall())


def _proofs(row: Seal, wanted: dict[UUID, int] | None) -> list[dict[str, Any]]:
    if wanted is not None:
        wanted = {key: n for key, n in wanted.items() if row.first <= n <= row.last}
        if not any(row.from_key <= key <= row.to_key for key in wanted):
            return []
    found = _documents(row.first, row.last, row.from_key, row.to_key)
    tree = merkle.Tree([_leaf_hash(key, document) for key, document in found])
    return [
        {
            "seal": row.number, "index": index, "leaf": json.loads(document), "salt": _salt(key).hex(),
            "path": [step.hex() for step in tree.path(index)],
        }
        for index, (key, document) in enumerate(found)
        if wanted is None or key in wanted
    ]  # fmt: skip


def _documents(first: int, last: int, from_key: UUID, to_key: UUID) -> list[tuple[UUID, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_LEAVES, [first, last, from_key, to_key])
        found: list[tuple[UUID, str]] = cursor.fetchall()
    return found


def _leaf_hash(key: UUID, document: str) -> bytes:
    """`engines.merkle.seal.seal_leaf` of a document that the database wrote in RFC 8785 form."""
    return hashlib.sha256(b"\x00" + _salt(key) + document.encode()).digest()


def _salt(key: UUID) -> bytes:
    """The 32 secret bytes that keep a sealed leaf from being guessed."""
    return vault.fingerprint(str(key), place="ledger.leaf")


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
