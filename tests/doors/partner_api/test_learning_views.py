"""What a provider's system sees: fields, numbers and codes as published, signed calls over HTTP."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from bekal.citizens.ports import FaceAnswer
from bekal.core.events import Actor
from bekal.learning.actions import confirm_attendance, issue_certificates
from bekal.learning.queries import certificate_view
from bekal.partners.queries import forget_credentials
from tests.doors.partner_api.partner import Partner
from tests.learning.making import ALIKE, BY, ENDS_AT, LEARNS_AT, Bought, bought, shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]
STATUS, COMMIT = "payment/redeem-code/status", "payment/redeem-code/commit"
URL, CONFIRM, REPORT = "oauth/url-generate", "attendance/confirm", "completion/report"
SUBMIT, FEEDBACK, TASK = "tpm/submission", "tpm/feedback/submission", "tpm/submission/status"


@pytest.fixture
def school(clock_at: Callable[[datetime], None]) -> tuple[Partner, Bought]:
    forget_credentials()
    sold = shop()
    one = bought(sold)
    clock_at(LEARNS_AT)
    partner = Partner.of(sold.provider)
    partner.at = LEARNS_AT
    return partner, one


def link(partner: Partner, one: Bought, sequence: int = 1) -> dict[str, Any]:
    body = {
        "redeem_code": one.code,
        "redirect_uri": "https://lp.example/cb?x=1",
        "email": "a@b.id",
        "sequence": sequence,
    }
    status, answer = partner.call(URL, body)
    assert status == 200, answer
    found: dict[str, Any] = answer["data"]
    return found


def attend(partner: Partner, one: Bought, sequence: int = 1, face: FaceAnswer | None = ALIKE) -> None:
    token = link(partner, one, sequence)["url"].rsplit("/", 1)[1]
    citizen = Actor.citizen(one.citizen_id)
    confirm_attendance(by=citizen, at=LEARNS_AT, token=token, citizen_id=one.citizen_id, face=face)


def test_status_has_the_published_fields(school: tuple[Partner, Bought]) -> None:
    partner, one = school
    status, answer = partner.call(STATUS, {"redeem_code": one.code})
    assert status == 200
    assert answer == {
        "success": True,
        "message": "OK",
        "data": {
            "redeem_code": one.code, "course_code": "TR-1", "invoice_code": "INV-1", "schedule_code": "SCH-TR-1",
            "status": 0, "attendance_status": 0, "redeem_at": "", "dp_platform": "Organisasi DP-TR-1",
            "schedule_start_end": "2023-08-04T03:00:00Z - 2023-08-09T03:00:00Z", "course_type": 2,
            "course_type_label": "Webinar", "course_learning_method": "webinar", "is_online_attendance": True,
            "sequence": 1,
        },
    }  # fmt: skip
    attend(partner, one)
    after = partner.call(STATUS, {"redeem_code": one.code.lower(), "sequence": "1"})[1]["data"]
    assert (after["status"], after["attendance_status"], after["redeem_at"]) == (1, 1, "2023-08-04T04:00:00Z")
    other = partner.call(STATUS, {"redeem_code": one.code, "sequence": 2})[1]["data"]
    assert (other["status"], other["attendance_status"], other["sequence"]) == (1, 0, 2)


def test_the_link_has_url_state_and_course(school: tuple[Partner, Bought]) -> None:
    partner, one = school
    data = link(partner, one)
    assert data["url"].startswith("http://localhost:8000/hadir/")
    assert len(data["state"]) == 32
    assert data["course"] == {"type": 2, "learning_method": "webinar"}
    assert link(partner, one) == data


def test_a_whole_learner_over_the_wire(school: tuple[Partner, Bought]) -> None:
    partner, one = school
    attend(partner, one, 1)
    attend(partner, one, 2, face=None)
    task = {"redeem_code": one.code, "scope": "tpm", "sequence": 1}
    assert partner.call(TASK, task)[1]["data"] == {
        "assignment": {**task, "status": 0},
        "feedback": {**task, "status": 0},
    }
    sent = partner.call(SUBMIT, {**task, "url_file": "https://lp.example/t.pdf"})[1]["data"]
    assert set(sent) == {"id", "task_id", "redeem_code", "scope", "sequence", "status", "url_file"}
    assert sent["status"] == 1
    report = {"redeem_code": one.code, "post_test_score": 80}
    first = partner.call(REPORT, report)[1]["data"]
    assert (first["status"], first["certificate_number"]) == ("reported", "")
    assert [line["message"] for line in first["missing"]] == [
        "Hadir 1 dari 2 sesi yang wajib.", "Tugas belum diterima pengajar.",
    ]  # fmt: skip
    said = partner.call(FEEDBACK, {**task, "notes": "rapi"})[1]["data"]
    assert (said["status"], said["notes"], said["url_file"]) == (2, "rapi", "")
    assert partner.call(TASK, task)[1]["data"] == {
        "assignment": {**task, "status": 2},
        "feedback": {**task, "status": 2},
    }
    confirmed = partner.call(CONFIRM, {"redeem_code": one.code, "sequence": 2, "reason": "kamera rusak"})[1]["data"]
    assert confirmed == {"redeem_code": one.code, "sequence": 2, "attendance_status": 1}
    issue_certificates(by=BY, at=ENDS_AT)
    last = partner.call(REPORT, {**report, "post_test_score": 81})[1]["data"]
    assert (last["status"], last["missing"]) == ("issued", [])
    found = certificate_view(last["certificate_number"])
    assert found
    assert found.state == "issued"


def test_commit_is_the_flow_of_2022(school: tuple[Partner, Bought]) -> None:
    partner, one = school
    assert partner.call(COMMIT, {"redeem_code": one.code})[1]["data"] == {
        "redeem_code": one.code, "course_code": "TR-1", "status": 1,
    }  # fmt: skip
    again = partner.call(COMMIT, {"redeem_code": one.code, "sequence": 1})
    assert again == (400, {"code": "ERRRDM40004", "message": "Kode redeem ini sudah dipakai.", "success": False})


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        (STATUS, {}, "ERR40006"),
        (STATUS, {"redeem_code": "TIDAKADA1234"}, "ERRRDM40001"),
        (STATUS, {"redeem_code": "X", "sequence": 1000}, "ERR40007"),
        (URL, {"sequence": 3, "redirect_uri": "https://a.id", "email": "a@b.id"}, "ERRRDM40006"),
        (URL, {"redirect_uri": "javascript:alert(1)", "email": "a@b.id"}, "ERR40007"),
        (URL, {"redirect_uri": "https://a.id"}, "ERR40006"),
        (CONFIRM, {"sequence": 1, "reason": "ada"}, "ERRRDM40005"),
        (SUBMIT, {"scope": "tpm", "sequence": 1, "url_file": "https://a.id/b"}, "ERRRDM40005"),
        (SUBMIT, {"scope": "abc", "sequence": 1, "url_file": "https://a.id/b"}, "ERRTPM40001"),
        (SUBMIT, {"scope": "tpm", "sequence": 1, "url_file": "berkas.pdf"}, "ERRTPM40002"),
        (FEEDBACK, {"scope": "tpm", "sequence": 1, "notes": "x", "accepted": "ya"}, "ERR40007"),
        (REPORT, {"post_test_score": 101}, "ERR40007"),
        (REPORT, {"post_test_score": 80}, "ERRRDM40005"),
    ],
)
def test_refusals_have_their_codes(school: tuple[Partner, Bought], name: str, body: dict[str, Any], code: str) -> None:
    partner, one = school
    full = {"redeem_code": one.code, **body} if body else body
    status, answer = partner.call(name, full)
    assert (status, answer["code"], answer["success"]) == (400, code, False)


def test_a_code_of_another_provider_says_nothing_else(school: tuple[Partner, Bought]) -> None:
    _, one = school
    stranger = Partner.of(shop("TR-2").provider)
    stranger.at = LEARNS_AT
    task = {"redeem_code": one.code, "scope": "tpm", "sequence": 1}
    for name, body in ((STATUS, {"redeem_code": one.code}), (COMMIT, {"redeem_code": one.code}), (TASK, task)):
        status, answer = stranger.call(name, body)
        assert (status, answer["code"], "data" in answer) == (400, "ERRRDM40002", False)
