"""The page of reconciliation: classes with counts and rupiah, three sides of one difference, two people who decide."""

from datetime import timedelta
from typing import Any

import pytest

from bekal.core import clock
from bekal.incentives.differences import day_starts
from bekal.incentives.models import Difference
from bekal.incentives.tasks import reconciling
from bekal.ledger.queries import imbalance
from tests.doors.making import World, as_staff
from tests.incentives.booking import AMOUNT, DAY, NEXT, Desk, line, nobody, orders, pay_run

pytestmark = pytest.mark.django_db
PAGE = "/operator/rekonsiliasi"


@pytest.fixture
def differences(small_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """One class of each kind of mending, and one that is explained only."""
    desk = Desk()

    def opened(name: str) -> Any:
        if name != "statements:bank":
            raise reconciling.PortClosed(name)
        return desk

    monkeypatch.setattr(reconciling, "open_port", opened)
    paid, unknown, refused, late, gone = orders(["paid", "unknown", "refused", "paid", "paid"], run=pay_run())
    desk.books(DAY, line(paid.reference), line(paid.reference), line(refused.reference), line(nobody().hex, 75_000))
    desk.books(DAY, line("", 6_500, "fee"))
    desk.books(NEXT, line(late.reference, day=NEXT))
    assert unknown
    assert gone
    clock.freeze(day_starts(NEXT) + timedelta(hours=30))
    reconciling.reconcile_due()
    return small_world


def test_classes_are_listed_with_counts_and_rupiah(differences: World) -> None:
    page = as_staff(differences.maker, "finance_maker").get(PAGE).content.decode()
    for words in ("Mitra membayar yang tidak kami kenal", "Dibayar lebih dari sekali", "Biaya dari mitra", "Rp75.000"):
        assert words in page
    extra = as_staff(differences.maker, "finance_maker").get(PAGE, {"jenis": "extra"}).content.decode()
    assert Difference.objects.get(kind="extra").reference in extra
    assert "20230807/1" in extra
    assert as_staff(differences.maker, "operator").get("/operator").content.decode().count(PAGE) == 1
    assert as_staff(differences.maker, "list_reviewer").get(PAGE).status_code == 403


def test_an_empty_page_says_so(small_world: World) -> None:
    page = as_staff(small_world.checker, "auditor").get(PAGE, {"jenis": "nonsense"}).content.decode()
    assert "Ketiga catatan cocok" in page
    assert "Belum ada rekening koran" in page


def test_one_proposes_another_carries_out(differences: World) -> None:
    maker, checker = as_staff(differences.maker, "finance_maker"), as_staff(differences.checker, "finance_checker")
    row = Difference.objects.get(kind="twice")
    address = f"{PAGE}/{row.id}"
    page = maker.get(address).content.decode()
    for words in ("Perintah bayar kami", "Buku besar", "Rekening koran mitra", "Rp1.200.000", "Usulkan"):
        assert words in page
    empty = maker.post(f"{address}/putuskan", {"propose": "1", "why": " "}, follow=True).content.decode()
    assert "Tulis alasan" in empty
    maker.post(f"{address}/putuskan", {"propose": "1", "why": "ditagih, surat 12/2023"})
    row.refresh_from_db()
    assert row.state == "proposed"
    assert "Rina Wulandari" in checker.get(address).content.decode()
    assert f"{address}/setujui" not in maker.get(address).content.decode()
    shown = checker.get(address).content.decode()
    digest = shown.split('name="digest" value="')[1].split('"')[0]
    assert maker.post(f"{address}/setujui", {"digest": digest}).status_code == 403
    wrong = checker.post(f"{address}/setujui", {"digest": "0"}, follow=True).content.decode()
    assert "sudah berubah" in wrong
    checker.post(f"{address}/setujui", {"digest": digest})
    row.refresh_from_db()
    assert (row.state, row.stake_amount) == ("mended", AMOUNT)
    assert imbalance() == 0
    assert "Yosef Tabuni" in maker.get(address).content.decode()


def test_what_only_needs_words_is_explained(differences: World) -> None:
    maker = as_staff(differences.maker, "finance_maker")
    row = Difference.objects.get(kind="late")
    address = f"{PAGE}/{row.id}"
    assert "Usulkan" not in maker.get(address).content.decode()
    maker.post(f"{address}/putuskan", {})
    maker.post(f"{address}/putuskan", {"explain": "1", "why": "bank libur"})
    row.refresh_from_db()
    assert (row.state, row.why) == ("explained", "bank libur")
    assert "putuskan" not in maker.get(address).content.decode()
    assert maker.get(f"{PAGE}/0189d760-e980-7732-a016-832fe11e624b").status_code == 404


def test_a_proposal_is_withdrawn(differences: World) -> None:
    maker = as_staff(differences.maker, "finance_maker")
    row = Difference.objects.get(kind="fee")
    maker.post(f"{PAGE}/{row.id}/putuskan", {"propose": "1", "why": "perjanjian 4"})
    maker.post(f"{PAGE}/{row.id}/putuskan", {"withdraw": "1", "why": "salah"})
    row.refresh_from_db()
    assert row.state == "open"


def test_nothing_on_the_page_calls_an_unknown_payment_failed(differences: World) -> None:
    row = Difference.objects.get(kind="unbooked")
    page = as_staff(differences.maker, "finance_maker").get(f"{PAGE}/{row.id}").content.decode()
    assert "Sedang dipastikan" in page
    assert "gagal" not in page.lower()
