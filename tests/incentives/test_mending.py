"""Differences are explained by one person or mended with money by two."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from bekal.access.actions import SameEyes
from bekal.core import clock
from bekal.core.models import Event
from bekal.incentives.actions import (
    DifferenceChanged,
    DifferenceResolved,
    DifferenceUnknown,
    NotMendable,
    WhyMissing,
    approve_mending,
    explain_difference,
    propose_mending,
    record_answers,
    take_orders,
    withdraw_mending,
)
from bekal.incentives.differences import day_of, day_starts
from bekal.incentives.models import Difference, PaymentOrder
from bekal.incentives.ports import PayAnswer
from bekal.incentives.queries import (
    difference_classes,
    difference_view,
    due_entitlements,
    mending_digest,
    statement_list,
    waiting_differences,
)
from bekal.incentives.tasks import reconciling as reconcile
from bekal.ledger.queries import balance, imbalance
from tests.incentives.booking import AMOUNT, DAY, NEXT, Desk, line, nobody, orders, pay_run
from tests.incentives.making import CHECKER, MAKER, approved_run, entitled, linked
from tests.learning.making import BY, ENDS_AT, shop

pytestmark = [pytest.mark.django_db]
MORNING = day_starts(NEXT) + timedelta(hours=30)


@pytest.fixture
def desk(clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = Desk()

    def opened(name: str) -> Any:
        if name != "statements:bank":
            raise reconcile.PortClosed(name)
        return found

    monkeypatch.setattr(reconcile, "open_port", opened)
    clock_at(MORNING)
    return found


def found(desk: Desk, kind: str) -> Difference:
    (agrees,) = orders(["paid"], run=pay_run())
    desk.books(DAY, line(agrees.reference))
    desk.books(NEXT)
    reconcile.reconcile_due()
    return Difference.objects.get(kind=kind)


def mended(row: Difference) -> Difference:
    proposed = propose_mending(by=MAKER, at=MORNING, difference_id=row.id, why="rekening koran 7 Agustus")
    return approve_mending(by=CHECKER, at=MORNING, difference_id=row.id, digest=mending_digest(proposed))


def test_one_explains(desk: Desk) -> None:
    reference = nobody().hex
    desk.books(DAY, line(reference))
    row = found(desk, "extra")
    with pytest.raises(WhyMissing):
        explain_difference(by=MAKER, at=MORNING, difference_id=row.id, why=" ")
    explain_difference(by=MAKER, at=MORNING, difference_id=row.id, why="uji coba bank, dikembalikan di luar sistem")
    with pytest.raises(DifferenceResolved):
        explain_difference(by=MAKER, at=MORNING, difference_id=row.id, why="lagi")
    with pytest.raises(DifferenceResolved):
        propose_mending(by=MAKER, at=MORNING, difference_id=row.id, why="lagi")
    with pytest.raises(DifferenceUnknown):
        explain_difference(by=MAKER, at=MORNING, difference_id=UUID(int=1), why="lagi")
    seen = difference_view(row.id)
    assert seen
    assert (seen.state, seen.resolved_by, seen.payer_amount) == ("explained", MAKER.key, AMOUNT)
    assert Event.objects.filter(kind="incentives.difference_explained").count() == 1


def test_two_mend_and_one_cannot(desk: Desk) -> None:
    desk.books(DAY, line(nobody().hex))
    row = found(desk, "extra")
    proposed = propose_mending(by=MAKER, at=MORNING, difference_id=row.id, why="ditagih ke bank")
    assert propose_mending(by=CHECKER, at=MORNING, difference_id=row.id, why="ikut").proposed_by == MAKER.key
    digest = mending_digest(proposed)
    with pytest.raises(SameEyes):
        approve_mending(by=MAKER, at=MORNING, difference_id=row.id, digest=digest)
    with pytest.raises(DifferenceChanged):
        approve_mending(by=CHECKER, at=MORNING, difference_id=row.id, digest="0" * 64)
    assert balance("claims:bank").debits == 0
    assert approve_mending(by=CHECKER, at=MORNING, difference_id=row.id, digest=digest).state == "mended"
    assert approve_mending(by=CHECKER, at=MORNING, difference_id=row.id, digest=digest).state == "mended"
    assert balance("claims:bank").debits == AMOUNT
    assert balance("paid:bank").credits == 2 * AMOUNT
    assert imbalance() == 0


def test_a_proposal_taken_back_is_proposed_anew_by_another(desk: Desk) -> None:
    desk.books(DAY, line(nobody().hex))
    row = found(desk, "extra")
    assert withdraw_mending(by=MAKER, at=MORNING, difference_id=row.id, why="x").state == "open"
    with pytest.raises(DifferenceResolved):
        approve_mending(by=CHECKER, at=MORNING, difference_id=row.id, digest=mending_digest(row))
    propose_mending(by=MAKER, at=MORNING, difference_id=row.id, why="ditagih")
    withdraw_mending(by=CHECKER, at=MORNING, difference_id=row.id, why="bukan bank ini")
    proposed = propose_mending(by=CHECKER, at=MORNING, difference_id=row.id, why="ditagih")
    with pytest.raises(SameEyes):
        approve_mending(by=CHECKER, at=MORNING, difference_id=row.id, digest=mending_digest(proposed))
    approve_mending(by=MAKER, at=MORNING, difference_id=row.id, digest=mending_digest(proposed))
    with pytest.raises(DifferenceResolved):
        withdraw_mending(by=MAKER, at=MORNING, difference_id=row.id, why="x")


@pytest.mark.parametrize(("booked", "owed"), [(AMOUNT + 5, 5), (AMOUNT - 7, -7)])
@pytest.mark.parametrize("state", ["paid", "unknown"])
def test_another_amount_is_owed_one_way_or_the_other(desk: Desk, booked: int, owed: int, state: str) -> None:
    (order,) = orders([state], run=pay_run())
    desk.books(DAY, line(order.reference, booked))
    mended(found(desk, "amount"))
    claims, paid = balance("claims:bank"), balance("paid:bank")
    assert claims.debits - claims.credits == owed
    assert paid.credits - paid.debits == AMOUNT + booked
    assert PaymentOrder.objects.get(pk=order.pk).state == "paid"


def test_paid_twice_is_claimed_once(desk: Desk) -> None:
    (order,) = orders(["paid"], run=pay_run())
    desk.books(DAY, line(order.reference), line(order.reference))
    mended(found(desk, "twice"))
    assert balance("claims:bank").debits == AMOUNT
    assert balance("paid:bank").credits == 3 * AMOUNT


def test_what_was_never_booked_goes_back(desk: Desk) -> None:
    (order,) = orders(["unknown"], run=pay_run())
    row = found(desk, "unbooked")
    assert row.stake_amount == AMOUNT
    mended(row)
    assert PaymentOrder.objects.get(pk=order.pk).state == "refused"
    assert balance(f"award:{order.award_id}:incentive").available == AMOUNT


def test_what_the_payer_never_booked_comes_back_and_is_due_again(desk: Desk) -> None:
    (order,) = orders(["paid"], run=pay_run())
    mended(found(desk, "missing"))
    assert PaymentOrder.objects.get(pk=order.pk).state == "returned"
    assert balance(f"award:{order.award_id}:incentive").available == AMOUNT
    assert imbalance() == 0


def test_what_the_payer_gave_back_is_settled_by_its_statement(desk: Desk) -> None:
    (order,) = orders(["unknown"], run=pay_run())
    desk.books(DAY, line(order.reference), line(order.reference, kind="returned"))
    row = found(desk, "returned")
    assert (row.state, row.why) == ("explained", "incentives.why_statement")
    assert PaymentOrder.objects.get(pk=order.pk).state == "returned"
    assert balance(f"award:{order.award_id}:incentive").available == AMOUNT


def test_what_moved_on_meanwhile_is_not_mended(desk: Desk) -> None:
    (order,) = orders(["unknown"], run=pay_run())
    row = found(desk, "unbooked")
    proposed = propose_mending(by=MAKER, at=MORNING, difference_id=row.id, why="tidak ada di rekening koran")
    answer = PayAnswer("paid", "2003600", None, "")
    record_answers(by=BY, at=MORNING, asked="status", answers=[(order.id, answer)])
    with pytest.raises(DifferenceChanged):
        approve_mending(by=CHECKER, at=MORNING, difference_id=row.id, digest=mending_digest(proposed))
    assert balance("paid:bank").credits == 2 * AMOUNT


def test_fees_are_booked(desk: Desk) -> None:
    orders(["planned", "sent"], run=pay_run())
    desk.books(DAY, line("", 6_500, "fee"))
    mended(found(desk, "fee"))
    assert balance("fees:bank").credits == 6_500
    assert imbalance() == 0


@pytest.mark.usefixtures("seeded")
def test_refused_but_paid_is_not_paid_again_and_counts(desk: Desk) -> None:
    one = entitled(shop())
    approved_run()
    rows = take_orders(by=BY, at=ENDS_AT, channel="bank", limit=9)
    record_answers(
        by=BY, at=ENDS_AT, asked="pay",
        answers=[(row.id, PayAnswer("refused", "4031718", None, "")) for row in rows],
    )  # fmt: skip
    linked(one, account="777666555", at=ENDS_AT)
    later = ENDS_AT + timedelta(days=3)
    assert len(due_entitlements(later)) == 2
    survey = next(row for row in rows if row.kind == "survey")
    desk.books(day_of(ENDS_AT), line(survey.reference, survey.amount, day=day_of(ENDS_AT)))
    clock.freeze(later)
    reconcile.reconcile_due()
    row = Difference.objects.get(kind="refused_paid")
    assert [due.kind for due in due_entitlements(later)] == ["completion"]
    with transaction.atomic():
        Difference.objects.update(state="explained", why="uji", resolved_by="maker", resolved_at=later)
        assert [due.kind for due in due_entitlements(later)] == ["completion"]
        transaction.set_rollback(True)
    mended(row)
    assert [due.kind for due in due_entitlements(later)] == ["completion"]
    assert balance("paid:bank").credits == survey.amount
    assert balance(f"award:{one.award_id}:incentive").available == 650_000


def test_what_was_paid_again_is_claimed(desk: Desk) -> None:
    run = pay_run()
    (dead,) = orders(["refused"], run=run)
    (again,) = orders(["paid"], run=run)
    PaymentOrder.objects.filter(pk=again.pk).update(award_id=dead.award_id, attempt=2, replaces=dead)
    desk.books(DAY, line(dead.reference), line(again.reference))
    mended(found(desk, "refused_paid"))
    assert balance("claims:bank").debits == AMOUNT


def test_some_classes_are_explained_only(desk: Desk) -> None:
    (order,) = orders(["paid"], run=pay_run())
    desk.books(NEXT, line(order.reference, day=NEXT))
    with pytest.raises(NotMendable):
        propose_mending(by=MAKER, at=MORNING, difference_id=found(desk, "late").id, why="terlambat")


def test_the_database_knows_four_eyes(desk: Desk) -> None:
    desk.books(DAY, line(nobody().hex))
    row = mended(found(desk, "extra"))
    for columns in ({"resolved_by": MAKER.key}, {"why": ""}, {"resolved_at": None}, {"proposed_by": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Difference.objects.filter(pk=row.pk).update(**columns)


def test_classes_are_counted(desk: Desk) -> None:
    run = pay_run()
    orders(["paid"] * 3, run=run)
    desk.books(DAY, *(line(nobody().hex) for _ in range(2)))
    desk.books(NEXT)
    reconcile.reconcile_due()
    explain_difference(
        by=MAKER, at=MORNING, difference_id=Difference.objects.filter(kind="extra")[0].id, why="sudah kembali"
    )
    figures = {one.kind: one for one in difference_classes(MORNING.date() + timedelta(days=2))}
    assert (figures["missing"].waiting, figures["missing"].stake, figures["missing"].overdue) == (3, 3 * AMOUNT, 3)
    assert (figures["extra"].waiting, figures["extra"].resolved, figures["extra"].owner) == (1, 1, "finance_maker")
    assert len(waiting_differences("missing", limit=2)) == 2
    listed = [(row.day, row.state, row.entries) for row in statement_list()]
    assert listed == [(NEXT, "compared", 0), (DAY, "compared", 2)]
