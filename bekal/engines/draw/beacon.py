"""Public randomness: rounds of drand, checked against the chain's key (docs/draw.md §5; protocol at https://docs.drand.love)."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import drand_verify

UNCHAINED = "bls-unchained-g1-rfc9380"
CHAINED = "pedersen-bls-chained"
INFINITY_FLAG = 0x40
LOWER_HEX = re.compile(r"(?:[0-9a-f]{2})+")


class BeaconLied(ValueError):
    """A round that the chain's key did not sign, or whose randomness does not follow from its signature."""


@dataclass(frozen=True)
class Chain:
    """Public parameters of a drand chain; `genesis` in Unix seconds, `period` in seconds, keys and hash in hex."""

    chain_hash: str
    scheme: str
    public_key: str
    genesis: int
    period: int


@dataclass(frozen=True)
class BeaconRound:
    """One published round, in lower-case hex; `previous_signature` is empty on an unchained beacon."""

    number: int
    randomness: str
    signature: str
    previous_signature: str = ""


class KeyedChain(Protocol):
    """What verifying a round needs of a chain."""

    @property
    def scheme(self) -> str: ...
    @property
    def public_key(self) -> str: ...


QUICKNET = Chain(
    chain_hash="52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
    scheme=UNCHAINED,
    public_key="83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
    genesis=1692803367,
    period=3,
)
DEFAULT = Chain(
    chain_hash="8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
    scheme=CHAINED,
    public_key="868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31",
    genesis=1595431050,
    period=30,
)
CHAINS: Mapping[str, Chain] = MappingProxyType({"quicknet": QUICKNET, "default": DEFAULT})


def _check_unchained(chain: KeyedChain, shown: BeaconRound) -> None:
    if shown.previous_signature != "":
        raise BeaconLied("an unchained round has no previous signature")
    drand_verify.verify_bls_unchained_g1_rfc9380(shown.number, shown.signature, chain.public_key)


def _check_chained(chain: KeyedChain, shown: BeaconRound) -> None:
    if not LOWER_HEX.fullmatch(shown.previous_signature):
        raise BeaconLied("the previous signature is not lower-case hex")
    drand_verify.verify_pedersen_bls_chained(shown.number, shown.previous_signature, shown.signature, chain.public_key)


@dataclass(frozen=True)
class _Scheme:
    """How rounds of a scheme are checked; lengths in bytes of the compressed points."""

    check: Callable[[KeyedChain, BeaconRound], None]
    key_size: int
    signature_size: int


_SCHEMES: Mapping[str, _Scheme] = MappingProxyType(
    {UNCHAINED: _Scheme(_check_unchained, 96, 48), CHAINED: _Scheme(_check_chained, 48, 96)}
)


def _is_point(text: str, size: int) -> bool:
    """Lower-case hex of a compressed point that is not the point at infinity, which would verify anything."""
    if len(text) != 2 * size or not LOWER_HEX.fullmatch(text):
        return False
    return not bytes.fromhex(text[:2])[0] & INFINITY_FLAG


def verify_round(chain: KeyedChain, shown: BeaconRound) -> None:
    """Checks the BLS signature of a round and that its randomness is SHA-256 of it. Raises BeaconLied.

    The chain itself is trusted input: take it from CHAINS, or compare it with CHAINS first.
    """
    scheme = _SCHEMES.get(chain.scheme)
    if scheme is None:
        raise BeaconLied(f"unknown scheme {chain.scheme}")
    # drand_verify panics on a key of another length or on text that is not hex.
    if not _is_point(shown.signature, scheme.signature_size) or not _is_point(chain.public_key, scheme.key_size):
        raise BeaconLied("signature or key is not a point of the scheme in lower-case hex")
    if type(shown.number) is not int or not 0 < shown.number < 1 << 64:
        raise BeaconLied(f"round {shown.number} cannot exist")
    try:
        scheme.check(chain, shown)
    except ValueError as error:
        raise BeaconLied(f"round {shown.number}: {error}") from error
    if hashlib.sha256(bytes.fromhex(shown.signature)).hexdigest() != shown.randomness:
        raise BeaconLied("randomness is not SHA-256 of the signature")
