"""Reading single fields of a body."""

import pytest

from bekal.doors.partner_api.errors import FieldMalformed, FieldMissing
from bekal.doors.partner_api.fields import optional_int, optional_text, required_int, required_text


def test_texts() -> None:
    assert required_text({"a": " x "}, "a") == "x"
    assert required_text({"a": 12}, "a") == "12"
    assert optional_text({}, "a") == optional_text({"a": None}, "a") == ""
    for body in ({}, {"a": None}, {"a": "  "}):
        with pytest.raises(FieldMissing):
            required_text(body, "a")
    for value in (True, 1.5, [], {}, "x\x00", "\udfff", "x" * 4, 2**60):
        with pytest.raises(FieldMalformed):
            required_text({"a": value}, "a", longest=3)


def test_numbers() -> None:
    assert required_int({"a": 3}, "a", low=0, high=3) == 3
    assert required_int({"a": "3"}, "a", low=0, high=3) == 3
    assert required_int({"a": 3.0}, "a", low=0, high=3) == 3
    assert optional_int({"a": ""}, "a", low=0, high=3, default=1) == 1
    assert optional_int({}, "a", low=0, high=3) is None
    with pytest.raises(FieldMissing):
        required_int({}, "a", low=0, high=3)
    for value in (True, 4, -1, "4", "x", "٣", "--1", 1e300, [], "9" * 20):
        with pytest.raises(FieldMalformed):
            required_int({"a": value}, "a", low=0, high=3)
