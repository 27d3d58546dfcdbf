"""The operators' queue of decisions that a late list contests."""

from datetime import date

import pytest

from bekal.core import clock
from bekal.core.events import Actor
from bekal.eligibility.actions import import_list
from bekal.eligibility.models import Review, Verdict
from bekal.rulebooks.models import RuleBook
from tests.citizens.making import nik
from tests.doors.making import World, as_staff
from tests.eligibility.making import eligible_citizen

pytestmark = pytest.mark.django_db
PAGE = "/operator/tinjauan"


@pytest.fixture
def contested(small_world: World) -> Review:
    person = eligible_citizen(RuleBook.objects.filter(state="used")[0].id, 8001)
    import_list(
        by=Actor.staff(small_world.maker), at=clock.now(), kind="police", as_of=date(2023, 8, 1), source="Polri",
        sha256="x", whole=False, niks=[nik(8001)],
    )  # fmt: skip
    return Review.objects.get(citizen_id=person.id)


def test_one_proposes_and_another_agrees(small_world: World, contested: Review) -> None:
    maker, checker = (as_staff(key, "list_reviewer") for key in (small_world.maker, small_world.checker))
    page = maker.get(PAGE).content.decode()
    assert nik(8001) not in page
    for words in ("daftar anggota Polri", "Polri, ", f"{nik(8001)[:4]}•"):
        assert words in page
    empty = maker.post(PAGE, {"case": contested.id, "decision": "confirm", "why": " "})
    assert "Tulis alasan keputusan." in empty.content.decode()
    told = {"case": contested.id, "decision": "confirm", "why": "Anggota aktif"}
    assert maker.post(PAGE, told).status_code == 302
    assert "Tidak ada yang menunggu" in maker.get(PAGE).content.decode()
    assert "Anggota aktif" in checker.get(PAGE).content.decode()
    checker.post(PAGE, told)
    assert Verdict.objects.get(citizen_id=contested.citizen_id).outcome == "refused"
    gone = checker.post(PAGE, told, follow=True).content.decode()
    assert "sudah diputus orang lain" in gone


def test_a_wrong_list_is_dismissed(small_world: World, contested: Review) -> None:
    reviewer = as_staff(small_world.maker, "list_reviewer")
    assert PAGE in reviewer.get("/operator").content.decode()
    reviewer.post(PAGE, {"case": contested.id, "decision": "dismiss", "why": "Orang lain"})
    assert Verdict.objects.get(citizen_id=contested.citizen_id).outcome == "eligible"


def test_what_cannot_be_a_case_is_said(small_world: World, contested: Review) -> None:
    reviewer = as_staff(small_world.maker, "list_reviewer")
    for told in ({}, {"case": "x", "decision": "confirm"}, {"case": contested.id, "decision": "burn", "why": "x"}):
        assert "sudah diputus" in reviewer.post(PAGE, told, follow=True).content.decode()
    assert as_staff(small_world.maker, "operator").get(PAGE).status_code == 403
