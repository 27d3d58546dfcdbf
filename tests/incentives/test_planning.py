"""A run is planned piece by piece: bounded, in a fixed number of statements a piece, and on from where it stopped."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bekal.core import clock
from bekal.incentives import tasks
from bekal.incentives.actions import RunChanged, approve_pay_run, plan_pay_run, reject_pay_run
from bekal.incentives.models import PayeeAccount, PaymentOrder, PayRun
from bekal.incentives.queries import due, due_entitlements, pay_runs
from bekal.ledger.queries import balance, imbalance
from tests.incentives.making import CHECKER, MAKER, entitled
from tests.learning.making import ENDS_AT, shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded", "clock_at")]


@pytest.fixture
def pieces_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "CHUNK", 1)


def piece(by: Any = MAKER) -> PayRun | None:
    return plan_pay_run(by=by, at=ENDS_AT, channel="bank")


@pytest.mark.usefixtures("pieces_of_one")
def test_a_run_grows_until_nobody_is_left() -> None:
    sold = shop()
    for number in (1, 2, 3):
        entitled(sold, number)
    run = piece()
    assert run
    assert (run.state, run.orders_count, run.digest) == ("drafting", 2, "")
    assert pay_runs()[0].states == {"planned": 2}
    with pytest.raises(RunChanged):
        approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest="")
    with pytest.raises(RunChanged):
        reject_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, why="")
    while run.state == "drafting":
        last, run = run, piece(CHECKER)
        assert run
        assert run.id == last.id
    assert (run.state, run.orders_count, run.total_amount, run.planned_by) == ("planned", 6, 1_950_000, MAKER.key)
    assert balance("paid:bank").pending_in == 1_950_000
    with pytest.raises(RunChanged):
        approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest="")
    assert approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest=run.digest).state == "approved"
    assert piece() is None
    assert due_entitlements(ENDS_AT) == []
    assert imbalance() == 0


@pytest.mark.usefixtures("pieces_of_one")
def test_who_is_not_due_is_passed_over() -> None:
    sold = shop()
    people = sorted((entitled(sold, number) for number in (1, 2, 3)), key=lambda one: one.award_id)
    late = PayeeAccount.objects.order_by("id")[:2]
    PayeeAccount.objects.filter(pk__in=[row.pk for row in late]).update(pays_from=ENDS_AT + timedelta(days=1))
    assert len(due_entitlements(ENDS_AT)) == 2
    run = piece()
    while run and run.state == "drafting":
        run = piece()
    assert run
    assert run.orders_count == 2
    assert len(people) == 3


@pytest.mark.usefixtures("pieces_of_one")
def test_a_page_begins_and_the_worker_goes_on() -> None:
    sold = shop()
    for number in (1, 2):
        entitled(sold, number)
    entitled(sold, 3, channel="wallet")
    clock.freeze(ENDS_AT)
    assert [run.state for run in tasks.begin_due(MAKER)] == ["drafting", "drafting"]
    assert {run.state for run in tasks.draft_due()} == {"planned"}
    assert {run.planned_by for run in PayRun.objects.all()} == {MAKER.key}
    assert tasks.draft_due() == []


@pytest.mark.usefixtures("pieces_of_one")
def test_the_database_knows_what_a_draft_is() -> None:
    entitled(shop())
    piece()
    for columns in ({"digest": "0" * 64}, {"approved_by": "somebody"}, {"decided_at": ENDS_AT}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PayRun.objects.update(**columns)
    with pytest.raises(IntegrityError, match="pay_run_one_draft_a_channel"), transaction.atomic():
        PayRun.objects.create(
            id="00000000-0000-7000-8000-000000000001", channel="bank", state="drafting", orders_count=1,
            total_amount=1, planned_by="x", planned_at=ENDS_AT,
        )  # fmt: skip


def test_a_piece_costs_the_same_statements_for_one_and_for_many() -> None:
    sold = shop()
    entitled(sold, 1)
    with CaptureQueriesContext(connection) as alone:
        piece()
    for number in range(2, 6):
        entitled(sold, number)
    with CaptureQueriesContext(connection) as together:
        piece()
    assert PaymentOrder.objects.count() == 10
    assert len(together) <= len(alone)
