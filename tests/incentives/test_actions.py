"""Accounts, pay runs and orders, on the real database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from bekal.access.actions import NotProposed, SameEyes
from bekal.citizens.queries import citizen_view
from bekal.core.events import Actor
from bekal.core.models import Event
from bekal.incentives.actions import (
    AccountMalformed,
    AccountRefused,
    AccountTaken,
    NoAccount,
    RunChanged,
    RunDecided,
    RunUnknown,
    approve_pay_run,
    close_account,
    link_account,
    plan_pay_run,
    record_answers,
    reject_pay_run,
    resume_pay_run,
    take_orders,
)
from bekal.incentives.models import PayeeAccount, PaymentOrder, PayRun
from bekal.incentives.ports import Holder, PayAnswer
from bekal.incentives.queries import (
    checklist,
    due_entitlements,
    entitlements_of,
    open_orders,
    orders_of,
    orders_of_organisation,
    paid_citizens,
    pay_runs,
    payee_of,
    payout_figures,
)
from bekal.ledger.actions import post_transfers
from bekal.ledger.queries import balance, imbalance
from bekal.ledger.rules import Posting
from bekal.market.actions import close_settlement
from bekal.market.models import Settlement
from bekal.notices.models import Notice
from bekal.scholarships.models import Award
from tests.incentives.making import CHECKER, MAKER, approved_run, entitled, linked, rated, surveyed
from tests.learning.making import BY, ENDS_AT, Bought, awarded, bought, certified, shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded", "clock_at")]
PAID = PayAnswer("paid", "2001700", "BNK1", "")
REFUSED = PayAnswer("refused", "4031718", None, "")
UNKNOWN = PayAnswer("unknown", "", None, "")
LATER = PayAnswer("later", "4291700", None, "")
STOP = PayAnswer("stop", "4031714", None, "")


def taken(at: Any = ENDS_AT, channel: str = "bank") -> list[PaymentOrder]:
    return take_orders(by=BY, at=at, channel=channel, limit=100)


def answer(rows: list[PaymentOrder], said: PayAnswer, asked: Any = "pay", at: Any = ENDS_AT) -> dict[str, int]:
    return record_answers(by=BY, at=at, asked=asked, answers=[(row.id, said) for row in rows])


def states(one: Bought) -> list[tuple[str, int, str]]:
    return [(order.kind, order.attempt, order.state) for order in orders_of(one.citizen_id)]


def left(one: Bought) -> tuple[int, int]:
    found = balance(f"award:{one.award_id}:incentive")
    return found.available, found.pending_out


def test_an_account_is_linked_to_one_person() -> None:
    sold = shop()
    one, other = bought(sold), bought(sold, 2)
    account = linked(one, account="1234 567-890")
    assert (account.account_tail, account.holder_masked) == ("7890", "B*** S****** B")
    assert b"1234567890" not in bytes(account.account_sealed)
    assert linked(one, account="1234567890").linked_at == account.linked_at
    with pytest.raises(AccountTaken):
        linked(other, account="1234567890")
    assert linked(other, channel="wallet", account="1234567890").channel == "wallet"
    assert linked(one, account="999999999").id == account.id
    assert linked(other, account="1234567890").state == "linked"
    assert Event.objects.filter(kind="incentives.account_linked", person_id=one.citizen_id).count() == 2


@pytest.mark.parametrize("typed", ["", "12345", "12a4567", "1" * 35])
def test_an_account_number_has_digits(typed: str) -> None:
    with pytest.raises(AccountMalformed):
        link_account(
            by=BY, at=ENDS_AT, citizen_id=UUID(int=1), channel="bank", account=typed,
            holder=Holder("X", True, True, None, None),
        )  # fmt: skip


def test_another_persons_account_is_refused_with_reasons() -> None:
    award = awarded()
    with pytest.raises(AccountRefused) as refused:
        link_account(
            by=BY, at=ENDS_AT, citizen_id=award.citizen_id, channel="wallet", account="0812345678",
            holder=Holder("ANI LESTARI", True, False, 100, None), expected=600_000,
        )  # fmt: skip
    assert refused.value.reasons == (
        "incentives.account_other_nik", "incentives.account_other_name", "incentives.account_no_room",
    )  # fmt: skip
    assert payee_of(award.citizen_id) is None


def test_a_closed_account_is_paid_nothing_more() -> None:
    one = entitled(shop())
    close_account(by=BY, at=ENDS_AT, citizen_id=one.citizen_id, why="atas permintaan")
    close_account(by=BY, at=ENDS_AT, citizen_id=one.citizen_id, why="atas permintaan")
    assert plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank") is None
    linked(one)
    assert plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank")
    with pytest.raises(NoAccount):
        close_account(by=BY, at=ENDS_AT, citizen_id=UUID(int=0), why="")


def test_the_checklist_ticks_as_conditions_come_true() -> None:
    one = bought(shop())

    def ticked() -> list[str]:
        done = [
            item
            for item in checklist(one.citizen_id, ENDS_AT)
            if item.done and item.code != "incentives.step_on_no_list"
        ]
        return [f"{item.code.removeprefix('incentives.step_')}{item.number or ''}" for item in done]

    assert [item.done for item in checklist(one.citizen_id, ENDS_AT)] == [*[False] * 5, True]
    certified(one)
    assert ticked() == ["certified"]
    linked(one)
    assert ticked() == ["certified", "account_linked"]
    rated(one)
    assert [due.kind for due in due_entitlements(ENDS_AT)] == ["completion"]
    surveyed(one)
    assert ticked() == ["certified", "rated", "account_linked", "survey_answered1"]
    assert [(due.kind, due.number) for due in due_entitlements(ENDS_AT)] == [("completion", 1), ("survey", 1)]
    assert [e.state for e in entitlements_of(one.citizen_id, ENDS_AT)] == ["due", "due", "waiting"]
    assert checklist(UUID(int=0), ENDS_AT) == entitlements_of(UUID(int=0), ENDS_AT) == []


def test_a_run_is_planned_by_one_and_approved_by_another() -> None:
    one = entitled(shop())
    run = plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank")
    assert run
    assert (run.orders_count, run.total_amount) == (2, 650_000)
    assert left(one) == (50_000, 650_000)
    assert plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank") is None
    assert taken() == []
    with pytest.raises(SameEyes):
        approve_pay_run(by=MAKER, at=ENDS_AT, pay_run_id=run.id, digest=run.digest)
    with pytest.raises(RunChanged):
        approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest="0" * 64)
    with pytest.raises(RunUnknown):
        approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=UUID(int=0), digest=run.digest)
    PaymentOrder.objects.filter(kind="survey").update(amount=60_000)
    with pytest.raises(RunChanged):
        approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest=run.digest)
    PaymentOrder.objects.filter(kind="survey").update(amount=50_000)
    assert approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest=run.digest).state == "approved"
    assert approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest=run.digest).state == "approved"
    assert NotProposed.code == "access.not_proposed"
    with pytest.raises(RunDecided):
        reject_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, why="salah")


def test_a_rejected_run_gives_the_money_back() -> None:
    one = entitled(shop())
    run = plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank")
    assert run
    reject_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, why="salah")
    reject_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, why="salah")
    with pytest.raises(RunDecided):
        approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest=run.digest)
    assert left(one) == (700_000, 0)
    again = approved_run(at=ENDS_AT + timedelta(hours=1))
    assert again
    assert [order.attempt for order in again.orders.all()] == [1, 1]


def test_paid_orders_close_the_run() -> None:
    one = entitled(shop())
    approved_run()
    rows = taken()
    assert taken() == []
    assert {(row.state, row.sendings, row.intent_at) for row in rows} == {("sent", 1, ENDS_AT)}
    assert answer(rows, PAID) == {"paid": 2}
    assert answer(rows, PAID) == {}
    assert left(one) == (50_000, 0)
    assert balance("paid:bank").credits == 650_000
    assert imbalance() == 0
    (run,) = pay_runs()
    assert (run.state, run.states) == ("closed", {"paid": 2})
    assert paid_citizens() == 1
    assert {(f.kind, f.state, f.orders, f.amount) for f in payout_figures()} == {
        ("completion", "paid", 1, 600_000), ("survey", "paid", 1, 50_000),
    }  # fmt: skip
    assert Notice.objects.filter(template="incentives.notice_paid").count() == 2
    assert due_entitlements(ENDS_AT) == []


def test_a_refused_order_is_followed_by_one_that_names_it() -> None:
    one = entitled(shop())
    approved_run()
    answer(taken(), REFUSED)
    payee = payee_of(one.citizen_id)
    assert payee
    assert (payee.state, payee.refused_code) == ("refused", "4031718")
    assert left(one) == (700_000, 0)
    assert Notice.objects.filter(template="incentives.notice_refused").count() == 1
    assert approved_run(at=ENDS_AT + timedelta(hours=1)) is None
    linked(one, account="888777666")
    assert approved_run(at=ENDS_AT + timedelta(hours=23)) is None
    approved_run(at=ENDS_AT + timedelta(hours=26))
    dead = {order.kind: order.reference for order in orders_of(one.citizen_id) if order.attempt == 1}
    second = [order for order in orders_of(one.citizen_id) if order.attempt == 2]
    assert {order.kind: order.replaces for order in second} == dead
    answer(taken(ENDS_AT + timedelta(hours=26)), PAID)
    assert sorted(states(one)) == [
        ("completion", 1, "refused"), ("completion", 2, "paid"), ("survey", 1, "refused"), ("survey", 2, "paid"),
    ]  # fmt: skip
    assert imbalance() == 0


def test_a_refusal_spares_an_account_linked_meanwhile() -> None:
    one = entitled(shop())
    approved_run()
    rows = taken()
    linked(one, account="888777666")
    answer(rows, REFUSED)
    payee = payee_of(one.citizen_id)
    assert payee
    assert payee.state == "linked"


def test_unknown_is_settled_by_status_only() -> None:
    one = entitled(shop())
    approved_run()
    rows = taken()
    assert answer(rows, UNKNOWN) == {"unknown": 2}
    assert open_orders() == 2
    assert left(one) == (50_000, 650_000)
    assert answer(rows, UNKNOWN, "status") == {"unknown": 2}
    assert answer(rows[:1], LATER, "status") == {"approved": 1}
    assert answer(rows[1:], PAID, "status") == {"paid": 1}
    assert taken() == []
    (again,) = taken(ENDS_AT + timedelta(minutes=5))
    assert (again.reference, again.sendings, again.intent_at) == (rows[0].reference, 2, rows[0].intent_at)
    assert answer([again], REFUSED) == {"unknown": 1}
    assert answer([again], REFUSED, "status") == {"refused": 1}


def test_an_answer_that_contradicts_is_kept_and_changes_nothing() -> None:
    entitled(shop())
    approved_run()
    rows = taken()
    answer(rows, PAID)
    assert answer(rows, REFUSED, "status") == {}
    event = Event.objects.filter(kind="incentives.answers_recorded").latest("id")
    assert {line.data["contradicts"] for line in event.lines.all()} == {"paid"}
    assert set(PaymentOrder.objects.values_list("state", flat=True)) == {"paid"}


def test_stop_halts_the_run_until_somebody_lets_it_go_on() -> None:
    entitled(shop())
    run = approved_run()
    assert run
    answer(taken()[:1], STOP)
    later = ENDS_AT + timedelta(hours=1)
    assert PayRun.objects.get().halted_code == "4031714"
    assert taken(later) == []
    assert resume_pay_run(by=MAKER, at=later, pay_run_id=run.id, why="dana masuk").state == "approved"
    assert resume_pay_run(by=MAKER, at=later, pay_run_id=run.id, why="dana masuk").state == "approved"
    assert len(taken(later)) == 1


def test_settlements_travel_by_the_same_orders() -> None:
    sold = shop()
    certified(bought(sold))
    until = ENDS_AT + timedelta(days=60)
    made = close_settlement(by=BY, at=until, organisation_id=sold.provider.id, until=until)
    assert made
    run = approved_run(at=until)
    assert run
    (row,) = taken(until)
    assert (row.kind, row.organisation_id, row.amount, row.citizen_id) == (
        "settlement",
        sold.provider.id,
        made.amount,
        None,
    )
    answer([row], REFUSED)
    approved_run(at=until + timedelta(days=1))
    (second,) = taken(until + timedelta(days=1))
    assert (second.attempt, second.replaces_id) == (2, row.id)
    answer([second], PAID)
    assert Settlement.objects.get().state == "paid"
    assert balance(f"payable:{sold.provider.id}").available == 0
    assert balance(f"settled:{sold.provider.id}").credits == made.amount
    assert [order.state for order in orders_of_organisation(sold.provider.id)] == ["refused", "paid"]
    assert approved_run(at=until + timedelta(days=2)) is None
    assert imbalance() == 0


def test_the_database_allows_one_live_order_an_entitlement() -> None:
    entitled(shop())
    approved_run()
    order = PaymentOrder.objects.get(kind="completion")
    order.pk, order.reference = UUID(int=7), "another"
    with pytest.raises(IntegrityError, match="order_one_alive_an_entitlement"), transaction.atomic():
        order.save(force_insert=True)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"state": "sent"}, "order_intent_before_call"),
        ({"state": "paid", "intent_at": ENDS_AT, "sendings": 1}, "order_settled_at_with_state"),
        ({"attempt": 2}, "order_names_the_dead"),
        ({"amount": 0}, "order_amount_positive"),
        ({"award_id": None}, "order_owes_somebody"),
    ],
)
def test_the_database_ties_columns_to_states(columns: dict[str, Any], constraint: str) -> None:
    entitled(shop())
    approved_run()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PaymentOrder.objects.filter(kind="completion").update(**columns)


def test_the_database_knows_four_eyes() -> None:
    entitled(shop())
    approved_run()
    with pytest.raises(IntegrityError, match="pay_run_four_eyes"), transaction.atomic():
        PayRun.objects.update(approved_by=MAKER.key)


def test_a_revoked_or_emptied_award_is_not_paid() -> None:
    one = entitled(shop())
    key = f"award:{one.award_id}:incentive"
    post_transfers(by=BY, at=ENDS_AT, transfers=[Posting(key, "treasury", 100_001, "return_award", "test")])
    assert [due.kind for due in due_entitlements(ENDS_AT)] == ["survey"]
    Award.objects.update(state="revoked", ended_at=ENDS_AT, first_purchase_at=None)
    assert due_entitlements(ENDS_AT) == []


def test_many_people_cost_no_more_statements_each(django_assert_max_num_queries: Any) -> None:
    sold = shop()
    for number in range(1, 6):
        entitled(sold, number)
    with django_assert_max_num_queries(40):
        run = plan_pay_run(by=MAKER, at=ENDS_AT, channel="bank")
    assert run
    assert run.orders_count == 10
    with django_assert_max_num_queries(30):
        approve_pay_run(by=CHECKER, at=ENDS_AT, pay_run_id=run.id, digest=run.digest)
    with django_assert_max_num_queries(10):
        rows = taken()
    with django_assert_max_num_queries(30):
        answer(rows, PAID)


def test_people_and_accounts_stay_out_of_the_trail() -> None:
    one = entitled(shop())
    approved_run()
    answer(taken(), PAID)
    seen = str(list(Event.objects.filter(kind__startswith="incentives.").values_list("key", "data", "why")))
    account = PayeeAccount.objects.get()
    assert citizen_view(one.citizen_id).name.upper() not in seen.upper()
    assert account.account_tail not in [part for part in seen.split("'") if part.isdigit()]
    assert Actor.citizen(one.citizen_id).kind == "citizen"
