"""What time makes due for a wave: opening, closing, and the draw once the committed round exists."""

from uuid import UUID

from bekal.citizens.queries import contacts_of
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.ports import open_port
from bekal.engines.draw.beacon import BeaconRound
from bekal.notices.actions import Message, queue_notices
from bekal.waves.actions import announce_wave, close_wave, open_wave, run_draw
from bekal.waves.models import Draw
from bekal.waves.ports import Beacon
from bekal.waves.queries import applicants_of, wave_list, wave_of

BY = Actor.system("waves")


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


def draw_now(wave_id: UUID) -> Draw:
    """Fetch the committed round, check it, draw. Raises RoundNotYet while it lies in the future, BeaconLied."""
    row = Draw.objects.filter(wave_id=wave_id, bundle__isnull=True).order_by("-sequence").first()
    assert row, "nothing is committed"
    beacon: Beacon = open_port("beacon")
    choice = row.commitment["beacon"]
    fetched = beacon.fetch(chain_hash=choice["chain_hash"], number=choice["round"])
    previous = fetched.previous_signature.hex() if fetched.previous_signature else ""
    shown = BeaconRound(fetched.number, fetched.randomness.hex(), fetched.signature.hex(), previous)
    return run_draw(by=BY, at=clock.now(), wave_id=wave_id, shown=shown)


def announce(wave_id: UUID) -> None:
    """Publish the result and tell everybody who took part."""
    now = clock.now()
    wave = wave_of(wave_id)
    people = applicants_of(wave_id)
    announce_wave(by=BY, at=now, wave_id=wave_id)
    messages = [
        Message(contact.phone, contact.language, f"result:{wave_id}:{citizen_id}", {"number": wave.number})
        for citizen_id, contact in sorted(contacts_of(people).items())
    ]
    queue_notices(by=BY, at=now, template="waves.result_message", messages=messages)
