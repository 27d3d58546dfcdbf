"""Draws as pages, tasks and later rooms see them: what is published of each, and one person's proof."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from bekal.engines.draw.commitment import Signature, document_hash
from bekal.engines.draw.receipt import Proofs
from bekal.engines.draw.roll import BLOCK_SIZE, TICKET_ID_SIZE, find_id
from bekal.engines.merkle import HASH_SIZE
from bekal.waves.models import Application, ApplicationState, Draw, DrawState, Endorsement, Reveal, Witness


@dataclass(frozen=True, slots=True)
class Signed:
    name: str
    role: str
    public_key: str
    signed_at: str


@dataclass(frozen=True, slots=True)
class DrawView:
    """`strata`: region, group, people, places of each, with thresholds once drawn; `report`: of the output test;
    `annulment`: proposed; `annulled`: as published."""

    id: UUID
    wave_number: int
    sequence: int
    state: str
    commitment: dict[str, Any]
    commitment_hash: str
    strata: list[dict[str, Any]]
    endorsements: tuple[Signed, ...]
    revealed: tuple[str, ...]
    bundle: dict[str, Any] | None
    report: dict[str, Any] | None
    annulment: dict[str, Any] | None
    annulment_signed: tuple[Signed, ...]
    annulled: dict[str, Any] | None
    committed_at: datetime
    drawn_at: datetime | None
    annulled_at: datetime | None


LARGE = ("roll", "leaves", "attributes", "result")
"""Columns of a draw that are read only where they are needed."""


def draws_of(wave_number: int) -> list[DrawView]:
    """Every draw of a wave from its commitment on, the latest first."""
    rows = Draw.objects.filter(wave__number=wave_number).order_by("-sequence").defer(*LARGE)
    return [_draw_view(row, wave_number) for row in rows]


def draw_of(wave_number: int) -> DrawView | None:
    """The latest draw of a wave, from its commitment on."""
    row = Draw.objects.filter(wave__number=wave_number).order_by("-sequence").defer(*LARGE).first()
    return None if row is None else _draw_view(row, wave_number)


def _draw_view(row: Draw, wave_number: int) -> DrawView:
    signed = list(row.endorsements.order_by("role", "name"))
    proposed = document_hash(row.annulment) if row.annulment else b""
    by_document = {
        document: tuple(
            Signed(e.name, e.role, e.public_key, e.signed_at) for e in signed if bytes(e.document) == document
        )
        for document in (bytes(row.commitment_hash), proposed)
    }
    return DrawView(
        row.id, wave_number, row.sequence, row.state, row.commitment, bytes(row.commitment_hash).hex(),
        row.bundle["strata"] if row.bundle else row.strata, by_document[bytes(row.commitment_hash)],
        tuple(row.reveals.order_by("name").values_list("name", flat=True)), row.bundle, row.report, row.annulment,
        by_document[proposed], row.annulled, row.committed_at, row.drawn_at, row.annulled_at,
    )  # fmt: skip


def bundle_of(wave_number: int) -> dict[str, Any] | None:
    """The published result of a wave; None before the draw."""
    row = Draw.objects.filter(wave__number=wave_number, state=DrawState.DRAWN).values_list("bundle", flat=True)
    return row.order_by("-sequence").first()


def result_of(wave_id: UUID) -> str:
    """Root of the result file by which a wave's places are given, its waiting list included; empty before the draw."""
    roots = Draw.objects.filter(wave_id=wave_id, state=DrawState.DRAWN).values_list("bundle__result__root", flat=True)
    return roots.first() or ""


def file_of(wave_number: int, sequence: int, name: Literal["roll", "result"]) -> bytes | None:
    """The roll or the result file of a draw of a wave; None without one."""
    rows = Draw.objects.filter(wave__number=wave_number, sequence=sequence).values_list(name, flat=True)
    found = rows.first()
    return None if found is None else bytes(found)


def published_commitment(wave_number: int, sequence: int) -> dict[str, Any] | None:
    """A commitment with its strata and the signatures under it, as `bekal draw run` reads it."""
    row = Draw.objects.filter(wave__number=wave_number, sequence=sequence).defer(*LARGE).first()
    if row is None:
        return None
    operators, witnesses, signatures = signed_by(row.id, bytes(row.commitment_hash))
    return {
        "commitment": row.commitment, "operators": operators, "witnesses": witnesses, "signatures": signatures,
        "strata": row.strata,
    }  # fmt: skip


def annulment_before(wave_id: UUID) -> tuple[int, str | None]:
    """Number of the next draw of a wave, and the hash of the annulment that ended the one before."""
    row = Draw.objects.filter(wave_id=wave_id).order_by("-sequence").defer(*LARGE).first()
    if row is None:
        return 1, None
    return row.sequence + 1, document_hash(row.annulled["annulment"]).hex() if row.annulled else None


