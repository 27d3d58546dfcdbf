"""The draw follows the specification; chances are equal, and depend on nothing but stratum and places."""

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw import result as result_module
from bekal.engines.draw.commitment import commitment_hash, strata_root, strata_rows
from bekal.engines.draw.cut import cut, one_process
from bekal.engines.draw.result import (
    DrawRefused,
    WaitingEntry,
    WaitingLine,
    draw,
    draw_waiting,
    select,
    waiting_counts,
)
from bekal.engines.draw.roll import RollMember, build_roll, firsts
from bekal.engines.draw.tickets import ticket_key
from tests.engines import draw_naive as naive
from tests.engines.draw_vectors import Sample, member, sample

KEY = bytes(range(32))
# Chi-square, level 0.001: NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.4, by degrees of freedom.
CRITICAL = {9: 27.877, 15: 37.697, 19: 43.820}


def key_of(drawn: Sample) -> bytes:
    return naive.ticket_key(bytes.fromhex(drawn.bundle["beacon"]["randomness"]), commitment_hash(drawn.commitment))


def test_ticket_key_is_hkdf() -> None:
    assert ticket_key(b"r" * 32, b"c" * 32) == naive.ticket_key(b"r" * 32, b"c" * 32)
    for size in (0, 31, 33):
        with pytest.raises(ValueError, match="32 needed"):
            ticket_key(bytes(size), b"c" * 32)


