"""Admission, envelope, kept answers."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from bekal.core.errors import Refused
from bekal.core.texts import table
from bekal.doors.partner_api import wire
from bekal.doors.partner_api.errors import ERRORS
from bekal.doors.partner_api.urls import PATHS
from bekal.partners.actions import revoke_credential
from bekal.partners.models import KeptAnswer
from bekal.partners.queries import forget_credentials
from tests.doors.partner_api.partner import BASE, Partner
from tests.partners.making import AT, BY, organisation

pytestmark = pytest.mark.django_db
QUOTA = "payment/quota-schedule"


@pytest.fixture
def platform(clock_at: Any) -> Partner:
    forget_credentials()
    clock_at(AT)
    return Partner.of(organisation("platform", "DP-1"))


def test_every_error_is_in_a_family_and_has_its_texts() -> None:
    for refusal, error in ERRORS.items():
        assert re.fullmatch(r"ERR(PLT|VOD|RDM|TPM)?[45][0-9]{4}", error.code), refusal
        assert set(table()[refusal]) == {"id", "en"}
        assert error.code.lstrip("ERPLTVODM").startswith(str(error.status))
    shared = {"market.card_not_usable", "scholarships.award_ended"}
    codes = [error.code for refusal, error in ERRORS.items() if refusal not in shared]
    assert len(codes) == len(set(codes))


def test_every_path_states_its_permission_and_needs_a_signature(platform: Partner) -> None:
    for path, view in PATHS.items():
        assert view.permission[0] in ("partner:platform", "partner:provider")  # type: ignore[attr-defined]
        answer = Client().post(f"/api/v1/{path}", b"{}", content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "ERR40002")


def test_the_error_envelope_is_as_published(platform: Partner) -> None:
    assert platform.call(QUOTA, {"course_code": "", "schedule_code": "S"}) == (
        400,
        {"code": "ERRPLT40036", "message": "course_code dan schedule_code tidak boleh kosong.", "success": False},
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_code": "nobody"}, "ERR40003"),
        ({"client_code": "n\x00body"}, "ERR40003"),
        ({"client_code": ""}, "ERR40002"),
        ({"signature": "0" * 40}, "ERR40003"),
        ({"signature": "é"}, "ERR40003"),
        ({"timestamp": "yesterday"}, "ERR40005"),
        ({"timestamp": str(int(AT.timestamp()) - 301)}, "ERR40005"),
        ({"timestamp": str(int(AT.timestamp()) + 1)}, "ERR40003"),
    ],
)
def test_wrong_headers_are_refused(platform: Partner, change: dict[str, str], code: str) -> None:
    assert platform.call(QUOTA, {}, **change)[1]["code"] == code


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b'{"a":NaN}', b'{"redeem_code":"x",}', b"\xff", b"[" * 50_000, b"1" * 5_000],
)
def test_bodies_that_are_no_object_are_refused(platform: Partner, body: bytes) -> None:
    status, envelope = platform.call(QUOTA, body)
    assert (status, envelope["code"]) == (400, "ERR40001")


def test_a_body_too_large_is_refused_unread(platform: Partner) -> None:
    assert platform.call(QUOTA, b'{"a":"' + b"x" * wire.BODY_LIMIT + b'"}')[1]["code"] == "ERR40001"


def test_only_post(platform: Partner) -> None:
    answer = Client().get(BASE + QUOTA)
    assert (answer.status_code, answer.json()["code"]) == (405, "ERR40500")


def test_a_partner_of_another_kind_is_refused(platform: Partner) -> None:
    provider = Partner.of(organisation("provider", "LP-1"))
    assert provider.call(QUOTA, {})[1]["code"] == "ERR40004"


def test_a_revoked_key_no_longer_signs(platform: Partner, django_capture_on_commit_callbacks: Any) -> None:
    assert platform.call(QUOTA, {})[1]["code"] == "ERRPLT40036"
    with django_capture_on_commit_callbacks(execute=True):
        revoke_credential(by=BY, at=AT, client_code=platform.key.client_code, why="lost")
    assert platform.call(QUOTA, {})[1]["code"] == "ERR40003"


def post(platform: Partner, view: wire.DjangoView, body: bytes = b"{}") -> Any:
    request = RequestFactory().post(
        "/api/v1/x", body, content_type="application/json", headers=platform.headers("/api/v1/x", body)
    )
    return view(request)


def test_an_honest_retry_gets_the_same_answer_and_changes_nothing(platform: Partner) -> None:
    done: list[int] = []

    @wire.partner_call("platform", changes=True)
    def view(call: wire.Call) -> wire.Answer:
        done.append(1)
        return wire.Answer({"times": len(done)}, "Selesai")

    first, again = post(platform, view), post(platform, view)
    assert first.content == again.content == b'{"success":true,"message":"Selesai","data":{"times":1}}'
    platform.at = AT + timedelta(seconds=1)
    assert b'"times":2' in post(platform, view).content
    assert KeptAnswer.objects.count() == 2


def test_reading_calls_always_tell_the_present(platform: Partner) -> None:
    done: list[int] = []

    @wire.partner_call("platform", changes=False)
    def view(call: wire.Call) -> wire.Answer:
        done.append(1)
        return wire.Answer({"times": len(done)})

    post(platform, view)
    assert b'"times":2' in post(platform, view).content
    assert not KeptAnswer.objects.exists()


def test_a_deadlock_asks_to_send_again_and_keeps_nothing(platform: Partner) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    @wire.partner_call("platform", changes=True)
    def view(call: wire.Call) -> wire.Answer:
        raise OperationalError from Deadlock()

    assert post(platform, view).status_code == 503
    assert not KeptAnswer.objects.exists()


def test_defects_are_not_dressed_up_as_refusals(platform: Partner) -> None:
    class Unlisted(Refused):
        code = "partner_api.unlisted"

    @wire.partner_call("platform", changes=True)
    def unlisted(call: wire.Call) -> wire.Answer:
        raise Unlisted()

    @wire.partner_call("platform", changes=True)
    def broken(call: wire.Call) -> wire.Answer:
        raise OperationalError("the disk is gone")

    with pytest.raises(Unlisted):
        post(platform, unlisted)
    with pytest.raises(OperationalError):
        post(platform, broken)
