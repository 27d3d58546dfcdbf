"""The roll has one form for every set of entries, and nothing else is read."""

import hmac
import random
from collections.abc import Callable
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw import roll as roll_module
from bekal.engines.draw.roll import (
    BLOCK_SIZE,
    FileRoot,
    Roll,
    RollMember,
    RollRefused,
    Stratum,
    build_roll,
    decode_roll,
    find_id,
    ticket_id,
)
from tests.engines import draw_naive as naive
from tests.engines.draw_vectors import member, sample

LABELS = st.sampled_from(["3171", "3172", "é", "Ω", "z" * 255])
MEMBERS = st.lists(
    st.builds(RollMember, st.binary(min_size=16, max_size=16), LABELS, st.sampled_from(["general", "disability"])),
    min_size=1,
    max_size=40,
    unique_by=lambda m: m.ticket_id,
)


def small(people: int = 20) -> Roll:
    return build_roll(wave="w", members=[member(n) for n in range(people)])


def numbered(count: int, strata: int = 1) -> list[RollMember]:
    return [RollMember(n.to_bytes(16, "big"), f"region {n % strata}", "general") for n in range(count)]


def test_ticket_id_is_truncated_hmac() -> None:
    person = UUID(int=5)
    assert ticket_id(wave_key=b"k", person=person) == hmac.digest(b"k", person.bytes, "sha256")[:16]
    assert ticket_id(wave_key=b"k", person=person) != ticket_id(wave_key=b"l", person=person)


@given(MEMBERS, st.integers(0, 5), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_order_gives_the_one_file(members: list[RollMember], twice: int, order: random.Random) -> None:
    again = [*members, *members[:twice]]
    order.shuffle(again)
    roll = build_roll(wave="w", members=iter(again))
    assert roll.encode() == naive.roll_file("w", set(members), duplicates=len(members[:twice]))
    assert decode_roll(roll.encode()) == roll
    assert b"".join(roll.blocks()) == roll.encode()


@given(MEMBERS)
@settings(max_examples=40, deadline=None)
def test_every_entry_is_found_in_its_stratum(members: list[RollMember]) -> None:
    roll = build_roll(wave="w", members=members)
    for entry in members:
        position = roll.position(entry.ticket_id)
        assert position is not None
        stratum = roll.strata[roll.stratum_index(position)]
        assert (roll.id_at(position), stratum.region, stratum.group) == entry
    assert roll.position(bytes(15) + b"?") in (None, *range(len(members)))


def test_duplicates_that_the_caller_left_out_count_too() -> None:
    members = numbered(5)
    assert build_roll(wave="w", members=[*members, members[0]], collapsed=3).duplicates == 4


def test_unknown_ticket_has_no_position() -> None:
    for stranger in (b"\xff" * 16, bytes(16)):
        assert small().position(stranger) is None
    assert find_id(lambda at: b"", 5, 5, b"") is None


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ([], "nobody"),
        ([RollMember(b"short", "3171", "general")], "16 needed"),
        ([RollMember(bytes(17), "3171", "general")], "16 needed"),
        ([RollMember(bytes(16), "3171", "general"), RollMember(bytes(16), "3172", "general")], "two strata"),
        ([RollMember(bytes(16), "", "general")], "label of 0"),
        ([RollMember(bytes(16), "3171", "é" * 128)], "label of 256"),
    ],
)
def test_bad_members_are_refused(members: list[RollMember], problem: str) -> None:
    with pytest.raises(RollRefused, match=problem):
        build_roll(wave="w", members=members)
    with pytest.raises(RollRefused, match="label"):
        build_roll(wave="", members=numbered(1))


