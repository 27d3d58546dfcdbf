"""Committing a roll, signing it, opening the seals of a ceremony, drawing."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection

from bekal.core import events, ids, vault
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.engines.draw.beacon import CHAINS, Chain
from bekal.engines.draw.bundle import make_bundle
from bekal.engines.draw.commitment import (
    Signature,
    check_signatures,
    commitment_hash,
    endorse,
    make_commitment,
    places_in_order,
    public_key_hex,
    signature_problem,
    strata_rows,
)
from bekal.engines.draw.instants import instant_text
from bekal.engines.draw.quotas import allocate_places
from bekal.engines.draw.recorded import REHEARSAL
from bekal.engines.draw.result import DrawResult, draw
from bekal.engines.draw.roll import build_roll, decode_roll
from bekal.engines.draw.source import Ceremony, CeremonyOpen, Drand, Shown, Source, read_source
from bekal.engines.draw.watch import LEVEL_PPM, decode_attributes, encode_attributes, output_test_choice, watch
from bekal.rulebooks.queries import programme_of, sha256_of
from bekal.rulebooks.regions import REGENCIES
from bekal.waves import rules
from bekal.waves.actions.refusals import (
    AlreadyCommitted,
    AlreadyDrawn,
    ChainNotTrusted,
    NobodyJoined,
    NotSettled,
    NotYetDue,
    RevealRefused,
    RoundMismatch,
    SignatureWrong,
)
from bekal.waves.models import (
    DRAW_MOVES,
    WAVE_MOVES,
    Application,
    ApplicationState,
    Draw,
    DrawState,
    Endorsement,
    Reveal,
    Wave,
    WaveState,
    Witness,
)
from bekal.waves.queries import (
    LARGE,
    Entries,
    annulment_before,
    exclusions_of,
    signed_by,
    unsettled,
    witness_keys,
)


@action
def commit_roll(*, by: Actor, at: datetime, wave_id: UUID, source: Source) -> Draw:
    """Fix roll, places, attributes and the one source of randomness, before anybody can know it.

    Raises `NotSettled`, `NobodyJoined`, `AlreadyCommitted`, `ChainNotTrusted`, and the engine's `RoundTooNear` for what
    is past or about to be.
    """
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    if wave.state != WaveState.CLOSED:
        raise AlreadyCommitted(number=wave.number)
    if isinstance(source, Drand) and source.chain not in _trusted_chains():
        raise ChainNotTrusted(chain=source.chain.chain_hash)
    programme = programme_of(wave.rulebook_id)
    assert programme.selection
    if unsettled(wave_id, 1):
        raise NotSettled(number=wave.number)
    entries = Entries(wave_id)
    if not entries.people:
        raise NobodyJoined(number=wave.number)
    roll = build_roll(
        wave=f"{wave.programme_code}/{wave.number}", members=entries.members(), collapsed=entries.collapsed
    )
    people = {(stratum.region, stratum.group): stratum.people for stratum in roll.strata}
    policy = rules.places_policy(
        programme.selection,
        region_weights=_weights(programme.selection.region_weights, programme.selection.region_level),
    )
    places = allocate_places(places=wave.places, people=people, policy=policy)
    sequence, previous = annulment_before(wave_id)
    attributes = encode_attributes(
        entries.attributes(at), roll.people, vault.derived_key(f"attributes {wave_id} {sequence}")
    )
    commitment = make_commitment(
        roll=roll,
        sequence=sequence,
        previous=previous,
        programme=programme.code,
        programme_sha256=sha256_of(wave.rulebook_id),
        places=places,
        waiting_list="all" if programme.selection.waiting_list else 0,
        source=source,
        output_test=output_test_choice(attributes, LEVEL_PPM),
        excluded=exclusions_of(wave_id),
        committed_at=at,
    )
    digest = commitment_hash(commitment)
    row = Draw.objects.create(
        id=ids.fresh("draw", str(wave_id), str(sequence)), wave=wave, sequence=sequence, roll=roll.encode(),
        leaves=b"".join(roll.leaves), attributes=attributes, commitment=commitment, commitment_hash=digest,
        committed_at=at, strata=strata_rows(roll, places_in_order(roll, places)),
    )  # fmt: skip
    move(wave, WaveState.COMMITTED, moves=WAVE_MOVES)
    events.record(
        kind="waves.roll_committed", by=by, at=at, about="wave", key=str(wave.id),
        data={"commitment": digest.hex(), "people": roll.people, "due": instant_text(source.due_at)},
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
    row = open_draw(wave_id)
    key = operator_key(name)
    said = endorse(row.commitment, by=name, role="operator", private_key=key, at=at)
    _keep(row, said, public_key_hex(key))
    events.record(kind="waves.commitment_signed", by=by, at=at, about="wave", key=str(wave_id), data={"name": name})


@action
def countersign(
    *, by: Actor, at: datetime, wave_id: UUID, name: str, signature: str, signed_at: datetime, role: str = "witness"
) -> None:
    """Take in the signature of a witness, or of a "party" of the ceremony, made with its own key elsewhere."""
    row = open_draw(wave_id)
    said: Signature = {"by": name, "role": role, "signature": signature, "at": instant_text(signed_at)}
    _keep(row, said, (witness_keys() if role == "witness" else _party_keys(row)).get(name))
    events.record(
        kind="waves.commitment_countersigned", by=by, at=at, about="wave", key=str(wave_id),
        data={"name": name, "role": role},
    )  # fmt: skip


@action
def reveal(*, by: Actor, at: datetime, wave_id: UUID, name: str, secret: str) -> None:
    """A party of the ceremony reveals its secret, in its time; the same one again changes nothing."""
    row = open_draw(wave_id)
    source = read_source(row.commitment["source"])
    if not isinstance(source, Ceremony) or not source.due_at <= at < source.wait_until:
        raise RevealRefused(name=name)
    try:
        source.opened({name: secret})
    except CeremonyOpen as problem:
        raise RevealRefused(name=name) from problem
    _, fresh = Reveal.objects.get_or_create(draw=row, name=name, defaults={"secret": secret, "revealed_at": at})
    if fresh:
        events.record(kind="waves.secret_revealed", by=by, at=at, about="wave", key=str(wave_id), data={"name": name})
    else:
        events.nothing_changed()


@action
def run_draw(*, by: Actor, at: datetime, wave_id: UUID, shown: Shown) -> Draw:
    """Draw with what the committed source showed, which is checked first; a lying beacon draws nothing.

    The output is tested before it counts: when that fails, the draw is kept as failed, nobody is selected, and only
    an annulment can follow. Raises the engine's BeaconLied, CeremonyOpen and SignaturesRefused.
    """
    wave = Wave.objects.select_for_update(of=("self",)).get(pk=wave_id)
    row = open_draw(wave_id)
    source = read_source(row.commitment["source"])
    number, committed = getattr(shown, "number", None), getattr(source, "round", None)
    if number != committed:
        raise RoundMismatch(shown=number, committed=committed)
    randomness = source.randomness(bytes(row.commitment_hash), shown)
    operators, witnesses, signatures = signed_by(row.id, bytes(row.commitment_hash))
    check_signatures(row.commitment, operators, witnesses, signatures)
    roll, places = decode_roll(bytes(row.roll)), [stratum["places"] for stratum in row.strata]
    result = draw(roll=roll, commitment=row.commitment, places=places, randomness=randomness)
    bundle = make_bundle(
        commitment=row.commitment, operators=operators, witnesses=witnesses, signatures=signatures,
        shown=shown, result=result,
    )  # fmt: skip
    report = _watched(row, result)
    state = DrawState.DRAWN if report["passed"] else DrawState.FAILED
    move(row, state, moves=DRAW_MOVES, bundle=bundle, result=result.encode(), report=report, drawn_at=at)
    if report["passed"]:
        _write_ranks(wave_id, result)
        move(wave, WaveState.DRAWN, moves=WAVE_MOVES)
    events.record(
        kind="waves.drawn" if report["passed"] else "waves.output_test_failed", by=by, at=at, about="wave",
        key=str(wave_id), data={"result": bundle["result"]["root"], "selected": bundle["result"]["winners"]},
    )  # fmt: skip
    return row


def open_draw(wave_id: UUID, *states: str) -> Draw:
    """The standing draw of a wave, locked. Raises NotYetDue without one, AlreadyDrawn in another state."""
    rows = Draw.objects.select_for_update(of=("self",)).filter(wave_id=wave_id).defer(*LARGE)
    row = rows.order_by("-sequence").first()
    if row is None or row.state == DrawState.ANNULLED:
        raise NotYetDue(when="commitment")
    if row.state not in (states or (DrawState.COMMITTED,)):
        raise AlreadyDrawn()
    return row


def operator_key(name: str) -> Ed25519PrivateKey:
    """The key with which a draw operator signs."""
    return vault.signing_key(f"draw operator {name}")


def keep_endorsement(row: Draw, document: bytes, said: Signature, key: str) -> None:
    """Keep a party's statement over a document of the draw, once."""
    Endorsement.objects.get_or_create(
        draw=row, document=document, name=said["by"],
        defaults={
            "role": said["role"], "public_key": key, "signature": said["signature"], "signed_at": said["at"],
        },
    )  # fmt: skip


