import hashlib
from collections import Counter
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from bekal.engines.draw import result as result_module
from bekal.engines.draw.commitment import commitment_hash
from bekal.engines.draw.result import DrawRefused, WaitingEntry, WaitingLine, draw, select, smallest
from bekal.engines.draw.roll import RollMember, build_roll
from bekal.engines.draw.tickets import INFO, ticket_key, tickets
from tests.engines.draw_vectors import member, sample

KEY = bytes(range(32))


def hmac(key: bytes, data: bytes) -> bytes:
    mac = HMAC(key, SHA256())
    mac.update(data)
    return mac.finalize()


def test_ticket_key_is_hkdf() -> None:
    expected = hmac(hmac(b"c" * 32, b"r" * 32), INFO + b"\x01")
    assert ticket_key(b"r" * 32, b"c" * 32) == expected
    with pytest.raises(ValueError, match="32 needed"):
        ticket_key(b"r", b"c" * 32)


def test_one_ticket_alone_equals_its_place_in_the_stream() -> None:
    together = tickets(KEY, 0, 101)
    for position in range(101):
        cipher = Cipher(algorithms.AES256(KEY), modes.CTR((position // 2).to_bytes(16, "big"))).encryptor()
        block = cipher.update(bytes(16))[8 * (position % 2) :][:8]
        assert int(tickets(KEY, position, 1)[0]) == int(together[position]) == int.from_bytes(block, "big")
    assert np.array_equal(tickets(KEY, 7, 50), together[7:57])
    assert len(tickets(KEY, 7, 0)) == 0


@pytest.mark.parametrize(("people", "wanted"), [(1, 0), (1, 1), (50, 7), (1_000, 1_000), (70_000, 7_000)])
def test_smallest_equals_a_full_sort(people: int, wanted: int) -> None:
    positions, drawn = smallest(KEY, 11, people, wanted)
    whole = tickets(KEY, 11, people)
    order = np.argsort(whole, kind="stable")[:wanted]
    assert np.array_equal(positions, order + 11)
    assert np.array_equal(drawn, whole[order])


def test_a_short_guess_is_made_good(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = sample().result
    monkeypatch.setattr(result_module, "_guess", lambda people, wanted: 0)
    again = select(
        roll=sample().roll, commitment=sample().commitment, randomness=bytes.fromhex(sample().beacon.randomness)
    )
    assert again.encode() == expected.encode()


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 16])
def test_pieces_of_any_size_give_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_module, "CHUNK", chunk)
    drawn = sample(waiting=3)
    again = select(roll=drawn.roll, commitment=drawn.commitment, randomness=bytes.fromhex(drawn.beacon.randomness))
    assert again.encode() == drawn.result.encode()


def test_equal_tickets_go_by_ticket_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_module, "tickets", lambda key, start, count: np.zeros(count, dtype=np.uint64))
    drawn = select(roll=sample().roll, commitment=sample().commitment, randomness=bytes(32))
    for stratum, start in zip(drawn.strata, drawn.roll.starts, strict=False):
        assert list(stratum.selected) == list(range(start, start + stratum.places))
    assert list(drawn.waiting) == sorted(drawn.waiting)


