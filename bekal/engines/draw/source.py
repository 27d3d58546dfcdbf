"""Where the randomness comes from: a future round of drand, or a ceremony of named parties (docs/draw.md §5)."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import rfc8785

from bekal.engines.draw.beacon import BeaconLied, BeaconRound, Chain, verify_round
from bekal.engines.draw.instants import instant, instant_text

SECRET_FORMAT = "bekal-draw-secret/1"  # noqa: S105 - the name of a format
CEREMONY_FORMAT = "bekal-draw-ceremony/1"
SECRET_SIZE = 32
LEAST_PARTIES = 3


class SourceRefused(ValueError):
    """A source of randomness that must not be named."""


class CeremonyOpen(ValueError):
    """Secrets are missing, or do not open their seals; `missing` names the parties, ascending."""

    def __init__(self, problem: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.missing = missing


@dataclass(frozen=True)
class Secrets:
    """What the parties of a ceremony revealed: name to 32 bytes in hex."""

    secrets: Mapping[str, str]


Shown = BeaconRound | Secrets
"""What appears after the commitment."""


@dataclass(frozen=True)
class Drand:
    """Round `round` of a chain, waited for until an instant (aware)."""

    chain: Chain
    round: int
    wait_until: datetime

    @property
    def due_at(self) -> datetime:
        """When the round is due."""
        return round_time(self.chain, self.round)

    def document(self) -> dict[str, Any]:
        """The `source` of a commitment."""
        times = {"due_at": instant_text(self.due_at), "wait_until": instant_text(self.wait_until)}
        return {"kind": "drand", **asdict(self.chain), "round": self.round, **times}

    def randomness(self, _commitment: bytes, shown: Shown) -> bytes:
        """32 bytes. Raises BeaconLied for another round, or one that the chain's key did not sign."""
        if not isinstance(shown, BeaconRound) or shown.number != self.round:
            what = f"round {shown.number}" if isinstance(shown, BeaconRound) else "secrets"
            raise BeaconLied(f"{what} shown, round {self.round} committed to")
        verify_round(self.chain, shown)
        return bytes.fromhex(shown.randomness)


@dataclass(frozen=True, order=True)
class Party:
    """One who takes part in a ceremony: Ed25519 key and sealed secret, each 32 bytes in hex."""

    name: str
    public_key: str
    sealed: str


@dataclass(frozen=True)
class Ceremony:
    """Parties, who reveal between `due_at` and `wait_until` (aware). Raises SourceRefused for what is no ceremony."""

    parties: tuple[Party, ...]
    due_at: datetime
    wait_until: datetime

    def __post_init__(self) -> None:
        names = [party.name for party in self.parties]
        if len(names) < LEAST_PARTIES:
            raise SourceRefused(f"{len(names)} parties: a ceremony needs {LEAST_PARTIES} at least")
        if any(left >= right for left, right in pairwise(names)):
            raise SourceRefused("the parties of a ceremony stand by name, each once")
        for values in ({party.public_key for party in self.parties}, {party.sealed for party in self.parties}):
            if len(values) < len(names):
                raise SourceRefused("two parties of a ceremony share a key or a seal")

    def document(self) -> dict[str, Any]:
        """The `source` of a commitment."""
        times = {"due_at": instant_text(self.due_at), "wait_until": instant_text(self.wait_until)}
        return {"kind": "ceremony", "parties": [asdict(party) for party in self.parties], **times}

    def opened(self, secrets: Mapping[str, str]) -> None:
        """Every secret shown opens its party's seal. Raises CeremonyOpen."""
        sealed = {party.name: party.sealed for party in self.parties}
        for name, secret in secrets.items():
            if name not in sealed:
                raise CeremonyOpen(f"{name} is no party of the ceremony")
            if seal(name, secret) != sealed[name]:
                raise CeremonyOpen(f"the secret of {name} does not open its seal")

    def missing(self, secrets: Mapping[str, str]) -> tuple[str, ...]:
        """Parties that did not reveal."""
        return tuple(party.name for party in self.parties if party.name not in secrets)

    def randomness(self, commitment: bytes, shown: Shown) -> bytes:
        """32 bytes from all secrets and the commitment hash. Raises CeremonyOpen."""
        if not isinstance(shown, Secrets):
            raise CeremonyOpen("a round shown, a ceremony committed to")
        self.opened(shown.secrets)
        missing = self.missing(shown.secrets)
        if missing:
            raise CeremonyOpen(f"not revealed: {', '.join(missing)}", missing)
        said: dict[str, Any] = {
            "format": CEREMONY_FORMAT,
            "commitment": commitment.hex(),
            "secrets": dict(shown.secrets),
        }
        return hashlib.sha256(rfc8785.dumps(said)).digest()


Source = Drand | Ceremony


def seal(name: str, secret: str) -> str:
    """What a party gives away beforehand of its secret (32 bytes in lower-case hex). Raises CeremonyOpen."""
    try:
        right = len(bytes.fromhex(secret)) == SECRET_SIZE and secret == bytes.fromhex(secret).hex()
    except ValueError:
        right = False
    if not right:
        raise CeremonyOpen(f"the secret of {name} is not {SECRET_SIZE} bytes of lower-case hex")
    return hashlib.sha256(rfc8785.dumps({"format": SECRET_FORMAT, "by": name, "secret": secret})).hexdigest()


def read_source(document: Mapping[str, Any]) -> Source:
    """The source that a commitment names. Raises SourceRefused, LookupError, TypeError or ValueError."""
    members = dict(document)
    kind, due_at = members.pop("kind"), instant(members.pop("due_at"))
    wait_until = instant(members.pop("wait_until"))
    source: Source
    if kind == "drand":
        number = members.pop("round")
        if type(number) is not int:
            raise SourceRefused(f"round {number!r} is no whole number")
        source = Drand(Chain(**members), number, wait_until)
    elif kind == "ceremony":
        parties = tuple(Party(**party) for party in members.pop("parties"))
        source = Ceremony(parties, due_at, wait_until)
    else:
        raise SourceRefused(f"unknown source {kind!r}")
    if rfc8785.dumps(source.document()) != rfc8785.dumps(dict(document)):
        raise SourceRefused("the source is not in its canonical form")
    return source


def read_shown(members: Mapping[str, Any]) -> Shown:
    """What a bundle calls `beacon`. Raises TypeError for other members."""
    if "secrets" not in members and "previous_signature" not in members:
        raise TypeError("a round names its previous signature, if only as an empty text")
    return Secrets(**members) if "secrets" in members else BeaconRound(**members)


def round_time(chain: Chain, number: int) -> datetime:
    """When a round is due: genesis + period x (number - 1), aware UTC. Raises ValueError below round 1."""
    if number < 1:
        raise ValueError(f"round {number}: rounds count from 1")
    return datetime.fromtimestamp(chain.genesis + chain.period * (number - 1), UTC)


def first_round_at(chain: Chain, at: datetime) -> int:
    """The first round due at or after an instant."""
    late = -(-int(at.timestamp() * 1_000_000) // 1_000_000) - chain.genesis
    return max(1, 1 + -(-late // chain.period))
