"""How awards end, and the return of their money."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.eligibility.actions import confirm_review
from bekal.ledger.actions import post_transfers
from bekal.ledger.queries import NOTHING, balances
from bekal.ledger.rules import Posting
from bekal.rulebooks.queries import programme_of
from bekal.scholarships import rules
from bekal.scholarships.actions.messages import tell
from bekal.scholarships.actions.refusals import NotUnused
from bekal.scholarships.models import MOVES, Award, State
from bekal.scholarships.queries import (
    TREASURY,
    programme_account,
    wave_account,
)


@action
def revoke_awards(*, by: Actor, at: datetime, award_ids: Sequence[UUID]) -> int:
    """End awards that bought nothing within their window; all their money returns to the wave."""
    awards = list(Award.objects.select_for_update(of=("self",)).filter(pk__in=award_ids).order_by("id"))
    for award in awards:
        overdue = award.purchase_due_at is not None and award.purchase_due_at < at
        if award.first_purchase_at is not None or not overdue:
            raise NotUnused(card=award.card_number)
        move(award, State.REVOKED, moves=MOVES, ended_at=at, purchase_due_at=None)
    _return(by=by, at=at, awards=awards, parts=("training", "incentive"), reason="revoked")
    _record_ended(by=by, at=at, awards=awards, kind="scholarships.revoked")
    tell(by=by, at=at, awards=awards, template="scholarships.revoked_message")
    return len(awards)


@action
def expire_awards(*, by: Actor, at: datetime, award_ids: Sequence[UUID]) -> int:
    """End the buying of awards whose next window has passed; the unspent balance returns, incentives stay due."""
    awards = list(Award.objects.select_for_update(of=("self",)).filter(pk__in=award_ids).order_by("id"))
    for award in awards:
        move(award, State.EXPIRED, moves=MOVES, ended_at=at, purchase_due_at=None)
    _return(by=by, at=at, awards=awards, parts=("training",), reason="expired")
    _record_ended(by=by, at=at, awards=awards, kind="scholarships.expired")
    return len(awards)


@action
def confirm_listed(*, by: Actor, at: datetime, review_id: UUID, why: str) -> int:
    """The list that contests a decision is right; how many awards were withdrawn.

    Once the second member of staff agrees, awards of programmes that bar the register end: what they have left returns,
    and nothing more is paid.
    """
    review = confirm_review(by=by, at=at, review_id=review_id, why=why)
    held = Award.objects.select_for_update(of=("self",)).filter(
        citizen_id=review.citizen_id, state__in=[State.ACTIVE, State.EXPIRED]
    )
    awards = [award for award in held.order_by("id") if _bars(award, review.kind)]
    if review.state != "confirmed" or not awards:
        return 0
    for award in awards:
        move(award, State.WITHDRAWN, moves=MOVES, ended_at=at, purchase_due_at=None)
    _return(by=by, at=at, awards=awards, parts=("training", "incentive"), reason="withdrawn")
    _record_ended(by=by, at=at, awards=awards, kind="scholarships.withdrawn")
    tell(by=by, at=at, awards=awards, template="scholarships.withdrawn_message")
    return len(awards)


def _bars(award: Award, kind: str) -> bool:
    eligibility = programme_of(award.rulebook_id).eligibility
    return eligibility is not None and kind in eligibility.registers_barred


@action
def close_awards(*, by: Actor, at: datetime, wave_id: UUID) -> int:
    """Year end: every award is closed and what it has left returns to the wave. Pending money stays until resolved."""
    rows = Award.objects.select_for_update(of=("self",)).filter(
        wave_id=wave_id, state__in=[State.ACTIVE, State.EXPIRED, State.WITHDRAWN]
    )
    awards = list(rows.order_by("id"))
    if not awards:
        events.nothing_changed()
        return 0
    for award in awards:
        move(award, State.CLOSED, moves=MOVES, ended_at=award.ended_at or at, purchase_due_at=None)
    _return(by=by, at=at, awards=awards, parts=("training", "incentive"), reason="closed")
    _record_ended(by=by, at=at, awards=awards, kind="scholarships.closed")
    return len(awards)


@action
def pass_on_ended(*, by: Actor, at: datetime, causes: Mapping[UUID, str]) -> int:
    """Money that came back to awards that have ended goes on to their waves, and of a wave whose year is over to the
    treasury; how many rupiah. `causes`: award -> what brought it back, unique for ever. Awards that go on keep it.

    The caller has held the awards (`hold_awards`) before any money moved.
    """
    awards = list(Award.objects.filter(pk__in=causes).exclude(state=State.ACTIVE).order_by("id"))
    held = balances(f"award:{award.id}:{part}" for award in awards for part in _ended_parts(award))
    postings = [
        posting
        for award in awards
        for part in _ended_parts(award)
        if (amount := held.get(f"award:{award.id}:{part}", NOTHING).available)
        for posting in _ways_back(award, part, amount, causes[award.id])
    ]
    if not postings:
        events.nothing_changed()
        return 0
    post_transfers(by=by, at=at, transfers=postings)
    return sum(posting.amount for posting in postings if posting.code == rules.RETURN)


def hold_awards(award_ids: Iterable[UUID]) -> None:
    """Keep awards from ending while money comes back to them: whoever moves it holds them first, then the accounts."""
    list(Award.objects.select_for_update(of=("self",)).filter(pk__in=set(award_ids)).order_by("id").values_list("id"))


def _ended_parts(award: Award) -> tuple[str, ...]:
    """Parts of an ended award that may hold nothing: incentives stay due when only the balance expired."""
    return ("training",) if award.state == State.EXPIRED else ("training", "incentive")


def _ways_back(award: Award, part: str, amount: int, cause: str) -> Iterator[Posting]:
    wave, fund, name = (
        wave_account(award.wave_id),
        programme_account(award.programme_code),
        f"{award.id}:{part}:{cause}",
    )
    yield Posting(f"award:{award.id}:{part}", wave, amount, rules.RETURN, f"return:{name}")
    if award.state == State.CLOSED:
        yield Posting(wave, fund, amount, "return_wave", f"return_wave:{name}")
        yield Posting(fund, TREASURY, amount, "return_treasury", f"return_treasury:{name}")


def _return(*, by: Actor, at: datetime, awards: Sequence[Award], parts: Iterable[str], reason: str) -> None:
    wanted = {f"award:{award.id}:{part}": (award, part) for award in awards for part in parts}
    held = balances(wanted)
    postings = [
        Posting(
            key, wave_account(award.wave_id), held[key].available, rules.RETURN, f"return:{award.id}:{part}:{reason}"
        )
        for key, (award, part) in wanted.items()
        if key in held and held[key].available
    ]
    if postings:
        post_transfers(by=by, at=at, transfers=postings)


def _record_ended(*, by: Actor, at: datetime, awards: Sequence[Award], kind: str) -> None:
    events.record_batch(
        kind=kind, by=by, at=at, about="awards", key="batch",
        lines=((str(award.id), {"citizen": str(award.citizen_id)}) for award in awards),
    )  # fmt: skip
