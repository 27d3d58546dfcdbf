"""Opening a wave, joining it, committing its roll, drawing."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F

from bekal.core import events, ids, vault
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.eligibility.queries import is_eligible, standing_in
from bekal.engines.draw.beacon import BeaconRound, Chain, verify_round
from bekal.engines.draw.bundle import make_bundle
from bekal.engines.draw.commitment import (
    Signature,
    beacon_choice,
    check_signatures,
    choose,
    commitment_hash,
    endorse,
    instant_text,
    make_commitment,
    public_key_hex,
    signature_problem,
)
from bekal.engines.draw.quotas import allocate_places
from bekal.engines.draw.result import DrawResult, draw
from bekal.engines.draw.roll import RollMember, build_roll, decode_roll, ticket_id
from bekal.rulebooks.actions import mark_used
from bekal.rulebooks.queries import programme_of, sha256_of
from bekal.rulebooks.regions import REGENCIES
from bekal.waves import rules
from bekal.waves.models import WAVE_MOVES, Application, ApplicationState, Draw, Endorsement, Wave, WaveState, Witness
from bekal.waves.queries import endorsements_of, witness_keys


class NoSelection(Refused):
    code = "waves.no_selection"


class WaveClosed(Refused):
    code = "waves.wave_closed"


class NotEligible(Refused):
    code = "waves.not_eligible"


class NotYetDue(Refused):
    code = "waves.not_yet_due"


class NobodyJoined(Refused):
    code = "waves.nobody_joined"


class SignatureWrong(Refused):
    code = "waves.signature_wrong"


class AlreadyDrawn(Refused):
    code = "waves.already_drawn"


class RoundMismatch(Refused):
    code = "waves.round_mismatch"


@action
def plan_wave(
    *, by: Actor, at: datetime, rulebook_id: UUID, number: int, opens_at: datetime, closes_at: datetime, places: int
) -> Wave:
    """Plan a wave of the programme version `rulebook_id`; planned again the same way, nothing changes."""
    programme = programme_of(rulebook_id)
    if programme.selection is None:
        raise NoSelection(programme=programme.code)
    wave, fresh = Wave.objects.get_or_create(
        programme_code=programme.code,
        number=number,
        defaults={
            "id": ids.fresh("wave", programme.code, str(number)),
            "rulebook_id": rulebook_id,
            "opens_at": opens_at,
            "closes_at": closes_at,
            "places": places,
        },
    )
    if not fresh:
        events.nothing_changed()
        return wave
    mark_used(by=by, at=at, rulebook_id=rulebook_id)
    events.record(kind="waves.wave_planned", by=by, at=at, about="wave", key=str(wave.id), data={"places": places})
    return wave


@action
def open_wave(*, by: Actor, at: datetime, wave_id: UUID) -> Wave:
    """Let people join, from the planned instant on."""
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    if at < wave.opens_at:
        raise NotYetDue(when=wave.opens_at)
    move(wave, WaveState.OPEN, moves=WAVE_MOVES)
    events.record(kind="waves.wave_opened", by=by, at=at, about="wave", key=str(wave.id))
    return wave


@action
def join_wave(*, by: Actor, at: datetime, wave_id: UUID, citizen_id: UUID) -> Application:
    """Take a ticket. Joining again keeps it; the order of joining is worth nothing."""
    wave = Wave.objects.get(pk=wave_id)
    if wave.state != WaveState.OPEN or not wave.opens_at <= at < wave.closes_at:
        raise WaveClosed(number=wave.number)
    if not is_eligible(citizen_id, wave.rulebook_id):
        raise NotEligible(number=wave.number)
    if Application.objects.filter(citizen_id=citizen_id, wave_id=wave_id).update(attempts=F("attempts") + 1):
        events.nothing_changed()
        return Application.objects.get(citizen_id=citizen_id, wave_id=wave_id)
    programme = programme_of(wave.rulebook_id)
    assert programme.selection
    place, group = standing_in(citizen_id, programme)
    application = Application.objects.create(
        id=ids.fresh("application", str(wave_id), str(citizen_id)),
        wave=wave,
        citizen_id=citizen_id,
        region=rules.region_of(place, programme.selection.region_level),
        regency_code=place,
        group=group,
        ticket_id=ticket_id(wave_key=_wave_key(wave_id), person=citizen_id),
        joined_at=at,
    )
    events.record(kind="waves.joined", by=by, at=at, about="wave", key=str(wave_id), person=citizen_id)
    return application


@action
def close_wave(*, by: Actor, at: datetime, wave_id: UUID) -> Wave:
    """Nobody joins from here on."""
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    if at < wave.closes_at:
        raise NotYetDue(when=wave.closes_at)
    move(wave, WaveState.CLOSED, moves=WAVE_MOVES)
    events.record(kind="waves.wave_closed", by=by, at=at, about="wave", key=str(wave.id))
    return wave


@action
def commit_roll(*, by: Actor, at: datetime, wave_id: UUID, chain: Chain, round_number: int) -> Draw:
    """Fix roll, places and the future beacon round, before anybody can know it.

    Raises `NobodyJoined`, and the engine's `RoundTooNear` for a round that is past or about to be.
    """
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    programme = programme_of(wave.rulebook_id)
    assert programme.selection
    members = [
        RollMember(bytes(ticket), region, group)
        for ticket, region, group in wave.applications.values_list("ticket_id", "region", "group")
    ]
    if not members:
        raise NobodyJoined(number=wave.number)
    roll = build_roll(wave=f"{wave.programme_code}/{wave.number}", members=members)
    encoded = roll.encode()
    people = Counter((member.region, member.group) for member in members)
    policy = rules.quota_policy(
        programme.selection.groups,
        region_weights=_weights(programme.selection.region_weights, programme.selection.region_level),
        region_floor=programme.selection.region_floor,
    )
    commitment = make_commitment(
        wave=roll.wave,
        sequence=wave.draws.count() + 1,
        programme=programme.code,
        programme_sha256=sha256_of(wave.rulebook_id),
        roll=roll,
        roll_bytes=encoded,
        places=allocate_places(places=wave.places, people=people, policy=policy),
        waiting_list="all" if programme.selection.waiting_list else 0,
        beacon=choose(chain, round_number),
        committed_at=at,
    )
    digest = commitment_hash(commitment)
    row = Draw.objects.create(
        id=ids.fresh("draw", str(wave_id), str(commitment["sequence"])), wave=wave, sequence=commitment["sequence"],
        roll=encoded, commitment=commitment, commitment_hash=digest, committed_at=at,
    )  # fmt: skip
    move(wave, WaveState.COMMITTED, moves=WAVE_MOVES)
    events.record(
        kind="waves.roll_committed", by=by, at=at, about="wave", key=str(wave.id),
        data={"commitment": digest.hex(), "people": len(members), "round": round_number},
    )  # fmt: skip
    return row


@action
def register_witness(*, by: Actor, at: datetime, name: str, public_key: str) -> None:
    """Publish the key of an outside witness; a known name keeps its key."""
    witness, fresh = Witness.objects.get_or_create(name=name, defaults={"public_key": public_key, "registered_at": at})
    if not fresh and witness.public_key != public_key:
        raise SignatureWrong(name=name)
    if fresh:
        events.record(
            kind="waves.witness_registered", by=by, at=at, about="witness", key=name, data={"key": public_key}
        )
    else:
        events.nothing_changed()


@action
def sign_commitment(*, by: Actor, at: datetime, wave_id: UUID, name: str) -> None:
    """A draw operator stands behind the commitment; two different ones must."""
    row = _open_draw(wave_id)
    key = vault.signing_key(f"draw operator {name}")
    said = endorse(row.commitment, by=name, role="operator", private_key=key, at=at)
    _keep_endorsement(row, said, public_key_hex(key))
    events.record(kind="waves.commitment_signed", by=by, at=at, about="wave", key=str(wave_id), data={"name": name})


@action
def countersign(*, by: Actor, at: datetime, wave_id: UUID, name: str, signature: str, signed_at: datetime) -> None:
    """Take in a witness's countersignature, made with the witness's own key elsewhere."""
    row = _open_draw(wave_id)
    said: Signature = {"by": name, "role": "witness", "signature": signature, "at": instant_text(signed_at)}
    _keep_endorsement(row, said, witness_keys().get(name))
    events.record(
        kind="waves.commitment_countersigned", by=by, at=at, about="wave", key=str(wave_id), data={"name": name}
    )


@action
def run_draw(*, by: Actor, at: datetime, wave_id: UUID, shown: BeaconRound) -> Draw:
    """Draw with the committed round. Its signature is checked first; a lying beacon draws nothing."""
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    row = _open_draw(wave_id)
    choice = beacon_choice(row.commitment)
    if shown.number != choice.round:
        raise RoundMismatch(shown=shown.number, committed=choice.round)
    verify_round(choice, shown)
    parties = endorsements_of(row.id)
    operators = {e.name: e.public_key for e in parties if e.role == "operator"}
    witnesses = {e.name: e.public_key for e in parties if e.role == "witness"}
    signatures = [{"by": e.name, "role": e.role, "signature": e.signature, "at": e.signed_at} for e in parties]
    check_signatures(row.commitment, operators, witnesses, signatures)  # type: ignore[arg-type]
    result = draw(
        roll=decode_roll(bytes(row.roll)), commitment=row.commitment, randomness=bytes.fromhex(shown.randomness)
    )
    bundle = make_bundle(
        commitment=row.commitment, operators=operators, witnesses=witnesses, signatures=signatures,  # type: ignore[arg-type]
        beacon=shown, result=result,
    )  # fmt: skip
    Draw.objects.filter(pk=row.pk, bundle__isnull=True).update(bundle=bundle, drawn_at=at)
    _write_ranks(wave_id, result)
    move(wave, WaveState.DRAWN, moves=WAVE_MOVES)
    events.record(
        kind="waves.drawn", by=by, at=at, about="wave", key=str(wave_id),
        data={"result": bundle["result"]["root"], "selected": len(result.selected)},
    )  # fmt: skip
    row.bundle, row.drawn_at = bundle, at
    return row


@action
def announce_wave(*, by: Actor, at: datetime, wave_id: UUID) -> Wave:
    """Publish the result."""
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    move(wave, WaveState.ANNOUNCED, moves=WAVE_MOVES, announced_at=at)
    events.record(kind="waves.announced", by=by, at=at, about="wave", key=str(wave_id))
    return wave


@action
def settle_applications(
    *,
    by: Actor,
    at: datetime,
    wave_id: UUID,
    awarded: list[UUID],
    skipped: list[tuple[UUID, str]],
) -> None:
    """Told by the scholarships room: which drawn applications became awards, and which were skipped and why."""
    drawn = Application.objects.filter(wave_id=wave_id, state__in=[ApplicationState.SELECTED, ApplicationState.WAITING])
    done = drawn.filter(pk__in=awarded).update(state=ApplicationState.AWARDED)
    assert done == len(awarded)
    for reason in sorted({reason for _, reason in skipped}):
        keys = [key for key, why in skipped if why == reason]
        drawn.filter(pk__in=keys).update(state=ApplicationState.SKIPPED, reason=reason)
    events.record_batch(
        kind="waves.applications_settled", by=by, at=at, about="wave", key=str(wave_id),
        lines=[(str(key), {"state": "awarded"}) for key in awarded]
        + [(str(key), {"state": "skipped", "reason": why}) for key, why in skipped],
    )  # fmt: skip


@action
def end_waiting_list(*, by: Actor, at: datetime, wave_id: UUID) -> int:
    """Close what is left of the waiting list: no further place of this wave can come."""
    ended = Application.objects.filter(wave_id=wave_id, state=ApplicationState.WAITING).update(
        state=ApplicationState.NOT_DRAWN
    )
    events.record(kind="waves.waiting_ended", by=by, at=at, about="wave", key=str(wave_id), data={"people": ended})
    return ended


def _wave_key(wave_id: UUID) -> bytes:
    return vault.derived_key(f"wave {wave_id}")


def _weights(kind: str, level: str) -> dict[str, int] | None:
    """People per region as the programme weighs them; None where applicants are the weight."""
    if kind == "applicants":
        return None
    weights: Counter[str] = Counter()
    for regency in REGENCIES.values():
        weights[rules.region_of(regency.code, level)] += getattr(regency, kind)
    return dict(weights)


def _open_draw(wave_id: UUID) -> Draw:
    row = Draw.objects.select_for_update(of=("self",)).filter(wave_id=wave_id).order_by("-sequence").first()
    if row is None:
        raise NotYetDue(when="commitment")
    if row.bundle is not None:
        raise AlreadyDrawn()
    return row


def _keep_endorsement(row: Draw, said: Signature, key: str | None) -> None:
    """Keep a party's statement, once; one that the draw would refuse is refused here."""
    if key is None or signature_problem(row.commitment, said, key):
        raise SignatureWrong(name=said["by"])
    Endorsement.objects.get_or_create(
        draw=row, name=said["by"],
        defaults={
            "role": said["role"], "public_key": key, "signature": said["signature"], "signed_at": said["at"],
        },
    )  # fmt: skip


_RANK = """
    UPDATE waves_application AS a SET state = r.state, rank = r.rank
    FROM unnest(%s::bytea[], %s::text[], %s::int[]) AS r(ticket_id, state, rank)
    WHERE a.wave_id = %s AND a.ticket_id = r.ticket_id AND a.state = 'joined'
"""


def _write_ranks(wave_id: UUID, result: DrawResult) -> None:
    """Selected people are ranked in roll order, waiting ones in drawn order; set-based."""
    lines = [(ticket, "selected", rank) for rank, ticket in enumerate(result.selected, 1)]
    lines += [(ticket, "waiting", rank) for rank, ticket in enumerate(result.waiting, 1)]
    with connection.cursor() as cursor:
        cursor.execute(_RANK, [*(list(column) for column in zip(*lines, strict=True)), wave_id])
    Application.objects.filter(wave_id=wave_id, state=ApplicationState.JOINED).update(state=ApplicationState.NOT_DRAWN)
