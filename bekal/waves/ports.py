"""What the waves room needs from outside: a public randomness beacon (drand)."""

from dataclasses import dataclass
from typing import Protocol


class RoundNotYet(Exception):
    """The relay does not have this round: it lies in the future, or has not reached the relay."""


@dataclass(frozen=True, slots=True)
class FetchedRound:
    """A round as a relay told it: unchecked. `previous_signature` is None on unchained networks."""

    number: int
    randomness: bytes
    signature: bytes
    previous_signature: bytes | None


class Beacon(Protocol):
    def fetch(self, *, chain_hash: str, number: int) -> FetchedRound:
        """Fetch round `number` of the chain (`chain_hash`: 64 hex digits). The caller verifies the signature.

        Raises RoundNotYet, or ConnectionError when the relay gives no readable answer.
        """
        ...
