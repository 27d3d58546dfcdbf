"""Money of a payment that was not made, when its award has ended meanwhile: on to the fund, never stuck."""

from collections.abc import Callable
from datetime import datetime

import pytest

from bekal.incentives.actions import record_answers, reject_pay_run, return_order, take_orders
from bekal.incentives.actions.runs import plan_pay_run
from bekal.incentives.models import PaymentOrder
from bekal.incentives.ports import PayAnswer
from bekal.ledger.actions import open_accounts
from bekal.ledger.queries import balance, imbalance, sums_by_code
from bekal.ledger.rules import Opening
from bekal.scholarships.actions import close_awards
from bekal.scholarships.models import Award
from bekal.scholarships.queries import programme_account, sums_of_award, wave_account
from tests.incentives.making import MAKER, approved_run, entitled
from tests.learning.making import BY, ENDS_AT, shop

pytestmark = pytest.mark.django_db
WAYS = ("refused", "returned", "rejected")


@pytest.mark.parametrize("way", WAYS)
def test_what_comes_back_after_the_year_end_goes_to_the_treasury(
    way: str, seeded: None, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(ENDS_AT)
    award = Award.objects.get(id=entitled(shop()).award_id)
    open_accounts(by=BY, at=ENDS_AT, accounts=[
        Opening(wave_account(award.wave_id), "wave"), Opening(programme_account(award.programme_code), "programme"),
    ])  # fmt: skip
    run = plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank") if way == "rejected" else approved_run()
    assert run
    if way != "rejected":
        taken = take_orders(by=BY, at=ENDS_AT, channel="bank", limit=9)
        if way == "returned":
            told(taken, "paid")
    close_awards(by=BY, at=ENDS_AT, wave_id=award.wave_id)
    before = sums_of_award(award.id)
    waits = sum(order.amount for order in PaymentOrder.objects.filter(award_id=award.id))
    assert before.left == (0 if way == "returned" else waits), "close_awards leaves what is on its way"
    if way == "rejected":
        reject_pay_run(by=BY, at=ENDS_AT, pay_run_id=run.id, why="tahun berakhir")
    elif way == "refused":
        told(taken, "refused")
    else:
        for order in taken:
            return_order(by=BY, at=ENDS_AT, reference=order.reference, partner_reference="RET", amount=order.amount)
    after = sums_of_award(award.id)
    assert (after.left, after.difference, after.returned) == (0, 0, before.returned + waits)
    assert sums_by_code()["return_treasury"] == waits
    assert imbalance() == 0
    assert balance(programme_account(award.programme_code)).available == 0


def told(orders: list[PaymentOrder], outcome: str) -> None:
    answer = PayAnswer(outcome, "", None, "")  # type: ignore[arg-type]
    record_answers(by=BY, at=ENDS_AT, asked="pay", answers=[(order.id, answer) for order in orders])
