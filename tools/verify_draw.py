#!/usr/bin/env python3
"""Checks a published draw: python verify_draw.py BUNDLE ROLL [--result FILE] [--keys KEYS] [--round ROUND]

One file, independent of the programme's own code, by docs/draw.md, version 1. Python 3.11 is enough: with NumPy and
`cryptography` it is fast, else (or with --slow) it runs the command `openssl`. `drand_verify`, if installed, checks
the round's BLS signature. Not computed anew: the output test, whose report is no part of a bundle.

KEYS, as the parties publish them: {"operators": {name: hex}, "witnesses": {…}, "parties": {…}}. ROUND: the round as you
fetched it from drand. --chain FILE: one more chain to trust, with the members that a `source` has for it.
Exit code: 0 all good, 1 something is wrong, 3 all good but the round's BLS signature was not checked.
"""

from __future__ import annotations

import argparse
import hmac
import json
import mmap
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import accumulate, islice, pairwise
from pathlib import Path
from struct import pack
from typing import Any

try:
    import numpy as np
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
except ImportError:
    np = None  # type: ignore[assignment]

BLOCK, ID, LEAD, CHUNK, B_STARTS = 1 << 16, 16, timedelta(seconds=60), 1 << 16, 1 << 127
CHAINS = [  # published at https://api.drand.sh/chains
    {"chain_hash": "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
     "public_key": "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
                   "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
     "scheme": "bls-unchained-g1-rfc9380", "genesis": 1692803367, "period": 3},
    {"chain_hash": "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
     "public_key": "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31",
     "scheme": "pedersen-bls-chained", "genesis": 1595431050, "period": 30},
]  # fmt: skip
SIDES = {"operator": "operators", "party": "parties", "witness": "witnesses"}

# Forms: {members}, {str: each value}, [each one], (either, or), a pattern of text, a type. G1, G2: points of a curve.
HASH, TEXT, INSTANT, NULL = "[0-9a-f]{64}", "(?s).+", "[0-9T:.-]+Z", type(None)
G1, G2 = "[89ab][0-9a-f]{95}", "[89ab][0-9a-f]{191}"
CHAIN = {"chain_hash": HASH, "scheme": TEXT, "public_key": f"{G1}|{G2}", "genesis": int, "period": int}
DUE, EXCLUDED = {"due_at": INSTANT, "wait_until": INSTANT}, {"excluded": {"count": int, "sha256": HASH}}
COMMITMENT = {
    "format": "bekal-draw-commitment/1", "algorithm": "bekal-draw/1", "wave": TEXT, "sequence": int,
    "previous": (NULL, HASH), "programme": {"code": TEXT, "sha256": HASH}, "committed_at": INSTANT,
    "roll": {"root": HASH, "bytes": int, "entries_at": int, "people": int, "duplicates": int}, "places": int,
    "strata": {"count": int, "root": HASH}, "waiting_list": ("all", int), "waiting_rule": "stratum, region, all",
    "source": ({"kind": "drand", **CHAIN, "round": int, **DUE},
               {"kind": "ceremony", "parties": [{"name": TEXT, "public_key": HASH, "sealed": HASH}], **DUE}),
    "output_test": (NULL, {"attributes": HASH, "bytes": int, "tests": [TEXT], "level_ppm": int}),
}  # fmt: skip
BUNDLE = {
    "format": "bekal-draw-bundle/1", "commitment": (COMMITMENT, COMMITMENT | EXCLUDED), "commitment_hash": HASH,
    "signatures": [{"by": TEXT, "role": "|".join(SIDES), "signature": "[0-9a-f]{128}", "at": INSTANT}],
    "operators": {str: HASH}, "witnesses": {str: HASH}, "beacon": (
        {"number": int, "randomness": HASH, "signature": G1, "previous_signature": ""},
        {"number": int, "randomness": HASH, "signature": G2, "previous_signature": G2}, {"secrets": {str: HASH}}),
    "strata": [{"region": TEXT, "group": TEXT, "people": int, "places": int, "threshold": (NULL, "[0-9a-f]{16}"),
                "last": (NULL, int), "waiting": int}],
    "result": {"winners": int, "waiting": int, "bytes": int, "root": HASH, "thresholds": HASH},
}  # fmt: skip


def need(condition: object, text: str) -> None:
    if not condition:
        raise ValueError(text)


