"""Staff hold, release and drop payments, and two of them say what a payer's papers say."""

import pytest

from bekal.core import clock
from bekal.core.events import Actor
from bekal.incentives.actions import approve_pay_run, record_answers, take_orders
from bekal.incentives.models import PaymentOrder, PayRun
from bekal.incentives.ports import PayAnswer
from tests.doors.making import World, as_staff

PAGE = "/operator/pencairan/menunggu"
BY = Actor.system("test")


@pytest.mark.django_db
def test_held_by_one_and_released_or_dropped_by_another(small_world: World) -> None:
    one, *_ = PaymentOrder.objects.order_by("id")
    holder = as_staff(small_world.maker, "finance_maker", "finance_checker")
    holder.post("/operator/pencairan/tahan", {"reference": "none", "why": "ganda"})
    holder.post("/operator/pencairan/tahan", {"reference": one.reference, "why": ""})
    assert not PaymentOrder.objects.filter(state="held").exists()
    holder.post("/operator/pencairan/tahan", {"reference": f" {one.reference} ", "why": "alamat ganda"})
    page = holder.get(PAGE).content.decode()
    assert "alamat ganda" in page
    assert f"{PAGE}/{one.reference}" not in page, "whoever held it is not offered to let it go"
    holder.post(f"{PAGE}/{one.reference}", {"release": "1", "why": "benar"})
    assert PaymentOrder.objects.get(pk=one.pk).state == "held"
    other = as_staff(small_world.checker, "finance_checker")
    assert f"{PAGE}/{one.reference}" in other.get(PAGE).content.decode()
    other.post(f"{PAGE}/{one.reference}", {"release": "1", "why": "benar"})
    assert PaymentOrder.objects.get(pk=one.pk).state == "planned"
    holder.post("/operator/pencairan/tahan", {"reference": one.reference, "why": "lagi"})
    other.post(f"{PAGE}/{one.reference}", {"drop": "1", "why": "ganda"})
    assert PaymentOrder.objects.get(pk=one.pk).state == "dropped"
    assert as_staff(small_world.maker, "auditor").post(f"{PAGE}/{one.reference}", {"drop": "1"}).status_code == 403
    assert as_staff(small_world.maker, "auditor").get(PAGE).status_code == 200


@pytest.mark.django_db
def test_two_people_settle_an_unknown_payment(small_world: World) -> None:
    run, at = PayRun.objects.get(), clock.now()
    approve_pay_run(by=Actor.staff(small_world.checker), at=at, pay_run_id=run.id, digest=run.digest)
    rows = [row for name in ("bank", "wallet") for row in take_orders(by=BY, at=at, channel=name, limit=9)]
    record_answers(by=BY, at=at, asked="pay", answers=[(row.id, PayAnswer("unknown", "", None, "")) for row in rows])
    address = f"{PAGE}/{rows[0].reference}"
    page = as_staff(small_world.maker, "finance_checker").get(PAGE, headers={"accept-language": "id"}).content.decode()
    assert "gagal" not in page.lower()
    assert address in page
    as_staff(small_world.maker, "finance_checker").post(address, {"paid": "1", "why": "rekening koran 9/8"})
    assert PaymentOrder.objects.get(pk=rows[0].pk).state == "unknown"
    as_staff(small_world.checker, "finance_checker").post(address, {"refused": "1", "why": "rekening koran 9/8"})
    assert PaymentOrder.objects.get(pk=rows[0].pk).state == "unknown"
    as_staff(small_world.checker, "finance_checker").post(address, {"paid": "1", "why": "rekening koran 9/8"})
    assert PaymentOrder.objects.get(pk=rows[0].pk).state == "paid"
