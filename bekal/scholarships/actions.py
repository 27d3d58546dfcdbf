"""Funding, awarding, revoking, expiring, and the return of money."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bekal.access.queries import approved
from bekal.citizens.actions import Word, tell_citizens
from bekal.citizens.queries import families_of
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.core.money import format_rupiah
from bekal.eligibility.actions import record_facts
from bekal.eligibility.rules import PRIOR_RECIPIENT, award_of, family_card_full
from bekal.engines.draw.result import WaitingLine
from bekal.ledger.actions import open_account, open_accounts, post_transfers
from bekal.ledger.queries import balance, balances
from bekal.ledger.rules import Posting
from bekal.rulebooks.queries import programme_of
from bekal.rulebooks.rules import Programme, Scholarship
from bekal.scholarships import rules
from bekal.scholarships.models import MOVES, Award, State
from bekal.scholarships.queries import (
    family_places_taken,
    freed_places,
    incentive_account,
    programme_account,
    training_account,
    wave_account,
)
from bekal.waves.actions import settle_applications
from bekal.waves.models import Application
from bekal.waves.queries import WaveView, applications_in_state, result_of, waiting_entries, wave_of

TREASURY = "treasury"
FAMILY_FULL = "scholarships.family_card_full"


class NotApproved(Refused):
    code = "scholarships.not_approved"


class NothingToGive(Refused):
    code = "scholarships.nothing_to_give"


class NotUnused(Refused):
    code = "scholarships.not_unused"


class AwardEnded(Refused):
    code = "scholarships.award_ended"


@dataclass(frozen=True, slots=True)
class Granting:
    """One award about to be made."""

    application: Application
    family_ref: UUID
    family_place: int
    replaces: Award | None = None


def funding_digest(programme_code: str, reference: str, amount: int) -> str:
    """What two people approve before the treasury pays: SHA-256 over programme, reference and rupiah."""
    return hashlib.sha256(f"{programme_code}\x1f{reference}\x1f{amount}".encode()).hexdigest()


@action
def fund_programme(*, by: Actor, at: datetime, programme_code: str, reference: str, amount: int) -> None:
    """Move money from the treasury to a programme, once per reference, after two people approved it."""
    if not approved("fund", reference, funding_digest(programme_code, reference, amount)):
        raise NotApproved(what=reference)
    account = programme_account(programme_code)
    open_account(by=by, at=at, key=TREASURY, kind="treasury", limit="none")
    open_account(by=by, at=at, key=account, kind="programme")
    post_transfers(by=by, at=at, transfers=[Posting(TREASURY, account, amount, "fund", f"fund:{reference}")])


@action
def fund_wave(*, by: Actor, at: datetime, wave_id: UUID) -> None:
    """Set aside what every place of the wave may cost, so that an award is never given without its money."""
    wave = wave_of(wave_id)
    programme = _giving(wave.rulebook_id)[0]
    account = wave_account(wave_id)
    open_account(by=by, at=at, key=account, kind="wave")
    amount = rules.allocation(wave.places, programme.total_benefit)
    source = programme_account(programme.code)
    post_transfers(by=by, at=at, transfers=[Posting(source, account, amount, "allocate", f"allocate:{wave_id}")])


@action
def award_selected(*, by: Actor, at: datetime, wave_id: UUID) -> int:
    """Award every drawn winner, in the drawn order; a full family card is skipped and the next in line follows."""
    wave = wave_of(wave_id)
    selected = applications_in_state(wave_id, "selected")
    if not selected:
        events.nothing_changed()
        return 0
    return _award(by=by, at=at, wave=wave, candidates=[(row, None) for row in selected])


@action
def award_waiting(*, by: Actor, at: datetime, wave_id: UUID) -> int:
    """Give each place that a revocation freed to the next on the waiting list."""
    wave = wave_of(wave_id)
    freed = freed_places(wave_id)
    line = WaitingLine(waiting_entries(wave_id))
    by_ticket = {bytes(row.ticket_id): row for row in applications_in_state(wave_id, "waiting")}
    candidates = []
    for award in freed:
        ticket = line.take(award.region, award.group)
        if ticket is not None:
            candidates.append((by_ticket[ticket], award))
    if not candidates:
        events.nothing_changed()
        return 0
    return _award(by=by, at=at, wave=wave, candidates=candidates)


@action
def note_purchase(*, by: Actor, at: datetime, award_id: UUID) -> None:
    """A training was bought: no deadline runs until it is finished."""
    award = Award.objects.select_for_update(of=("self",)).get(pk=award_id)
    if award.state != State.ACTIVE:
        raise AwardEnded(state=award.state)
    Award.objects.filter(pk=award_id).update(first_purchase_at=award.first_purchase_at or at, purchase_due_at=None)
    events.record(
        kind="scholarships.purchase_noted", by=by, at=at, about="award", key=str(award_id), person=award.citizen_id
    )


@action
def note_purchase_undone(*, by: Actor, at: datetime, award_id: UUID, bought_before: bool) -> None:
    """A purchase was cancelled: the window opens again, from now."""
    award = Award.objects.select_for_update(of=("self",)).get(pk=award_id)
    _, gift = _giving(award.rulebook_id)
    Award.objects.filter(pk=award_id, state=State.ACTIVE).update(
        first_purchase_at=award.first_purchase_at if bought_before else None,
        purchase_due_at=rules.purchase_due(at, gift.next_purchase_days, gift.ends_on),
    )
    events.record(
        kind="scholarships.purchase_undone", by=by, at=at, about="award", key=str(award_id), person=award.citizen_id
    )


@action
def note_training_finished(*, by: Actor, at: datetime, award_id: UUID, finished_at: datetime) -> None:
    """The window for the next training begins."""
    award = Award.objects.select_for_update(of=("self",)).get(pk=award_id)
    if award.state != State.ACTIVE:
        events.nothing_changed()
        return
    _, gift = _giving(award.rulebook_id)
    due = rules.purchase_due(finished_at, gift.next_purchase_days, gift.ends_on)
    Award.objects.filter(pk=award_id).update(purchase_due_at=due)
    events.record(
        kind="scholarships.window_opened", by=by, at=at, about="award", key=str(award_id), person=award.citizen_id,
        data={"due": due.isoformat()},
    )  # fmt: skip


@action
def revoke_awards(*, by: Actor, at: datetime, award_ids: Sequence[UUID]) -> int:
    """End awards that bought nothing within their window; all their money returns to the wave."""
    awards = list(Award.objects.select_for_update(of=("self",)).filter(pk__in=award_ids).order_by("id"))
    for award in awards:
        overdue = award.purchase_due_at is not None and award.purchase_due_at < at
        if award.first_purchase_at is not None or not overdue:
            raise NotUnused(card=award.card_number)
        move(award, State.REVOKED, moves=MOVES, ended_at=at, purchase_due_at=None)
    _return(by=by, at=at, awards=awards, accounts=("training", "incentive"), reason="revoked")
    _record_ended(by=by, at=at, awards=awards, kind="scholarships.revoked")
    _tell(by=by, at=at, awards=awards, template="scholarships.revoked_message")
    return len(awards)


@action
def expire_awards(*, by: Actor, at: datetime, award_ids: Sequence[UUID]) -> int:
    """End the buying of awards whose next window has passed; the unspent balance returns, incentives stay due."""
    awards = list(Award.objects.select_for_update(of=("self",)).filter(pk__in=award_ids).order_by("id"))
    for award in awards:
        move(award, State.EXPIRED, moves=MOVES, ended_at=at, purchase_due_at=None)
    _return(by=by, at=at, awards=awards, accounts=("training",), reason="expired")
    _record_ended(by=by, at=at, awards=awards, kind="scholarships.expired")
    return len(awards)


@action
def close_awards(*, by: Actor, at: datetime, wave_id: UUID) -> int:
    """Year end: every award is closed and what it has left returns to the wave. Pending money stays until resolved."""
    rows = Award.objects.select_for_update(of=("self",)).filter(
        wave_id=wave_id, state__in=[State.ACTIVE, State.EXPIRED]
    )
    awards = list(rows.order_by("id"))
    if not awards:
        events.nothing_changed()
        return 0
    for award in awards:
        move(award, State.CLOSED, moves=MOVES, ended_at=award.ended_at or at, purchase_due_at=None)
    _return(by=by, at=at, awards=awards, accounts=("training", "incentive"), reason="closed")
    _record_ended(by=by, at=at, awards=awards, kind="scholarships.closed")
    return len(awards)


@action
def return_unused(*, by: Actor, at: datetime, wave_id: UUID) -> None:
    """Year end: what the wave and its programme have left goes back to the treasury."""
    wave = wave_of(wave_id)
    source, fund = wave_account(wave_id), programme_account(wave.programme_code)
    day = at.date().isoformat()
    left = balance(source).available
    if left:
        post_transfers(by=by, at=at, transfers=[Posting(source, fund, left, "return_wave", f"return:{wave_id}:{day}")])
    rest = balance(fund).available
    if rest:
        reference = f"return:{wave.programme_code}:{day}"
        post_transfers(by=by, at=at, transfers=[Posting(fund, TREASURY, rest, "return_treasury", reference)])
    events.record(
        kind="scholarships.unused_returned", by=by, at=at, about="wave", key=str(wave_id), data={"amount": rest}
    )


def _giving(rulebook_id: UUID) -> tuple[Programme, Scholarship]:
    programme = programme_of(rulebook_id)
    if programme.scholarship is None:
        raise NothingToGive(programme=programme.code)
    return programme, programme.scholarship


def _award(*, by: Actor, at: datetime, wave: WaveView, candidates: Sequence[tuple[Application, Award | None]]) -> int:
    programme, gift = _giving(wave.rulebook_id)
    limit = programme.eligibility.max_per_family_card if programme.eligibility else None
    granted, skipped = _within_family_limit(wave, candidates, limit)
    due = rules.purchase_due(at, gift.first_purchase_days, gift.ends_on)
    awards = [_make(wave, programme, gift, granting, at, due, limit) for granting in granted]
    Award.objects.bulk_create(awards, batch_size=2_000)
    _grant_money(by=by, at=at, wave=wave, awards=awards)
    settle_applications(
        by=by, at=at, wave_id=wave.id, awarded=[award.application_id for award in awards],
        skipped=[(row.id, FAMILY_FULL) for row in skipped],
    )  # fmt: skip
    for kind in (PRIOR_RECIPIENT, award_of(programme.code)):
        record_facts(
            by=by, at=at, kind=kind, citizen_ids=[award.citizen_id for award in awards], source=programme.code,
            as_of=at.date(),
        )  # fmt: skip
    events.record_batch(
        kind="scholarships.awarded", by=by, at=at, about="wave", key=str(wave.id),
        lines=((str(award.id), {"citizen": str(award.citizen_id)}) for award in awards),
        why=f"result {result_of(wave.id)}",
    )  # fmt: skip
    _tell(by=by, at=at, awards=awards, template="scholarships.awarded_message")
    return len(awards)


def _within_family_limit(
    wave: WaveView, candidates: Sequence[tuple[Application, Award | None]], limit: int | None
) -> tuple[list[Granting], list[Application]]:
    """Walk the candidates in drawn order; each skipped place goes to the next in its line."""
    line = WaitingLine(waiting_entries(wave.id), gone={bytes(row.ticket_id) for row, _ in candidates})
    waiting = {bytes(row.ticket_id): row for row in applications_in_state(wave.id, "waiting")}
    cards = families_of([row.citizen_id for row, _ in candidates] + [row.citizen_id for row in waiting.values()])
    taken = family_places_taken(wave.programme_code, list(cards.values()))
    granted: list[Granting] = []
    skipped: list[Application] = []
    for first, replaced in candidates:
        for row in _follow(first, line, waiting):
            card = cards[row.citizen_id]
            place = taken.get(card, 0) + 1
            if family_card_full(place - 1, limit):
                skipped.append(row)
                continue
            taken[card] = place
            granted.append(Granting(row, card, place, replaced))
            break
    return granted, skipped


def _follow(first: Application, line: WaitingLine, waiting: dict[bytes, Application]) -> Iterator[Application]:
    """The candidate, then whoever is next in line for the same place."""
    yield first
    while (ticket := line.take(first.region, first.group)) is not None:
        yield waiting[ticket]


def _make(
    wave: WaveView, programme: Programme, gift: Scholarship, granting: Granting, at: datetime, due: datetime,
    limit: int | None,
) -> Award:  # fmt: skip
    row = granting.application
    return Award(
        id=ids.fresh("award", str(row.id)), wave_id=wave.id, application_id=row.id, citizen_id=row.citizen_id,
        rulebook_id=wave.rulebook_id, programme_code=programme.code, region=row.region, regency_code=row.regency_code,
        group=row.group, family_ref=granting.family_ref, family_place=granting.family_place,
        family_limit=limit or granting.family_place, card_number=ids.fresh_digits(16, "card", str(row.id)),
        training_amount=gift.training_balance, incentive_amount=programme.incentive_total, granted_at=at,
        purchase_due_at=due, replaces=granting.replaces,
    )  # fmt: skip


def _grant_money(*, by: Actor, at: datetime, wave: WaveView, awards: Sequence[Award]) -> None:
    source = wave_account(wave.id)
    accounts: list[tuple[str, str, str]] = []
    postings: list[Posting] = []
    for award in awards:
        training, incentive = training_account(award.id), incentive_account(award.id)
        accounts += [(training, "award_training", "debits"), (incentive, "award_incentive", "debits")]
        if award.training_amount:
            postings.append(
                Posting(source, training, award.training_amount, "grant_training", f"grant:{award.id}:training")
            )
        if award.incentive_amount:
            postings.append(
                Posting(source, incentive, award.incentive_amount, "grant_incentive", f"grant:{award.id}:incentive")
            )
    open_accounts(by=by, at=at, accounts=accounts)
    if postings:
        post_transfers(by=by, at=at, transfers=postings)


def _return(*, by: Actor, at: datetime, awards: Sequence[Award], accounts: Iterable[str], reason: str) -> None:
    wanted = {f"award:{award.id}:{name}": award for award in awards for name in accounts}
    held = balances(wanted)
    postings = [
        Posting(key, wave_account(award.wave_id), held[key].available, "return_award", f"return:{key}:{reason}")
        for key, award in wanted.items()
        if key in held and held[key].available
    ]
    if postings:
        post_transfers(by=by, at=at, transfers=postings)


def _record_ended(*, by: Actor, at: datetime, awards: Sequence[Award], kind: str) -> None:
    events.record_batch(
        kind=kind, by=by, at=at, about="awards", key="batch",
        lines=((str(award.id), {"citizen": str(award.citizen_id)}) for award in awards),
    )  # fmt: skip


def _tell(*, by: Actor, at: datetime, awards: Sequence[Award], template: str) -> None:
    words = [
        Word(
            award.citizen_id,
            f"{template}:{award.id}",
            {"amount": format_rupiah(award.training_amount), "card": award.card_number[-4:]},
        )
        for award in awards
    ]
    tell_citizens(by=by, at=at, template=template, words=words)