def fits(value: Any, form: Any) -> bool:
    if isinstance(form, tuple):
        return any(fits(value, one) for one in form)
    if isinstance(form, list):
        return isinstance(value, list) and all(fits(one, form[0]) for one in value)
    if isinstance(form, dict) and isinstance(value, dict):
        members = dict.fromkeys(value, form[str]) if str in form else form
        return value.keys() == members.keys() and all(fits(value[name], members[name]) for name in value)
    if isinstance(form, str):
        return isinstance(value, str) and re.fullmatch(form, value) is not None
    return type(value) is form and (form is not int or 0 <= value < 1 << 53)


def canonical(value: Any) -> str:
    """RFC 8785 for what has its form here: objects, arrays, texts, whole numbers, null."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def digest(document: Any) -> bytes:
    return sha256(canonical(document).encode()).digest()


def tree_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, straight from its definition, of leaves that are hashed already."""
    half = (1 << (len(leaves) - 1).bit_length()) // 2
    return sha256(b"\x01" + tree_root(leaves[:half]) + tree_root(leaves[half:])).digest() if half else leaves[0]


def file_root(file: memoryview | bytes) -> str:
    return tree_root([sha256(b"\0" + file[at : at + BLOCK]).digest() for at in range(0, len(file), BLOCK)]).hex()


def label(*texts: str) -> bytes:
    need(all(len(text.encode()) < 256 for text in texts), f"{texts} is too long a label")
    return b"".join(bytes([len(text.encode())]) + text.encode() for text in texts)


def moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    need(at.isoformat().replace("+00:00", "Z") == text, f"{text} is not an instant in its one form")
    return at


