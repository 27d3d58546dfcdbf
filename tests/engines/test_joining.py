"""Receipts of a group: each holds alone, none in another's place, and the leaf is canonical JSON."""

import json

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bekal.engines.draw.commitment import public_key_hex
from bekal.engines.joining import FORMAT, joined_leaf, sign_group, verify_join_receipt
from bekal.engines.merkle import Tree, leaf_hash

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@given(st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=40, unique=True))
def test_every_receipt_of_a_group_holds(tickets: list[bytes]) -> None:
    said = [
        {"wave": "prakerja-2023/59", "ticket_id": ticket.hex(), "joined_at": "2023-08-18T02:00:00Z"}
        for ticket in tickets
    ]
    receipts = [json.loads(raw) for raw in sign_group([joined_leaf(**one) for one in said], KEY)]
    for one, receipt in zip(said, receipts, strict=True):
        assert joined_leaf(**one) == rfc8785.dumps({**one, "format": FORMAT})
        assert verify_join_receipt(receipt, public_key_hex(KEY)) == []
    if len(receipts) > 1:
        assert verify_join_receipt({**receipts[0], "index": 1}, public_key_hex(KEY))
        assert verify_join_receipt({**receipts[0], "ticket_id": receipts[1]["ticket_id"]}, public_key_hex(KEY))


@given(st.integers(0, 70))
def test_all_paths_at_once_are_the_paths_of_each(size: int) -> None:
    tree = Tree([leaf_hash(bytes([number])) for number in range(size)])
    assert tree.paths() == [b"".join(tree.path(place)) for place in range(size)]
