"""A receipt and its proof file say the truth about one person, or the check says that they do not."""

import base64
import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw.commitment import commitment_hash, make_commitment, public_key_hex
from bekal.engines.draw.receipt import PROOF_MAGIC, Proofs, Standing, verify_receipt
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.result import draw
from bekal.engines.draw.roll import BLOCK_SIZE, Roll, RollMember, build_roll
from bekal.engines.draw.source import Ceremony, Party, seal
from bekal.engines.draw.tickets import ticket_key, tickets
from tests.engines import draw_naive as naive
from tests.engines.draw_vectors import (
    COMMITTED_AT,
    PATIENCE,
    WAVE,
    Sample,
    SourceKind,
    member,
    private_key,
    sample,
    secret,
    source_of,
)
from tests.engines.tampering import edits, flipped

NOTHING = Standing(None, None, None)
LARGE = sample(people=10_000, places=1_000, waiting=5)
LIMIT = 70_000


def papers(drawn: Sample, person: int, after: bool = True) -> tuple[dict[str, Any], bytes]:
    """Receipt and proof file of a person."""
    ticket_id = member(person).ticket_id
    position = drawn.roll.position(ticket_id)
    assert position is not None
    proofs = drawn.proofs(after)
    block = proofs.block_of(position)
    return proofs.receipt(ticket_id, position), proofs.file(block, drawn.block(block))


def root_of(drawn: Sample) -> str:
    root: str = drawn.bundle["result"]["thresholds"]
    return root


def head_of(file: bytes) -> dict[str, Any]:
    size = int.from_bytes(file[8:12], "big")
    head: dict[str, Any] = json.loads(file[12 : 12 + size])
    return head


def with_head(file: bytes, head: Any) -> bytes:
    """The proof file with other JSON."""
    raw = rfc8785.dumps(head)
    return PROOF_MAGIC + len(raw).to_bytes(4, "big") + raw + file[12 + int.from_bytes(file[8:12], "big") :]


def check(drawn: Sample, person: int, tickets: list[int]) -> None:
    receipt, before = papers(drawn, person, after=False)
    again, file = papers(drawn, person)
    assert again == receipt == json.loads(json.dumps(receipt))
    assert verify_receipt(receipt, before) == ([], NOTHING)
    row, position = drawn.bundle["strata"][receipt["stratum"]["index"]], receipt["position"]
    threshold = int(row["threshold"] or "0", 16)
    won = member(person).ticket_id in drawn.result.selected
    assert (row["region"], row["group"]) == (receipt["stratum"]["region"], receipt["stratum"]["group"])
    expected = Standing(tickets[position], threshold, won)
    assert verify_receipt(receipt, file, thresholds_root=root_of(drawn)) == ([], expected)
    assert verify_receipt(receipt, file) == ([], expected)


@pytest.mark.parametrize("kind", ["quicknet", "default", "ceremony"])
def test_everybodys_papers_before_and_after_the_draw(kind: SourceKind) -> None:
    drawn = sample(kind=kind)
    digest = commitment_hash(drawn.commitment)
    randomness = source_of(kind)[0].randomness(digest, drawn.shown)
    tickets = naive.tickets(naive.ticket_key(randomness, digest), 60)
    for person in range(0, 60, 1 if kind == "quicknet" else 9):
        check(drawn, person, tickets)


def test_papers_of_several_blocks() -> None:
    key = naive.ticket_key(bytes.fromhex(LARGE.bundle["beacon"]["randomness"]), commitment_hash(LARGE.commitment))
    tickets = naive.tickets(key, 10_000)
    for person in range(0, 10_000, 400):
        check(LARGE, person, tickets)
    assert {papers(LARGE, person)[0]["block"] for person in range(0, 10_000, 400)} == {0, 1, 2}


