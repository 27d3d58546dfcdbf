import hmac
import random
from collections.abc import Callable
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw import roll as roll_module
from bekal.engines.draw.roll import (
    Roll,
    RollMember,
    RollRefused,
    Stratum,
    build_roll,
    decode_roll,
    roll_root,
    ticket_id,
)
from bekal.engines.merkle import leaf_hash, root
from tests.engines.draw_vectors import member, sample

MEMBERS = st.lists(
    st.builds(
        RollMember, st.binary(min_size=16, max_size=16), st.sampled_from(["3171", "3172", "é"]), st.just("general")
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda m: m.ticket_id,
)


def small() -> Roll:
    return build_roll(wave="w", members=[member(n) for n in range(20)])


def test_ticket_id_is_truncated_hmac() -> None:
    person = UUID(int=5)
    assert ticket_id(wave_key=b"k", person=person) == hmac.digest(b"k", person.bytes, "sha256")[:16]
    assert ticket_id(wave_key=b"k", person=person) != ticket_id(wave_key=b"l", person=person)


@given(MEMBERS, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_and_duplicates_change_nothing_but_their_count(members: list[RollMember], order: random.Random) -> None:
    again = [*members, *members[:3]]
    order.shuffle(again)
    first, second = build_roll(wave="w", members=members), build_roll(wave="w", members=again)
    assert (first.strata, bytes(first.ticket_ids)) == (second.strata, bytes(second.ticket_ids))
    assert second.duplicates == len(members[:3])
    assert decode_roll(second.encode()) == second


@given(MEMBERS)
@settings(max_examples=50, deadline=None)
def test_every_entry_is_found_in_its_stratum(members: list[RollMember]) -> None:
    roll = build_roll(wave="w", members=members)
    for entry in members:
        position = roll.position(entry.ticket_id)
        assert position is not None
        stratum = roll.strata[roll.stratum_index(position)]
        assert (roll.id_at(position), stratum.region, stratum.group) == entry


def test_unknown_ticket_has_no_position() -> None:
    assert small().position(b"\xff" * 16) is None


@pytest.mark.parametrize(
    "members",
    [
        [],
        [RollMember(b"short", "3171", "general")],
        [RollMember(bytes(16), "3171", "general"), RollMember(bytes(16), "3172", "general")],
        [RollMember(bytes(16), "", "general")],
        [RollMember(bytes(16), "3171", "g" * 256)],
    ],
)
def test_bad_members_are_refused(members: list[RollMember]) -> None:
    with pytest.raises(RollRefused):
        build_roll(wave="w", members=members)


def test_root_covers_the_whole_file_in_blocks() -> None:
    drawn = sample(people=10_000, places=1_000, waiting=5)
    encoded = drawn.roll_bytes
    expected = root([leaf_hash(encoded[at : at + 65_536]) for at in range(0, len(encoded), 65_536)])
    assert drawn.roll.root() == roll_root(encoded) == expected
    assert roll_root(encoded[:-1] + b"\x00") != expected or encoded[-1] == 0


@pytest.mark.parametrize("strata", [1, 4_000])
def test_streamed_root_equals_root_of_the_file(strata: int) -> None:
    members = [RollMember(n.to_bytes(16, "big"), f"region {n % strata}", "general") for n in range(9_000)]
    roll = build_roll(wave="w", members=members)
    assert roll.root() == roll_root(roll.encode())


def _swap_ids(roll: Roll) -> bytes:
    ids = bytes(roll.ticket_ids)
    return roll.header + ids[16:32] + ids[:16] + ids[32:]


def _repeat_id(roll: Roll) -> bytes:
    ids = bytes(roll.ticket_ids)
    return roll.header + ids[:16] * 2 + ids[32:]


def _strata(*strata: Stratum) -> bytes:
    return Roll("w", strata, bytes(16) + b"\x01" * 16).encode()


CHANGES: list[Callable[[Roll], bytes]] = [
    lambda roll: b"",
    lambda roll: roll.encode()[:20],
    lambda roll: roll.encode()[:40],
    lambda roll: roll.encode()[:-1],
    lambda roll: roll.encode()[:-16],
    lambda roll: roll.encode() + b"\x00",
    lambda roll: roll.encode() + bytes(16),
    lambda roll: roll.encode().replace(b"BKLROLL\x01", b"BKLROLL\x02"),
    lambda roll: roll.header[:-1] + b"\x01" + bytes(roll.ticket_ids),
    lambda roll: roll.encode().replace(b"3171", b"\xff171"),
    _swap_ids,
    _repeat_id,
    lambda roll: _strata(Stratum("b", "g", 1), Stratum("a", "g", 1)),
    lambda roll: _strata(Stratum("a", "g", 1), Stratum("a", "g", 1)),
    lambda roll: _strata(Stratum("a", "g", 2), Stratum("b", "g", 0)),
    lambda roll: _strata(Stratum("a", "g", 1), Stratum("b", "g", 2)),
    lambda roll: Roll("w", (), b"").encode(),
    lambda roll: (
        Roll("w" * 10, (Stratum("a", "g", 1),), bytes(16)).encode().replace(b"\x0awwwwwwwwww", b"\x00wwwwwwwwww")
    ),
]


@pytest.mark.parametrize("change", CHANGES)
def test_anything_but_the_canonical_file_is_refused(change: Callable[[Roll], bytes]) -> None:
    roll = build_roll(wave="w", members=[RollMember(bytes([n] * 16), "3171", "general") for n in range(20)])
    with pytest.raises(RollRefused):
        decode_roll(change(roll))


def test_header_padding_must_be_zero() -> None:
    encoded = bytearray(small().encode())
    size = len(small().header)
    assert encoded[size - 1] == 0
    encoded[size - 1] = 1
    with pytest.raises(RollRefused):
        decode_roll(bytes(encoded))


@pytest.mark.parametrize("chunk", [4, 1 << 20])
def test_an_id_in_two_strata_is_refused(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll_module, "ORDER_CHUNK", chunk)
    members = [RollMember(bytes(15) + bytes([n]), "3171", "general") for n in range(20)]
    roll = build_roll(wave="w", members=[*members, RollMember(bytes(14) + b"\x01\x01", "3172", "general")])
    assert decode_roll(roll.encode()) == roll
    with pytest.raises(RollRefused, match="two strata"):
        decode_roll(roll.encode()[:-16] + members[4].ticket_id)


def test_order_is_checked_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll_module, "ORDER_CHUNK", 2)
    members = [RollMember(n.to_bytes(16, "big"), "3171", "general") for n in range(9)]
    roll = build_roll(wave="w", members=members)
    assert decode_roll(roll.encode()) == roll
    for at in range(8):
        ids = np.frombuffer(roll.ticket_ids, dtype=np.uint8).reshape(-1, 16).copy()
        ids[[at, at + 1]] = ids[[at + 1, at]]
        with pytest.raises(RollRefused):
            decode_roll(roll.header + ids.tobytes())