def _keep(row: Draw, said: Signature, key: str | None) -> None:
    """A statement over the commitment; one that the draw would refuse is refused here."""
    if key is None or signature_problem(row.commitment, said, key):
        raise SignatureWrong(name=said["by"])
    keep_endorsement(row, bytes(row.commitment_hash), said, key)


def _party_keys(row: Draw) -> dict[str, str]:
    return {party["name"]: party["public_key"] for party in row.commitment["source"].get("parties", ())}


def _trusted_chains() -> tuple[Chain, ...]:
    """Public chains; in a rehearsal its own too."""
    return (*CHAINS.values(), REHEARSAL) if settings.REHEARSAL else tuple(CHAINS.values())


def _weights(kind: str, level: str) -> dict[str, int] | None:
    """People per region as the programme weighs them; None where applicants are the weight."""
    if kind == "applicants":
        return None
    weights: Counter[str] = Counter()
    for regency in REGENCIES.values():
        weights[rules.region_of(regency.code, level)] += getattr(regency, kind)
    return dict(weights)


def _watched(row: Draw, result: DrawResult) -> dict[str, object]:
    """The report of the output test, from the attributes fixed with the roll."""
    attributes, people = decode_attributes(bytes(row.attributes))
    return watch(
        attributes=attributes,
        people=[stratum["people"] for stratum in row.strata],
        places=[stratum["places"] for stratum in row.strata],
        won=result.cut.bits(people),
        level_ppm=row.commitment["output_test"]["level_ppm"],
        commitment=bytes(row.commitment_hash).hex(),
        result=result.facts["root"],
    )


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
