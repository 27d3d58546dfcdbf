"""What keeps a person from being forgotten yet, and what the copy of their data is made of. Pure."""

from dataclasses import dataclass
from datetime import date, datetime

NO_LONGER_HELD = ("revoked", "expired", "closed")
SECTIONS = (
    "identity", "consents", "who_looked", "automatic_decisions", "eligibility", "waves", "scholarships", "money",
    "market", "learning", "surveys", "incentives", "careers", "evaluation", "ratings", "messages", "trail",
)  # fmt: skip
"""The sections of the copy, in their order; titles under `privacy.section.<name>`."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason to wait: its words under `privacy.hold.<code>`; `until`: None where nobody can say."""

    code: str
    until: date | datetime | None = None
