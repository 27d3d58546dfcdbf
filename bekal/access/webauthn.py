"""The two ceremonies of WebAuthn (level 2), judged by the `fido2` library. Pure: what the browser is asked, what its
answer is worth. `site` is our address ("https://bekal.example"); its host is the relying party."""

import json
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

T = TypeVar("T")
LONGEST_ANSWER = 16_384
LONGEST_ID = 1_023
TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})
NAME = "Bekal"
ALGORITHM, ALGORITHMS = 3, (-7, -8, -257)  # the label in a COSE key; ES256, EdDSA, RS256
_REQUIRED = UserVerificationRequirement.REQUIRED
_BROKEN = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, struct.error,
    UnsupportedAlgorithm,
)  # fmt: skip


class Unfit(Exception):
    """An answer that proves nothing."""


@dataclass(frozen=True, slots=True)
class NewCredential:
    """`public_key`: COSE key as CBOR; `sign_count`: 0 where the device does not count."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]


def creation_options(
    site: str, challenge: bytes, principal: str, shown_as: str, known: Iterable[bytes]
) -> Mapping[str, Any]:
    """What a browser is asked to make a discoverable key; those in `known` are not made twice."""
    options, _ = _server(site).register_begin(
        PublicKeyCredentialUserEntity(id=principal.encode(), name=shown_as, display_name=shown_as),
        credentials=[PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=one) for one in known],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=_REQUIRED,
        challenge=challenge,
    )
    return dict(options)["publicKey"]  # type: ignore[no-any-return]


def request_options(site: str, challenge: bytes) -> Mapping[str, Any]:
    """What a browser is asked to sign with any key it holds for us."""
    options, _ = _server(site).authenticate_begin(user_verification=_REQUIRED, challenge=challenge)
    return dict(options)["publicKey"]  # type: ignore[no-any-return]


def read_registration(site: str, challenge: bytes, answer: str) -> NewCredential:
    """The key that an answer to `creation_options` brings. Raises Unfit."""

    def read() -> NewCredential:
        said = _parsed(answer)
        device = _server(site).register_complete(_state(challenge), said)
        made = device.credential_data
        assert made is not None
        if made.public_key.get(ALGORITHM) not in ALGORITHMS or not 0 < len(made.credential_id) <= LONGEST_ID:
            raise Unfit
        told = said["response"].get("transports") or ()
        transports = tuple(sorted({one for one in told if isinstance(one, str)} & TRANSPORTS))
        return NewCredential(made.credential_id, cbor.encode(dict(made.public_key)), device.counter, transports)

    return _judged(read)


def answering(answer: str) -> bytes:
    """The id of the key that an answer says it comes from. Raises Unfit."""
    return _judged(lambda: bytes(AuthenticationResponse.from_dict(_parsed(answer)).raw_id))


def read_assertion(
    site: str, challenge: bytes, answer: str, credential_id: bytes, public_key: bytes, principal: str
) -> int:
    """The counter of an answer to `request_options` that this key signed for this owner. Raises Unfit."""

    def read() -> int:
        said = AuthenticationResponse.from_dict(_parsed(answer))
        key = AttestedCredentialData.create(
            Aaguid.NONE, credential_id, CoseKey.parse(cast(Mapping[int, Any], cbor.decode(public_key)))
        )
        _server(site).authenticate_complete(_state(challenge), [key], said)
        if said.response.user_handle not in (None, principal.encode()):
            raise Unfit
        return int(said.response.authenticator_data.counter)

    return _judged(read)


def to_web(value: bytes) -> str:
    """Base64 for addresses and forms, without padding."""
    return websafe_encode(value)


def from_web(value: str) -> bytes | None:
    """What `to_web` wrote; None when it cannot be."""
    try:
        return websafe_decode(value[: 2 * LONGEST_ID])
    except ValueError:
        return None


def _judged(read: Callable[[], T]) -> T:
    try:
        return read()
    except _BROKEN:
        raise Unfit from None


def _parsed(answer: str) -> Any:
    if len(answer) > LONGEST_ANSWER:
        raise Unfit
    return json.loads(answer)


def _server(site: str) -> Fido2Server:
    party = PublicKeyCredentialRpEntity(name=NAME, id=urlsplit(site).hostname)
    server = Fido2Server(
        party, attestation=AttestationConveyancePreference.NONE, verify_origin=lambda origin: origin == site
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=one) for one in ALGORITHMS
    ]
    return server


def _state(challenge: bytes) -> dict[str, Any]:
    return {"challenge": websafe_encode(challenge), "user_verification": _REQUIRED}
