import copy
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from openvc import OpenvcError, VerificationPolicy
from openvc import verify_credential as outsider

from bekal.engines.credential import (
    CONTEXTS,
    CredentialRefused,
    base58,
    did_key,
    from_base58,
    sign_credential,
    verify_credential,
)

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"issuer").digest())
ISSUER = did_key(KEY.public_key().public_bytes_raw())
CREATED = "2023-06-01T00:00:00Z"


def document() -> dict[str, Any]:
    return {
        "@context": list(CONTEXTS),
        "id": "urn:uuid:3f8e1c2a-7b1d-4b54-9d7e-0b6a4d1f2c33",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": ISSUER, "type": ["Profile"], "name": "Lembaga Pelatihan Ñandú"},
        "validFrom": CREATED,
        "credentialSubject": {
            "id": "urn:uuid:9d7e0b6a-0000-4000-8000-000000000001",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "urn:uuid:11111111-0000-4000-8000-000000000001",
                "type": ["Achievement"],
                "achievementType": "Certificate",
                "name": "Pemasaran digital",
                "description": "Pelatihan 15 jam",
                "criteria": {"narrative": "Nilai akhir 70 atau lebih"},
            },
        },
    }


def signed() -> dict[str, Any]:
    return sign_credential(document(), KEY, CREATED)


def test_did_key_of_the_published_example() -> None:
    # did:key specification, Ed25519 example
    public = from_base58("6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")[2:]
    assert did_key(public) == "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


@given(st.binary(max_size=70))
def test_base58_round_trip(raw: bytes) -> None:
    assert from_base58(base58(raw)) == raw


def test_our_own_check_accepts() -> None:
    assert verify_credential(signed()) == []
    assert document() == {key: value for key, value in signed().items() if key != "proof"}


def test_an_outsider_accepts() -> None:
    result = outsider(signed(), policy=VerificationPolicy(expected_types=["OpenBadgeCredential"]))
    assert result.issuer == ISSUER


def test_an_outsider_refuses_what_was_changed() -> None:
    changed = signed()
    changed["credentialSubject"]["achievement"]["name"] = "Kedokteran"
    with pytest.raises(OpenvcError):
        outsider(changed)
    assert verify_credential(changed) == ["the signature does not fit the document"]


def _with_proof(**changes: Any) -> dict[str, Any]:
    return {**signed(), "proof": {**signed()["proof"], **changes}}


OTHER = did_key(Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw())


@pytest.mark.parametrize(
    "changed",
    [
        document(),
        _with_proof(type="Other"),
        _with_proof(cryptosuite="eddsa-rdfc-2022"),
        _with_proof(created="2024-06-01T00:00:00Z"),
        _with_proof(created="soon"),
        _with_proof(proofPurpose="authentication"),
        _with_proof(verificationMethod=f"{OTHER}#{OTHER.removeprefix('did:key:')}"),
        _with_proof(proofValue="m00"),
        _with_proof(proofValue="z0OIl"),
        _with_proof(proofValue="z2"),
        _with_proof(extra=1),
        _with_proof(**{"@context": []}),
        {**signed(), "issuer": OTHER},
        {**signed(), "issuer": "did:web:example.org"},
        {**signed(), "issuer": "did:key:z11"},
        {**signed(), "type": ["VerifiableCredential"]},
        {**signed(), "proof": None},
        {**signed(), "validFrom": float("nan")},
    ],
)
def test_changed_credentials_are_refused(changed: dict[str, Any]) -> None:
    assert verify_credential(changed)


def test_a_string_issuer_is_good_too() -> None:
    plain = {**document(), "issuer": ISSUER}
    assert verify_credential(sign_credential(plain, KEY, CREATED)) == []


@pytest.mark.parametrize(
    ("changes", "created"), [({"proof": {}}, CREATED), ({"issuer": OTHER}, CREATED), ({}, "2023-06-01T00:00:00+07:00")]
)
def test_what_must_not_be_signed(changes: dict[str, Any], created: str) -> None:
    with pytest.raises(CredentialRefused):
        sign_credential({**copy.deepcopy(document()), **changes}, KEY, created)
