"""Reading the fields of a body. Every refusal names the field."""

import re
from collections.abc import Mapping
from typing import TypeVar

from bekal.doors.partner_api.errors import FieldMalformed, FieldMissing

Body = Mapping[str, object]
T = TypeVar("T")
LARGEST = 2**53
_WHOLE = re.compile(r"-?[0-9]{1,16}")


def required_text(body: Body, field: str, *, longest: int = 128) -> str:
    """A text of 1 to `longest` characters, blanks around it dropped; numbers are taken as text, as some clients send
    codes.
    """
    value = optional_text(body, field, longest=longest)
    if not value:
        raise FieldMissing(field=field)
    return value


def optional_text(body: Body, field: str, *, longest: int = 128) -> str:
    """As `required_text`, "" when the field is absent or null."""
    value = body.get(field)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < LARGEST else None
    if not isinstance(value, str) or len(value.strip()) > longest or not is_storable(value):
        raise FieldMalformed(field=field)
    return value.strip()


def required_int(body: Body, field: str, *, low: int, high: int) -> int:
    """A whole number between `low` and `high`, also when written as text."""
    value = optional_int(body, field, low=low, high=high)
    if value is None:
        raise FieldMissing(field=field)
    return value


def optional_int(body: Body, field: str, *, low: int, high: int, default: T | None = None) -> int | T | None:
    """As `required_int`, `default` when the field is absent, null or ""."""
    value = body.get(field)
    if value is None or value == "":
        return default
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise FieldMalformed(field=field)
    return value


def is_storable(value: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