class Slow:
    """Python alone and the command `openssl`: some millionths of a second for each person."""

    def __init__(self, ids: memoryview, sizes: list[int]) -> None:
        self.ids, self.sizes = [bytes(ids[at : at + ID]) for at in range(0, len(ids), ID)], sizes

    def check_ids(self) -> None:
        starts, pairs = {*accumulate(self.sizes)}, enumerate(pairwise(self.ids), 1)
        need(all(left < right or place in starts for place, (left, right) in pairs), "ticket ids are not in order")
        need(len(set(self.ids)) == len(self.ids), "a ticket id stands in two strata")

    def tickets(self, key: bytes) -> Iterator[tuple[int, int]]:
        def stream(block: int, size: int) -> bytes:
            command = ["openssl", "enc", "-aes-256-ctr", "-nopad", "-K", key.hex(), "-iv", f"{block:032x}"]
            return subprocess.run(command, input=bytes(size), capture_output=True, check=True).stdout

        for first in range(0, len(self.ids), CHUNK):
            a, b = stream(first // 8, 2 * CHUNK), stream(B_STARTS + first // 2, 8 * CHUNK)
            for i in range(CHUNK):
                yield int.from_bytes(b[8 * i : 8 * i + 6] + a[2 * i : 2 * i + 2], "little"), first + i

    def draw(self, key: bytes, places: list[int], keep: int) -> tuple[list[Any], bytes, bytes]:
        """Last winner of each stratum (ticket, position); the ids of the winners and of those who wait, in order."""
        tickets, cuts, winners, waiting = self.tickets(key), [], [], []
        for people, won in zip(self.sizes, places, strict=True):
            order = sorted(islice(tickets, people))
            cuts.append(order[won - 1] if won else None)
            winners += sorted(position for _, position in order[:won])
            waiting += order[won : won + keep]
        return cuts, b"".join(self.ids[at] for at in winners), b"".join(self.ids[at] for _, at in sorted(waiting))

    @staticmethod
    def signed(key: bytes, message: bytes, signature: bytes) -> bool:
        parts = {"key": bytes.fromhex("302a300506032b6570032100") + key, "message": message, "signature": signature}
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"]
        command += ["-inkey", "key", "-in", "message", "-sigfile", "signature"]
        with tempfile.TemporaryDirectory() as folder:
            for name, part in parts.items():
                Path(folder, name).write_bytes(part)
            return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


class Fast:
    """NumPy and `cryptography`: a hundred million people in seconds, some ten bytes of memory for each."""

    def __init__(self, ids: memoryview, sizes: list[int]) -> None:
        self.ids, self.sizes = np.frombuffer(ids, "V16"), sizes

    def check_ids(self) -> None:
        """By the first halves of the ids; whole ids only where halves are equal, or do not rise."""
        halves, starts = self.ids.view(">u8")[::2], {*accumulate(self.sizes)}
        heads = halves.astype(np.uint64)
        for place in (np.flatnonzero(heads[1:] <= heads[:-1]) + 1).tolist():
            left, right = self.ids[place - 1 : place + 1].tolist()
            need(left < right or place in starts, "ticket ids are not in order")
        heads.sort()
        twice = heads[1:][heads[1:] == heads[:-1]]
        whole = self.ids[np.isin(halves, twice)].tolist() if len(twice) else []
        need(len(set(whole)) == len(whole), "a ticket id stands in two strata")

    def smallest(self, key: bytes, first: int, end: int, most: int) -> tuple[Any, Any]:
        """Positions and tickets of the `most` smallest and some more; the two bytes of A show who is near."""
        start = Cipher(algorithms.AES256(key), modes.CTR((first // 8).to_bytes(16, "big"))).encryptor()
        high = np.frombuffer(start.update(bytes(2 * (first % 8 + end - first))), "<u2")[first % 8 :]
        near = np.flatnonzero(high <= min((most + 6 * int(most**0.5) + 6) * 65536 // (end - first), 65535))
        near = near if len(near) >= most else np.arange(end - first)
        blocks = np.stack([np.full(len(near), 1 << 63, "u8"), ((first + near) // 2).astype("u8")], 1).astype(">u8")
        rest = Cipher(algorithms.AES256(key), modes.ECB()).encryptor().update(blocks.tobytes())  # noqa: S305
        low = np.frombuffer(rest, "<u8").reshape(-1, 2)[np.arange(len(near)), (first + near) % 2]
        return near + first, low & ((1 << 48) - 1) | high[near].astype(np.uint64) << 48

    def draw(self, key: bytes, places: list[int], keep: int) -> tuple[list[Any], bytes, bytes]:
        """As Slow.draw; sorted are only those from the last winner's ticket to that of the last who waits."""
        parts = []
        for end, people, won in zip(accumulate(self.sizes), self.sizes, places, strict=True):
            wait = min(keep, people - won)
            places_in, tickets = self.smallest(key, end - people, end, won + wait)
            ranks = [max(won, 1) - 1, max(won + wait, 1) - 1]
            least, most = np.partition(tickets, ranks)[ranks]
            chosen = tickets < (least if won else 0)
            near = np.flatnonzero(~chosen & (tickets <= most))
            near = near[np.argsort(tickets[near], kind="stable")]
            left = won - int(np.count_nonzero(chosen))
            chosen[near[:left]] = True
            cut, near = ((int(least), int(places_in[near[left - 1]])) if won else None), near[left : left + wait]
            parts.append((cut, places_in[chosen], places_in[near], tickets[near]))
        cuts, winners, waiting, drawn = zip(*parts, strict=True)
        queue = np.concatenate(waiting)[np.argsort(np.concatenate(drawn), kind="stable")]
        return list(cuts), self.ids.take(np.concatenate(winners)).tobytes(), self.ids.take(queue).tobytes()

    @staticmethod
    def signed(key: bytes, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass
class Draw:
    """Each `check_…` says what it found, or raises ValueError; together they check every value of the bundle."""

    written: bytes
    roll: memoryview
    way: type[Slow] | type[Fast] = Fast if np else Slow
    result: bytes | memoryview | None = None
    keys: Any = None
    chain: Any = None
    round: Any = None

    def check_form(self) -> str:
        self.bundle = json.loads(self.written)
        self.doc = doc = self.bundle["commitment"]
        for shown, form in ((doc, COMMITMENT | (EXCLUDED if "excluded" in doc else {})), (self.bundle, BUNDLE)):
            wrong = shown.keys() ^ form.keys() or {name for name in form if not fits(shown[name], form[name])}
            need(not wrong, f"{form['format']} has another form: {', '.join(sorted(wrong))}")
        need(canonical(self.bundle).encode() == self.written, "the bundle is not written as RFC 8785 says")
        self.strata, self.source, self.beacon = self.bundle["strata"], self.doc["source"], self.bundle["beacon"]
        number, previous = self.doc["sequence"], self.doc["previous"]
        need(number and (number == 1) == (previous is None), "draws count from 1, and each names the one before")
        return f"wave {self.doc['wave']}, draw {number}"

    def check_roll(self) -> str:
        """Builds the header anew from the bundle, and what the commitment says of roll, strata and places."""
        order = [(row["region"].encode(), row["group"].encode()) for row in self.strata]
        need(order and order == sorted(set(order)), "strata are not in order, or one stands twice")
        body, leaves, people, total = label(self.doc["wave"]), list[bytes](), 0, 0
        for row in self.strata:
            names = label(row["region"], row["group"])
            need(0 < row["people"] >= row["places"], f"{row['region']} {row['group']} has no people or too many places")
            body += names + pack(">Q", row["people"])
            leaves.append(sha256(b"\0" + names + pack(">QQQ", people, row["people"], row["places"])).digest())
            people, total = people + row["people"], total + row["places"]
        size, duplicates = 32 + len(body) + -len(body) % 16, self.doc["roll"]["duplicates"]
        header = b"BKLROLL\x01" + pack(">IIQQ", size, len(leaves), people, duplicates) + body
        good = self.roll[:size] == header.ljust(size, b"\0") and len(self.roll) == size + ID * people
        need(good, "the roll has another header or length than wave, strata and duplicates give")
        self.entries = self.way(self.roll[size:], [row["people"] for row in self.strata])
        with ThreadPoolExecutor(1) as beside:
            root = beside.submit(file_root, self.roll)
            self.entries.check_ids()
        roll = {"root": root.result(), "bytes": len(self.roll), "entries_at": size, "people": people}
        facts = {"roll": {**roll, "duplicates": duplicates}, "places": total}
        facts["strata"] = {"count": len(leaves), "root": tree_root(leaves).hex()}
        need(facts.items() <= self.doc.items(), f"the commitment is to another roll than {facts}")
        return f"{people} people in {len(leaves)} strata, {total} places, root {roll['root']}"

    def check_source(self) -> str:
        self.hash, source = digest(self.doc), self.source
        committed, due_at, until = map(moment, (self.doc["committed_at"], source["due_at"], source["wait_until"]))
        need(self.hash.hex() == self.bundle["commitment_hash"], f"the commitment hashes to {self.hash.hex()}")
        if source["kind"] == "drand":
            known = {name: source[name] for name in CHAIN} in [*CHAINS, self.chain]
            need(known, f"chain {source['chain_hash']} is not one that this program trusts")
            due = source["genesis"] + source["period"] * (source["round"] - 1)
            need(source["round"] and due_at.timestamp() == due, "the round is due at another time")
        else:
            names = [party["name"] for party in source["parties"]]
            apart = len({party["sealed"] for party in source["parties"]}) == len(names)
            need(len(names) >= 3 and names == sorted({*names}) and apart, "too few parties, or not each once, by name")
        need(min(due_at - committed, until - due_at) >= LEAD, "less than 60 seconds to due_at, or to wait_until")
        return f"{source['kind']} due at {source['due_at']}, committed to at {self.doc['committed_at']}"

    def check_signatures(self) -> str:
        start, end = moment(self.doc["committed_at"]), moment(self.source["due_at"])
        parties = {party["name"]: party["public_key"] for party in self.source.get("parties", [])}
        keys = {"operator": self.bundle["operators"], "party": parties, "witness": self.bundle["witnesses"]}
        listed = [(role, name, keys[role][name]) for role in keys for name in sorted(keys[role])]
        signed = [(entry["role"], entry["by"]) for entry in self.bundle["signatures"]]
        need(signed == [(role, name) for role, name, _ in listed], "not every party signed once, by role and name")
        need(min(len(keys["operator"]), len(keys["witness"])) >= 2, "two operators and two witnesses must sign")
        need(all(len({one[at] for one in listed}) == len(listed) for at in (1, 2)), "a name or key stands twice")
        for entry, (role, name, key) in zip(self.bundle["signatures"], listed, strict=True):
            need(start <= moment(entry["at"]) < end, f"{role} {name} signed at {entry['at']}, out of time")
            statement = {**entry, "format": "bekal-draw-signature/1", "document": self.hash.hex()}
            signature = bytes.fromhex(statement.pop("signature"))
            good = self.way.signed(bytes.fromhex(key), digest(statement), signature)
            need(good, f"the signature of {role} {name} is wrong")
            need(self.keys is None or self.keys[SIDES[role]].get(name) == key, f"{role} {name} has another key")
        source = "as published" if self.keys else "to compare with what they publish"
        return f"{source}: " + ", ".join(f"{role} {name} {key[:16]}…" for role, name, key in listed)

    def check_randomness(self) -> str:
        shown, source = self.beacon, self.source
        if source["kind"] == "ceremony":
            self.randomness = digest({"format": "bekal-draw-ceremony/1", "commitment": self.hash.hex(), **shown})
            said, sealed = {"format": "bekal-draw-secret/1"}, {one["name"]: one["sealed"] for one in source["parties"]}
            opened = {by: digest({**said, "by": by, "secret": secret}).hex() for by, secret in shown["secrets"].items()}
            need(opened == sealed, f"seals {canonical(sealed)}, the secrets give {canonical(opened)}")
            return f"{len(sealed)} seals opened"
        self.randomness = sha256(bytes.fromhex(shown["signature"])).digest()
        need(shown["number"] == source["round"], f"round {shown['number']} instead of round {source['round']}")
        need(shown["randomness"] == self.randomness.hex(), "the randomness is not SHA-256 of the signature")
        need(len(shown["signature"]) + len(source["public_key"]) == 288, "the signature is of another scheme")
        need(not self.round or self.round["signature"] == shown["signature"], "the round you fetched is another")
        return f"round {shown['number']}, randomness {shown['randomness']}"

    def check_round_signature(self) -> str:
        """Raises ImportError without a BLS library."""
        if self.source["kind"] == "ceremony":
            return "a ceremony has none"
        import drand_verify as bls

        number, signature, previous = (self.beacon[name] for name in ("number", "signature", "previous_signature"))
        if previous:
            bls.verify_pedersen_bls_chained(number, previous, signature, self.source["public_key"])
        else:
            bls.verify_bls_unchained_g1_rfc9380(number, signature, self.source["public_key"])
        return "signed by the key of the chain"

    def check_draw(self) -> str:
        key = hmac.digest(hmac.digest(self.hash, self.randomness, "sha256"), b"bekal-draw/1 tickets\x01", "sha256")
        keep, places = self.doc["waiting_list"], [row["places"] for row in self.strata]
        cuts, winners, waiting = self.entries.draw(key, places, sys.maxsize if keep == "all" else keep)
        for row, cut in zip(self.strata, cuts, strict=True):
            wait = min(row["people"] if keep == "all" else keep, row["people"] - row["places"])
            found = {"threshold": f"{cut[0]:016x}" if cut else None, "last": cut and cut[1], "waiting": wait}
            need(found.items() <= row.items(), f"{row['region']} {row['group']} is drawn otherwise: {found}")
        counts = [len(winners) // ID, len(waiting) // ID]
        file = b"".join([b"BKLRSLT\x01", pack(">QQ", *counts), winners, waiting])
        thresholds = tree_root([sha256(b"\0" + pack(">QQ", *(cut or (0, 0)))).digest() for cut in cuts]).hex()
        result = {"winners": counts[0], "waiting": counts[1], "bytes": len(file), "root": file_root(file)}
        need(self.bundle["result"] == {**result, "thresholds": thresholds}, f"the result is another: {result}")
        need(self.result is None or self.result == file, "the result file is another")
        return f"{counts[0]} winners, {counts[1]} waiting, root {result['root']}"


CHECKS = ("form", "roll", "source", "signatures", "randomness", "round signature", "draw")


def run(draw: Draw) -> list[dict[str, Any]]:
    """Each check, whether it is good (None: it could not be made) and what it found; ends at the first that fails."""
    lines: list[dict[str, Any]] = []
    for name in CHECKS:
        try:
            lines.append({"check": name, "ok": True, "detail": getattr(draw, f"check_{name}".replace(" ", "_"))()})
        except ImportError:
            lines.append({"check": name, "ok": None, "detail": "NOT CHECKED: drand_verify is not installed"})
        except (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError) as error:
            detail = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
            return [*lines, {"check": name, "ok": False, "detail": detail}]
    return lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Checks a published draw.")
    for name in ("bundle", "roll", "--result", "--keys", "--chain", "--round"):
        parser.add_argument(name, type=Path)
    for name, words in (("--json", "one JSON object instead of lines"), ("--slow", "without NumPy and cryptography")):
        parser.add_argument(name, action="store_true", help=words)
    options = vars(parser.parse_args(arguments))
    try:
        known = {name: json.loads(options[name].read_bytes()) for name in ("keys", "chain", "round") if options[name]}
        known["result"] = options["result"] and options["result"].read_bytes()
        with options["roll"].open("rb") as file:
            roll = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        lines = run(Draw(options["bundle"].read_bytes(), roll, Fast if np and not options["slow"] else Slow, **known))
    except (OSError, ValueError) as error:
        lines = [{"check": "files", "ok": False, "detail": f"{type(error).__name__}: {error}"}]
    code = 1 if lines[-1]["ok"] is False else 3 if None in [line["ok"] for line in lines] else 0
    marks = {True: "good ", False: "WRONG", None: "open "}
    said = [f"{marks[line['ok']]} {line['check']}: {line['detail']}" for line in lines]
    print(json.dumps({"exit": code, "checks": lines}, ensure_ascii=False) if options["json"] else "\n".join(said))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
