import json
from typing import Any

import pytest

from bekal.engines.draw.receipt import (
    BlockProofs,
    NotOnRoll,
    check_inclusion,
    decode_block_proof,
    receipt,
    standing,
    verify_receipt,
)
from tests.engines.draw_vectors import member, sample

DRAWN = sample(people=10_000, places=1_000, waiting=5)
MINE = receipt(DRAWN.roll, DRAWN.roll_bytes, member(7).ticket_id)


def test_every_receipt_verifies_and_tells_the_result() -> None:
    proofs = BlockProofs(DRAWN.roll_bytes)
    winners = set(DRAWN.result.selected)
    for number in range(0, 10_000, 500):
        ticket_id = member(number).ticket_id
        mine = json.loads(json.dumps(receipt(DRAWN.roll, DRAWN.roll_bytes, ticket_id, proofs)))
        assert check_inclusion(mine, DRAWN.commitment) == []
        assert verify_receipt(mine, DRAWN.bundle) == []
        assert standing(mine, DRAWN.bundle).selected == (ticket_id in winners)


def test_nobody_wins_where_there_are_no_places() -> None:
    drawn = sample(people=60, places=0)
    mine = receipt(drawn.roll, drawn.roll_bytes, member(1).ticket_id)
    assert verify_receipt(mine, drawn.bundle) == []
    assert standing(mine, drawn.bundle).threshold is None


def test_a_stranger_has_no_receipt() -> None:
    with pytest.raises(NotOnRoll):
        receipt(DRAWN.roll, DRAWN.roll_bytes, bytes(16))


OTHER = receipt(DRAWN.roll, DRAWN.roll_bytes, member(8).ticket_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "other"},
        {"wave": "other"},
        {"ticket_id": OTHER["ticket_id"]},
        {"region": "0000"},
        {"group": "x"},
        {"position": MINE["position"] + 1},
        {"position": -1},
        {"position": 10_000},
        {"block": MINE["block"] + 1},
        {"blocks": MINE["blocks"] + 1},
        {"path": MINE["path"][:-1]},
        {"path": ["00" * 32] * len(MINE["path"])},
        {"block_base64": "AAAA"},
        {"block_base64": "?"},
        {"path": None},
    ],
)
def test_a_changed_receipt_is_caught(changes: dict[str, Any]) -> None:
    assert verify_receipt({**MINE, **changes}, DRAWN.bundle)


def test_a_winner_dropped_from_the_list_is_caught() -> None:
    winner = DRAWN.result.selected[3]
    mine = receipt(DRAWN.roll, DRAWN.roll_bytes, winner)
    without = [ticket_id for ticket_id in DRAWN.bundle["winners"] if ticket_id != winner.hex()]
    assert verify_receipt(mine, {**DRAWN.bundle, "winners": without}) == [
        "the list of winners does not agree with the ticket"
    ]


def test_static_proof_files_hold_every_block() -> None:
    proofs = BlockProofs(DRAWN.roll_bytes)
    assert len(proofs) == -(-len(DRAWN.roll_bytes) // 65_536)
    for index in range(len(proofs)):
        encoded = proofs.of(index).encode()
        assert len(encoded) <= 70_000
        proof = decode_block_proof(encoded)
        assert proof == proofs.of(index)
        assert proof.leads_to(bytes.fromhex(DRAWN.commitment["roll"]["root"]))
        assert not proof.leads_to(bytes(32))


@pytest.mark.parametrize("encoded", [b"", b"BKLPROF\x01", b"BKLPROF\x02" + bytes(40)])
def test_other_bytes_are_no_proof_file(encoded: bytes) -> None:
    with pytest.raises(ValueError, match="not a proof file"):
        decode_block_proof(encoded)
