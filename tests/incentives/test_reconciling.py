"""Differences between order, ledger and statement: what is seeded is found, in its class, and nothing else is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.core import clock
from bekal.core.models import Event
from bekal.incentives.actions import Taken, compare_statement, reconciling, settle_from_statement, take_statement
from bekal.incentives.differences import KINDS, day_starts
from bekal.incentives.models import Difference, PayerStatement, PaymentOrder, PayRun, StatementEntry
from bekal.incentives.ports import Statement
from bekal.incentives.tasks import reconciling as reconcile
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.queries import imbalance
from bekal.ledger.rules import Opening, Posting
from tests.incentives.booking import AMOUNT, DAY, NEXT, NOON, THIRD, Desk, line, nobody, orders, pay_run
from tests.partners.making import BY

pytestmark = [pytest.mark.django_db]
Expected = set[tuple[str, str]]
Fate = Callable[[Desk, PayRun], Expected]
MIDNIGHT = day_starts(NEXT)
LAST_MORNING = day_starts(THIRD) + timedelta(hours=30)


@pytest.fixture
def desk(clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = Desk()
    monkeypatch.setattr(reconcile, "open_port", _ports(found))
    clock_at(LAST_MORNING)
    return found


def _ports(desk: Desk) -> Callable[[str], Any]:
    def opened(name: str) -> Any:
        if name != "statements:bank":
            raise reconcile.PortClosed(name)
        return desk

    return opened


def _one(run: PayRun, state: str = "paid", **at: Any) -> str:
    return orders([state], run=run, **at)[0].reference


def plain(desk: Desk, run: PayRun) -> Expected:
    desk.books(DAY, line(_one(run)))
    return set()


def cut_off(desk: Desk, run: PayRun) -> Expected:
    desk.books(NEXT, line(_one(run, sent_at=MIDNIGHT - timedelta(minutes=10)), day=NEXT))
    return set()


def our_clock_ahead(desk: Desk, run: PayRun) -> Expected:
    desk.books(DAY, line(_one(run, sent_at=MIDNIGHT + timedelta(minutes=10))))
    return set()


def answered_next_day(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run, settled_at=MIDNIGHT + timedelta(hours=3))
    desk.books(NEXT, line(reference, day=NEXT))
    return set()


def in_transit(desk: Desk, run: PayRun) -> Expected:
    _one(run, sent_at=day_starts(THIRD) + timedelta(hours=12))
    return set()


def not_to_be_booked(desk: Desk, run: PayRun) -> Expected:
    orders(["planned", "refused", "dropped", "approved"], run=run)
    return set()


def sent_and_booked(desk: Desk, run: PayRun) -> Expected:
    desk.books(NEXT, line(_one(run, "sent"), day=NEXT))
    return set()


def missing(desk: Desk, run: PayRun) -> Expected:
    return {("missing", _one(run))}


def late(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run)
    desk.books(NEXT, line(reference, day=NEXT))
    return {("late", reference)}


def missing_then_late(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run)
    desk.books(THIRD, line(reference, day=THIRD))
    return {("late", reference)}


def extra(desk: Desk, run: PayRun) -> Expected:
    reference = nobody().hex
    desk.books(DAY, line(reference))
    return {("extra", reference)}


def twice(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run)
    desk.books(DAY, line(reference), line(reference))
    return {("twice", reference)}


def twice_on_two_days(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run)
    desk.books(DAY, line(reference))
    desk.books(NEXT, line(reference, day=NEXT))
    return {("twice", reference)}


def twice_and_taken_back(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run)
    desk.books(DAY, line(reference), line(reference))
    desk.books(NEXT, line(reference, kind="returned", day=NEXT))
    return set()


def other_amount(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run)
    desk.books(DAY, line(reference, AMOUNT + 1))
    return {("amount", reference)}


def unknown_other_amount(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run, "unknown")
    desk.books(DAY, line(reference, AMOUNT - 1))
    return {("amount", reference)}


def refused_paid(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run, "refused")
    desk.books(DAY, line(reference))
    return {("refused_paid", reference)}


def never_sent_paid(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run, "planned")
    desk.books(DAY, line(reference))
    return {("refused_paid", reference)}


def unknown_paid(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run, "unknown")
    desk.books(DAY, line(reference))
    return {("unknown_paid", reference)}


def unbooked(desk: Desk, run: PayRun) -> Expected:
    return {("unbooked", _one(run, "unknown"))}


def returned(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run)
    desk.books(DAY, line(reference))
    desk.books(NEXT, line(reference, kind="returned", day=NEXT))
    return {("returned", reference)}


def returned_in_part(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run)
    desk.books(DAY, line(reference), line(reference, AMOUNT - 1, "returned"))
    return {("returned", reference)}


def sent_again_and_booked(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run, "approved")
    PaymentOrder.objects.filter(reference=reference).update(sendings=1, intent_at=NOON, send_after=NOON)
    desk.books(DAY, line(reference))
    return set()


def order_without_ledger(desk: Desk, run: PayRun) -> Expected:
    reference = _one(run, "planned")
    desk.books(DAY, line(reference))
    PaymentOrder.objects.filter(reference=reference).update(state="paid", intent_at=NOON, sendings=1, settled_at=NOON)
    return {("order_without_ledger", reference)}


FATES: tuple[Fate, ...] = (
    plain, cut_off, our_clock_ahead, answered_next_day, in_transit, not_to_be_booked, sent_and_booked, missing, late,
    missing_then_late, extra, twice, twice_on_two_days, twice_and_taken_back, other_amount, unknown_other_amount,
    refused_paid, never_sent_paid, unknown_paid, unbooked, returned, returned_in_part, sent_again_and_booked,
    order_without_ledger,
)  # fmt: skip


def found() -> Expected:
    """What is queued, and what the statement itself settled; what agreed again later is over."""
    rows = Difference.objects.exclude(why="incentives.why_agrees")
    return set(rows.values_list("kind", "reference"))


def reconciled(desk: Desk, fates: list[Fate], *, daily: bool = False) -> Expected:
    """Play the fates over three days of statements, compared every morning or all at the end; what should be found."""
    run = pay_run()
    expected = set().union(*(fate(desk, run) for fate in fates))
    for day in (DAY, NEXT, THIRD):
        desk.books(day)
        if daily:
            clock.freeze(day_starts(day) + timedelta(hours=30))
            assert reconcile.reconcile_due() == 1
    clock.freeze(LAST_MORNING)
    assert reconcile.reconcile_due() == (0 if daily else 3)
    return expected


@pytest.mark.parametrize("daily", [False, True])
@pytest.mark.parametrize("fate", FATES, ids=lambda fate: fate.__name__)
def test_each_difference_is_found_in_its_class(desk: Desk, fate: Fate, daily: bool) -> None:
    assert reconciled(desk, [plain, fate], daily=daily) == found()
    assert imbalance() == 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=12), daily=st.booleans())
def test_whatever_is_seeded_is_found_and_nothing_else(desk: Desk, fates: list[Fate], daily: bool) -> None:
    atomic = transaction.atomic()
    atomic._from_testcase = True  # type: ignore[attr-defined]
    with atomic:
        desk.booked.clear()
        assert reconciled(desk, [plain, *fates], daily=daily) == found()
        before = list(Difference.objects.order_by("id").values())
        assert reconcile.reconcile_due() == 0
        assert list(Difference.objects.order_by("id").values()) == before
        transaction.set_rollback(True)
    transaction.set_rollback(False)


def waiting(*kinds: str) -> list[tuple[str, str, int]]:
    rows = Difference.objects.filter(state="open", kind__in=kinds or KINDS).order_by("kind", "reference")
    return list(rows.values_list("kind", "reference", "stake_amount"))


def test_the_same_file_is_taken_in_once_and_another_under_its_number_is_not(desk: Desk) -> None:
    reference = _one(pay_run())
    desk.books(DAY, line(reference))
    first = desk.statement(DAY)
    stands = take(first)
    assert stands.statement
    assert take(first).statement == stands.statement
    for told in (
        replace(first, closing=first.closing + AMOUNT, lines=[]),
        replace(first, number="another", lines=[line(reference), line(reference)], closing=first.closing - AMOUNT),
    ):
        refused = take(told)
        assert (refused.statement, refused.refused) == (None, "incentives.statement_altered")
        assert take(told).refused == refused.refused
    assert PayerStatement.objects.get().entries.count() == 1
    assert len(waiting("altered")) == 2
    assert Event.objects.filter(kind="incentives.statement_refused").count() == 2


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"closing": 1}, "statement_sum"), ({"lines": []}, "statement_sum"), ({"account": "99"}, "statement_account"),
        ({"lines": [line("x", 0)]}, "statement_amount"), ({"lines": [line("x", -1)]}, "statement_amount"),
        ({"lines": [line("x" * 65)]}, "statement_reference"),
    ],
)  # fmt: skip
def test_a_statement_that_cannot_be_trusted_moves_nothing(desk: Desk, change: dict[str, Any], fault: str) -> None:
    reference = _one(pay_run(), "unknown")
    desk.books(DAY)
    desk.books(NEXT, line(reference, day=NEXT))
    assert take(desk.statement(DAY)).statement
    refused = take(replace(desk.statement(NEXT), **change))
    assert (refused.statement, refused.refused) == (None, f"incentives.{fault}")
    reconcile.reconcile_due()
    assert Difference.objects.get(kind="broken").told == f"incentives.{fault}"
    assert StatementEntry.objects.count() == 1


def test_half_a_file_is_told_and_the_whole_one_taken_when_it_comes(desk: Desk) -> None:
    reference = _one(pay_run(), "unknown")
    desk.books(DAY, line(reference))
    whole = desk.fetch(day=DAY)
    assert whole
    desk.files[DAY] = whole[: len(whole) // 2]
    assert reconcile.reconcile_due() == 0
    assert reconcile.reconcile_due() == 0
    (broken,) = Difference.objects.filter(kind="broken")
    assert "middle of an entry" in broken.told
    assert PaymentOrder.objects.get().state == "unknown"
    del desk.files[DAY]
    assert reconcile.reconcile_due() == 1
    assert PaymentOrder.objects.get().state == "paid"


def test_a_missing_day_and_a_broken_chain_are_differences_until_the_day_comes(desk: Desk) -> None:
    _one(pay_run())
    desk.books(DAY)
    desk.books(THIRD)
    reconcile.reconcile_due()
    assert waiting() == [("gap", NEXT.isoformat(), 0)]
    desk.books(NEXT, line(nobody().hex, kind="in", day=NEXT))
    reconcile.reconcile_due()
    assert ("gap", NEXT.isoformat(), 0) not in waiting()
    assert [kind for kind, _, _ in waiting()] == ["chain", "missing"]
    assert PayerStatement.objects.filter(state="compared").count() == 3


def test_a_payer_that_is_silent_keeps_nobody_waiting(desk: Desk) -> None:
    _one(pay_run())
    desk.books(DAY)
    desk.silent = True
    assert reconcile.reconcile_due() == 0
    desk.silent = False
    assert reconcile.reconcile_due() == 1


def test_fees_and_money_that_came_in_are_seen(desk: Desk) -> None:
    reference = _one(pay_run())
    desk.books(DAY, line(reference), line("", 2_500, "fee"), line("", 10**9, "in"), line("", 70_000))
    desk.books(NEXT)
    reconcile.reconcile_due()
    number = desk.statement(DAY).number
    assert waiting() == [("extra", f"{number}#4", 70_000), ("fee", number, 2_500)]


def test_a_transfer_without_an_order_is_found(desk: Desk) -> None:
    _one(pay_run())
    desk.books(DAY)
    open_accounts(by=BY, at=NOON, accounts=[Opening("treasury", "treasury", "none")])
    post_transfers(by=BY, at=NOON, transfers=[Posting("treasury", "paid:bank", 5_000, "incentive", "from-nowhere")])
    reconcile.reconcile_due()
    assert waiting("ledger_without_order") == [("ledger_without_order", "paid:bank:5000", 5_000)]


def test_a_booking_that_no_class_covers_shows_in_the_balance(desk: Desk) -> None:
    reference = _one(pay_run(), "refused")
    desk.books(DAY, line(reference))
    reconcile.reconcile_due()
    Difference.objects.all().delete()
    desk.books(NEXT)
    reconcile.reconcile_due()
    assert waiting() == [("balance", str(AMOUNT), AMOUNT)]


def test_clocks_that_step_change_nothing(desk: Desk) -> None:
    run = pay_run()
    references = orders(["paid", "unknown", "sent"], run=run)
    desk.books(DAY, *(line(order.reference) for order in references))
    desk.books(NEXT)
    clock.freeze(day_starts(NEXT) + timedelta(hours=30))
    assert reconcile.reconcile_due() == 2
    standing = list(PaymentOrder.objects.order_by("id").values())
    for step in (-1, -72, 500):
        clock.freeze(day_starts(NEXT) + timedelta(hours=30 + step))
        reconcile.reconcile_due()
    assert list(PaymentOrder.objects.order_by("id").values()) == standing
    assert found() == {("unknown_paid", references[1].reference)} | {
        (kind, reference) for kind, reference, _ in waiting("gap")
    }  # fmt: skip


def test_what_a_crash_cut_off_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "SETTLED_AT_ONCE", 1)
    rows = orders(["sent"] * 3, run=pay_run())
    desk.books(DAY, *(line(order.reference) for order in rows))
    taken = take(desk.statement(DAY)).statement
    assert taken
    assert settle_from_statement(by=BY, at=NOON, statement_id=taken.id) == 1
    assert PaymentOrder.objects.filter(state="paid").count() == 1
    reconcile.reconcile_due()
    assert PaymentOrder.objects.filter(state="paid").count() == 3
    assert settle_from_statement(by=BY, at=NOON, statement_id=taken.id) == 0
    assert compare_statement(by=BY, at=NOON, statement_id=taken.id) == {}


def test_many_payments_cost_no_more_statements_each(desk: Desk) -> None:
    costs = []
    for day, many in ((DAY, 1), (NEXT, 40)):
        at = day_starts(day) + timedelta(hours=12)
        rows = orders(["sent", "unknown", "refused", "paid"] * many, run=pay_run(), sent_at=at)
        desk.books(day, *(line(order.reference, day=day) for order in rows))
        clock.freeze(day_starts(day) + timedelta(hours=30))
        with CaptureQueriesContext(connection) as asked:
            assert reconcile.reconcile_due() == 1
        costs.append(len(asked))
    assert Difference.objects.count() == 2 * 41
    assert costs[1] <= costs[0] + 3


def take(statement: Statement) -> Taken:
    return take_statement(
        by=BY, at=NOON, channel="bank", sha256=sha256(repr(statement).encode()).hexdigest(), statement=statement
    )
