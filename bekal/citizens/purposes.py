"""What a clear reading of somebody's numbers may be for, and what a person may allow. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from bekal.rulebooks.rules import day_in_words

WIB = timezone(timedelta(hours=7))

Purpose = Literal[
    "identity_check",
    "payout",
    "notice",
    "partner_duty",
    "review",
    "recovery",
    "own_view",
    "correction",
    "export",
    "face_review",
]
READING_PURPOSES: tuple[Purpose, ...] = (
    "identity_check", "payout", "notice", "partner_duty", "review", "recovery", "own_view", "correction", "export",
    "face_review",
)  # fmt: skip
"""The whole list. Its words stand under `reading.purpose.<name>`; another purpose is a decision."""

FIELDS = (
    "nik", "family_card", "phone", "account", "holder", "name", "nik_masked", "birth_date", "face_photo", "face_tries",
)  # fmt: skip
"""What a reading can be of; words under `reading.field.<name>`."""

CONSENT_VERSIONS = {"identity_check": 1, "recommendations": 1, "research": 1}
"""The version of each consent's text that is shown today; its words stand under `consent.<purpose>.<version>`."""


@dataclass(frozen=True, slots=True)
class Masks:
    """Numbers as pages show them."""

    nik: str
    phone: str


def stop_hash(token: str) -> bytes:
    """What is kept of the secret in a link."""
    return hashlib.sha256(token.encode()).digest()


def moment_in_words(at: datetime, language: str) -> str:
    """`15 Agustus 2023 14.30 WIB`."""
    there = at.astimezone(WIB)
    return f"{day_in_words(there.date(), language)} {there:%H.%M} WIB"


def phone_masked(phone: str) -> str:
    """`+62 812 •••• 0007`: the operator's prefix and the last four digits."""
    return f"{phone[:3]} {phone[3:6]} •••• {phone[-4:]}"


def family_masked(number: str) -> str:
    """`••••••••••••0007`."""
    return "•" * 12 + number[-4:]
