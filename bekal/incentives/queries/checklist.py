"""What a recipient has done, has yet to do, and when the money arrives."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from bekal.catalogue.queries import rated_at
from bekal.citizens.rules import WIB
from bekal.eligibility.queries import review_due
from bekal.incentives.queries.due import NO_LONGER_PAID, facts_of
from bekal.incentives.queries.shown import OrderView, PayeeView, orders_of, payee_of
from bekal.incentives.rules import expected_by, standings
from bekal.learning.queries import first_certificates
from bekal.rulebooks.queries import programme_of
from bekal.scholarships.models import Award
from bekal.scholarships.queries import award_view
from bekal.surveys import queries as surveys

ON_NO_LIST = "on_no_list"


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One thing on the way to the incentives.

    `code` and `waits_for` are text keys; `since` when it was done, where known; `due` when it is to be done or will be
    decided, where known; `opens_at` from when it can be done; `address`: where it is done, "" when others do it.
    """

    code: str
    number: int
    done: bool
    since: datetime | None
    waits_for: str
    due: date | None = None
    opens_at: datetime | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One payment of an award.

    What it needs, and the newest order for it. `state`: waiting, due, or that of the order. `expected_by`: the day by
    which the next certain thing happens (the money arrives, or the outcome is known); None where it waits for the
    recipient or nothing more happens. `late`: that day is over. `paid_at`: when it was paid.
    """

    kind: str
    number: int
    amount: int
    conditions: tuple[tuple[str, bool], ...]
    due_from: datetime | None
    state: str
    expected_by: date | None = None
    late: bool = False
    paid_at: datetime | None = None


def checklist(citizen_id: UUID, at: datetime) -> list[ChecklistItem]:
    """What a recipient has done and has yet to do for every incentive: each condition once, in the programme's order,
    and that no list bars them.
    """
    award = _award_of(citizen_id)
    if award is None:
        return []
    known = _dates(award, at)
    items: dict[tuple[str, int], ChecklistItem] = {}
    for standing in standings(programme_of(award.rulebook_id), facts_of([award])[award.id]):
        for name, done in standing.conditions:
            number = standing.number if name == "survey_answered" else 0
            found = replace(known.get((name, number), _item(name)), number=number, done=done)
            items.setdefault((name, number), found if done else replace(found, since=None))
    return [*items.values(), _no_list(award)]


def entitlements_of(citizen_id: UUID, at: datetime) -> list[Entitlement]:
    """Every payment the citizen's award may bring, with how far each has come."""
    award = _award_of(citizen_id)
    if award is None:
        return []
    newest = {(order.kind, order.number): order for order in orders_of(citizen_id)}
    ready = [item.since for item in checklist(citizen_id, at) if item.since]
    payee = payee_of(citizen_id)
    found = []
    for one in standings(programme_of(award.rulebook_id), facts_of([award])[award.id]):
        order = newest.get((one.kind, one.number))
        state = order.state if order else "due" if one.is_due(at) else "waiting"
        since = _since(order, [*ready, one.due_from, payee.pays_from if payee else None])
        by = expected_by(state, since) if since else None
        late = by is not None and by < at.astimezone(WIB).date()
        found.append(Entitlement(
            one.kind, one.number, one.amount, one.conditions, one.due_from, state, by, late,
            order.settled_at if order and state == "paid" else None,
        ))  # fmt: skip
    return found


def _since(order: OrderView | None, ready: list[datetime | None]) -> datetime | None:
    """From when the waiting for an order counts; without one, from the last condition that came true."""
    if order is not None:
        return order.intent_at or order.planned_at
    return max((moment for moment in ready if moment is not None), default=None)


def _item(name: str, **facts: object) -> ChecklistItem:
    return ChecklistItem(f"incentives.step_{name}", 0, False, None, f"incentives.waits_{name}", **facts)  # type: ignore[arg-type]


def _dates(award: Award, at: datetime) -> dict[tuple[str, int], ChecklistItem]:
    """What is known of each condition besides whether it holds: when it was done, when it can be, where."""
    first = first_certificates([award.id]).get(award.id)
    rated = rated_at(award.citizen_id, first.training_id) if first else None
    payee = payee_of(award.citizen_id)
    view = award_view(award.id)
    found = {
        ("certified", 0): replace(
            _item("certified", address="/saya/pelatihan"), since=first.issued_at if first else None
        ),
        ("rated", 0): replace(_item("rated", address="/saya/pelatihan" if first else ""), since=rated),
        ("account_linked", 0): _account(payee),
    }
    for one in surveys.standings(view, at) if view else ():
        number, opened = one.survey.number, one.state == "open"
        found["survey_answered", number] = replace(
            _item("survey_answered", address=f"/saya/survei/{number}" if opened else ""),
            since=one.answered_at, opens_at=None if opened else one.opens_at,
        )  # fmt: skip
    return found


def _account(payee: PayeeView | None) -> ChecklistItem:
    item = _item("account_linked", address="/saya/rekening")
    if payee is not None and payee.state == "refused":
        return replace(item, waits_for="incentives.waits_account_refused")
    return replace(item, since=payee.linked_at if payee else None)


def _no_list(award: Award) -> ChecklistItem:
    """Whether no list bars the recipient; while a newer list contests the decision, until when it is looked at."""
    if award.state in NO_LONGER_PAID:
        return replace(_item(ON_NO_LIST), waits_for="incentives.waits_award_ended")
    due = review_due(award.citizen_id)
    if due is None:
        return replace(_item(ON_NO_LIST), done=True)
    return replace(_item(ON_NO_LIST), due=due, waits_for="incentives.waits_on_no_list", address="/saya/data")


def _award_of(citizen_id: UUID) -> Award | None:
    return Award.objects.filter(citizen_id=citizen_id).order_by("-granted_at").first()
