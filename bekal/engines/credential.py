"""Open Badges 3.0 credentials (W3C VC 2.0): Data Integrity proof of cryptosuite eddsa-jcs-2022, issuer did:key.

Protocol: https://www.w3.org/TR/vc-di-eddsa/#eddsa-jcs-2022, https://w3c-ccg.github.io/did-key-spec/.
"""

import hashlib
import re
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CONTEXTS = ("https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json")
TYPES = ("VerifiableCredential", "OpenBadgeCredential")
CRYPTOSUITE = "eddsa-jcs-2022"
ED25519_PREFIX = b"\xed\x01"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, rfc8785.CanonicalizationError)


class CredentialRefused(ValueError):
    """A document that must not be signed, or a proof that does not hold."""


def base58(raw: bytes) -> str:
    """base58btc."""
    number, digits = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = ALPHABET[digit] + digits
    return ALPHABET[0] * (len(raw) - len(raw.lstrip(b"\x00"))) + digits


def from_base58(text: str) -> bytes:
    """Reads base58btc. Raises ValueError for other characters."""
    number = 0
    for character in text:
        number = number * 58 + ALPHABET.index(character)
    zeros = len(text) - len(text.lstrip(ALPHABET[0]))
    return bytes(zeros) + number.to_bytes(-(-number.bit_length() // 8), "big")


def did_key(public_key_bytes: bytes) -> str:
    """`did:key` of a 32-byte Ed25519 public key."""
    return "did:key:z" + base58(ED25519_PREFIX + public_key_bytes)


def public_key_of(did: str) -> Ed25519PublicKey:
    """The Ed25519 key inside a `did:key`. Raises ValueError for another method or key type."""
    raw = from_base58(did.removeprefix("did:key:z"))
    if not did.startswith("did:key:z") or raw[:2] != ED25519_PREFIX:
        raise ValueError(f"{did} is not a did:key of an Ed25519 key")
    return Ed25519PublicKey.from_public_bytes(raw[2:])


def issuer_of(document: dict[str, Any]) -> str:
    """The issuer's identifier, whether it stands alone or in an object."""
    issuer = document["issuer"]
    return str(issuer if isinstance(issuer, str) else issuer["id"])


def _signed_bytes(document: dict[str, Any], options: dict[str, Any]) -> bytes:
    """SHA-256 of the canonical proof options, then SHA-256 of the canonical document without proof: 64 bytes."""
    bare = {key: value for key, value in document.items() if key != "proof"}
    return hashlib.sha256(rfc8785.dumps(options)).digest() + hashlib.sha256(rfc8785.dumps(bare)).digest()


def sign_credential(document: dict[str, Any], private_key: Ed25519PrivateKey, created: str) -> dict[str, Any]:
    """A copy of `document` with its proof; `created` is an RFC 3339 instant ending in Z.

    Raises CredentialRefused for a document with a proof, an issuer that is not the key's did:key, or another `created`.
    """
    did = did_key(private_key.public_key().public_bytes_raw())
    if "proof" in document or issuer_of(document) != did:
        raise CredentialRefused("the document has a proof already, or its issuer is not the key that signs")
    if not INSTANT.fullmatch(created):
        raise CredentialRefused(f"not an instant in UTC: {created!r}")
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITE,
        "created": created,
        "verificationMethod": f"{did}#{did.removeprefix('did:key:')}",
        "proofPurpose": "assertionMethod",
        "@context": document["@context"],
    }
    value = "z" + base58(private_key.sign(_signed_bytes(document, options)))
    return {**document, "proof": {**options, "proofValue": value}}


def _shape_problems(document: dict[str, Any], proof: dict[str, Any]) -> list[str]:
    did = issuer_of(document)
    expected = {
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITE,
        "proofPurpose": "assertionMethod",
        "verificationMethod": f"{did}#{did.removeprefix('did:key:')}",
        "@context": document["@context"],
    }
    problems = [f"proof {name} is {proof.get(name)!r}" for name, value in expected.items() if proof.get(name) != value]
    if tuple(document["@context"][:2]) != CONTEXTS or not set(TYPES) <= set(document["type"]):
        problems.append("not an Open Badges 3.0 credential")
    if not INSTANT.fullmatch(proof["created"]):
        problems.append("the time of the proof is not an instant in UTC")
    return problems


def _signature_problems(document: dict[str, Any], proof: dict[str, Any]) -> list[str]:
    options = {key: value for key, value in proof.items() if key != "proofValue"}
    value = proof["proofValue"]
    if not value.startswith("z"):
        return ["the proof value is not base58btc"]
    try:
        public_key_of(issuer_of(document)).verify(from_base58(value[1:]), _signed_bytes(document, options))
    except InvalidSignature:
        return ["the signature does not fit the document"]
    return []


def verify_credential(document: dict[str, Any]) -> list[str]:
    """Problems of a credential; empty when its issuer signed it as it stands. Never raises on bad input.

    Dates of validity and revocation are the caller's: they need a clock and a status list.
    """
    try:
        proof = document["proof"]
        return _shape_problems(document, proof) + _signature_problems(document, proof)
    except MALFORMED as error:
        return [f"malformed credential: {type(error).__name__} {error}"]
