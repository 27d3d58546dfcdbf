"""Statements of institutions and platforms: what a page and its file say is what the ledger will pay."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client

from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.money import format_rupiah
from bekal.incentives.actions import approve_pay_run, plan_pay_run, record_answers, take_orders
from bekal.incentives.models import PaymentOrder
from bekal.incentives.ports import PayAnswer
from bekal.ledger.actions import seal_journal
from bekal.ledger.queries import balance
from bekal.market import rules
from bekal.market.models import Purchase, Settlement
from bekal.market.tasks import settle_due
from bekal.partners.models import Organisation
from tests.doors.making import BY, World, as_citizen, as_provider, signed_in
from tests.doors.test_pages import check_page
from tests.partners.making import organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(small_world: World) -> World:
    """A statement for the institution and one for the platform over the purchase of the graduate."""
    clock.freeze(rules.closing_after(Purchase.objects.earliest("settles_at").settles_at) + timedelta(hours=1))
    assert len(settle_due()) == 2
    return small_world


def paid(world: World) -> PaymentOrder:
    run = plan_pay_run(by=Actor.staff("maker"), at=clock.now(), channel="bank")
    assert run
    approve_pay_run(by=Actor.staff("checker"), at=clock.now(), pay_run_id=run.id, digest=run.digest)
    taken = take_orders(by=BY, at=clock.now(), channel="bank", limit=10)
    answer = PayAnswer("paid", "2001700", "BANK-77", "")
    record_answers(by=BY, at=clock.now(), asked="pay", answers=[(order.id, answer) for order in taken])
    return PaymentOrder.objects.get(kind="settlement", organisation_id=world.provider.id)


def rows(client: Client, number: int = 1) -> list[dict[str, str]]:
    answer = client.get(f"/lembaga/pembayaran/{number}.csv")
    assert answer.headers["Content-Disposition"].endswith('.csv"')
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]


def test_a_statement_says_what_is_owed_line_by_line(closed: World) -> None:
    client = as_provider(closed.provider)
    for address in ("/lembaga", "/lembaga/pembayaran", "/lembaga/pembayaran/1"):
        check_page(client, address)
    found = Settlement.objects.get(organisation_id=closed.provider.id)
    (line,) = rows(client)
    assert int(line["amount"]) == int(line["price"]) - int(line["commission"]) == found.amount
    assert (line["state"], line["bank_reference"], line["paid_at"]) == ("closed", "", "")
    page = client.get("/lembaga/pembayaran/1").content.decode()
    assert format_rupiah(found.amount) in page
    assert "/terbuka/uang/journal.json" not in page, "nothing was paid, so there is nothing to prove"
    owed = balance(f"payable:{closed.provider.id}").available
    waiting = client.get("/lembaga/pembayaran").content.decode()
    assert format_rupiah(owed - found.amount) in waiting


def test_a_paid_statement_names_the_bank_and_leads_to_its_proof(closed: World) -> None:
    order = paid(closed)
    seal_journal(by=BY, at=clock.now())
    client = as_provider(closed.provider)
    page = client.get("/lembaga/pembayaran/1").content.decode()
    assert "BANK-77" in page
    assert f"/terbuka/uang/journal.json?ref={order.reference}&amp;ref={order.reference}%23post" in page
    proofs = client.get(f"/terbuka/uang/journal.json?ref={order.reference}&ref={order.reference}%23post").json()[
        "proofs"
    ]
    assert sorted(proof["leaf"]["phase"] for proof in proofs) == ["pending", "post"]
    assert {proof["leaf"]["amount"] for proof in proofs} == {order.amount}
    (line,) = rows(client)
    assert (line["state"], line["bank_reference"], line["reference"]) == ("paid", "BANK-77", order.reference)


def test_nobody_sees_another_ones_statement(closed: World) -> None:
    other = organisation("provider", "LP-2")
    assert as_provider(other).get("/lembaga/pembayaran/1").status_code == 404
    assert as_provider(other).get("/lembaga/pembayaran/1.csv").status_code == 404
    assert as_citizen(closed.graduate).get("/lembaga/pembayaran").status_code == 403


def test_a_platform_comes_to_its_statements(closed: World) -> None:
    client = signed_in(Actor.partner("DP-1"), "platform")
    assert client.get("/lembaga").headers["Location"] == "/lembaga/pembayaran"
    (line,) = rows(client)
    assert (line["part"], line["amount"]) == ("commission", line["commission"])
    assert Organisation.objects.get(code="DP-1").name in client.get("/lembaga/pembayaran").content.decode()
    assert client.post("/lembaga/selesai", {"code": "x"}).status_code == 403


@pytest.mark.parametrize("page", ["0", "-1", "x", "999999", "٣"])
def test_a_page_that_is_none_is_the_first_or_empty(closed: World, page: str) -> None:
    assert as_provider(closed.provider).get("/lembaga/pembayaran/1", {"page": page}).status_code == 200
