"""The signature against the published vectors and against what real clients were seen to send."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bekal.doors.partner_api.signature import (
    WINDOW_SECONDS,
    body_texts,
    collapsed,
    is_signed,
    signature_of,
    within_window,
)

PATH = "/api/v1/integration/payment/redeem-code/commit"
VECTORS = [
    (b'{"redeem_code":"code"}', "943c20a8e36b6243f576404b00fffdc86411ce1f"),
    (b'{"code":"code"}', "d46b59b221335976b46eafb752035a1172a8beb2"),
]


def accepted(signature: str, body: bytes, *, path: str = PATH, authorization: str = "") -> bool:
    return is_signed(
        signature,
        sign_key="my_sign_key",
        client_code="myclient_code",
        timestamp="1516239022",
        method="post",
        path=path,
        body=body,
        parsed=json.loads(body),
        authorization=authorization,
    )


def signed(text: bytes, *, path: str = PATH, authorization: str = "") -> str:
    return signature_of("my_sign_key", f"myclient_code1516239022POST{path}{authorization}".encode() + text)


@pytest.mark.parametrize(("body", "signature"), VECTORS)
def test_the_published_vectors(body: bytes, signature: str) -> None:
    assert signed(body) == signature
    assert accepted(signature, body)
    assert accepted(signature.upper(), body)


def test_a_client_that_signs_compact_text_but_sends_spaces() -> None:
    assert accepted(VECTORS[0][1], b'{"redeem_code": "code"}')
    assert accepted(VECTORS[0][1], b'{\r\n\t"redeem_code" : "code"\n}\n')


@pytest.mark.parametrize(
    "text",
    [
        rb'{"url_file":"https:\/\/lms.example\/a.pdf"}',
        rb'{"url_file":"https://lms.example/a.pdf"}',
    ],
)
def test_slashes_escaped_on_the_wire_and_either_way_in_the_signature(text: bytes) -> None:
    assert accepted(signed(text), rb'{"url_file": "https:\/\/lms.example\/a.pdf"}')


def test_a_client_that_signs_letters_but_sends_escapes() -> None:
    assert accepted(signed('{"notes":"Café / baik"}'.encode()), rb'{"notes":"Caf\u00e9 \/ baik"}')


def test_white_space_inside_strings_stays_signed() -> None:
    assert not accepted(signed(b'{"notes":"ab"}'), b'{"notes":"a b"}')
    assert accepted(signed(rb'{"notes":"a \" b"}'), rb'{ "notes" : "a \" b" }')


def test_an_escaped_backslash_before_a_slash_is_no_escaped_slash() -> None:
    assert rb'{"a":"\\/"}' in set(body_texts(rb'{"a": "\\/"}', {"a": "\\/"}))


def test_the_authorization_value_may_stand_before_the_body_or_not() -> None:
    value = "Payment 0123"
    assert accepted(signed(b"{}", authorization=value), b"{}", authorization=value)
    assert accepted(signed(b"{}"), b"{}", authorization=value)
    assert not accepted(signed(b"{}", authorization="Payment 9999"), b"{}", authorization=value)


def test_double_leading_slashes_are_one() -> None:
    assert collapsed("//api/v1") == "/api/v1"
    assert accepted(signed(b"{}"), b"{}", path="/" + PATH)
    assert accepted(signed(b"{}", path="/" + PATH), b"{}", path="/" + PATH)


def test_a_lone_surrogate_is_refused_without_failing() -> None:
    assert not accepted("0" * 40, rb'{"a": "\ud800"}')


@given(
    st.dictionaries(st.text(max_size=8), st.text(max_size=12) | st.integers() | st.none(), max_size=4),
    st.sampled_from([None, 1]),
)
def test_any_way_of_writing_the_same_value_is_accepted(value: dict[str, object], indent: int | None) -> None:
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass")
    sent = json.dumps(value, indent=indent).encode()
    if "\\ud" not in sent.decode():
        assert accepted(signed(compact), sent)


@given(st.binary(max_size=20))
def test_another_body_is_not_signed(noise: bytes) -> None:
    body = json.dumps({"redeem_code": noise.hex() + "x"}).encode()
    assert not accepted(VECTORS[0][1], body)


@pytest.mark.parametrize(
    ("seconds", "inside"),
    [
        (0, True),
        (WINDOW_SECONDS, True),
        (-WINDOW_SECONDS, True),
        (WINDOW_SECONDS + 1, False),
        (-WINDOW_SECONDS - 1, False),
    ],
)
def test_the_clock_window(seconds: int, inside: bool) -> None:
    stamp = datetime(2023, 10, 26, 3, 0, 16, tzinfo=UTC)
    assert within_window("1698289216", stamp + timedelta(seconds=seconds)) is inside


@pytest.mark.parametrize("timestamp", ["", "-1", "1698289216.0", " 1698289216", "9" * 40, "١٦٩٨٢٨٩٢١٦", "now"])
def test_timestamps_that_are_no_seconds(timestamp: str) -> None:
    assert not within_window(timestamp, datetime(2023, 10, 26, 3, 0, 16, tzinfo=UTC))
