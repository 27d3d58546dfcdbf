"""The cut against a full sort, whatever the strata, the sizes of pieces and ranges, and the luck of the windows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw import cut as cut_module
from bekal.engines.draw import tickets as tickets_module
from bekal.engines.draw.cut import Cut, Part, Share, cut, scan, shares, window_for
from bekal.engines.draw.tickets import CHUNK, Positions, Prefixes, Tickets, prefix_chunks, tickets, tickets_at
from tests.engines import draw_naive as naive

KEY = bytes(range(32))
STRATA = st.lists(
    st.one_of(st.integers(1, 3), st.integers(1, 40), st.sampled_from([7, 8, 9, 63, 64, 65, 127, 128, 129])),
    min_size=1,
    max_size=30,
)
WANTED = st.sampled_from(["none", "all", "one", "all but one", "some"])
SEEDS = st.binary(min_size=32, max_size=32)


@contextmanager
def pieces(chunk: int, size: int = 1 << 24, sigmas: float = cut_module.SIGMAS, near: int = 9) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (cut_module, tickets_module):
            patch.setattr(module, "CHUNK", chunk)
        patch.setattr(cut_module, "shares", partial(shares, size=size))
        patch.setattr(cut_module, "SIGMAS", sigmas)
        patch.setattr(cut_module, "NEAR", near)
        yield


def quota(data: st.DataObject, people: int) -> int:
    """A quota for a stratum; the ends as often as the middle."""
    ends = {"none": 0, "all": people, "one": 1, "all but one": people - 1}
    return ends.get(data.draw(WANTED), data.draw(st.integers(0, people)))


def check(key: bytes, people: Sequence[int], wanted: Sequence[int]) -> Cut:
    found = cut(key, people, wanted)
    expected = naive.draw(naive.tickets(key, sum(people)), people, wanted, 0)
    assert list(zip(found.thresholds.tolist(), found.lasts.tolist(), strict=True)) == expected.thresholds
    assert found.positions(0, sum(people)).tolist() == [p for cell in expected.winners for p in cell]
    return found


@given(SEEDS, STRATA, st.integers(1, 40), st.integers(1, 40), st.data())
@settings(max_examples=150, deadline=None)
def test_cut_equals_a_full_sort(key: bytes, people: list[int], chunk: int, size: int, data: st.DataObject) -> None:
    wanted = [quota(data, count) for count in people]
    with pieces(8 * chunk, 8 * size):
        found = check(key, people, wanted)
    whole = cut(key, people, wanted)
    assert np.array_equal(found.chosen, whole.chosen)
    start = 8 * data.draw(st.integers(0, sum(people) // 8))
    end = data.draw(st.integers(start, sum(people)))
    everybody = whole.positions(0, sum(people)).tolist()
    assert whole.positions(start, end).tolist() == [p for p in everybody if start <= p < end]


@given(SEEDS, STRATA, st.sampled_from([-1.0, 0.0, 0.2]), st.data())
@settings(max_examples=60, deadline=None)
def test_windows_that_miss_are_made_good(key: bytes, people: list[int], sigmas: float, data: st.DataObject) -> None:
    with pieces(64, 192, sigmas, near=2):
        check(key, people, [quota(data, count) for count in people])


def test_a_missed_window_is_rare_and_drawn_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    missed: list[int] = []
    draw_in_full = cut_module._Cutting._draw_in_full

    def counted(self: cut_module._Cutting, stratum: int) -> None:
        missed.append(stratum)
        draw_in_full(self, stratum)

    monkeypatch.setattr(cut_module._Cutting, "_draw_in_full", counted)
    people, wanted = [500] * 40, [0, 1, 499, *range(5, 500, 26), *[250] * 18][:40]
    check(KEY, people, wanted)
    for everybody in ([1_000] * 300, [20] * 1_000):
        cut(KEY, everybody, everybody)
    assert missed == []
    with pieces(1024, sigmas=0.0, near=2):
        check(KEY, people, wanted)
    assert 10 < len(missed) < 40
    assert 0 not in missed


def plainly_sorted(key: bytes, people: Sequence[int], wanted: Sequence[int]) -> Iterator[tuple[int, int, list[int]]]:
    """Threshold, last and winners of each stratum, by NumPy for sizes that plain Python is slow for."""
    total = sum(people)
    a = np.frombuffer(naive.keystream(key, 0, 2 * total), dtype="<u2").astype(np.uint64)
    b = np.frombuffer(naive.keystream(key, 1 << 127, 8 * total), dtype="<u8") & np.uint64(2**48 - 1)
    drawn = (a << np.uint64(48)) | b
    for (start, end), won in zip(pairwise([0, *accumulate(people)]), wanted, strict=True):
        order = (np.argsort(drawn[start:end], kind="stable") + start)[:won]
        yield (int(drawn[order[-1]]), int(order[-1]), sorted(order.tolist())) if won else (0, 0, [])


@pytest.mark.parametrize(
    ("people", "wanted"),
    [
        ([CHUNK - 1], [1_000]),
        ([CHUNK], [CHUNK // 2]),
        ([CHUNK + 1], [CHUNK]),
        ([1, CHUNK, 7], [1, 90_000, 3]),
        ([CHUNK - 8, 16, 2 * CHUNK], [0, 16, 3]),
        ([3] * 70_000, [n % 4 for n in range(70_000)]),
    ],
    ids=["chunk-1", "chunk", "chunk+1", "between", "three", "70,000 strata"],
)
def test_real_sizes(people: list[int], wanted: list[int]) -> None:
    found, expected = cut(KEY, people, wanted), list(plainly_sorted(KEY, people, wanted))
    assert found.thresholds.tolist() == [threshold for threshold, _, _ in expected]
    assert found.lasts.tolist() == [last for _, last, _ in expected]
    assert found.positions(0, sum(people)).tolist() == [p for _, _, winners in expected for p in winners]


@pytest.mark.parametrize("kept", [0, 3 << 62, 1, (1 << 48) - 1, (3 << 48) | 1])
@pytest.mark.parametrize("sigmas", [0.0, 3.5])
def test_equal_tickets_go_by_position(kept: int, sigmas: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tickets with only the bits `kept`, so that many are equal."""

    def few(key: bytes, positions: Positions) -> Tickets:
        found: Tickets = tickets_at(key, positions) & np.uint64(kept)
        return found

    def few_chunks(key: bytes, start: int, end: int) -> Iterator[tuple[int, Prefixes]]:
        for at, piece in prefix_chunks(key, start, end):
            yield at, piece & np.uint16(kept >> 48)

    monkeypatch.setattr(cut_module, "tickets_at", few)
    monkeypatch.setattr(cut_module, "prefix_chunks", few_chunks)
    monkeypatch.setattr(cut_module, "tickets", lambda key, start, count: few(key, np.arange(start, start + count)))
    people, wanted = [1, 200, 40, 3, 333], [1, 50, 40, 0, 100]
    with pieces(64, 128, sigmas, near=2):
        found = cut(KEY, people, wanted)
    expected = naive.draw([ticket & kept for ticket in naive.tickets(KEY, sum(people))], people, wanted, 0)
    assert list(zip(found.thresholds.tolist(), found.lasts.tolist(), strict=True)) == expected.thresholds
    assert found.positions(0, sum(people)).tolist() == [p for cell in expected.winners for p in cell]