@pytest.mark.parametrize("strata", [1, 4_000])
@pytest.mark.parametrize("people", [4_000, 4_093, 4_094, 4_095, 9_000])
def test_root_is_that_of_the_file(people: int, strata: int) -> None:
    """Also where the header alone fills a block, and where the last block is just full."""
    roll = build_roll(wave="w", members=numbered(people, strata))
    assert roll.root() == naive.file_root(roll.encode())
    assert len(roll.leaves) == -(-len(roll.encode()) // BLOCK_SIZE)


@given(st.integers(0, 3 * BLOCK_SIZE), st.lists(st.integers(0, 3 * BLOCK_SIZE), max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_root_can_be_fed_in_any_pieces(size: int, cuts: list[int]) -> None:
    data = np.arange(size, dtype=np.uint32).astype(np.uint8).tobytes()
    edges = [0, *sorted(min(at, size) for at in cuts), size]
    fed = FileRoot()
    for start, end in pairwise(edges):
        fed.update(memoryview(data)[start:end])
    assert (fed.root(), fed.size) == (naive.file_root(data), size)


def test_a_root_can_be_fed_in_small_pieces() -> None:
    data, fed = bytes(range(251)) * 600, FileRoot()
    for at in range(0, len(data), 97):
        fed.update(data[at : at + 97])
    assert fed.root() == fed.root() == naive.file_root(data)


def ids_of(roll: Roll) -> list[bytes]:
    return list(roll.ids_at(range(roll.people)))


def with_ids(roll: Roll, *ids: bytes) -> bytes:
    return roll.header + b"".join(ids)


def _strata(*strata: Stratum) -> bytes:
    return Roll("w", strata, bytes(16) + b"\x01" * 16).encode()


def _field(at: int, size: int, change: int) -> Callable[[Roll], bytes]:
    """The file with a number of its header changed."""

    def changed(roll: Roll) -> bytes:
        file = roll.encode()
        value = int.from_bytes(file[at : at + size], "big") + change
        return file[:at] + value.to_bytes(size, "big") + file[at + size :]

    return changed


def _longer_header(roll: Roll) -> bytes:
    """Sixteen zeros more, the size of the header says so."""
    size = len(roll.header) + 16
    return roll.header[:8] + size.to_bytes(4, "big") + roll.header[12:] + bytes(16) + b"".join(ids_of(roll))


CHANGES: list[tuple[str, Callable[[Roll], bytes]]] = [
    ("bytes do not hold", lambda roll: roll.encode()[:-1]),
    ("bytes do not hold", lambda roll: roll.encode()[:-16]),
    ("bytes do not hold", lambda roll: roll.encode() + b"\x00"),
    ("bytes do not hold", lambda roll: roll.encode() + bytes(16)),
    ("version 1", lambda roll: roll.encode().replace(b"BKLROLL\x01", b"BKLROLL\x02")),
    ("version 1", lambda roll: roll.encode().replace(b"BKLROLL", b"BKLROLE")),
    ("bytes do not hold", _field(8, 4, 16)),
    ("bytes do not hold", _field(8, 4, -16)),
    ("truncated", _field(12, 4, 1000)),
    ("bytes do not hold", _field(16, 8, 1)),
    ("not canonical", _longer_header),
    ("not canonical", lambda roll: roll.header[:-1] + b"\x01" + b"".join(ids_of(roll))),
    ("UTF-8", lambda roll: roll.encode().replace(b"3171", b"\xff171")),
    ("not in order", lambda roll: with_ids(roll, *reversed(ids_of(roll)))),
    ("not in order", lambda roll: with_ids(roll, *ids_of(roll)[:1], *ids_of(roll)[:-1])),
    ("not in order", lambda roll: _strata(Stratum("b", "g", 1), Stratum("a", "g", 1))),
    ("not in order", lambda roll: _strata(Stratum("a", "z", 1), Stratum("a", "g", 1))),
    ("stands twice", lambda roll: _strata(Stratum("a", "g", 1), Stratum("a", "g", 1))),
    ("is empty", lambda roll: _strata(Stratum("a", "g", 2), Stratum("b", "g", 0))),
    ("strata count 3", lambda roll: _strata(Stratum("a", "g", 1), Stratum("b", "g", 2))),
    ("strata count 1", lambda roll: _strata(Stratum("a", "g", 1))),
    ("nobody", lambda roll: Roll("w", (), b"").encode()),
    ("strata count 0", lambda roll: _strata()),
    ("label of 0", lambda roll: naive.roll_file("", {(bytes(16), "a", "g")}, 0)),
    ("label of 0", lambda roll: naive.roll_file("w", {(bytes(16), "", "g")}, 0)),
]


@pytest.mark.parametrize(("problem", "change"), CHANGES)
def test_anything_but_the_canonical_file_is_refused(problem: str, change: Callable[[Roll], bytes]) -> None:
    roll = build_roll(wave="w", members=[RollMember(bytes([n] * 16), "3171", "general") for n in range(20)])
    with pytest.raises(RollRefused, match=problem):
        decode_roll(change(roll))


def test_truncated_anywhere_is_refused() -> None:
    encoded = small(5).encode()
    for size in range(len(encoded)):
        with pytest.raises(RollRefused):
            decode_roll(encoded[:size])


def test_every_byte_of_the_padding_is_zero() -> None:
    roll = small()
    encoded, size = roll.encode(), len(roll.header)
    used = len(roll.header.rstrip(b"\x00"))
    assert used < size
    for at in range(used, size):
        with pytest.raises(RollRefused):
            decode_roll(encoded[:at] + b"\x01" + encoded[at + 1 :])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_is_refused_or_another_roll(data: st.DataObject) -> None:
    encoded = bytearray(sample().roll_bytes)
    bit = data.draw(st.integers(0, 8 * len(encoded) - 1))
    encoded[bit // 8] ^= 1 << bit % 8
    try:
        roll = decode_roll(bytes(encoded))
    except RollRefused:
        return
    assert roll.encode() == bytes(encoded)
    assert roll.root() != sample().roll.root()


@pytest.mark.parametrize("chunk", [4, 1 << 20])
def test_an_id_in_two_strata_is_refused(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of large rolls, which are compared a part at a time."""
    monkeypatch.setattr(roll_module, "ORDER_CHUNK", chunk)
    ids = [bytes([n * 12]) + bytes(14) + bytes([n]) for n in range(20)]
    near = [one[:8] + b"\x01" + one[9:] for one in ids]
    members = [RollMember(one, "3171", "general") for one in ids]
    roll = build_roll(wave="w", members=[*members, *(RollMember(one, "3172", "general") for one in near)])
    assert decode_roll(roll.encode()) == roll
    for at in range(20):
        twice = [*near[:at], ids[at], *near[at + 1 :]]
        with pytest.raises(RollRefused, match=f"ticket {ids[at].hex()} stands in two strata"):
            decode_roll(with_ids(roll, *ids, *twice))
        with pytest.raises(RollRefused, match="stands in two strata"):
            build_roll(wave="w", members=[*members, RollMember(ids[at], "9999", "general")])


def test_order_is_checked_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll_module, "ORDER_CHUNK", 2)
    roll = build_roll(wave="w", members=numbered(9))
    assert decode_roll(roll.encode()) == roll
    for at in range(8):
        ids = ids_of(roll)
        ids[at], ids[at + 1] = ids[at + 1], ids[at]
        with pytest.raises(RollRefused, match="not in order"):
            decode_roll(with_ids(roll, *ids))
        ids[at] = ids[at + 1]
        with pytest.raises(RollRefused, match="not in order"):
            decode_roll(with_ids(roll, *ids))


def test_an_id_may_be_smaller_where_a_stratum_begins() -> None:
    roll = build_roll(wave="w", members=numbered(9, strata=2))
    assert roll.starts == (0, 5, 9)
    assert decode_roll(memoryview(roll.encode())) == roll
