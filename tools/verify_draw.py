#!/usr/bin/env python3
"""Checks a published draw: python verify_draw.py BUNDLE ROLL [--keys KEYS.json] [--json]

One file, independent of the programme's own code: it follows docs/draw.md, version 1. Needs Python 3.11 and
`cryptography`; `drand_verify`, where installed, checks the beacon's BLS signature. KEYS.json, as the parties publish
them themselves: {"operators": {name: hex}, "witnesses": {…}}; without it the keys in the bundle are used and shown.

Exit code: 0 all good, 1 something is wrong, 3 all good but the beacon's signature was not checked.
"""

import argparse
import hashlib
import json
import re
import struct
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

BLOCK, ID, LEAD = 65536, 16, timedelta(seconds=60)
QUICKNET_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
DEFAULT_KEY = "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31"
# chain hash: scheme, public key, genesis (Unix seconds), period (seconds); published at https://api.drand.sh/chains
CHAINS = {
    "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971": (
        "bls-unchained-g1-rfc9380",
        QUICKNET_KEY,
        1692803367,
        3,
    ),
    "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce": (
        "pedersen-bls-chained",
        DEFAULT_KEY,
        1595431050,
        30,
    ),
}
MEMBERS = {
    "bundle": {
        *("format", "commitment", "commitment_hash", "operators", "witnesses", "signatures", "beacon", "strata"),
        *("winners", "waiting", "result"),
    },
    "commitment": {
        *("format", "algorithm", "wave", "sequence", "programme", "roll", "strata", "places", "waiting_list"),
        *("waiting_rule", "beacon", "committed_at"),
    },
    "signature": {"by", "role", "signature", "at"},
    "round": {"number", "randomness", "signature", "previous_signature"},
}


class Wrong(Exception):
    """A check that failed; the text says what was found."""


def need(condition: object, text: str) -> None:
    if not condition:
        raise Wrong(text)


