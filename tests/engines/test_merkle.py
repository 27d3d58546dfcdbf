import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from bekal.engines.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    root_from_path,
    root_from_range,
    verify_consistency,
    verify_inclusion,
)
from bekal.engines.merkle.seal import CHAIN_START, LeafRefused, chain, seal_leaf
from tests.engines import draw_naive as naive

TRANSFER: dict[str, str | int] = {
    "key": "0190-1",
    "debit": "treasury",
    "credit": "fund",
    "amount": 4_200_000,
    "code": "allocate",
    "phase": "posted",
    "reference": "wave/48",
    "at": "2023-01-01T00:00:00Z",
}


LEAVES = [leaf_hash(f"leaf {i}".encode()) for i in range(310)]


def leaves(count: int) -> list[bytes]:
    return LEAVES[:count]


def test_prefixes_keep_leaves_and_nodes_apart() -> None:
    assert leaf_hash(b"a") == hashlib.sha256(b"\x00a").digest()
    assert node_hash(b"l" * 32, b"r" * 32) == hashlib.sha256(b"\x01" + b"l" * 32 + b"r" * 32).digest()


def test_empty_and_single_trees() -> None:
    assert root([]) == Tree([]).root == EMPTY_ROOT
    assert root(leaves(1)) == leaves(1)[0]
    assert inclusion_proof(leaves(1), 0) == []


def test_agrees_with_pymerkle() -> None:
    judge = InmemoryTree(algorithm="sha256")
    for size in range(1, 70):
        judge.append_entry(f"leaf {size - 1}".encode())
        assert judge.get_root(size) == root(leaves(size)) == Tree(leaves(size)).root


def test_pymerkle_accepts_our_paths() -> None:
    judge = InmemoryTree(algorithm="sha256")
    for i in range(37):
        judge.append_entry(f"leaf {i}".encode())
    for index in range(37):
        path = judge.prove_inclusion(index + 1, 37).serialize()["path"]
        assert [bytes.fromhex(node) for node in path[1:]] == inclusion_proof(leaves(37), index)


@given(st.integers(1, 130), st.data())
@settings(max_examples=60, deadline=None)
def test_inclusion(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    tree = Tree(leaves(size))
    path = tree.path(index)
    assert verify_inclusion(leaves(size)[index], index, size, path, tree.root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, path, tree.root)
    assert not verify_inclusion(leaves(size)[index], index, size, [*path, bytes(32)], tree.root)
    if path:
        assert not verify_inclusion(leaves(size)[index], index, size, path[:-1], tree.root)
    if size > 1:
        assert not verify_inclusion(leaves(size)[index], (index + 1) % size, size, path, tree.root)


@given(st.integers(1, 80), st.data())
@settings(max_examples=60, deadline=None)
def test_consistency(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    proof = consistency_proof(leaves(second), first)
    old, new = root(leaves(first)), root(leaves(second))
    assert verify_consistency(first, second, old, new, proof)
    assert not verify_consistency(first, second, leaf_hash(b"other"), new, proof)
    assert not verify_consistency(first, second, old, leaf_hash(b"other"), proof)
    assert not verify_consistency(first, second, old, new, [*proof, bytes(32)])
    if proof:
        assert not verify_consistency(first, second, old, new, proof[:-1])


def test_out_of_range_is_refused() -> None:
    for index in (-1, 3):
        with pytest.raises(IndexError):
            inclusion_proof(leaves(3), index)
        assert not verify_inclusion(leaves(3)[0], index, 3, [], root(leaves(3)))
    for first in (0, 4):
        with pytest.raises(IndexError):
            consistency_proof(leaves(3), first)
        assert not verify_consistency(first, 3, b"", b"", [])
    assert not verify_consistency(3, 5, b"", b"", [])


@pytest.mark.parametrize("size", range(1, 41))
def test_range_proofs_are_the_largest_subtrees_outside(size: int) -> None:
    data, tree = [f"leaf {i}".encode() for i in range(size)], Tree(leaves(size))
    roots = {(low, high): naive.mth(data[low:high]) for low, high in naive.spans(0, size)}
    for start in range(size):
        for stop in range(start + 1, size + 1):
            proof = tree.range_proof(start, stop)
            assert proof == [roots[span] for span in naive.outside(size, start, stop)]
            run = leaves(size)[start:stop]
            assert root_from_range(run, start, size, proof) == tree.root
            assert root_from_range(run, start, size, [*proof, bytes(32)]) is None
            assert not proof or root_from_range(run, start, size, proof[:-1]) is None


def test_a_range_of_one_leaf_has_the_hashes_of_its_inclusion_path() -> None:
    for size in range(1, 70):
        tree = Tree(leaves(size))
        for index in range(size):
            ours, path = tree.range_proof(index, index + 1), tree.path(index)
            assert (sorted(ours), len(ours)) == (sorted(path), len(path))
            assert root_from_range([leaves(size)[index]], index, size, ours) == tree.root


@given(st.integers(1, 300), st.data())
@settings(max_examples=100, deadline=None)
def test_a_changed_range_leads_elsewhere(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size - 1))
    stop = data.draw(st.integers(start + 1, size))
    tree, run = Tree(leaves(size)), leaves(size)[start:stop]
    proof = tree.range_proof(start, stop)
    changed = [*run, *proof]
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] = bytes([changed[place][0] ^ 1]) + changed[place][1:]
    assert root_from_range(changed[: len(run)], start, size, changed[len(run) :]) not in (None, tree.root)
    other = data.draw(st.integers(-3, size + 3).filter(lambda at: at != start))
    assert root_from_range(run, other, size, proof) != tree.root


