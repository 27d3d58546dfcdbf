"""Awards for tests, made as the programme makes them."""

from bekal.access.actions import approve, propose
from bekal.core import clock
from bekal.core.events import Actor
from bekal.rulebooks.models import RuleBook
from bekal.scholarships import actions
from bekal.scholarships.models import Award
from bekal.waves.actions import announce_wave
from bekal.waves.models import Wave
from tests.waves.making import BY, drawn_wave

BENEFIT = 4_200_000


def funded(programme_code: str, amount: int, reference: str = "DIPA-1") -> None:
    at = clock.now()
    digest = actions.funding_digest(programme_code, reference, amount)
    propose(by=Actor.staff("maker"), at=at, kind="fund", key=reference, digest=digest)
    approve(by=Actor.staff("checker"), at=at, kind="fund", key=reference, digest=digest)
    actions.fund_programme(
        by=Actor.staff("checker"), at=at, programme_code=programme_code, reference=reference, amount=amount
    )


def awarded_wave(book: RuleBook, *, people: int = 6, places: int = 3, **said: object) -> Wave:
    """A funded wave whose winners hold their awards."""
    wave = drawn_wave(book, people=people, places=places, **said)
    funded(book.code, places * BENEFIT)
    actions.fund_wave(by=BY, at=clock.now(), wave_id=wave.id)
    announce_wave(by=BY, at=clock.now(), wave_id=wave.id)
    actions.award_selected(by=BY, at=clock.now(), wave_id=wave.id)
    return wave


def award(book: RuleBook) -> Award:
    """One award of a small wave."""
    return Award.objects.filter(wave_id=awarded_wave(book, people=2, places=1).id).order_by("id")[0]
