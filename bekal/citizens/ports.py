"""What the citizens room needs from outside: the civil registry and a face match.

Both are one protocol: a question under a `reference` (<= 64 characters) that never changes. Every method raises
ConnectionError when no answer that can be trusted came (nobody there, too slow, unreadable, circuit open), and
`core.ports.Busy` among them when the partner's limit is reached; asking again later with the same reference is always
safe and gives the answer that was given before.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """`mismatching` names the fields that differ (name, birth_date, family_card); `registers` the registers the
    person stands in:
    social_aid, civil_servant, pupil, military, police, village_official, soe_director, deceased, foreign_national (who
    lives here and is no citizen). `as_of`: day of the registry's data."""

    result: Literal["match", "mismatch", "not_found"]
    mismatching: tuple[str, ...]
    as_of: date
    registers: tuple[str, ...]


class CivilRegistry(Protocol):
    def check(self, *, nik: str, family_card: str, name: str, birth_date: date, reference: str) -> RegistryAnswer:
        """Compare what a person says with the registry. `nik` and `family_card`: 16 digits."""
        ...


@dataclass(frozen=True, slots=True)
class FaceAnswer:
    """`live`: the photo shows a living person, not a picture of one; `score`: likeness to the registry's portrait, 0
    to 100."""

    live: bool
    score: int


class FaceMatch(Protocol):
    def compare(self, *, nik: str, photo: bytes, reference: str) -> FaceAnswer:
        """Compare a photo (JPEG or PNG bytes) with the registry's portrait of `nik`."""
        ...
