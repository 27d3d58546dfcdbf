"""Ending a draw without a result: proposed with a reason that anyone can check, signed like a commitment, published."""

from datetime import datetime
from typing import Any
from uuid import UUID

from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.engines.draw.annulment import (
    AnnulmentRefused,
    Reason,
    failed_output,
    make_annulment,
    publish,
    withheld,
)
from bekal.engines.draw.commitment import (
    Signature,
    SignaturesRefused,
    check_signatures,
    document_hash,
    endorse,
    public_key_hex,
    statement_problem,
)
from bekal.engines.draw.instants import instant_text
from bekal.engines.draw.source import Ceremony, read_source
from bekal.waves.actions.draws import keep_endorsement, open_draw, operator_key
from bekal.waves.actions.refusals import NotAnnulled, SignatureWrong
from bekal.waves.models import DRAW_MOVES, WAVE_MOVES, Draw, DrawState, Wave, WaveState
from bekal.waves.queries import secrets_of, signed_by, witness_keys

OPEN = (DrawState.COMMITTED, DrawState.FAILED)


@action
def propose_annulment(*, by: Actor, at: datetime, wave_id: UUID, reason: Reason, why: str = "") -> Draw:
    """Write the annulment that operators and witnesses are to sign; a later proposal takes the place of this one.

    `why`: in words, for a draw withdrawn before its randomness is due. Raises `NotAnnulled` when the reason does not
    hold: nobody ends a draw because of what it would give.
    """
    row = open_draw(wave_id, *OPEN)
    if reason == "unsigned" and _fully_signed(row):
        raise NotAnnulled(reason=reason)
    try:
        document = make_annulment(commitment=row.commitment, reason=reason, evidence=_evidence(row, reason, why), at=at)
    except AnnulmentRefused as refused:
        raise NotAnnulled(reason=reason) from refused
    Draw.objects.filter(pk=row.pk).update(annulment=document)
    row.annulment = document
    events.record(
        kind="waves.annulment_proposed", by=by, at=at, about="wave", key=str(wave_id),
        data={"sequence": row.sequence, "reason": reason},
    )  # fmt: skip
    return row


@action
def sign_annulment(*, by: Actor, at: datetime, wave_id: UUID, name: str) -> Draw:
    """A draw operator stands behind the annulment; with the last signature it is published."""
    row = open_draw(wave_id, *OPEN)
    document, key = _proposed(row), operator_key(name)
    said = endorse(document, by=name, role="operator", private_key=key, at=at)
    return _signed(row, document, said, public_key_hex(key), by=by, at=at)


@action
def countersign_annulment(
    *, by: Actor, at: datetime, wave_id: UUID, name: str, signature: str, signed_at: datetime
) -> Draw:
    """Take in a witness's signature under the annulment; with the last one it is published."""
    row = open_draw(wave_id, *OPEN)
    said: Signature = {"by": name, "role": "witness", "signature": signature, "at": instant_text(signed_at)}
    return _signed(row, _proposed(row), said, witness_keys().get(name), by=by, at=at)


def _proposed(row: Draw) -> dict[str, Any]:
    if row.annulment is None:
        raise NotAnnulled(reason="proposal")
    document: dict[str, Any] = row.annulment
    return document


def _evidence(row: Draw, reason: Reason, why: str) -> dict[str, Any]:
    source = read_source(row.commitment["source"])
    if reason == "withdrawn":
        return {"why": why}
    if reason == "reveal_withheld" and isinstance(source, Ceremony):
        return withheld(source, secrets_of(row.id))
    if reason == "output_test_failed" and row.bundle is not None and row.report is not None:
        return failed_output(row.bundle, row.report)
    return {}


def _fully_signed(row: Draw) -> bool:
    try:
        check_signatures(row.commitment, *signed_by(row.id, bytes(row.commitment_hash)))
    except SignaturesRefused:
        return False
    return True


def _signed(row: Draw, document: dict[str, Any], said: Signature, key: str | None, *, by: Actor, at: datetime) -> Draw:
    if key is None or statement_problem(document, said, key):
        raise SignatureWrong(name=said["by"])
    keep_endorsement(row, document_hash(document), said, key)
    events.record(
        kind="waves.annulment_signed", by=by, at=at, about="wave", key=str(row.wave_id),
        data={"name": said["by"], "role": said["role"]},
    )  # fmt: skip
    _publish_when_signed(row, document, by=by, at=at)
    return row


def _publish_when_signed(row: Draw, document: dict[str, Any], *, by: Actor, at: datetime) -> None:
    """With the last signature needed the draw ends and the wave may be committed anew."""
    try:
        published = publish(document, *signed_by(row.id, document_hash(document)), row.commitment)
    except SignaturesRefused:
        return
    move(row, DrawState.ANNULLED, moves=DRAW_MOVES, annulled=published, annulled_at=at)
    move(Wave.objects.get(pk=row.wave_id), WaveState.CLOSED, moves=WAVE_MOVES)
    events.record(
        kind="waves.draw_annulled", by=by, at=at, about="wave", key=str(row.wave_id),
        data={"sequence": row.sequence, "reason": document["reason"]},
    )  # fmt: skip