def reference_draw(people: int) -> tuple[list[bytes], list[bytes]]:
    """The specification in a few lines of plain Python: winners in roll order, waiting list overall."""
    drawn = sample(people=people, places=people // 4)
    key = ticket_key(bytes.fromhex(drawn.beacon.randomness), commitment_hash(drawn.commitment))
    stream = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor().update(bytes(16 * people))
    winners, waiting, position = [], [], 0
    for row in drawn.commitment["strata"]:
        cell = []
        for _ in range(row["people"]):
            cell.append((int.from_bytes(stream[8 * position : 8 * position + 8], "big"), drawn.roll.id_at(position)))
            position += 1
        cell.sort()
        winners += sorted(ticket_id for _, ticket_id in cell[: row["places"]])
        waiting += cell[row["places"] :]
    return winners, [ticket_id for _, ticket_id in sorted(waiting)]


@pytest.mark.parametrize("people", [8, 60, 2_000])
def test_draw_follows_the_specification(people: int) -> None:
    winners, waiting = reference_draw(people)
    drawn = sample(people=people, places=people // 4).result
    assert list(drawn.selected) == winners
    assert list(drawn.waiting) == waiting


def test_thresholds_decide_everybody() -> None:
    drawn = sample(people=2_000, places=500)
    key = ticket_key(bytes.fromhex(drawn.beacon.randomness), commitment_hash(drawn.commitment))
    winners = set(drawn.result.selected)
    for stratum, start in zip(drawn.result.strata, drawn.roll.starts, strict=False):
        assert stratum.threshold is not None
        assert stratum.last is not None
        for offset, ticket in enumerate(tickets(key, start, stratum.stratum.people)):
            ticket_id = drawn.roll.id_at(start + offset)
            assert ((int(ticket), ticket_id) <= (stratum.threshold, stratum.last)) == (ticket_id in winners)


def test_waiting_list_of_declared_length() -> None:
    whole, short = sample(), sample(waiting=2)
    assert whole.commitment["waiting_list"] == "all"
    assert len(whole.result.waiting) == 60 - 15
    for stratum in short.result.strata:
        assert len(stratum.waiting) == min(2, stratum.stratum.people - stratum.places)


def test_places_of_nobody_leave_no_threshold() -> None:
    doc = {**sample().commitment, "strata": [{**row, "places": 0} for row in sample().commitment["strata"]]}
    drawn = draw(roll=sample().roll, commitment=doc, randomness=bytes(32))
    assert drawn.selected == ()
    assert all(s.threshold is None and s.last is None for s in drawn.strata)
    assert len(drawn.waiting) == 60


def test_more_places_keep_every_winner() -> None:
    rows, before = sample().commitment["strata"], sample()
    more = {**before.commitment, "strata": [{**row, "places": min(row["people"], row["places"] + 2)} for row in rows]}
    key_of = commitment_hash(before.commitment)
    for index, row in enumerate(more["strata"]):
        key = ticket_key(bytes(32), key_of)
        start, people = before.roll.starts[index], row["people"]
        few = set(smallest(key, start, people, rows[index]["places"])[0])
        assert few <= set(smallest(key, start, people, row["places"])[0])


def test_equal_odds_inside_a_stratum() -> None:
    members = [RollMember(hashlib.sha256(bytes([n])).digest()[:16], "3171", "general") for n in range(20)]
    roll = build_roll(wave="w", members=members)
    wins: Counter[int] = Counter()
    for seed in range(4_000):
        key = ticket_key(seed.to_bytes(32, "big"), bytes(32))
        wins.update(int(p) for p in smallest(key, 0, roll.people, 5)[0])
    expected, variance = 1_000, 4_000 * 0.25 * 0.75
    chi_square = sum((wins[p] - expected) ** 2 for p in range(20)) / variance * 19 / 20
    assert chi_square < 43.8  # chi-square with 19 degrees of freedom, level 0.001


def change(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    doc: dict[str, Any] = {**sample().commitment}
    if len(path) == 1:
        return {**doc, path[0]: value}
    if path[0] == "roll":
        return {**doc, "roll": {**doc["roll"], path[1]: value}}
    return {**doc, "strata": [{**row, path[1]: value} for row in doc["strata"]]}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("algorithm",), "bekal-draw/2"),
        (("roll", "root"), "00" * 32),
        (("strata", "people"), 1),
        (("strata", "places"), 100),
        (("strata", "places"), -1),
    ],
)
def test_what_does_not_belong_together_is_refused(path: tuple[str, ...], value: Any) -> None:
    with pytest.raises(DrawRefused):
        draw(roll=sample().roll, commitment=change(path, value), randomness=bytes(32))


def test_waiting_line_serves_stratum_then_region_then_all() -> None:
    line = WaitingLine(
        [
            WaitingEntry(b"1", "a", "x"),
            WaitingEntry(b"2", "b", "y"),
            WaitingEntry(b"3", "a", "y"),
            WaitingEntry(b"4", "b", "x"),
            WaitingEntry(b"5", "b", "x"),
        ],
        gone={b"1"},
    )
    taken = [line.take("b", "x") for _ in range(5)]
    assert taken == [b"4", b"5", b"2", b"3", None]


def test_waiting_entries_carry_their_stratum() -> None:
    drawn = sample()
    cells = {member(n).ticket_id: member(n) for n in range(60)}
    for entry in drawn.result.waiting_entries:
        assert (entry.region, entry.group) == (cells[entry.ticket_id].region, cells[entry.ticket_id].group)
    line = WaitingLine(drawn.result.waiting_entries)
    assert line.take("3171", "general") == next(
        e.ticket_id for e in drawn.result.waiting_entries if (e.region, e.group) == ("3171", "general")
    )


def test_result_file() -> None:
    drawn = sample().result
    encoded = drawn.encode()
    assert encoded[:8] == b"BKLRSLT\x01"
    assert (int.from_bytes(encoded[8:16], "big"), int.from_bytes(encoded[16:24], "big")) == (15, 45)
    assert encoded[24:] == b"".join(drawn.selected + drawn.waiting)
