"""Every published vector, recomputed by `draw_naive`: what the specification says, not what Bekal does."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.engines import draw_naive as naive
from tests.engines.draw_vectors import REGIONS, VECTORS, build, person
from tests.house.source import ROOT

PUBLISHED: dict[str, Any] = json.loads(VECTORS.read_text())
SPECIFICATION = (ROOT / "docs" / "draw.md").read_text().partition("## 12.")[2].partition("## 13.")[0]
MEMBERS = {(bytes.fromhex(m["ticket_id"]), m["region"], m["group"]) for m in PUBLISHED["members"]}
CEREMONY = PUBLISHED["ceremony"]["bundle"]


def test_they_are_current() -> None:
    assert json.loads(json.dumps(build())) == PUBLISHED


def test_ticket_ids_and_roll() -> None:
    for one in PUBLISHED["members"]:
        of = hmac.digest(bytes.fromhex(PUBLISHED["wave_key"]), UUID(one["person"]).bytes, "sha256")[:16]
        assert of.hex() == one["ticket_id"]
    roll = naive.roll_file(PUBLISHED["wave"], MEMBERS, duplicates=1)
    assert roll.hex() == PUBLISHED["roll"]
    assert naive.file_root(roll).hex() == PUBLISHED["roll_root"]


@pytest.mark.parametrize("bundle", [PUBLISHED["bundle"], CEREMONY], ids=["drand", "ceremony"])
def test_the_commitment_describes_the_roll(bundle: dict[str, Any]) -> None:
    roll, commitment = bytes.fromhex(PUBLISHED["roll"]), bundle["commitment"]
    assert naive.hash_of(commitment).hex() == bundle["commitment_hash"]
    strata, places = naive.cells(MEMBERS), [row["places"] for row in bundle["strata"]]
    assert [[c.region, c.group, won] for c, won in zip(strata, places, strict=True)] == PUBLISHED["places"]
    assert commitment["strata"] == {
        "count": len(strata),
        "root": naive.mth(naive.strata_leaves(strata, places)).hex(),
    }
    assert commitment["roll"] == {
        "root": naive.file_root(roll).hex(),
        "bytes": len(roll),
        "entries_at": len(roll) - 16 * 60,
        "people": 60,
        "duplicates": 1,
    }
    assert (commitment["wave"], commitment["places"]) == (PUBLISHED["wave"], sum(places))


def test_the_commitment_of_drand_is_printed_in_its_canonical_form() -> None:
    assert naive.jcs(PUBLISHED["bundle"]["commitment"]).decode() == PUBLISHED["commitment_json"]
    assert naive.sha(PUBLISHED["commitment_json"].encode()).hex() == PUBLISHED["commitment_hash"]


def check_statements(document: Any, published: Any, keys: dict[str, dict[str, str]]) -> None:
    assert len(published["signatures"]) == sum(len(of) for of in keys.values()) >= 4
    for said in published["signatures"]:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(keys[said["role"]][said["by"]]))
        key.verify(bytes.fromhex(said["signature"]), naive.signed(document, said["by"], said["role"], said["at"]))
    order = [(said["role"], said["by"]) for said in published["signatures"]]
    assert order == sorted(order)


@pytest.mark.parametrize("bundle", [PUBLISHED["bundle"], CEREMONY], ids=["drand", "ceremony"])
def test_signatures(bundle: dict[str, Any]) -> None:
    parties = {party["name"]: party["public_key"] for party in bundle["commitment"]["source"].get("parties", [])}
    keys = {"operator": bundle["operators"], "witness": bundle["witnesses"], "party": parties}
    check_statements(bundle["commitment"], bundle, keys)


def test_keys_and_statements_of_the_vectors() -> None:
    bundle = PUBLISHED["bundle"]
    for name, secret in PUBLISHED["private_keys"].items():
        public = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)).public_key().public_bytes_raw().hex()
        assert {**bundle["operators"], **bundle["witnesses"]}[name] == public
    assert PUBLISHED["statement_hashes"] == {
        said["by"]: naive.signed(bundle["commitment"], said["by"], said["role"], said["at"]).hex()
        for said in bundle["signatures"]
    }


def randomness(bundle: dict[str, Any]) -> bytes:
    shown, commitment = bundle["beacon"], bundle["commitment"]
    if "secrets" not in shown:
        assert (shown["number"], shown["previous_signature"]) == (commitment["source"]["round"], "")
        assert naive.sha(bytes.fromhex(shown["signature"])).hex() == shown["randomness"]
        return bytes.fromhex(shown["randomness"])
    for party in commitment["source"]["parties"]:
        secret = {"format": "bekal-draw-secret/1", "by": party["name"], "secret": shown["secrets"][party["name"]]}
        assert naive.hash_of(secret).hex() == party["sealed"]
    said = {"format": "bekal-draw-ceremony/1", "commitment": naive.hash_of(commitment).hex(), **shown}
    return naive.hash_of(said)


def key_of(bundle: dict[str, Any]) -> bytes:
    return naive.ticket_key(randomness(bundle), naive.hash_of(bundle["commitment"]))


def test_tickets() -> None:
    key = key_of(PUBLISHED["bundle"])
    drawn = naive.tickets(key, 60)
    assert key.hex() == PUBLISHED["ticket_key"]
    assert [f"{ticket:016x}" for ticket in drawn] == PUBLISHED["tickets"]
    assert [naive.ticket_alone(key, position) for position in range(60)] == drawn


def check_result(bundle: dict[str, Any], members: set[naive.Member], file: bytes | None = None) -> naive.Drawn:
    strata, rows = naive.cells(members), bundle["strata"]
    places, waiting = [row["places"] for row in rows], bundle["commitment"]["waiting_list"]
    people = [cell.people for cell in strata]
    drawn = naive.draw(naive.tickets(key_of(bundle), len(members)), people, places, waiting)
    found = drawn.file([one[0] for one in naive.in_order(members)])
    assert bundle["result"] == {
        "winners": sum(places),
        "waiting": len(drawn.waiting),
        "bytes": len(found),
        "root": naive.file_root(found).hex(),
        "thresholds": naive.mth(drawn.threshold_leaves).hex(),
    }
    for row, cell, (threshold, last) in zip(rows, strata, drawn.thresholds, strict=True):
        assert (row["region"], row["group"], row["people"]) == (cell.region, cell.group, cell.people)
        assert row["threshold"] == (f"{threshold:016x}" if row["places"] else None)
        assert row["last"] == (last if row["places"] else None)
        rest = cell.people - row["places"]
        assert row["waiting"] == (rest if waiting == "all" else min(rest, waiting))
    assert file in (None, found)
    return drawn


@pytest.mark.parametrize("bundle", [PUBLISHED["bundle"], CEREMONY], ids=["drand", "ceremony"])
def test_the_result(bundle: dict[str, Any]) -> None:
    check_result(bundle, MEMBERS, bytes.fromhex(PUBLISHED["result"]) if bundle is not CEREMONY else None)


def check_proof(bundle: dict[str, Any], vector: dict[str, Any], file: bytes, drawn: naive.Drawn | None) -> None:
    """A proof file, read and made anew by the words of §11."""
    roll, commitment, receipt = bytes.fromhex(PUBLISHED["roll"]), bundle["commitment"], vector["receipt"]
    size = int.from_bytes(file[8:12], "big")
    head, block = json.loads(file[12 : 12 + size]), file[12 + size :]
    assert file == b"BKLPROF\x01" + naive.number(size, 4) + naive.jcs(head) + roll
    leaves = drawn.threshold_leaves if drawn else []
    assert head == {
        "block": 0,
        "blocks": 1,
        "path": "",
        "commitment": commitment,
        "beacon": bundle["beacon"] if drawn else None,
        "thresholds": {
            "root": naive.mth(leaves).hex(),
            "first": 0,
            "rows": base64.b64encode(b"".join(leaves)).decode(),
            "path": "",
        }
        if drawn
        else None,
    }
    at = commitment["roll"]["entries_at"] + 16 * receipt["position"]
    assert block[at : at + 16].hex() == receipt["ticket_id"]


@pytest.mark.parametrize("bundle", [PUBLISHED["bundle"], CEREMONY], ids=["drand", "ceremony"])
def test_receipts_and_proof_files(bundle: dict[str, Any]) -> None:
    vectors = PUBLISHED["receipts"] if bundle is not CEREMONY else PUBLISHED["ceremony"]["receipts"]
    drawn, ordered = check_result(bundle, MEMBERS), [one[0] for one in naive.in_order(MEMBERS)]
    strata, places = naive.cells(MEMBERS), [row["places"] for row in bundle["strata"]]
    for vector in vectors:
        ticket_id = bytes.fromhex(PUBLISHED["members"][vector["person"]]["ticket_id"])
        position = ordered.index(ticket_id)
        index = max(i for i, cell in enumerate(strata) if cell.first <= position)
        path = naive.range_proof(naive.strata_leaves(strata, places), index, index + 1)
        assert vector["receipt"] == {
            "format": "bekal-draw-receipt/1",
            "wave": PUBLISHED["wave"],
            "sequence": 1,
            "commitment": bundle["commitment_hash"],
            "ticket_id": ticket_id.hex(),
            "position": position,
            "block": 0,
            "stratum": {"index": index, **strata[index]._asdict(), "places": places[index]},
            "path": base64.b64encode(path).decode(),
        }
        check_proof(bundle, vector, bytes.fromhex(vector["proof_before"]), None)
        check_proof(bundle, vector, bytes.fromhex(vector["proof_after"]), drawn)
        ticket = naive.ticket_alone(key_of(bundle), position)
        assert vector["wins"] == (position in drawn.winners[index])
        assert vector["wins"] == (places[index] > 0 and (ticket, position) <= drawn.thresholds[index])


@pytest.mark.parametrize("reason", list(PUBLISHED["annulments"]))
def test_annulments(reason: str) -> None:
    published = PUBLISHED["annulments"][reason]
    document, commitment = published["annulment"], published["commitment"]
    assert naive.hash_of(document).hex() == published["hash"]
    assert document == {
        "format": "bekal-draw-annulment/1",
        "wave": commitment["wave"],
        "sequence": commitment["sequence"],
        "commitment": naive.hash_of(commitment).hex(),
        "reason": reason,
        "evidence": document["evidence"],
        "at": document["at"],
    }
    check_statements(document, published, {"operator": published["operators"], "witness": published["witnesses"]})
    assert all(said["at"] >= document["at"] for said in published["signatures"])
    source = commitment["source"]
    assert document["at"] < source["due_at"] if reason == "withdrawn" else document["at"] >= source["wait_until"]
    for party in source.get("parties", []):
        secret = document["evidence"]["secrets"].get(party["name"])
        said = {"format": "bekal-draw-secret/1", "by": party["name"], "secret": secret}
        assert (naive.hash_of(said).hex() == party["sealed"]) == (party["name"] not in document["evidence"]["missing"])


def large_member(count: int) -> naive.Member:
    """`member` of the sample again."""
    spread = hashlib.sha256(f"place {count}".encode()).digest()
    region = REGIONS[min(spread[0] // 110, 2)]
    group = "disability" if spread[1] < 30 else "remote" if spread[1] < 90 else "general"
    ticket_id = hmac.digest(bytes.fromhex(PUBLISHED["wave_key"]), person(count).bytes, "sha256")[:16]
    return ticket_id, region, group


def test_the_large_roll() -> None:
    large, members = PUBLISHED["large"], {large_member(count) for count in range(10_000)}
    roll, strata = naive.roll_file(PUBLISHED["wave"], members, duplicates=1), naive.cells(members)
    places = [won for _, _, won in large["places"]]
    assert naive.file_root(roll).hex() == large["roll_root"]
    head = json.loads(bytes.fromhex(large["proof_head"])[12:])
    assert naive.hash_of(head["commitment"]).hex() == large["commitment_hash"]
    assert head["commitment"]["strata"]["root"] == naive.mth(naive.strata_leaves(strata, places)).hex()
    key = naive.ticket_key(naive.sha(bytes.fromhex(head["beacon"]["signature"])), naive.hash_of(head["commitment"]))
    drawn = naive.draw(naive.tickets(key, 10_000), [c.people for c in strata], places, 5)
    file = drawn.file([one[0] for one in naive.in_order(members)])
    leaves = drawn.threshold_leaves
    assert (naive.file_root(file).hex(), len(file)) == (large["result"]["root"], large["result"]["bytes"])
    assert large["result"]["thresholds"] == naive.mth(leaves).hex() == head["thresholds"]["root"]
    position = naive.in_order(members).index(large_member(7_000))
    block = (head["commitment"]["roll"]["entries_at"] + 16 * position) // 65_536
    blocks = naive.file_blocks(roll)
    assert (large["receipt"]["position"], large["receipt"]["block"], head["block"]) == (position, block, block)
    assert base64.b64decode(head["path"]) == naive.range_proof(blocks, block, block + 1)
    inside = [i for i, c in enumerate(strata) if overlaps(c, block, head["commitment"]["roll"]["entries_at"])]
    assert head["thresholds"]["first"] == inside[0]
    assert base64.b64decode(head["thresholds"]["rows"]) == b"".join(leaves[i] for i in inside)
    assert base64.b64decode(head["thresholds"]["path"]) == naive.range_proof(leaves, inside[0], inside[-1] + 1)


def overlaps(cell: naive.Cell, block: int, entries_at: int) -> bool:
    """Whether a stratum has a person in a block."""
    first, end = entries_at + 16 * cell.first, entries_at + 16 * (cell.first + cell.people)
    return first < (block + 1) * 65_536 and end > block * 65_536


def test_the_specification_prints_these_values() -> None:
    large = PUBLISHED["large"]
    first = PUBLISHED["members"][0]
    printed = re.findall(r"`([^`]+)` \|$", SPECIFICATION, re.MULTILINE)
    assert printed == [
        PUBLISHED["wave"],
        PUBLISHED["wave_key"],
        f"{first['person']} → {first['ticket_id']}",
        PUBLISHED["roll_root"],
        PUBLISHED["commitment_hash"],
        PUBLISHED["statement_hashes"]["director"],
        PUBLISHED["ticket_key"],
        ", ".join(PUBLISHED["tickets"][:3]),
        PUBLISHED["bundle"]["result"]["root"],
        large["roll_root"],
        large["result"]["root"],
    ]