def test_ranges_can_be_worked_anywhere_in_any_order() -> None:
    def elsewhere(work: Callable[[Share], Part], tasks: Sequence[Share]) -> Iterable[Part]:
        done = {task.start: work(task) for task in reversed(tasks)}
        return [done[start] for start in sorted(done)]

    people, wanted = [300, 1, 211], [30, 1, 0]
    with pieces(32, 64):
        found = cut(KEY, people, wanted, elsewhere)
    assert np.array_equal(found.chosen, cut(KEY, people, wanted).chosen)


def test_shares_cover_everybody_once() -> None:
    window = window_for(np.array([0, 100, 1000]), np.array([10, 20]))
    found = shares(KEY, window, 64)
    assert [share.start for share in found] == list(range(0, 1000, 64))
    assert [share.end for share in found] == [*range(64, 1000, 64), 1000]
    assert sum(len(scan(share).sure) for share in found) == 1000 // 8


@pytest.mark.parametrize("chunk", [8, 64, 1 << 18])
def test_prefixes_are_the_high_bits_of_tickets(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets_module, "CHUNK", chunk)
    high = [ticket >> 48 for ticket in naive.tickets(KEY, 203)]
    for start in (0, 8, 64):
        parts = [(at, piece.tolist()) for at, piece in prefix_chunks(KEY, start, 203)]
        assert [prefix for _, piece in parts for prefix in piece] == high[start:]
        assert [at for at, _ in parts] == list(range(start, 203, chunk))
    with pytest.raises(ValueError, match="does not begin"):
        next(prefix_chunks(KEY, 4, 8))


@pytest.mark.parametrize("chunk", [8, 1 << 18])
def test_tickets_anywhere(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets_module, "CHUNK", chunk)
    whole = naive.tickets(KEY, 101)
    assert tickets(KEY, 0, 101).tolist() == whole
    assert tickets(KEY, 7, 50).tolist() == whole[7:57]
    assert len(tickets(KEY, 7, 0)) == 0
    scattered = [100, 3, 3, 64, 0, 99, 17, 18, 19]
    assert tickets_at(KEY, np.array(scattered)).tolist() == [whole[position] for position in scattered]
    far = (1 << 40) + 5
    assert tickets(KEY, far, 3).tolist() == [naive.ticket_alone(KEY, far + i) for i in range(3)]
