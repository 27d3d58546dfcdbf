"""Composing what the rooms know of one person."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from bekal.access.queries import staff_view
from bekal.careers import queries as careers
from bekal.catalogue import queries as catalogue
from bekal.citizens import queries as citizens
from bekal.citizens.readings import KIND
from bekal.core.models import Event
from bekal.core.rows import Rows, plain_rows
from bekal.core.texts import text
from bekal.eligibility import queries as eligibility
from bekal.evaluation import queries as evaluation
from bekal.incentives import queries as incentives
from bekal.learning import queries as learning
from bekal.ledger.queries import statement
from bekal.market import queries as market
from bekal.notices.queries import notices_of
from bekal.partners.queries import credential_of, organisation_of_code
from bekal.privacy.rules import NO_LONGER_HELD, Hold
from bekal.scholarships import queries as scholarships
from bekal.surveys import queries as surveys
from bekal.waves import queries as waves

SHOWN_READINGS = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody read a person's data. `who`: staff, partner or outside; `name`: role, organisation or system, as text
    keys `role.<name>` and `reading.to.<name>` or as the organisation's own name; `asked`: the person's own act led to
    it."""

    at: datetime
    who: str
    name: str
    fields: tuple[str, ...]
    purpose: str
    asked: bool


def readings_of(citizen_id: UUID, limit: int | None = SHOWN_READINGS) -> list[Reading]:
    """Who read a person's numbers, newest first: people, partners and outside systems; not the person's own views."""
    rows = Event.objects.filter(person_id=citizen_id, kind=KIND).order_by("-at", "-id")
    others = rows.exclude(actor_kind__in=("citizen", "system", "visitor"), data__to="")
    return [_reading(row) for row in others[:limit]]


def _reading(row: Event) -> Reading:
    fields, to = tuple(row.data.get("fields", ())), row.data.get("to", "")
    if to:
        return Reading(row.at, "outside", to, fields, row.why, asked=row.actor_kind == "citizen")
    if row.actor_kind == "staff":
        role = row.data.get("role") or _first_role(row.actor_key)
        return Reading(row.at, "staff", role, fields, row.why, asked=False)
    return Reading(row.at, "partner", _organisation(row.actor_key), fields, row.why, asked=False)


def _first_role(key: str) -> str:
    staff = staff_view(UUID(key))
    return staff.roles[0] if staff and staff.roles else "operator"


def _organisation(code: str) -> str:
    """The name of an organisation by its own code, or by that of its credential; the code where neither is known."""
    found = organisation_of_code(code) or credential_of(code)
    return found.name if found else code


def holds_of(citizen_id: UUID, at: datetime) -> list[Hold]:
    """Everything that keeps a person from being forgotten now; empty when nothing does."""
    found = [Hold("wave", wave.closes_at) for wave in waves.unfinished_waves(citizen_id)]
    for award in scholarships.awards_of(citizen_id):
        if award.state not in NO_LONGER_HELD:
            found.append(Hold("award", award.purchase_due_at))
    if until := market.reserved_until(citizen_id):
        found.append(Hold("purchase", until))
    if incentives.unsettled_orders(citizen_id):
        found.append(Hold("payment"))
    if any(one.state == "due" for one in incentives.entitlements_of(citizen_id, at)):
        found.append(Hold("owed"))
    if due_on := eligibility.review_due(citizen_id):
        found.append(Hold("review", due_on))
    if change := citizens.waiting_change(citizen_id):
        found.append(Hold("phone", change.effective_at))
    return found


def export_parts(citizen_id: UUID) -> Iterator[tuple[str, Any]]:
    """The sections of the copy (`rules.SECTIONS`) but for the numbers in the clear, one after the other."""
    own = citizens.rows_about(citizen_id)
    consents = own.pop("consents")
    yield "identity", own
    yield "consents", consents
    yield "who_looked", [asdict(one) for one in readings_of(citizen_id, None)]
    yield "automatic_decisions", _decisions(citizen_id)
    yield "eligibility", eligibility.rows_about(citizen_id)
    yield "waves", waves.rows_about(citizen_id) | {"receipts": _receipts(citizen_id)}
    yield "scholarships", scholarships.rows_about(citizen_id)
    yield "money", _money(citizen_id)
    yield "market", market.rows_about(citizen_id)
    yield "learning", learning.rows_about(citizen_id)
    yield "surveys", surveys.rows_about(citizen_id)
    yield "incentives", incentives.rows_about(citizen_id)
    yield "careers", careers.rows_about(citizen_id)
    yield "evaluation", evaluation.rows_about(citizen_id)
    yield "ratings", catalogue.rows_about(citizen_id)
    yield "messages", [asdict(one) for one in notices_of(citizen_id)]
    yield "trail", _trail(citizen_id)


def _decisions(citizen_id: UUID) -> list[dict[str, Any]]:
    """What a rule decided without a human, with each rule's result, reason in both languages, source and data date."""
    found = []
    for rulebook_id in eligibility.books_decided(citizen_id):
        verdict = eligibility.verdict_of(citizen_id, rulebook_id)
        assert verdict
        rules = [
            {
                "rule": one.rule, "outcome": one.outcome, "source": one.source, "as_of": one.as_of,
                "reason": {language: text(one.reason, language, **one.facts) for language in ("id", "en")},
            }
            for one in verdict.results
        ]  # fmt: skip
        found.append(
            {"rulebook_id": rulebook_id, "decided_at": verdict.decided_at, "state": verdict.state, "rules": rules}
        )
    return found


def _receipts(citizen_id: UUID) -> list[Any]:
    found = (waves.receipt_of(citizen_id, wave_id) for wave_id in waves.waves_drawn(citizen_id))
    return [receipt for receipt in found if receipt is not None]


def _money(citizen_id: UUID) -> dict[str, Rows]:
    """The statement of every account of the person's awards."""
    accounts = [
        key
        for award in scholarships.awards_of(citizen_id)
        for key in (scholarships.training_account(award.id), scholarships.incentive_account(award.id))
    ]
    return {key: [asdict(line) for line in statement(key)] for key in accounts}


def _trail(citizen_id: UUID) -> Rows:
    """What happened about the person; who acted is told by kind, not by name."""
    return plain_rows(Event.objects.filter(person_id=citizen_id), without=("person_id", "actor_key"))
