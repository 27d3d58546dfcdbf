"""A platform's calls, from seats to cancellation, and what bad input meets."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.market.models import Purchase
from bekal.partners.queries import forget_credentials
from tests.catalogue.making import curated, schedule
from tests.doors.partner_api.partner import Partner
from tests.market.making import award, code_sent
from tests.partners.making import AT, organisation

pytestmark = pytest.mark.django_db
OFFER = {"course_code": "TR-1", "schedule_code": "SCH-TR-1"}
ORDER = {"prakerja_id": f"{1:016}", "user_platform_id": "u-1", "amount": 700_000, **OFFER}
INVOICE = {"invoice_code": "invoice-testing-ops-111", "invoice_url": "https://dp.example/i?a=1&b=2"}


@pytest.fixture
def platform(clock_at: Any) -> Partner:
    forget_credentials()
    clock_at(AT)
    made = Partner.of(organisation("platform", "DP-1"))
    schedule(curated(organisation().id))
    award(1)
    return made


def order(platform: Partner, **changes: Any) -> Any:
    return platform.call("payment/send-otp", {**ORDER, **changes})[1]


def authorize(platform: Partner, token: str, **changes: Any) -> tuple[int, Any]:
    body = {"otp": changes.get("otp") or code_sent(), **INVOICE, **changes}
    return platform.call("payment/authorize", body, authorization=f"Payment {token}")


def test_from_seats_to_cancellation(platform: Partner, clock_at: Any) -> None:
    quota = {"schedule_code": "SCH-TR-1", "course_code": "TR-1", "quota": 5}
    assert platform.call("payment/quota-schedule", OFFER) == (200, {"success": True, "message": "OK", "data": quota})
    reserved = order(platform)
    token = reserved["data"]["payment_token"]
    assert platform.call("payment/quota-schedule", OFFER)[1]["data"]["quota"] == 4
    status, paid = authorize(platform, token)
    assert (status, paid["message"]) == (200, "Pelatihan berhasil dibeli.")
    data = paid["data"]
    assert set(data) == {"invoice_code", "transaction_code", "amount", "status", "prakerja_name"}
    assert (data["amount"], data["status"], data["prakerja_name"]) == (700_000, "SUCCESS", "Warga B")
    assert len(data["transaction_code"]) == 16
    state = platform.call("payment/status", {"invoice_code": INVOICE["invoice_code"]})[1]["data"]
    assert state == {"created_at": "2023-08-01T03:00:00Z", **data}
    cancel = {"invoice_code": INVOICE["invoice_code"], "transaction_code": data["transaction_code"]}
    wrong = platform.call("payment/void", {**cancel, "transaction_code": "x"})
    assert wrong == (
        400,
        {"code": "ERRVOD40001", "message": "Kode transaksi tidak ditemukan.", "success": False},
    )
    expected = (200, {"success": True, "message": "Transaksi berhasil dibatalkan."})
    assert platform.call("payment/void", cancel) == expected
    assert platform.call("payment/void", cancel) == expected, "the same signed request is an honest retry"
    platform.at += timedelta(seconds=1)
    assert platform.call("payment/void", cancel)[1]["code"] == "ERRPLT40028"
    assert platform.call("payment/status", {"invoice_code": INVOICE["invoice_code"]})[1]["data"]["status"] == "VOID"


def test_a_retry_of_send_otp_sends_one_message_and_one_of_authorize_pays_once(platform: Partner) -> None:
    first, again = order(platform), order(platform)
    assert first == again
    assert Purchase.objects.get().codes_sent == 1
    token, otp = first["data"]["payment_token"], code_sent()
    paid = authorize(platform, token, otp=otp)
    assert authorize(platform, token, otp=otp) == paid
    platform.at += timedelta(seconds=2)
    assert authorize(platform, token, otp=otp) == paid, "also under a fresh signature"


def test_the_signature_may_leave_the_token_out(platform: Partner) -> None:
    token = order(platform)["data"]["payment_token"]
    body = {"otp": code_sent(), **INVOICE}
    status, _ = platform.call("payment/authorize", body, Authorization=f"Payment {token}")
    assert status == 200


def test_numbers_written_as_text_and_text_as_numbers(platform: Partner) -> None:
    token = order(platform, amount="700000")["data"]["payment_token"]
    paid = authorize(platform, token, invoice_code=111, otp=int(code_sent()) if code_sent()[0] != "0" else code_sent())
    assert paid[1]["data"]["invoice_code"] == "111"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"prakerja_id": "9" * 16}, "ERRPLT40019"),
        ({"prakerja_id": None}, "ERR40006"),
        ({"prakerja_id": "\x00"}, "ERR40007"),
        ({"prakerja_id": ["1"]}, "ERR40007"),
        ({"course_code": "TR-2"}, "ERRPLT40021"),
        ({"schedule_code": "SCH-9"}, "ERRPLT40020"),
        ({"schedule_code": "\ud800"}, "ERR40007"),
        ({"amount": 1}, "ERRPLT40025"),
        ({"amount": -1}, "ERR40007"),
        ({"amount": 700_000.5}, "ERR40007"),
        ({"amount": True}, "ERR40007"),
        ({"amount": "9" * 17}, "ERR40007"),
        ({"user_platform_id": "x" * 129}, "ERR40007"),
    ],
)
def test_wishes_that_cannot_be(platform: Partner, change: dict[str, Any], code: str) -> None:
    assert order(platform, **change)["code"] == code
    assert not Purchase.objects.exists()


def test_seats_of_schedules_that_are_not_there(platform: Partner) -> None:
    assert platform.call("payment/quota-schedule", {**OFFER, "schedule_code": "X"})[1]["code"] == "ERRPLT40020"
    assert platform.call("payment/quota-schedule", {**OFFER, "course_code": "X"})[1]["code"] == "ERRPLT40021"


def test_a_stranger_learns_nothing_about_cards(platform: Partner) -> None:
    for unsaleable in ({"schedule_code": "SCH-9"}, {"amount": 1}):
        answers = [order(platform, prakerja_id=card, **unsaleable) for card in (f"{1:016}", "9" * 16)]
        assert answers[0] == answers[1]


def test_wrong_codes_and_tokens(platform: Partner) -> None:
    token = order(platform)["data"]["payment_token"]
    wrong = "000000" if code_sent() != "000000" else "111111"
    assert authorize(platform, token, otp=wrong)[1]["code"] == "ERRPLT40010"
    assert authorize(platform, "x")[1]["code"] == "ERRPLT40015"
    assert authorize(platform, "")[1]["code"] == "ERRPLT40015"
    other = Partner.of(organisation("platform", "DP-2"))
    assert authorize(other, token)[1]["code"] == "ERRPLT40015"
    assert other.call("payment/status", {"invoice_code": "x"})[1]["code"] == "ERRPLT40032"
    assert authorize(platform, token)[0] == 200
    assert other.call("payment/status", {"invoice_code": INVOICE["invoice_code"]})[1]["code"] == "ERRPLT40032"


_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20),
    st.lists(st.integers(), max_size=2), st.sampled_from(["TR-1", "SCH-TR-1", f"{1:016}", 700_000]),
)  # fmt: skip
_fields = st.sampled_from([*ORDER, *INVOICE, "otp", "transaction_code"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["quota-schedule", "send-otp", "authorize", "status", "void"]),
    st.dictionaries(_fields, _values),
    st.booleans(),
)
def test_any_body_is_answered_in_the_envelope(platform: Partner, name: str, body: Any, whole: bool) -> None:
    status, envelope = platform.call(f"payment/{name}", {**ORDER, **INVOICE, **body} if whole else body)
    assert status in (200, 400)
    assert envelope["success"] is (status == 200)
    if status == 400:
        assert envelope["code"].startswith("ERR")
        assert envelope["message"]
