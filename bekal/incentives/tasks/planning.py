"""Runs to plan: what is due, piece by piece."""

from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.faults import at_fault
from bekal.incentives.actions import plan_pay_run
from bekal.incentives.models import Channel, PayRun, RunState
from bekal.incentives.queries import drafts


def plan_due(by: Actor) -> list[PayRun]:
    """Plan a run for every channel that has something due, in the name of `by`, who cannot approve it."""
    planned = [_planned(by, channel) for channel in Channel.values]
    return [run for run in planned if run is not None]


def begin_due(by: Actor) -> list[PayRun]:
    """The first piece of `plan_due`, for a page that must answer soon; `draft_due` does the rest."""
    begun = [plan_pay_run(by=by, at=clock.now(), channel=channel) for channel in Channel.values]
    return [run for run in begun if run is not None]


def draft_due() -> list[PayRun]:
    """Go on with runs whose planning was begun by a page, or stopped half-way by a crash."""
    planned = [_planned(Actor.staff(begun_by), channel) for channel, begun_by in drafts()]
    return [run for run in planned if run is not None]


def _planned(by: Actor, channel: str) -> PayRun | None:
    while True:
        run = plan_pay_run(by=by, at=clock.now(), channel=channel)
        at_fault("payouts.after_plan_commit")
        if run is None or run.state != RunState.DRAFTING:
            return run
