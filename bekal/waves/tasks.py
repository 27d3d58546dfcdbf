"""What time makes due for a wave: opening, closing, and the draw once the committed round exists."""

import logging
from uuid import UUID

from bekal.citizens.actions import Word, tell_citizens
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.ports import open_port
from bekal.engines.draw.beacon import BeaconLied, BeaconRound
from bekal.engines.draw.commitment import SignaturesRefused
from bekal.engines.draw.source import CeremonyOpen, Drand, Secrets, Shown, Source, read_source
from bekal.waves.actions import announce_wave, close_wave, open_wave, propose_annulment, run_draw, settle_joinings
from bekal.waves.models import Draw, DrawState
from bekal.waves.ports import Beacon, RoundNotYet
from bekal.waves.queries import FIRST, LARGE, applicants_of, secrets_of, unsettled, wave_list, wave_of

BY = Actor.system("waves")
WAITING = (RoundNotYet, ConnectionError, BeaconLied, CeremonyOpen, SignaturesRefused)
BATCH = 5_000
log = logging.getLogger(__name__)


def open_and_close_due() -> int:
    """Open and close waves whose instant has come; returns how many moved."""
    now = clock.now()
    moved = 0
    for wave in wave_list():
        if wave.state == "planned" and wave.opens_at <= now:
            open_wave(by=BY, at=now, wave_id=wave.id)
            moved += 1
        elif wave.state == "open" and wave.closes_at <= now:
            close_wave(by=BY, at=now, wave_id=wave.id)
            moved += 1
    return moved


def settle_due() -> int:
    """Decide about everybody who joined a wave that has closed, in batches; how many were settled."""
    now, settled = clock.now(), 0
    for wave in wave_list():
        if wave.state != "closed":
            continue
        after = FIRST
        while people := unsettled(wave.id, BATCH, after):
            settled += settle_joinings(by=BY, at=now, wave_id=wave.id, citizen_ids=people)
            after = people[-1]
    return settled


def draw_due() -> int:
    """Draw what is committed, signed in full and whose randomness has come; returns how many were drawn.

    A silent source, a missing secret or signature is waited for: the next round asks again.
    """
    now, drawn = clock.now(), 0
    for wave_id, commitment in Draw.objects.filter(state=DrawState.COMMITTED).values_list("wave_id", "commitment"):
        if read_source(commitment["source"]).due_at > now:
            continue
        try:
            draw_now(wave_id)
            drawn += 1
        except WAITING as reason:
            log.info("the draw of wave %s waits: %s", wave_id, reason)
    return drawn


def draw_now(wave_id: UUID) -> Draw:
    """Draw with what the committed source shows: the round, fetched and checked, or the secrets of the ceremony.

    Raises RoundNotYet while the round lies in the future, BeaconLied, CeremonyOpen while a secret is missing.
    """
    row = _standing(wave_id)
    shown = _shown(row, read_source(row.commitment["source"]))
    return run_draw(by=BY, at=clock.now(), wave_id=wave_id, shown=shown)


def end_silent(wave_id: UUID) -> Draw:
    """Propose the annulment of a draw whose source stayed silent for as long as was committed; asks it once more.

    A source that speaks after all is drawn with: then the draw comes back drawn.
    """
    row = _standing(wave_id)
    source = read_source(row.commitment["source"])
    if not isinstance(source, Drand):
        return propose_annulment(by=BY, at=clock.now(), wave_id=wave_id, reason="reveal_withheld")
    try:
        return draw_now(wave_id)
    except (RoundNotYet, ConnectionError, BeaconLied):
        return propose_annulment(by=BY, at=clock.now(), wave_id=wave_id, reason="beacon_silent")


def _standing(wave_id: UUID) -> Draw:
    row = Draw.objects.filter(wave_id=wave_id, state=DrawState.COMMITTED).defer(*LARGE).first()
    assert row, "nothing is committed"
    return row


def _shown(row: Draw, source: Source) -> Shown:
    if not isinstance(source, Drand):
        return Secrets(secrets_of(row.id))
    beacon: Beacon = open_port("beacon")
    fetched = beacon.fetch(chain_hash=source.chain.chain_hash, number=source.round)
    previous = fetched.previous_signature.hex() if fetched.previous_signature else ""
    return BeaconRound(fetched.number, fetched.randomness.hex(), fetched.signature.hex(), previous)


def announce(wave_id: UUID) -> None:
    """Publish the result and tell everybody who took part."""
    now = clock.now()
    wave = wave_of(wave_id)
    people = applicants_of(wave_id)
    announce_wave(by=BY, at=now, wave_id=wave_id)
    words = [Word(citizen_id, f"result:{wave_id}:{citizen_id}", {"number": wave.number}) for citizen_id in people]
    tell_citizens(by=BY, at=now, template="waves.result_message", words=words)
