#!/usr/bin/env python3
"""Checks a published journal of seals: python verify_ledger.py JOURNAL [--json]

One file, Python's standard library only, independent of the programme's own code.

JOURNAL is JSON: {"seals": [{"number", "first", "last", "size", "root", "previous", "chain", "at"}],
"proofs": [{"seal", "index", "leaf": {…}, "salt", "path": [hex…]}]}, hashes and salts in hex.

* leaf = the transfer {key, debit, credit, amount, code, phase, reference, at}, in RFC 8785 JSON
* leaf hash = SHA-256(0x00 || salt, 32 bytes || leaf); trees as in RFC 9162 §2.1
* chain of seal n = SHA-256(chain of seal n-1 || root || size as 8 bytes, big-endian); the first follows 32 zero bytes
* seals count on without gaps; `first` and `last`, where given, number the transfers, and no two runs overlap
* a proof opens one leaf and says nothing about the others

Exit code: 0 all good, 1 something is wrong.
"""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

FIELDS = {"key", "debit", "credit", "amount", "code", "phase", "reference", "at"}
SEAL = {"number", "size", "root", "previous", "chain", "at"}
RUN = {"first", "last"}
PROOF = {"seal", "index", "leaf", "salt", "path"}


class Wrong(Exception):
    """A check that failed; the text says what was found."""


def need(condition: object, text: str) -> None:
    if not condition:
        raise Wrong(text)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def digest(text: str) -> bytes:
    need(isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text), f"{text!r} is not 32 bytes in lower-case hex")
    return bytes.fromhex(text)


def canonical(leaf: dict[str, Any]) -> bytes:
    """RFC 8785 of a flat object of ASCII names with strings and whole numbers."""
    need(set(leaf) == FIELDS, f"a leaf has the fields {sorted(leaf)}")
    need(all(isinstance(value, str | int) for value in leaf.values()), "a leaf holds more than strings and numbers")
    return json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def climb(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Root reached from a leaf (RFC 9162 §2.1.3.2), by the recursive definition of the tree."""
    if size == 1:
        need(not path, "the path is too long")
        return leaf
    need(path, "the path is too short")
    middle = 1 << (size - 1).bit_length() - 1
    if index < middle:
        return sha256(b"\x01" + climb(leaf, index, middle, path[:-1]) + path[-1])
    return sha256(b"\x01" + path[-1] + climb(leaf, index - middle, size - middle, path[:-1]))


def check_seal(seal: dict[str, Any], before: dict[str, Any] | None) -> str:
    need(set(seal) in (SEAL, SEAL | RUN), f"seal {seal.get('number')} has missing or unknown members")
    number = seal["number"]
    previous = before["chain"] if before else "00" * 32
    need(number == (before["number"] + 1 if before else 1), f"seal {number} does not follow on")
    need(seal["previous"] == previous, f"seal {number} names another seal before it")
    need(isinstance(seal["size"], int) and seal["size"] > 0, f"seal {number} is empty")
    if "first" in seal:
        need(0 < seal["size"] <= seal["last"] - seal["first"] + 1, f"seal {number}: its run is too short")
        need(not before or before["last"] < seal["first"], f"seal {number} overlaps the one before")
    need(not before or before["at"] <= seal["at"], f"seal {number} is older than the one before")
    chain = sha256(digest(seal["previous"]) + digest(seal["root"]) + seal["size"].to_bytes(8, "big")).hex()
    need(chain == seal["chain"], f"seal {number} chains to {chain}")
    return f"{seal['size']} transfers, chain {chain}"


def check_proof(proof: dict[str, Any], seals: dict[int, dict[str, Any]]) -> str:
    need(set(proof) == PROOF, "a proof has missing or unknown members")
    seal, index = seals.get(proof["seal"]), proof["index"]
    need(seal is not None, f"seal {proof['seal']} is not in the journal")
    size = seal["size"] if seal else 0
    need(isinstance(index, int) and 0 <= index < size, f"leaf {index} of {size}")
    leaf = sha256(b"\x00" + digest(proof["salt"]) + canonical(proof["leaf"]))
    root = climb(leaf, index, size, [digest(node) for node in proof["path"]])
    need(seal and root.hex() == seal["root"], "the leaf does not belong to the seal")
    transfer = proof["leaf"]
    return (
        f"{transfer['amount']} from {transfer['debit']} to {transfer['credit']}, {transfer['code']} {transfer['phase']}"
    )


def check_form(journal: dict[str, Any]) -> str:
    need(set(journal) == {"seals", "proofs"}, f"the journal has the members {sorted(journal)}")
    return f"{len(journal['seals'])} seals, {len(journal['proofs'])} proofs"


def run(journal: dict[str, Any]) -> list[dict[str, Any]]:
    """One line a check: {"check", "ok", "detail"}."""
    lines: list[dict[str, Any]] = []

    def record(name: str, check: Any, *arguments: Any) -> None:
        try:
            lines.append({"check": name, "ok": True, "detail": check(*arguments)})
        except Wrong as wrong:
            lines.append({"check": name, "ok": False, "detail": str(wrong)})
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            lines.append({"check": name, "ok": False, "detail": f"malformed: {type(error).__name__} {error}"})

    before: dict[str, Any] | None = None
    for place, seal in enumerate(journal["seals"], start=1):
        record(f"seal {place}", check_seal, seal, before)
        before = seal
    seals = {seal.get("number"): seal for seal in journal["seals"]}
    for place, proof in enumerate(journal["proofs"], start=1):
        record(f"proof {place}", check_proof, proof, seals)
    record("form", check_form, journal)
    return lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Checks a published journal of seals.")
    parser.add_argument("journal", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(arguments)
    try:
        lines = run(json.loads(options.journal.read_bytes()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
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
