"""A security key in software, made of fido2's own structures; every part of what it says can be made to lie."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

SITE = "http://localhost:8000"
VERIFIED = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


@dataclass
class Device:
    """Holds one key. `counter` grows with every signature where `counts`."""

    credential_id: bytes = b"\x07" * 32
    origin: str = SITE
    host: str = "localhost"
    flags: AuthenticatorData.FLAG = VERIFIED
    counts: bool = True
    counter: int = 0
    owner: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def register(self, options: dict[str, Any], **lies: Any) -> str:
        """RegistrationResponseJSON for PublicKeyCredentialCreationOptionsJSON."""
        self.owner = websafe_decode(options["user"]["id"])
        public = ES256.from_cryptography_key(self.key.public_key())
        held = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, public)
        said = self._said(AuthenticatorData.FLAG.AT, held, **lies)
        client = self._client("webauthn.create", options["challenge"], **lies)
        response = {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", said, {})),
            "transports": ["internal", "hybrid", "telepathy"],
        }
        return self._written(response, **lies)

    def sign(self, options: dict[str, Any], **lies: Any) -> str:
        """AuthenticationResponseJSON for PublicKeyCredentialRequestOptionsJSON."""
        self.counter += self.counts
        said = self._said(AuthenticatorData.FLAG(0), b"", **lies)
        client = self._client("webauthn.get", options["challenge"], **lies)
        signature = self.key.sign(said + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(said),
            "signature": websafe_encode(lies.get("signature", signature)),
            "userHandle": websafe_encode(lies.get("owner", self.owner)),
        }
        return self._written(response, **lies)

    def _said(self, more: AuthenticatorData.FLAG, held: bytes, **lies: Any) -> AuthenticatorData:
        host = hashlib.sha256(lies.get("host", self.host).encode()).digest()
        flags = lies.get("flags", self.flags) | more
        return AuthenticatorData.create(host, flags, lies.get("counter", self.counter), held)

    def _client(self, kind: str, challenge: str, **lies: Any) -> CollectedClientData:
        origin = lies.get("origin", self.origin)
        given = websafe_decode(lies.get("signed", challenge))
        return CollectedClientData.create(lies.get("ceremony", kind), given, origin)

    def _written(self, response: dict[str, Any], **lies: Any) -> str:
        code = websafe_encode(lies.get("credential_id", self.credential_id))
        return json.dumps({"id": code, "rawId": code, "type": "public-key", "response": response})