@pytest.mark.parametrize(("people", "waiting"), [(9, "all"), (60, 0), (60, 1), (2_000, "all"), (2_000, 7)])
def test_draw_follows_the_specification(people: int, waiting: int | Literal["all"]) -> None:
    drawn = sample(people=people, places=people // 4, waiting=waiting)
    strata = [stratum.people for stratum in drawn.roll.strata]
    expected = naive.draw(naive.tickets(key_of(drawn), people), strata, drawn.places, waiting)
    ids = [drawn.roll.id_at(position) for position in range(people)]
    assert drawn.result.encode() == expected.file(ids)
    assert list(drawn.result.selected) == [ids[p] for cell in expected.winners for p in cell]
    assert list(drawn.result.waiting) == [ids[p] for p in expected.waiting]
    assert drawn.bundle["result"]["thresholds"] == naive.mth(expected.threshold_leaves).hex()


def test_totals_are_exact() -> None:
    for places in (0, 1, 15, 37, 60, 99):
        drawn = sample(places=places, waiting=2)
        winners = Counter((e.region, e.group) for e in map(member, range(60)) if e.ticket_id in drawn.result.selected)
        waiting = Counter((entry.region, entry.group) for entry in drawn.result.waiting_entries)
        assert drawn.bundle["result"]["winners"] == len(set(drawn.result.selected)) == min(places, 60)
        for row in drawn.bundle["strata"]:
            assert winners[row["region"], row["group"]] == row["places"]
            assert waiting[row["region"], row["group"]] == row["waiting"] == min(2, row["people"] - row["places"])
        assert not set(drawn.result.selected) & set(drawn.result.waiting)


def test_thresholds_decide_everybody() -> None:
    drawn = sample(people=2_000, places=500)
    tickets, winners = naive.tickets(key_of(drawn), 2_000), set(drawn.result.selected)
    for row, (start, end) in zip(drawn.bundle["strata"], pairwise(drawn.roll.starts), strict=True):
        bound = (int(row["threshold"], 16), row["last"])
        for position in range(start, end):
            assert ((tickets[position], position) <= bound) == (drawn.roll.id_at(position) in winners)


def test_places_of_nobody_leave_no_threshold() -> None:
    drawn = sample(places=0)
    assert drawn.result.selected == ()
    assert {(row["threshold"], row["last"]) for row in drawn.bundle["strata"]} == {(None, None)}
    assert len(drawn.result.waiting) == 60


@pytest.mark.parametrize("waiting", ["all", 3])
def test_pieces_of_any_size_give_the_same(waiting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = sample(waiting=waiting)
    monkeypatch.setattr(result_module, "PIECE", 8)
    randomness = bytes.fromhex(drawn.bundle["beacon"]["randomness"])
    again = select(roll=drawn.roll, commitment=drawn.commitment, places=drawn.places, randomness=randomness)
    assert again.encode() == drawn.result.encode()
    assert again.facts == drawn.result.facts
    assert again.selected == drawn.result.selected


def in_strata(positions: Sequence[int], starts: Sequence[int]) -> list[list[int]]:
    return [[p for p in positions if start <= p < end] for start, end in pairwise(starts)]


@given(st.binary(min_size=32, max_size=32), st.lists(st.integers(1, 30), min_size=1, max_size=6), st.data())
@settings(max_examples=60, deadline=None)
def test_added_places_go_to_the_next_in_line(key: bytes, people: list[int], data: st.DataObject) -> None:
    """More places keep every winner and let in exactly those that wait first."""
    few = [data.draw(st.integers(0, count)) for count in people]
    added = data.draw(st.integers(0, 10))
    counts = waiting_counts(people, few, added)
    more = [won + waiting for won, waiting in zip(few, counts, strict=True)]
    drawn, whole, end = cut(key, people, few), cut(key, people, more), sum(people)
    waiting = draw_waiting(key, people, drawn, more, one_process).tolist()
    assert set(drawn.positions(0, end)) | set(waiting) == set(whole.positions(0, end))
    assert len(drawn.positions(0, end)) + len(waiting) == sum(more)
    tickets = naive.tickets(key, end)
    assert waiting == sorted(waiting, key=lambda position: (tickets[position], position))
    everybody = naive.draw(tickets, people, few, "all").waiting
    lines = zip(in_strata(waiting, firsts(people)), in_strata(everybody, firsts(people)), counts, strict=True)
    assert all(ours == line[:count] for ours, line, count in lines)


def test_the_waiting_list_of_a_few_is_the_head_of_the_list_of_all() -> None:
    key, people, places = KEY, [40, 7, 500], [3, 7, 100]
    drawn = cut(key, people, places)
    whole = draw_waiting(key, people, drawn, people, one_process).tolist()
    counts = waiting_counts(people, places, 4)
    assert counts == (4, 0, 4)
    short = draw_waiting(key, people, drawn, [7, 7, 104], one_process).tolist()
    assert short == [p for p in whole if p in short]
    for line, all_of_it in zip(in_strata(short, firsts(people)), in_strata(whole, firsts(people)), strict=True):
        assert line == all_of_it[: len(line)]


@given(st.lists(st.integers(0, 59), max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_order_and_duplicates_change_nobodys_odds(again: list[int], order: random.Random) -> None:
    """The draw sees the roll alone, and the roll's entries are the same bytes whoever came first or twice."""
    numbers = [*range(60), *again]
    order.shuffle(numbers)
    first, second = sample().roll, build_roll(wave=sample().roll.wave, members=map(member, numbers))
    assert (second.strata, second.ticket_ids, second.duplicates) == (first.strata, first.ticket_ids, len(again))


def chi_square_of_samples(wins: Sequence[int], drawn: int, taken: int) -> float:
    """For simple random samples without replacement of `taken` among len(wins) people, `drawn` times."""
    share, people = taken / len(wins), len(wins)
    variance = drawn * share * (1 - share)
    return sum((count - drawn * share) ** 2 for count in wins) / variance * (people - 1) / people


def test_equal_odds_inside_a_stratum() -> None:
    """Over 1,200 keys from fixed seeds everybody of a stratum wins equally often, whatever its size and places."""
    people, places, keys = [20, 10, 16], [5, 7, 1], 1_200
    wins: Counter[int] = Counter()
    for seed in range(keys):
        wins.update(cut(ticket_key(hashlib.sha256(b"%d" % seed).digest(), KEY), people, places).positions(0, 46))
    for (start, end), taken in zip(pairwise(firsts(people)), places, strict=True):
        found = chi_square_of_samples([wins[p] for p in range(start, end)], keys, taken)
        assert found < CRITICAL[end - start - 1]


def test_equal_odds_in_the_waiting_order() -> None:
    """Over many keys each of 10 people of two strata stands first in the overall order equally often."""
    people, keys, first = [4, 6], 600, Counter[int]()
    for seed in range(keys):
        key = ticket_key(hashlib.sha256(b"waiting %d" % seed).digest(), KEY)
        nobody = cut(key, people, [0, 0])
        first[int(draw_waiting(key, people, nobody, people, one_process)[0])] += 1
    assert sum((first[p] - keys / 10) ** 2 for p in range(10)) / (keys / 10) < CRITICAL[9]


@pytest.mark.parametrize("nibble", range(16))
def test_tickets_are_even(nibble: int) -> None:
    """Every nibble of 20,000 tickets takes its 16 values equally often."""
    counts = np.bincount([ticket >> 4 * nibble & 15 for ticket in naive.tickets(KEY, 20_000)], minlength=16)
    assert sum((counts - 1_250) ** 2 / 1_250) < CRITICAL[15]


def refused(**changes: Any) -> str:
    drawn = sample()
    known = {"roll": drawn.roll, "commitment": drawn.commitment, "places": drawn.places, "randomness": bytes(32)}
    with pytest.raises(DrawRefused) as refusal:
        draw(**{**known, **changes})
    return str(refusal.value)


def test_what_does_not_belong_together_is_refused() -> None:
    drawn = sample()
    assert "roll is not the one" in refused(roll=sample(people=61).roll)
    swapped = [drawn.places[0] + 1, drawn.places[1] - 1, *drawn.places[2:]]
    assert "not those committed to" in refused(places=swapped)
    for bad in ([], drawn.places[1:], [-1, *drawn.places[1:]], [99, *drawn.places[1:]]):
        assert "more places than people" in refused(places=bad)
    strata = {**drawn.commitment["strata"], "root": strata_root(strata_rows(drawn.roll, swapped)).hex()}
    assert "not those committed to" in refused(commitment={**drawn.commitment, "strata": strata})


def test_randomness_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 needed"):
        draw(roll=sample().roll, commitment=sample().commitment, places=sample().places, randomness=bytes(31))


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


ENTRIES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=12)


@given(ENTRIES, ENTRIES)
def test_waiting_line_equals_a_plain_search(cells: list[tuple[str, str]], free: list[tuple[str, str]]) -> None:
    entries = [WaitingEntry(bytes([i]), *cell) for i, cell in enumerate(cells)]
    line, left = WaitingLine(entries), list(entries)
    for region, group in free:
        exact = [e for e in left if (e.region, e.group) == (region, group)]
        expected = next(iter(exact or [e for e in left if e.region == region] or left), None)
        assert line.take(region, group) == (expected.ticket_id if expected else None)
        left = [e for e in left if e is not expected]


def test_waiting_entries_carry_their_stratum() -> None:
    known = {entry.ticket_id: entry for entry in map(member, range(60))}
    entries = sample().result.waiting_entries
    assert [tuple(entry) for entry in entries] == [tuple(known[t]) for t in sample().result.waiting]
    line = WaitingLine(entries)
    first = next(e.ticket_id for e in entries if (e.region, e.group) == ("3171", "general"))
    assert line.take("3171", "general") == first


def test_one_person_alone() -> None:
    roll = build_roll(wave="w", members=[RollMember(bytes(16), "3171", "general")])
    assert (roll.people, roll.starts) == (1, (0, 1))
    for won in (0, 1):
        assert cut(KEY, [1], [won]).positions(0, 1).tolist() == [0] * won
