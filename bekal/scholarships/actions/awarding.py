"""Giving awards: to the drawn, to the waiting list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bekal.citizens.queries import families_of
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.eligibility.actions import record_facts
from bekal.eligibility.queries import decided
from bekal.eligibility.rules import PRIOR_RECIPIENT, award_of, family_card_full
from bekal.engines.draw.result import WaitingLine
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.rules import Opening, Posting
from bekal.rulebooks.rules import Programme, Scholarship
from bekal.scholarships import rules
from bekal.scholarships.actions.messages import tell
from bekal.scholarships.models import Award
from bekal.scholarships.queries import (
    family_places_taken,
    freed_places,
    giving,
    incentive_account,
    training_account,
    wave_account,
)
from bekal.waves.actions import settle_applications
from bekal.waves.models import Application
from bekal.waves.queries import WaveView, applications_in_state, result_of, waiting_entries, wave_of
from bekal.waves.rules import GONE, reason_to_exclude

FAMILY_FULL = "scholarships.family_card_full"


@dataclass(frozen=True, slots=True)
class Granting:
    """One award about to be made."""

    application: Application
    family_ref: UUID
    family_place: int
    replaces: Award | None = None


@action
def award_selected(*, by: Actor, at: datetime, wave_id: UUID) -> int:
    """Award every drawn winner, in the drawn order; a full family card or a refusal is skipped, the next follows.

    Whose decision is still pending stays selected: called again, this goes on where it stopped.
    """
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


def _award(*, by: Actor, at: datetime, wave: WaveView, candidates: Sequence[tuple[Application, Award | None]]) -> int:
    programme, gift = giving(wave.rulebook_id)
    limit = programme.eligibility.max_per_family_card if programme.eligibility else None
    granted, skipped = _walk(wave, candidates, limit)
    due = rules.purchase_due(at, gift.first_purchase_days, gift.ends_on)
    awards = [_make(wave, programme, gift, granting, at, due, limit) for granting in granted]
    Award.objects.bulk_create(awards, batch_size=2_000)
    _grant_money(by=by, at=at, wave=wave, awards=awards)
    settle_applications(
        by=by, at=at, wave_id=wave.id, awarded=[award.application_id for award in awards],
        skipped=[(row.id, why) for row, why in skipped],
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
    tell(by=by, at=at, awards=awards, template="scholarships.awarded_message")
    return len(awards)


def _walk(
    wave: WaveView, candidates: Sequence[tuple[Application, Award | None]], limit: int | None
) -> tuple[list[Granting], list[tuple[Application, str]]]:
    """Walk the candidates in drawn order; the place of one skipped, with why, goes to the next in its line.

    Who comes to a place while a register or a photo is still being checked keeps it: nothing of that line changes yet.
    """
    line = WaitingLine(waiting_entries(wave.id), gone={bytes(row.ticket_id) for row, _ in candidates})
    waiting = {bytes(row.ticket_id): row for row in applications_in_state(wave.id, "waiting")}
    people = [row.citizen_id for row, _ in candidates] + [row.citizen_id for row in waiting.values()]
    cards, known = families_of(people), decided(wave.rulebook_id, people)
    taken = family_places_taken(wave.programme_code, list(cards.values()))
    granted: list[Granting] = []
    skipped: list[tuple[Application, str]] = []
    for first, replaced in candidates:
        passed: list[tuple[Application, str]] = []
        for row in _follow(first, line, waiting):
            found, card = known.get(row.citizen_id), cards.get(row.citizen_id)
            if found is not None and found.state == "pending":
                passed = []
                break
            place = taken.get(card, 0) + 1 if card else 0
            if found is None or card is None:
                passed.append((row, GONE))
            elif reason := reason_to_exclude(found.state, found.refused_by):
                passed.append((row, reason))
            elif family_card_full(place - 1, limit):
                passed.append((row, FAMILY_FULL))
            else:
                taken[card] = place
                granted.append(Granting(row, card, place, replaced))
                break
        skipped += passed
    return granted, skipped


def _follow(first: Application, line: WaitingLine, waiting: dict[bytes, Application]) -> Iterator[Application]:
    """The candidate, then whoever is next in line for the same place."""
    yield first
    while (ticket := line.take(first.region, first.group)) is not None:
        yield waiting[ticket]


def _make(
    wave: WaveView, programme: Programme, gift: Scholarship, granting: Granting, at: datetime, due: datetime | None,
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
    accounts: list[Opening] = []
    postings: list[Posting] = []
    for award in awards:
        training, incentive = training_account(award.id), incentive_account(award.id)
        owner, book = str(award.id), f"{award.wave_id}:{award.regency_code}"
        accounts += [
            Opening(training, "award_training", owner=owner, book=book),
            Opening(incentive, "award_incentive", owner=owner, book=book),
        ]
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
