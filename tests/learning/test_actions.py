"""From the redeem code to the certificate, on the real database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from bekal.citizens.ports import FaceAnswer
from bekal.citizens.queries import citizen_view
from bekal.core.events import Actor
from bekal.core.models import Event
from bekal.engines.credential import verify_credential
from bekal.learning.actions import (
    AssignmentClosed,
    AssignmentUnknown,
    AttendanceOfAnother,
    CodeOfAnother,
    CodeUnknown,
    CodeUsed,
    CodeVoided,
    EmailUsed,
    FileUnreachable,
    LinkUnknown,
    NoScore,
    NothingToConfirm,
    NotRedeemed,
    OutsideSession,
    SequenceUnknown,
    TaskUnknown,
    confirm_attendance,
    give_feedback,
    issue_certificates,
    open_attendance,
    redeem,
    report_completion,
    submit_assignment,
    vouch_attendance,
)
from bekal.learning.models import Attendance, Certificate, Enrolment
from bekal.learning.queries import (
    attendance_page,
    certificate,
    certificate_view,
    certificates_of,
    first_certificates,
    first_certified_at,
    issue_due_count,
    learning_figures,
    learning_of,
    provider_enrolments,
    status_by_code,
)
from bekal.market.actions import cancel_schedule
from bekal.market.models import Purchase
from bekal.notices.models import Notice
from bekal.scholarships.models import Award
from tests.citizens.making import numbers_of
from tests.learning.making import (
    ALIKE,
    BY,
    ENDS_AT,
    LEARNS_AT,
    STARTS_AT,
    Bought,
    attend,
    bought,
    certified,
    hand_in,
    learned,
    shop,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded", "clock_at")]
POOR = FaceAnswer(live=True, score=40)
FILE = "https://lp.example/tugas.pdf"


def link(one: Bought, sequence: int = 1, **changes: Any) -> Any:
    wanted = {
        "by": BY, "at": LEARNS_AT, "provider_id": one.provider_id, "redeem_code": one.code, "sequence": sequence,
        "redirect_uri": "https://lp.example/kembali", "email": "budi@lp.example",
    }  # fmt: skip
    return open_attendance(**{**wanted, **changes})


def report(one: Bought, score: int = 88) -> Any:
    return report_completion(
        by=BY, at=ENDS_AT, provider_id=one.provider_id, redeem_code=one.code, post_test_score=score
    )


def submit(one: Bought, url_file: str = FILE, **changes: Any) -> Any:
    wanted = {
        "by": BY, "at": LEARNS_AT, "provider_id": one.provider_id, "redeem_code": one.code, "scope": "tpm",
        "sequence": 1, "url_file": url_file,
    }  # fmt: skip
    return submit_assignment(**{**wanted, **changes})


def feedback(one: Bought, **changes: Any) -> Any:
    wanted = {
        "by": BY, "at": LEARNS_AT, "provider_id": one.provider_id, "redeem_code": one.code, "scope": "tpm",
        "sequence": 1, "notes": "rapi",
    }  # fmt: skip
    return give_feedback(**{**wanted, **changes})


def view(one: Bought) -> Any:
    return learning_of(one.citizen_id)[0]


def test_the_whole_way_to_a_signed_certificate() -> None:
    one = learned(bought())
    assert (view(one).state, view(one).certificate_state, view(one).certificate_number) == (
        "completed",
        "verified",
        None,
    )
    assert issue_due_count() == 1
    assert issue_certificates(by=BY, at=ENDS_AT) == 1
    assert issue_certificates(by=BY, at=ENDS_AT) == 0
    (mine,) = certificates_of(one.citizen_id)
    document = certificate(mine.number)
    assert document
    assert verify_credential(document) == []
    assert verify_credential({**document, "name": "Lain"})
    assert citizen_view(one.citizen_id).name in str(document)
    assert numbers_of(one.citizen_id)["nik"] not in str(document)
    assert (
        mine.issued_at == first_certified_at(one.award_id) == first_certificates([one.award_id])[one.award_id].issued_at
    )
    assert view(one).certificate_number == mine.number
    assert certificate_view(mine.number) == mine
    assert learning_figures().certified == 1
    assert Notice.objects.filter(template="learning.notice_certificate").count() == 1


def test_finishing_opens_the_next_window() -> None:
    one = bought()
    assert Award.objects.get(pk=one.award_id).purchase_due_at is None
    learned(one)
    assert Award.objects.get(pk=one.award_id).purchase_due_at


def test_a_link_is_the_same_when_asked_again() -> None:
    one = bought()
    first = link(one)
    assert link(one) == first
    assert first.url == f"http://localhost:8000/hadir/{first.token}"
    moved = link(one, redirect_uri="https://lp.example/lain")
    page = attendance_page(first.token)
    assert page
    assert (moved.token, page.redirect_uri) == (first.token, "https://lp.example/lain")
    assert (page.state_key, page.state, page.sequence, page.sessions) == (first.state, "opened", 1, 2)


def test_opening_a_link_does_not_use_the_code() -> None:
    one = bought()
    link(one)
    found = status_by_code(one.code, 1)
    assert found
    assert (found.used, found.attended, found.redeemed_at) == (False, False, None)
    assert Purchase.objects.get(redeem_code=one.code).redeemed_at is None


def test_the_first_attendance_uses_the_code_and_tells_the_market() -> None:
    one = bought()
    assert attend(one, 1) == "present"
    found, other = status_by_code(one.code, 1), status_by_code(one.code, 2)
    assert found
    assert other
    assert (found.used, found.attended, other.attended, found.online) == (True, True, False, True)
    assert found.redeemed_at == LEARNS_AT == Purchase.objects.get(redeem_code=one.code).redeemed_at
    assert attend(one, 1) == "present"
    assert Event.objects.filter(kind="learning.attendance_confirmed").count() == 1


@pytest.mark.parametrize("face", [POOR, FaceAnswer(live=False, score=99), None])
def test_a_failed_check_is_never_a_lost_session(face: FaceAnswer | None) -> None:
    one = bought()
    assert attend(one, 1, face=face) == "to_confirm"
    assert view(one).to_confirm == (1,)
    assert attend(one, 1, face=face) == "to_confirm"
    page = vouch_attendance(
        by=BY, at=LEARNS_AT, provider_id=one.provider_id, redeem_code=one.code, sequence=1, why="kamera rusak"
    )
    assert page.state == "present"
    assert (view(one).attended, view(one).to_confirm) == (1, ())
    assert Attendance.objects.get().proof == "provider"
    assert Event.objects.get(kind="learning.attendance_confirmed").why == "kamera rusak"


def test_a_second_check_may_succeed() -> None:
    one = bought()
    attend(one, 1, face=POOR)
    assert attend(one, 1, face=ALIKE) == "present"


def test_only_a_session_that_waits_can_be_vouched_for() -> None:
    one = bought()
    vouch = {"by": BY, "at": LEARNS_AT, "provider_id": one.provider_id, "redeem_code": one.code}
    with pytest.raises(NotRedeemed):
        vouch_attendance(**vouch, sequence=1, why="ada")
    attend(one, 1, face=POOR)
    link(one, 2)
    for sequence, why in ((1, " "), (2, "ada"), (999, "ada")):
        with pytest.raises(NothingToConfirm):
            vouch_attendance(**vouch, sequence=sequence, why=why)
    vouch_attendance(**vouch, sequence=1, why="ada")
    assert vouch_attendance(**vouch, sequence=1, why="ada").state == "present"


def test_attendance_that_cannot_be() -> None:
    sold = shop()
    one, other = bought(sold), bought(sold, 2)
    with pytest.raises(SequenceUnknown):
        link(one, 3)
    with pytest.raises(OutsideSession):
        link(one, at=STARTS_AT - timedelta(hours=2))
    with pytest.raises(OutsideSession):
        link(one, at=ENDS_AT + timedelta(hours=2))
    with pytest.raises(CodeUnknown):
        link(one, redeem_code="NOSUCHCODE12")
    with pytest.raises(CodeOfAnother):
        link(one, provider_id=one.platform_id)
    opened = link(one)
    with pytest.raises(CodeOfAnother):
        link(one, provider_id=one.platform_id)
    with pytest.raises(EmailUsed):
        link(other, email="BUDI@lp.example ")
    with pytest.raises(LinkUnknown):
        confirm_attendance(by=BY, at=LEARNS_AT, token="x", citizen_id=one.citizen_id, face=ALIKE)
    with pytest.raises(AttendanceOfAnother):
        confirm_attendance(by=BY, at=LEARNS_AT, token=opened.token, citizen_id=other.citizen_id, face=ALIKE)
    with pytest.raises(OutsideSession):
        confirm_attendance(
            by=BY, at=ENDS_AT + timedelta(days=1), token=opened.token, citizen_id=one.citizen_id, face=ALIKE
        )


def test_the_post_test_has_its_own_link() -> None:
    one = bought()
    assert attend(one, 999) == "present"
    assert view(one).attended == 0


def test_commit_marks_a_code_used_once() -> None:
    one = bought()
    assert redeem(by=BY, at=LEARNS_AT, provider_id=one.provider_id, redeem_code=one.code).state == "redeemed"
    with pytest.raises(CodeUsed):
        redeem(by=BY, at=LEARNS_AT, provider_id=one.provider_id, redeem_code=one.code)
    assert view(one).attended == 0


def test_a_cancelled_schedule_stops_its_codes() -> None:
    sold = shop()
    before, during = bought(sold), bought(sold, 2)
    opened = link(during, email="dua@lp.example")
    cancel_schedule(by=BY, at=LEARNS_AT, schedule_id=sold.schedule_id, why="pengajar sakit")
    with pytest.raises(CodeVoided):
        link(before)
    with pytest.raises(CodeVoided):
        confirm_attendance(by=BY, at=LEARNS_AT, token=opened.token, citizen_id=during.citizen_id, face=ALIKE)


def test_a_report_on_a_cancelled_purchase_is_refused() -> None:
    sold = shop()
    one = bought(sold)
    attend(one, 1)
    cancel_schedule(by=BY, at=LEARNS_AT, schedule_id=sold.schedule_id, why="pengajar sakit")
    with pytest.raises(CodeVoided):
        report(one)
    assert view(one).state == "refunded"


def test_assignments_are_handed_in_returned_and_accepted() -> None:
    one = bought()
    with pytest.raises(NotRedeemed):
        submit(one)
    attend(one, 1)
    with pytest.raises(TaskUnknown):
        submit(one, scope="uk")
    for bad in ("ftp://x/y", "https://", "x", "https://x/" + "y" * 500):
        with pytest.raises(FileUnreachable):
            submit(one, bad)
    with pytest.raises(AssignmentUnknown):
        feedback(one)
    assert submit(one) == submit(one)
    assert submit(one, FILE + "?2").url_file == FILE + "?2"
    assert feedback(one, accepted=False).state == "returned"
    assert feedback(one, accepted=False).state == "returned"
    with pytest.raises(AssignmentClosed):
        feedback(one, accepted=True)
    assert submit(one, FILE + "?3").state == "submitted"
    assert feedback(one, url_file=FILE).feedback_url == FILE
    with pytest.raises(FileUnreachable):
        feedback(one, url_file="x")
    with pytest.raises(AssignmentClosed):
        submit(one, FILE + "?4")
    assert view(one).assignments == ("accepted",)


def test_a_report_with_gaps_waits_and_closes_by_itself() -> None:
    one = bought()
    attend(one, 1)
    attend(one, 2, face=POOR)
    submit(one)
    done = report(one)
    assert done.state == "reported"
    assert [gap.code for gap in done.gaps] == ["learning.gap_attendance", "learning.gap_assignment"]
    assert [gap.code for gap in view(one).gaps] == ["learning.gap_attendance", "learning.gap_assignment"]
    assert report(one).gaps == done.gaps
    feedback(one)
    assert view(one).certificate_state == "reported"
    vouch_attendance(by=BY, at=ENDS_AT, provider_id=one.provider_id, redeem_code=one.code, sequence=2, why="ada")
    assert (view(one).state, view(one).certificate_state, view(one).gaps) == ("completed", "verified", ())
    assert report(one).state == "verified"


def test_a_failed_test_may_be_repeated() -> None:
    one = learned(bought(), score=60)
    assert [gap.code for gap in view(one).gaps] == ["learning.gap_post_test"]
    assert report(one, 71).state == "verified"
    assert report(one, 99).state == "verified"
    assert Certificate.objects.get().post_test_score == 71


def test_a_report_needs_a_score_and_a_used_code() -> None:
    one = bought()
    for score in (-1, 101):
        with pytest.raises(NoScore):
            report(one, score)
    with pytest.raises(NotRedeemed):
        report(one)
    with pytest.raises(CodeUnknown):
        report_completion(by=BY, at=ENDS_AT, provider_id=one.provider_id, redeem_code="X", post_test_score=80)
    attend(one, 1)
    with pytest.raises(CodeOfAnother):
        report_completion(by=BY, at=ENDS_AT, provider_id=one.platform_id, redeem_code=one.code, post_test_score=80)


@pytest.mark.parametrize("columns", [{"sessions_attended": 1}, {"assignment_accepted": False}, {"post_test_score": 69}])
def test_the_database_refuses_a_certificate_without_evidence(columns: dict[str, Any]) -> None:
    learned(bought())
    with pytest.raises(IntegrityError, match="certificate_needs_evidence"), transaction.atomic():
        Certificate.objects.update(**columns)


def test_many_certificates_cost_no_more_statements_each(django_assert_max_num_queries: Any) -> None:
    sold = shop()
    for number in range(1, 7):
        learned(bought(sold, number))
    with django_assert_max_num_queries(14):
        assert issue_certificates(by=BY, at=ENDS_AT) == 6
    with django_assert_max_num_queries(4):
        assert len(provider_enrolments(sold.provider.id)) == 6


def test_actors_stand_in_the_trail() -> None:
    one = certified(bought())
    kinds = set(Event.objects.filter(person_id=one.citizen_id).values_list("kind", flat=True))
    assert {
        "learning.attendance_opened", "learning.code_redeemed", "learning.attendance_confirmed",
        "learning.assignment_submitted", "learning.assignment_accepted", "learning.completion_reported",
        "learning.completion_verified",
    } <= kinds  # fmt: skip
    assert Event.objects.get(kind="learning.code_redeemed").actor_key == str(one.citizen_id)
    assert Actor.citizen(one.citizen_id).key == str(one.citizen_id)


def test_an_unknown_code_has_no_status() -> None:
    assert status_by_code("X", 1) is None
    assert attendance_page("x") is None
    assert certificate("x") is None
    assert certificate_view("x") is None
    assert not Enrolment.objects.exists()
    assert learning_of(UUID(int=0)) == []


def test_handing_in_alone_verifies_nothing() -> None:
    one = bought()
    attend(one, 1)
    hand_in(one)
    assert view(one).certificate_state == "none"