def canonical(value: object) -> str:
    """RFC 8785 for what a bundle holds: objects, arrays, strings, whole numbers, true, false, null."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    need(value is None or isinstance(value, str | int), f"{value!r} has no place in a bundle")
    return json.dumps(value, ensure_ascii=False)


def sha256(*parts: bytes | memoryview) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def document_hash(value: object) -> bytes:
    return sha256(canonical(value).encode())


def merkle_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, straight from its definition."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01", merkle_root(leaves[:middle]), merkle_root(leaves[middle:]))


def file_root(data: bytes) -> str:
    view = memoryview(data)
    return merkle_root([sha256(b"\x00", view[at : at + BLOCK]) for at in range(0, len(data), BLOCK)]).hex()


def moment(text: str) -> datetime:
    need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", text), f"{text!r} is not an instant")
    return datetime.fromisoformat(text)


class Bundle:
    """Bundle and roll, with every check of the specification as a method `check_…`."""

    def __init__(self, bundle: dict[str, Any], roll: bytes, keys: dict[str, dict[str, str]] | None) -> None:
        self.bundle, self.roll, self.keys = bundle, roll, keys
        self.doc: dict[str, Any] = bundle["commitment"]
        self.strata: list[dict[str, Any]] = self.doc["strata"]
        self.ids: list[bytes] = []

    def check_members(self) -> str:
        need(set(self.bundle) == MEMBERS["bundle"], "the bundle has missing or unknown members")
        need(set(self.doc) == MEMBERS["commitment"], "the commitment has missing or unknown members")
        need(self.bundle["format"] == "bekal-draw-bundle/1", "not a bundle of version 1")
        need(self.doc["format"] == "bekal-draw-commitment/1", "not a commitment of version 1")
        need(self.doc["algorithm"] == "bekal-draw/1", "not the algorithm of version 1")
        need(self.doc["waiting_rule"] == "stratum, region, all", "another waiting rule")
        return f"wave {self.doc['wave']}, draw {self.doc['sequence']}"

    def check_roll_file(self) -> str:
        """Rebuilds the header from the commitment; the ids must rise inside each stratum."""

        def label(text: str) -> bytes:
            return bytes([len(text.encode())]) + text.encode()

        keys = [(row["region"].encode(), row["group"].encode()) for row in self.strata]
        need(keys == sorted(set(keys)), "strata are not in order, or one stands twice")
        body = label(self.doc["wave"])
        for row in self.strata:
            need(row["people"] > 0, "a stratum is empty")
            body += label(row["region"]) + label(row["group"]) + struct.pack(">Q", row["people"])
        people = sum(row["people"] for row in self.strata)
        size = -(-(32 + len(body)) // 16) * 16
        counts = struct.pack(">IIQQ", size, len(self.strata), people, self.doc["roll"]["duplicates"])
        need(self.roll[:size] == (b"BKLROLL\x01" + counts + body).ljust(size, b"\0"), "the header is another")
        need(len(self.roll) == size + ID * people, "the roll file has another length")
        self.ids = [self.roll[at : at + ID] for at in range(size, len(self.roll), ID)]
        for start, row in self.cells():
            mine = self.ids[start : start + row["people"]]
            need(all(left < right for left, right in pairwise(mine)), "ticket ids are not in order")
        need(len(set(self.ids)) == people, "a ticket id stands in two strata")
        facts = {"root": file_root(self.roll), "bytes": len(self.roll), "entries_at": size, "people": people}
        shown = {**self.doc["roll"]}
        shown.pop("duplicates")
        need(shown == facts, "root or counts of the roll are others than the commitment says")
        return f"{people} people in {len(self.strata)} strata, root {facts['root']}"

    def cells(self) -> Iterator[tuple[int, dict[str, Any]]]:
        start = 0
        for row in self.strata:
            yield start, row
            start += row["people"]

    def check_places(self) -> str:
        for row in self.strata:
            need(set(row) == {"region", "group", "people", "places"}, "a stratum has unknown members")
            need(0 <= row["places"] <= row["people"], f"more places than people in {row['region']} {row['group']}")
        need(self.doc["places"] == sum(row["places"] for row in self.strata), "places do not add up")
        length = self.doc["waiting_list"]
        need(length == "all" or (isinstance(length, int) and length >= 0), "the waiting list has no length")
        need(isinstance(self.doc["sequence"], int) and self.doc["sequence"] >= 1, "draws count from 1")
        return f"{self.doc['places']} places, waiting list {length}"

    def check_commitment_hash(self) -> str:
        found = document_hash(self.doc).hex()
        need(found == self.bundle["commitment_hash"], f"the commitment hashes to {found}")
        return found

    def round_due(self) -> datetime:
        beacon = self.doc["beacon"]
        return datetime.fromtimestamp(beacon["genesis"] + beacon["period"] * (beacon["round"] - 1), UTC)

    def check_time(self) -> str:
        due, committed = self.round_due(), moment(self.doc["committed_at"])
        need(self.doc["beacon"]["due_at"] == due.isoformat().replace("+00:00", "Z"), "the time of the round is another")
        need(due - committed >= LEAD, "the round was past or too near when the commitment was made")
        return f"committed {committed.isoformat()}, round due {due.isoformat()}"

    def check_signatures(self) -> str:
        entries, committed, due = self.bundle["signatures"], moment(self.doc["committed_at"]), self.round_due()
        need(entries == sorted(entries, key=lambda e: (e["role"], e["by"])), "signatures are not in order")
        signers: dict[str, list[str]] = {"operator": [], "witness": []}
        for entry in entries:
            need(set(entry) == MEMBERS["signature"], "a signature has unknown members")
            need(entry["role"] in signers, f"{entry['role']} is no role")
            need(committed <= moment(entry["at"]) < due, f"{entry['by']} did not sign between commitment and round")
            self.check_signature(entry, self.bundle[self.side(entry["role"])][entry["by"]])
            signers[entry["role"]].append(entry["by"])
        for role, names in signers.items():
            need(len(set(names)) == len(names) >= 2, f"two {role} signatures are needed")
            need(sorted(names) == sorted(self.bundle[self.side(role)]), f"a listed {role} did not sign")
        listed = [*self.bundle["operators"].values(), *self.bundle["witnesses"].values()]
        need(len(set(listed)) == len(listed), "one key stands for two parties")
        return ", ".join(f"{role} {name}" for role, names in signers.items() for name in names)

    @staticmethod
    def side(role: str) -> str:
        return {"operator": "operators", "witness": "witnesses"}[role]

    def check_signature(self, entry: dict[str, str], key: str) -> None:
        need(re.fullmatch("[0-9a-f]{64}", key), f"the key of {entry['by']} is not 32 bytes of hex")
        need(
            re.fullmatch("[0-9a-f]{128}", entry["signature"]), f"the signature of {entry['by']} is not 64 bytes of hex"
        )
        statement = {
            "format": "bekal-draw-signature/1",
            "commitment": document_hash(self.doc).hex(),
            **{name: entry[name] for name in ("by", "role", "at")},
        }
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
            public.verify(bytes.fromhex(entry["signature"]), document_hash(statement))
        except InvalidSignature:
            raise Wrong(f"the signature of {entry['by']} is wrong") from None

    def check_keys(self) -> str:
        for side in ("operators", "witnesses"):
            for name, key in self.bundle[side].items():
                need(self.keys is None or self.keys[side].get(name) == key, f"{name} publishes another key")
        shown = {**self.bundle["operators"], **self.bundle["witnesses"]}
        source = "as published" if self.keys else "from the bundle itself: compare them with what the parties publish"
        return f"{source}: " + ", ".join(f"{name} {key[:16]}…" for name, key in shown.items())

    def check_beacon(self) -> str:
        chosen, shown = self.doc["beacon"], self.bundle["beacon"]
        need(set(shown) == MEMBERS["round"], "the round has unknown members")
        known = CHAINS.get(chosen["chain_hash"])
        given = tuple(chosen[name] for name in ("scheme", "public_key", "genesis", "period"))
        need(known == given, f"chain {chosen['chain_hash']} is not a public chain that this program knows")
        need(shown["number"] == chosen["round"], f"round {shown['number']} instead of round {chosen['round']}")
        need(re.fullmatch("([0-9a-f]{2})+", shown["signature"]), "the signature is not lower-case hex")
        need(sha256(bytes.fromhex(shown["signature"])).hex() == shown["randomness"], "randomness is not its SHA-256")
        return f"round {shown['number']} of chain {chosen['chain_hash'][:16]}…"

    def check_beacon_signature(self) -> str:
        """Raises ImportError where drand_verify is missing."""
        import drand_verify

        chosen, shown = self.doc["beacon"], self.bundle["beacon"]
        need(not int(shown["signature"][:2], 16) & 0x40, "the signature is the point at infinity")
        try:
            if chosen["scheme"] == "pedersen-bls-chained":
                need(re.fullmatch("([0-9a-f]{2})+", shown["previous_signature"]), "no previous signature")
                drand_verify.verify_pedersen_bls_chained(
                    shown["number"], shown["previous_signature"], shown["signature"], chosen["public_key"]
                )
            else:
                need(shown["previous_signature"] == "", "a previous signature on an unchained beacon")
                drand_verify.verify_bls_unchained_g1_rfc9380(shown["number"], shown["signature"], chosen["public_key"])
        except ValueError as error:
            raise Wrong(str(error)) from None
        return "signed by the chain's key"

    def tickets(self) -> list[int]:
        randomness, salt = bytes.fromhex(self.bundle["beacon"]["randomness"]), document_hash(self.doc)
        key = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"bekal-draw/1 tickets").derive(randomness)
        stream = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor().update(bytes(8 * len(self.ids)))
        return [ticket for (ticket,) in struct.iter_unpack(">Q", stream)]

    def check_draw(self) -> str:
        """Draws anew and compares thresholds, winners, waiting order and the root of the result."""
        drawn, winners, waiting, rows = self.tickets(), [], [], []
        keep = len(self.ids) if self.doc["waiting_list"] == "all" else self.doc["waiting_list"]
        for start, row in self.cells():
            end, places = start + row["people"], row["places"]
            order = sorted(zip(drawn[start:end], self.ids[start:end], strict=True))
            last = order[places - 1] if places else None
            winners += sorted(ticket_id for _, ticket_id in order[:places])
            waiting += order[places : places + keep]
            cut = {"threshold": f"{last[0]:016x}" if last else None, "last": last[1].hex() if last else None}
            rows.append({**row, **cut, "waiting": len(order[places : places + keep])})
        queue = [ticket_id for _, ticket_id in sorted(waiting)]
        need(canonical(self.bundle["strata"]) == canonical(rows), "a threshold is another")
        need(self.bundle["winners"] == [ticket_id.hex() for ticket_id in winners], "the winners are others")
        need(self.bundle["waiting"] == [ticket_id.hex() for ticket_id in queue], "the waiting order is another")
        counts = struct.pack(">QQ", len(winners), len(queue))
        result = b"BKLRSLT\x01" + counts + b"".join(winners + queue)
        facts = {"root": file_root(result), "bytes": len(result)}
        need(self.bundle["result"] == facts, "the root of the result is another")
        return f"{len(winners)} winners, {len(queue)} waiting, result {facts['root']}"


CHECKS: list[tuple[str, Callable[[Bundle], str]]] = [
    ("form", Bundle.check_members),
    ("roll", Bundle.check_roll_file),
    ("places", Bundle.check_places),
    ("commitment", Bundle.check_commitment_hash),
    ("time", Bundle.check_time),
    ("signatures", Bundle.check_signatures),
    ("keys", Bundle.check_keys),
    ("beacon", Bundle.check_beacon),
    ("beacon signature", Bundle.check_beacon_signature),
    ("draw", Bundle.check_draw),
]


def run(bundle: Bundle) -> list[dict[str, Any]]:
    """One line a check: {"check", "ok": true | false | null, "detail"}; null where it could not be made."""
    lines: list[dict[str, Any]] = []
    for name, check in CHECKS:
        try:
            lines.append({"check": name, "ok": True, "detail": check(bundle)})
        except ImportError:
            lines.append({"check": name, "ok": None, "detail": "NOT CHECKED: drand_verify is not installed"})
        except Wrong as wrong:
            lines.append({"check": name, "ok": False, "detail": str(wrong)})
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, struct.error) as error:
            lines.append({"check": name, "ok": False, "detail": f"malformed: {type(error).__name__} {error}"})
        if lines[-1]["ok"] is False:
            break
    return lines


def exit_code(lines: list[dict[str, Any]]) -> int:
    if any(line["ok"] is False for line in lines):
        return 1
    return 3 if any(line["ok"] is None for line in lines) else 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Checks a published draw.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("roll", type=Path)
    parser.add_argument("--keys", type=Path, help="JSON with the keys that the parties publish")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(arguments)
    try:
        keys = json.loads(options.keys.read_text()) if options.keys else None
        lines = run(Bundle(json.loads(options.bundle.read_bytes()), options.roll.read_bytes(), keys))
    except (OSError, ValueError, LookupError, TypeError) as error:
        lines = [{"check": "files", "ok": False, "detail": f"{type(error).__name__} {error}"}]
    code = exit_code(lines)
    if options.json:
        print(json.dumps({"exit": code, "checks": lines}, ensure_ascii=False))
        return code
    words = {True: "good", False: "WRONG", None: "open"}
    for line in lines:
        print(f"{words[line['ok']]:5} {line['check']}: {line['detail']}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