def test_ranges_outside_the_tree_are_refused() -> None:
    for start, stop in ((-1, 1), (0, 0), (2, 1), (2, 4), (3, 4)):
        with pytest.raises(IndexError):
            Tree(leaves(3)).range_proof(start, stop)
        assert root_from_range(leaves(max(stop - start, 0)), start, 3, []) is None
    with pytest.raises(IndexError):
        Tree([]).range_proof(0, 1)


def test_paths_of_another_length_or_place_lead_nowhere() -> None:
    assert root_from_path(leaves(1)[0], 1, 1, []) is None
    assert root_from_path(leaves(1)[0], 0, 0, []) is None
    for size in range(1, 20):
        for index in range(size):
            path = inclusion_proof(leaves(size), index)
            assert root_from_path(leaves(size)[index], index, size, path) == root(leaves(size))
            assert root_from_path(leaves(size)[index], index, size, [*path, bytes(32)]) is None
            assert not path or root_from_path(leaves(size)[index], index, size, path[1:]) is None


def test_seal_leaf_is_salted_canonical_json() -> None:
    canonical = (
        b'{"amount":4200000,"at":"2023-01-01T00:00:00Z","code":"allocate","credit":"fund","debit":"treasury",'
        b'"key":"0190-1","phase":"posted","reference":"wave/48"}'
    )
    assert seal_leaf(TRANSFER, b"s" * 32) == leaf_hash(b"s" * 32 + canonical)
    assert seal_leaf(TRANSFER, b"s" * 32) != seal_leaf(TRANSFER, b"t" * 32)


@pytest.mark.parametrize("transfer", [{**TRANSFER, "person": "x"}, {"key": "1"}])
def test_seal_leaf_refuses_other_fields(transfer: dict[str, str | int]) -> None:
    with pytest.raises(LeafRefused):
        seal_leaf(transfer, b"s" * 32)


def test_seal_leaf_refuses_short_salt() -> None:
    with pytest.raises(LeafRefused):
        seal_leaf(TRANSFER, b"s")


def test_chain_binds_previous_root_and_size() -> None:
    first = chain(CHAIN_START, b"r" * 32, 3)
    assert first == hashlib.sha256(bytes(32) + b"r" * 32 + (3).to_bytes(8, "big")).digest()
    assert len({first, chain(first, b"r" * 32, 3), chain(CHAIN_START, b"r" * 32, 4)}) == 3