def signed_by(draw_id: UUID, document: bytes) -> tuple[dict[str, str], dict[str, str], list[Signature]]:
    """Operators and witnesses (name to key) who signed a document of a draw, and all signatures under it."""
    rows = list(Endorsement.objects.filter(draw_id=draw_id, document=document).order_by("role", "name"))
    signatures: list[Signature] = [
        {"by": e.name, "role": e.role, "signature": e.signature, "at": e.signed_at} for e in rows
    ]
    keys = {role: {e.name: e.public_key for e in rows if e.role == role} for role in ("operator", "witness")}
    return keys["operator"], keys["witness"], signatures


def secrets_of(draw_id: UUID) -> dict[str, str]:
    """What the parties of a ceremony revealed so far."""
    return dict(Reveal.objects.filter(draw_id=draw_id).order_by("name").values_list("name", "secret"))


def witness_keys() -> dict[str, str]:
    """The published keys of the outside witnesses."""
    return dict(Witness.objects.order_by("name").values_list("name", "public_key"))


@lru_cache(maxsize=4)
def _proofs(draw_id: UUID, state: str) -> Proofs:
    """What is published of a draw never changes inside a state."""
    row = Draw.objects.defer("roll", "attributes", "result").get(pk=draw_id, state=state)
    leaves, bundle = bytes(row.leaves), row.bundle or {}
    hashes = [leaves[at : at + HASH_SIZE] for at in range(0, len(leaves), HASH_SIZE)]
    return Proofs(row.commitment, bundle.get("strata", row.strata), hashes, bundle.get("beacon"))


def _read_roll(draw_id: UUID, start: int, size: int) -> bytes:
    """A piece of a roll file, without reading the rest of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(roll FROM %s FOR %s) FROM waves_draw WHERE id = %s", [start + 1, size, draw_id]
        )
        return bytes(cursor.fetchone()[0])


def proof_file(wave_number: int, sequence: int, block: int) -> tuple[bytes, bool] | None:
    """The static proof file of one block of a roll, and whether it is final (drawn or annulled); None without one."""
    found = Draw.objects.filter(wave__number=wave_number, sequence=sequence).values_list("id", "state").first()
    if found is None:
        return None
    proofs = _proofs(*found)
    if not 0 <= block < proofs.roll.size:
        return None
    return proofs.file(block, _read_roll(found[0], block * BLOCK_SIZE, BLOCK_SIZE)), found[1] != DrawState.COMMITTED


def receipt_of(citizen_id: UUID, wave_id: UUID) -> dict[str, Any] | None:
    """What a person keeps to check the latest draw of a wave alone; None before the roll is committed."""
    rows = Application.objects.filter(citizen_id=citizen_id, wave_id=wave_id).exclude(state=ApplicationState.EXCLUDED)
    person = rows.values_list("ticket_id", "region", "group").first()
    found = Draw.objects.filter(wave_id=wave_id).order_by("-sequence").values_list("id", "state").first()
    if person is None or found is None:
        return None
    ticket, region, group = bytes(person[0]), person[1], person[2]
    proofs = _proofs(*found)
    entries_at = proofs.commitment["roll"]["entries_at"]

    def id_at(position: int) -> bytes:
        return _read_roll(found[0], entries_at + position * TICKET_ID_SIZE, TICKET_ID_SIZE)

    position = find_id(id_at, *proofs.span(region, group), ticket)
    assert position is not None, "everybody who was not excluded is on the roll"
    return proofs.receipt(ticket, position)


def has_receipt(wave_id: UUID) -> bool:
    """Whether the roll of a wave is committed."""
    return Draw.objects.filter(wave_id=wave_id).exists()


def assignments(wave_id: UUID) -> Iterable[tuple[UUID, str, str, bool]]:
    """For impact studies: (citizen, region, group, drawn as winner) of everybody on the roll."""
    draw = Draw.objects.filter(wave_id=wave_id, state=DrawState.DRAWN).values_list("result", flat=True).first()
    if draw is None:
        return []
    winners = _winners(bytes(draw))
    rows = Application.objects.filter(wave_id=wave_id).exclude(state=ApplicationState.EXCLUDED).order_by("ticket_id")
    return [
        (citizen, region, group, bytes(ticket) in winners)
        for citizen, region, group, ticket in rows.values_list("citizen_id", "region", "group", "ticket_id")
    ]


def _winners(result: bytes) -> set[bytes]:
    """Ticket ids of the winners, from a result file (docs/draw.md §7)."""
    count = int.from_bytes(result[8:16], "big")
    return {result[at : at + TICKET_ID_SIZE] for at in range(24, 24 + count * TICKET_ID_SIZE, TICKET_ID_SIZE)}
