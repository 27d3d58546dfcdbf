"""From a registration to a verdict: the registry's answer first, outside any transaction, then one action."""

from uuid import UUID

from bekal.citizens import tasks as citizens
from bekal.core import clock
from bekal.core.events import Actor
from bekal.eligibility import actions
from bekal.eligibility.queries import VerdictView

DECIDER = Actor.system("eligibility.verify_and_decide")


def verify_and_decide(citizen_id: UUID, rulebook_id: UUID) -> VerdictView:
    """Ask the civil registry, keep its answer and decide. Raises ConnectionError when the registry does not answer;
    nothing is lost, asking again is safe."""
    answer = citizens.ask_registry(citizen_id)
    return actions.settle_identity(
        by=DECIDER, at=clock.now(), citizen_id=citizen_id, rulebook_id=rulebook_id, answer=answer
    )