def test_the_first_and_the_last_of_each_block_and_stratum() -> None:
    """A block holds the thresholds of exactly the strata that have a person in it."""
    proofs, roll = LARGE.proofs(), LARGE.roll
    edges = {*roll.starts[:-1], *(end - 1 for end in roll.starts[1:])}
    for block in range(proofs.roll.size):
        first = max(0, (block * BLOCK_SIZE - len(roll.header)) // 16)
        last = min(roll.people, ((block + 1) * BLOCK_SIZE - len(roll.header)) // 16) - 1
        assert (proofs.block_of(first), proofs.block_of(last)) == (block, block)
        edges |= {first, last}
        shown = head_of(proofs.file(block, b""))["thresholds"]
        strata = range(roll.stratum_index(first), roll.stratum_index(last) + 1)
        assert (shown["first"], len(base64.b64decode(shown["rows"])) // 16) == (strata[0], len(strata))
    for position in sorted(edges):
        ticket_id, block = roll.id_at(position), proofs.block_of(position)
        receipt, file = proofs.receipt(ticket_id, position), proofs.file(block, LARGE.block(block))
        problems, standing = verify_receipt(receipt, file, thresholds_root=root_of(LARGE))
        assert (problems, standing.selected) == ([], ticket_id in LARGE.result.selected)


def test_spans_of_strata() -> None:
    proofs = LARGE.proofs()
    for stratum, start, end in zip(LARGE.roll.strata, LARGE.roll.starts, LARGE.roll.starts[1:], strict=False):
        assert proofs.span(stratum.region, stratum.group) == (start, end)
    with pytest.raises(KeyError):
        proofs.span("nowhere", "general")
    with pytest.raises(IndexError):
        proofs.file(3, b"")


def test_nobody_wins_where_there_are_no_places() -> None:
    drawn = sample(places=0)
    receipt, file = papers(drawn, 1)
    problems, standing = verify_receipt(receipt, file, thresholds_root=root_of(drawn))
    assert (problems, standing.threshold, standing.selected) == ([], 0, False)


@cache
def mine(kind: SourceKind = "quicknet", after: bool = True) -> tuple[dict[str, Any], bytes]:
    return papers(sample(kind=kind), 7, after)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_every_member_of_a_receipt_is_checked(after: bool) -> None:
    receipt, file = mine(after=after)
    form = rfc8785.dumps(receipt)
    changes = [changed for changed in edits(receipt) if rfc8785.dumps(changed) != form]
    assert [changed for changed in changes if not verify_receipt(changed, file)[0]] == []


@pytest.mark.parametrize(("kind", "after"), [("quicknet", False), ("quicknet", True), ("ceremony", True)])
def test_every_member_of_a_proof_file_is_checked(kind: SourceKind, after: bool) -> None:
    """Even by somebody who does not have the bundle: one change alone never fits."""
    receipt, file = mine(kind, after)
    form = rfc8785.dumps(head_of(file))
    heads = [changed for changed in edits(head_of(file)) if rfc8785.dumps(changed) != form]
    assert [head for head in heads if not verify_receipt(receipt, with_head(file, head))[0]] == []


@given(st.sampled_from(["quicknet", "ceremony"]), st.booleans(), st.data())
@settings(max_examples=250, deadline=None)
def test_one_flipped_bit_anywhere_is_caught(kind: SourceKind, after: bool, data: st.DataObject) -> None:
    """Of the receipt, the JSON, the paths, the thresholds, the beacon, and the block, which its root covers whole."""
    receipt, file = mine(kind, after)
    if data.draw(st.booleans()):
        file = flipped(file, data.draw(st.integers(0, 8 * len(file) - 1)))
    else:
        raw = rfc8785.dumps(receipt)
        try:
            receipt = json.loads(flipped(raw, data.draw(st.integers(0, 8 * len(raw) - 1))))
        except ValueError:
            return
    assert verify_receipt(receipt, file)[0]


def test_a_flipped_bit_of_any_block_is_caught() -> None:
    receipt, file = papers(LARGE, 7_000, after=False)
    for bit in range(8 * (len(file) - BLOCK_SIZE), 8 * len(file), 9_973):
        assert verify_receipt(receipt, flipped(file, bit))[0]


def test_truncated_and_longer_files_are_caught() -> None:
    receipt, file = mine()
    for size in {*range(20), *range(20, len(file), 101), len(file) - 1}:
        assert verify_receipt(receipt, file[:size])[0]
    assert verify_receipt(receipt, file + b"\x00")[0]
    assert "not canonical" in verify_receipt(receipt, with_head(file, []))[0][0]
    spaced = json.dumps(head_of(file)).encode()
    loose = PROOF_MAGIC + len(spaced).to_bytes(4, "big") + spaced + file[12 + len(rfc8785.dumps(head_of(file))) :]
    assert "not canonical" in verify_receipt(receipt, loose)[0][0]


@pytest.mark.parametrize("junk", [None, [], {}, 5, "x", {"stratum": []}, {"stratum": {}}])
def test_nothing_makes_it_raise(junk: Any) -> None:
    receipt, file = mine()
    assert verify_receipt(junk, file)[0]
    assert verify_receipt(receipt, with_head(file, junk))[0]
    for name in receipt:
        assert verify_receipt({**receipt, name: junk}, file)[0]
    for name, value in head_of(file).items():
        if value != junk:
            assert verify_receipt(receipt, with_head(file, {**head_of(file), name: junk}))[0]


def test_a_path_in_another_base64_is_refused() -> None:
    """The bits of the last letter that say nothing must be zero."""
    drawn = sample(people=12, places=5)
    receipt, file = next(both for both in (papers(drawn, n) for n in range(12)) if both[0]["path"].endswith("="))
    raw = base64.b64decode(receipt["path"])
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    end = receipt["path"].rstrip("=")
    other = end[:-1] + letters[letters.index(end[-1]) + 1] + receipt["path"][len(end) :]
    assert base64.b64decode(other) == raw
    assert "base64" in verify_receipt({**receipt, "path": other}, file)[0][0]


def problems_of(receipt: dict[str, Any], file: bytes) -> str:
    return "; ".join(verify_receipt(receipt, file)[0])


def test_papers_of_another_do_not_fit() -> None:
    drawn = sample()
    (receipt, file), (other, _) = mine(), papers(drawn, 8)
    assert "ticket id does not stand" in problems_of({**receipt, "ticket_id": other["ticket_id"]}, file)
    assert problems_of({**other, "ticket_id": receipt["ticket_id"]}, file)
    assert "another stratum" in problems_of({**receipt, "position": (receipt["position"] + 30) % 60}, file)
    held = mine("ceremony")
    assert "another commitment" in problems_of(receipt, held[1])
    assert "another commitment" in problems_of(held[0], file)
    block = papers(LARGE, 7_000)[0]["block"]
    elsewhere = next(n for n in range(7_000) if papers(LARGE, n)[0]["block"] != block)
    assert "not the one that holds" in problems_of(papers(LARGE, 7_000)[0], papers(LARGE, elsewhere)[1])


def test_a_commitment_of_another_version_is_refused() -> None:
    receipt, file = mine()
    for name in ("format", "algorithm"):
        commitment = {**head_of(file)["commitment"], name: "bekal-draw-other/2"}
        digest = commitment_hash(commitment).hex()
        assert "unknown version" in problems_of(
            {**receipt, "commitment": digest}, with_head(file, {**head_of(file), "commitment": commitment})
        )


def test_another_round_is_caught() -> None:
    receipt, file = mine()
    third = RECORDED_ROUNDS["quicknet", 3]
    for number in (3, 123):
        beacon = {**head_of(file)["beacon"], "number": number, "randomness": third.randomness}
        assert "BeaconLied" in problems_of(
            receipt, with_head(file, {**head_of(file), "beacon": {**beacon, "signature": third.signature}})
        )


def forged_file(threshold: Callable[[int], int]) -> bytes:
    """A proof file whose thresholds, and their root, are those of the first in each stratum."""
    drawn = sample()
    firsts = drawn.roll.starts
    strata = [
        {**row, "threshold": f"{threshold(first):016x}", "last": first}
        for row, first in zip(drawn.bundle["strata"], firsts, strict=False)
    ]
    proofs = Proofs(drawn.commitment, strata, drawn.roll.leaves, drawn.bundle["beacon"])
    return proofs.file(0, drawn.block(0))


def test_thresholds_moved_together_differ_from_the_bundle() -> None:
    """To somebody else's ticket they can be moved, root and all: they are compared with the root that all see."""
    drawn, (receipt, file) = sample(), mine()
    randomness = source_of("quicknet")[0].randomness(commitment_hash(drawn.commitment), drawn.shown)
    drawn_tickets = tickets(ticket_key(randomness, commitment_hash(drawn.commitment)), 0, 60)
    moved = forged_file(lambda first: int(drawn_tickets[first]))
    assert verify_receipt(receipt, moved)[0] == []
    expected = ["the thresholds are others than in the bundle"]
    assert verify_receipt(receipt, moved, thresholds_root=root_of(drawn)) == (expected, NOTHING)
    assert verify_receipt(receipt, file, thresholds_root=root_of(drawn))[0] == []
    assert verify_receipt(receipt, mine(after=False)[1], thresholds_root=root_of(drawn))[0]


def test_a_threshold_is_the_ticket_of_somebody_in_the_stratum() -> None:
    receipt, _ = mine()
    assert "not the ticket of the last winner" in verify_receipt(receipt, forged_file(lambda _: 2**64 - 1))[0][0]
    drawn = sample()
    strata = [{**row, "last": (row["last"] + 30) % 60} for row in drawn.bundle["strata"] if row["places"]]
    rows = {(row["region"], row["group"]): row for row in strata}
    strata = [rows.get((row["region"], row["group"]), row) for row in drawn.bundle["strata"]]
    proofs = Proofs(drawn.commitment, strata, drawn.roll.leaves, drawn.bundle["beacon"])
    assert "another stratum" in verify_receipt(receipt, proofs.file(0, drawn.block(0)))[0][0]


def test_thresholds_without_ones_own_stratum_are_refused() -> None:
    receipt, file = mine()
    proofs = sample().proofs()
    index, count = receipt["stratum"]["index"], len(proofs.rows)
    for first, stop in ((0, index), (index + 1, count)):
        shown = {
            "root": root_of(sample()),
            "first": first,
            "rows": base64.b64encode(b"".join(proofs.rows[first:stop])).decode(),
            "path": base64.b64encode(b"".join(proofs.thresholds.range_proof(first, stop))).decode(),
        }
        changed = with_head(file, {**head_of(file), "thresholds": shown})
        assert "do not belong to their root" in problems_of(receipt, changed)


def test_files_of_many_strata_stay_small() -> None:
    """38 regions x 4 groups, 5,000 people."""
    names = [(f"{11 + n % 38}", f"group_{n // 38 % 4}") for n in range(5_000)]
    roll = build_roll(
        wave=WAVE,
        members=[RollMember(hashlib.sha256(b"%d" % n).digest()[:16], *name) for n, name in enumerate(names)],
    )
    assert (len(roll.strata), len(roll.leaves)) == (152, 2)
    proofs, blocks = proofs_of(roll), list(naive.file_blocks(roll.encode()))
    for number, block in enumerate(blocks):
        assert len(proofs.file(number, block)) <= LIMIT
    for position in range(0, 5_000, 250):
        receipt, number = proofs.receipt(roll.id_at(position), position), proofs.block_of(position)
        assert verify_receipt(receipt, proofs.file(number, blocks[number]))[0] == []


def proofs_of(roll: Roll) -> Proofs:
    source, shown, _ = source_of("quicknet")
    places = {(s.region, s.group): s.people // 5 for s in roll.strata}
    commitment = make_commitment(
        roll=roll,
        sequence=1,
        programme="prakerja-2023",
        programme_sha256="0" * 64,
        places=places,
        waiting_list="all",
        source=source,
        committed_at=COMMITTED_AT,
    )
    randomness = source.randomness(commitment_hash(commitment), shown)
    result = draw(roll=roll, commitment=commitment, places=list(places.values()), randomness=randomness)
    return Proofs(commitment, result.rows(), roll.leaves, sample().bundle["beacon"])


def ceremony(parties: int) -> tuple[Ceremony, dict[str, Any]]:
    names = [f"institution_{n}" for n in range(parties)]
    keys = {name: public_key_hex(private_key(name)) for name in names}
    sealed = tuple(Party(name, keys[name], seal(name, secret(name))) for name in names)
    beacon = {"secrets": {name: secret(name) for name in names}}
    return Ceremony(sealed, COMMITTED_AT + PATIENCE, COMMITTED_AT + 2 * PATIENCE), beacon


@pytest.mark.parametrize("kind", ["quicknet", "default", "ceremony"])
def test_files_of_a_hundred_million_people_stay_small(kind: SourceKind) -> None:
    """By arithmetic: 25,000 blocks, 514 regencies x 4 groups of 1,000 to 96,000 people; a ceremony of five parties."""
    people, sizes = 102_300_000, [1_000 + 95_000 * 2 * i // 4_110 for i in range(2_056)]
    sizes[-1] += people - sum(sizes)
    strata = [
        {"region": f"{1101 + i // 4}", "group": f"group_{i % 4}", "people": size, "places": size // 5}
        | {"threshold": f"{(1 << 64) - 1 - i:016x}", "last": size}
        for i, size in enumerate(sizes)
    ]
    source, beacon = ceremony(5) if kind == "ceremony" else (source_of(kind)[0], sample(kind=kind).bundle["beacon"])
    size, hashed = 62_000 + 16 * people, "ab" * 32
    roll = {"root": hashed, "bytes": size, "entries_at": 62_000, "people": people, "duplicates": 9**7}
    watched = {"attributes": hashed, "bytes": 10**9, "tests": ["day", "regency", "sex", "age"], "level_ppm": 1000}
    commitment = {**sample().commitment, "source": source.document(), "roll": roll, "output_test": watched}
    blocks = -(-size // BLOCK_SIZE)
    proofs = Proofs(commitment, strata, [bytes(32)] * blocks, beacon)
    numbers = [*range(60), *range(100, blocks, 331), blocks - 1]
    assert blocks == 24_977
    assert max(len(proofs.file(number, b"")) for number in numbers) + BLOCK_SIZE <= LIMIT
