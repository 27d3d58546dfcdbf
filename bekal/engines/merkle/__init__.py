"""Merkle trees with the hashing of RFC 9162 §2.1: SHA-256, leaf prefix 0x00, node prefix 0x01.

All functions take leaf *hashes* (32 bytes each), never leaf data; `leaf_hash` makes one from data.
"""

import hashlib
from collections.abc import Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes | memoryview) -> bytes:
    """SHA-256(0x00 || data)."""
    digest = hashlib.sha256(b"\x00")
    digest.update(data)
    return digest.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _parents(level: Sequence[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    paired = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
    return [*paired, level[-1]] if len(level) % 2 else paired


class Tree:
    """All levels of a tree, for many proofs over the same leaves. Memory: about 64 bytes a leaf."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self.levels: list[Sequence[bytes]] = [list(leaf_hashes)]
        while len(self.levels[-1]) > 1:
            self.levels.append(_parents(self.levels[-1]))

    @property
    def size(self) -> int:
        return len(self.levels[0])

    @property
    def root(self) -> bytes:
        return self.levels[-1][0] if self.size else EMPTY_ROOT

    def path(self, index: int) -> list[bytes]:
        """Inclusion path of leaf `index`, bottom up. Raises IndexError outside 0 <= index < size."""
        if not 0 <= index < self.size:
            raise IndexError(f"leaf {index} of {self.size}")
        path = []
        for level in self.levels[:-1]:
            if index ^ 1 < len(level):
                path.append(level[index ^ 1])
            index >>= 1
        return path

    def paths(self) -> list[bytes]:
        """`path` of every leaf, its hashes joined; each node's rest of the way up is put together once."""
        ways = [b""]
        for level in reversed(self.levels[:-1]):
            last = len(level) - 1
            ways = [
                level[place ^ 1] + ways[place >> 1] if place ^ 1 <= last else ways[place >> 1]
                for place in range(last + 1)
            ]
        return ways[: self.size]

    def range_proof(self, start: int, stop: int) -> list[bytes]:
        """Roots of the largest subtrees without a leaf of start .. stop - 1, left to right: one proof for a run.

        Raises IndexError unless 0 <= start < stop <= size.
        """
        if not 0 <= start < stop <= self.size:
            raise IndexError(f"leaves {start} to {stop} of {self.size}")
        proof: list[bytes] = []

        def visit(low: int, high: int) -> None:
            height = (high - low - 1).bit_length()
            if stop <= low or high <= start:
                proof.append(self.levels[height][low >> height])
            elif high - low > 1:
                middle = low + _split(high - low)
                visit(low, middle)
                visit(middle, high)

        visit(0, self.size)
        return proof


def root_from_range(leaf_hashes: Sequence[bytes], start: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Root that a run of leaf hashes from `start` on, in a tree of `size` leaves, and `Tree.range_proof` lead to.

    None when the run does not lie in the tree or the proof has another number of hashes.
    """
    stop, rest = start + len(leaf_hashes), list(reversed(proof))
    if not 0 <= start < stop <= size:
        return None

    def visit(low: int, high: int) -> bytes:
        if stop <= low or high <= start:
            return rest.pop()
        if high - low == 1:
            return leaf_hashes[low - start]
        middle = low + _split(high - low)
        left = visit(low, middle)
        return node_hash(left, visit(middle, high))

    try:
        found = visit(0, size)
    except IndexError:
        return None
    return None if rest else found


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Merkle Tree Hash of RFC 9162 §2.1.1; the empty tree has SHA-256 of nothing."""
    if not leaf_hashes:
        return EMPTY_ROOT
    level = leaf_hashes
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, D) of RFC 9162 §2.1.3.1, bottom up. Raises IndexError outside the tree."""
    return Tree(leaf_hashes).path(index)


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Root that leaf hash, place and path lead to (RFC 9162 §2.1.3.2), or None when the path has the wrong length."""
    if not 0 <= index < size:
        return None
    place, last, digest = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            digest = node_hash(sibling, digest)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        place, last = place >> 1, last >> 1
    return digest if last == 0 else None


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether leaf hash `leaf` stands at `index` in the tree of `size` leaves with `root`."""
    return root_from_path(leaf, index, size, proof) == root


def _split(size: int) -> int:
    """Largest power of two below `size` (size > 1)."""
    return 1 << (size - 1).bit_length() - 1


def _subproof(leaves: Sequence[bytes], first: int, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root(leaves)]
    middle = _split(len(leaves))
    if first <= middle:
        return [*_subproof(leaves[:middle], first, whole), root(leaves[middle:])]
    return [*_subproof(leaves[middle:], first - middle, False), root(leaves[:middle])]


def consistency_proof(leaf_hashes: Sequence[bytes], first: int) -> list[bytes]:
    """PROOF(first, D) of RFC 9162 §2.1.4.1. Raises IndexError unless 0 < first <= len(leaf_hashes)."""
    if not 0 < first <= len(leaf_hashes):
        raise IndexError(f"first {first} of {len(leaf_hashes)}")
    return _subproof(leaf_hashes, first, True)


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `second` leaves extends the tree of `first` leaves (RFC 9162 §2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    nodes = list(proof) if first & (first - 1) else [first_root, *proof]
    if not nodes:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, node)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
