#!/usr/bin/env python3
"""Checks a certificate: python verify_certificate.py CREDENTIAL.json [--issuer DID] [--json]

One file, independent of the programme's own code. It reads an Open Badges 3.0 credential (W3C VC 2.0) with a Data
Integrity proof of cryptosuite eddsa-jcs-2022 and a did:key issuer. Needs Python 3.11 and `cryptography`. With --issuer
the issuer must be that DID, as the institution publishes it; without, the issuer found is shown for you to compare.

Whether the certificate was withdrawn later is not in the file: ask at `credentialStatus`, where there is one.
Exit code: 0 all good, 1 something is wrong.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CONTEXTS = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
TYPES = {"VerifiableCredential", "OpenBadgeCredential"}
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


class Wrong(Exception):
    """A check that failed; the text says what was found."""


def need(condition: object, text: str) -> None:
    if not condition:
        raise Wrong(text)


def canonical(value: object) -> str:
    """RFC 8785 for objects, arrays, strings, whole numbers, true, false and null."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    need(value is None or isinstance(value, str | int), f"{value!r}: fractions are not expected in a certificate")
    return json.dumps(value, ensure_ascii=False)


def sha256(value: object) -> bytes:
    return hashlib.sha256(canonical(value).encode()).digest()


def base58(text: str) -> bytes:
    need(text.startswith("z") and set(text[1:]) <= set(BASE58), f"{text!r} is not base58btc")
    number = 0
    for character in text[1:]:
        number = number * 58 + BASE58.index(character)
    zeros = len(text[1:]) - len(text[1:].lstrip("1"))
    return bytes(zeros) + number.to_bytes(-(-number.bit_length() // 8), "big")


def issuer(credential: dict[str, Any]) -> str:
    found = credential["issuer"]
    return str(found if isinstance(found, str) else found["id"])


def check_form(credential: dict[str, Any]) -> str:
    need(credential["@context"][:2] == CONTEXTS, "not the contexts of Open Badges 3.0")
    need(TYPES.issubset(credential["type"]), "not an Open Badges 3.0 credential")
    achievement = credential["credentialSubject"]["achievement"]
    need(re.fullmatch(INSTANT, credential["validFrom"]), "no date from which it is valid")
    return f"{achievement['name']}, valid from {credential['validFrom']}"


def check_issuer(credential: dict[str, Any], expected: str | None) -> str:
    did = issuer(credential)
    need(expected in (None, did), f"issued by {did}, not by {expected}")
    raw = base58(did.removeprefix("did:key:"))
    need(did.startswith("did:key:") and raw[:2] == b"\xed\x01" and len(raw) == 34, "not a did:key of an Ed25519 key")
    return did if expected else f"{did} (compare it with what the institution publishes)"


def check_proof(credential: dict[str, Any]) -> str:
    proof, did = credential["proof"], issuer(credential)
    need(proof["type"] == "DataIntegrityProof" and proof["cryptosuite"] == "eddsa-jcs-2022", "another kind of proof")
    need(proof["proofPurpose"] == "assertionMethod", "the proof has another purpose")
    need(proof["@context"] == credential["@context"], "the proof has other contexts")
    need(proof["verificationMethod"] == f"{did}#{did.removeprefix('did:key:')}", "another key than the issuer's signed")
    need(re.fullmatch(INSTANT, proof["created"]), "no time of signing")
    return f"made {proof['created']}"


def check_signature(credential: dict[str, Any]) -> str:
    options = {name: value for name, value in credential["proof"].items() if name != "proofValue"}
    document = {name: value for name, value in credential.items() if name != "proof"}
    key = Ed25519PublicKey.from_public_bytes(base58(issuer(credential).removeprefix("did:key:"))[2:])
    try:
        key.verify(base58(credential["proof"]["proofValue"]), sha256(options) + sha256(document))
    except InvalidSignature:
        raise Wrong("the signature does not fit the document: it was changed, or another key signed it") from None
    return "the document is as the issuer signed it"


def run(credential: dict[str, Any], expected: str | None) -> list[dict[str, Any]]:
    """One line a check: {"check", "ok", "detail"}."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("form", lambda: check_form(credential)),
        ("issuer", lambda: check_issuer(credential, expected)),
        ("proof", lambda: check_proof(credential)),
        ("signature", lambda: check_signature(credential)),
    ]
    lines: list[dict[str, Any]] = []
    for name, check in checks:
        try:
            lines.append({"check": name, "ok": True, "detail": check()})
        except Wrong as wrong:
            lines.append({"check": name, "ok": False, "detail": str(wrong)})
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            lines.append({"check": name, "ok": False, "detail": f"malformed: {type(error).__name__} {error}"})
    return lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Checks a certificate.")
    parser.add_argument("credential", type=Path)
    parser.add_argument("--issuer", help="the DID that the institution publishes")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(arguments)
    try:
        lines = run(json.loads(options.credential.read_bytes()), options.issuer)
    except (OSError, ValueError) as error:
        lines = [{"check": "file", "ok": False, "detail": f"{type(error).__name__} {error}"}]
    code = 0 if all(line["ok"] for line in lines) else 1
    if options.json:
        print(json.dumps({"exit": code, "checks": lines}, ensure_ascii=False))
        return code
    for line in lines:
        print(f"{'good' if line['ok'] else 'WRONG':5} {line['check']}: {line['detail']}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
