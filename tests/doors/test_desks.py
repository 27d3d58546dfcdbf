"""The desks of institutions and operators: real actions, four eyes."""

from datetime import timedelta

import pytest

from bekal.citizens.ports import FaceAnswer
from bekal.core import clock
from bekal.incentives.models import PayRun
from bekal.learning.models import Attendance, Enrolment
from tests.doors.conftest import Outside
from tests.doors.making import PRESENT_DAY, World, as_citizen, as_provider, as_staff
from tests.doors.test_citizen import photo


@pytest.mark.django_db
def test_the_planner_cannot_approve(small_world: World) -> None:
    run = PayRun.objects.get()
    maker = as_staff(small_world.maker, "finance_maker", "finance_checker")
    page = maker.get("/operator").content.decode()
    assert f"/operator/pencairan/{run.id}" not in page
    maker.post(f"/operator/pencairan/{run.id}", {"digest": run.digest, "approve": "1"})
    assert PayRun.objects.get().state == "planned"


@pytest.mark.django_db
def test_a_second_person_approves_exactly_what_was_shown(small_world: World) -> None:
    run = PayRun.objects.get()
    checker = as_staff(small_world.checker, "finance_checker")
    assert run.digest in checker.get("/operator").content.decode()
    checker.post(f"/operator/pencairan/{run.id}", {"digest": "0" * 64, "approve": "1"})
    assert PayRun.objects.get().state == "planned"
    checker.post(f"/operator/pencairan/{run.id}", {"digest": run.digest, "approve": "1"})
    assert PayRun.objects.get().state == "approved"


@pytest.mark.django_db
def test_rejecting_frees_the_orders(small_world: World) -> None:
    run = PayRun.objects.get()
    as_staff(small_world.checker, "finance_checker").post(
        f"/operator/pencairan/{run.id}", {"reject": "1", "why": "tanggal salah"}
    )
    assert PayRun.objects.get(pk=run.id).state == "rejected"
    clock.freeze(PRESENT_DAY + timedelta(hours=1))
    as_staff(small_world.maker, "finance_maker").post("/operator/pencairan")
    assert PayRun.objects.filter(state="planned").count() == 1


@pytest.mark.django_db
def test_a_wave_makes_only_the_move_its_state_allows(small_world: World) -> None:
    client = as_staff(small_world.maker, "operator")
    assert client.post("/operator/gelombang/59", {"move": "open"}).status_code == 302
    assert client.get("/operator").status_code == 200


@pytest.mark.django_db
def test_the_institution_vouches_and_reports(small_world: World, outside: Outside) -> None:
    outside.face = FaceAnswer(live=False, score=0)
    as_citizen(small_world.learner).post(f"/hadir/{small_world.token}", {"photo": photo()})
    client, code = as_provider(small_world.provider), small_world.redeem_code
    assert "/lembaga/kehadiran" in client.get("/lembaga").content.decode()
    client.post("/lembaga/kehadiran", {"code": code, "sequence": "1", "why": "Hadir, kamera rusak"})
    assert Attendance.objects.get(token=small_world.token).state == "present"
    client.post("/lembaga/selesai", {"code": code, "score": "x"})
    assert Enrolment.objects.get(redeem_code=code).post_test_score is None
    client.post("/lembaga/selesai", {"code": code, "score": "90"})
    assert Enrolment.objects.get(redeem_code=code).post_test_score == 90
