import hashlib
import json
import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw import watch as watch_module
from bekal.engines.draw.watch import (
    LEVEL_PPM,
    Attribute,
    AttributesRefused,
    check_report,
    chi_square,
    decode_attributes,
    encode_attributes,
    output_test_choice,
    watch,
)

SALT = bytes(range(32))
COMMITMENT, RESULT = "ab" * 32, "cd" * 32
Won = npt.NDArray[np.bool_]
Doc = dict[str, Any]


def attribute(name: str, codes: Sequence[int] | npt.NDArray[Any], size: int | None = None) -> Attribute:
    found = np.array(codes, np.uint16)
    return Attribute(name, tuple(f"{name} {n}" for n in range(size or int(found.max()) + 1)), found)


def honest(people: Sequence[int], places: Sequence[int], chance: np.random.Generator) -> Won:
    won = np.zeros(sum(people), np.bool_)
    start = 0
    for count, drawn in zip(people, places, strict=True):
        won[start + chance.permutation(count)[:drawn]] = True
        start += count
    return won


def report(people: Sequence[int], places: Sequence[int], won: Won, *attributes: Attribute) -> Doc:
    return watch(
        attributes=attributes, people=people, places=places, won=won,
        level_ppm=LEVEL_PPM, commitment=COMMITMENT, result=RESULT,
    )  # fmt: skip


def tables(people: Sequence[int], codes: npt.NDArray[Any], size: int) -> npt.NDArray[np.int64]:
    starts = np.cumsum([0, *people])
    return np.array([[int((codes[a:b] == c).sum()) for c in range(size)] for a, b in pairwise(starts)])


def by_hand(cells: npt.NDArray[np.int64], places: Sequence[int]) -> tuple[list[Fraction], list[list[Fraction]]]:
    """E and V as §9 writes them, in whole fractions, one cell at a time."""
    size = cells.shape[1]
    expected, variance = [Fraction(0)] * size, [[Fraction(0)] * size for _ in range(size)]
    for row, n in zip(cells.tolist(), places, strict=True):
        total = sum(row)
        for c in range(size):
            expected[c] += Fraction(n * row[c], total)
            for d in range(size):
                if total > 1:
                    same = total * row[c] if c == d else 0
                    variance[c][d] += Fraction(n * (total - n), total**2 * (total - 1)) * (same - row[c] * row[d])
    return expected, variance


def joined_by_hand(variance: list[list[Fraction]]) -> list[list[int]]:
    """The rule of §9 for rare values: neighbours, until the joint variance is 25."""
    groups, members = list[list[int]](), list[int]()
    for value in range(len(variance)):
        members.append(value)
        if sum(variance[c][d] for c in members for d in members) >= 25:
            groups.append(members)
            members = []
    if groups:
        groups[-1] += members
    return groups or [members]


def judge(cells: npt.NDArray[np.int64], places: Sequence[int], winners: Sequence[int]) -> tuple[float, int]:
    expected, variance = by_hand(cells, places)
    groups = joined_by_hand(variance)
    v = np.array([[float(sum(variance[c][d] for c in g for d in h)) for h in groups] for g in groups])
    difference = np.array([float(sum(winners[c] - expected[c] for c in g)) for g in groups])
    rank = int((np.linalg.eigvalsh(v) >= 5).sum())
    cut = 5 / max(float(np.abs(np.linalg.eigvalsh(v)).max()), 5.0)
    return float(difference @ np.linalg.pinv(v, rcond=cut, hermitian=True) @ difference), rank


def tail(degrees: int, x: float) -> float:
    """Chi-square survival in closed form: a Poisson sum, for odd degrees on top of erfc."""
    half = x / 2
    first = 0.0 if degrees % 2 == 0 else 0.5
    terms = [k + first for k in range(degrees // 2)]
    whole = sum(math.exp(k * math.log(half) - half - math.lgamma(k + 1)) for k in terms) if half else 1.0
    return whole + (math.erfc(math.sqrt(half)) if degrees % 2 else 0.0)


# --- the file


def sample_file() -> bytes:
    return encode_attributes([attribute("day", [0, 1, 2, 1]), attribute("sex", [1, 0, 1, 1])], 4, SALT)


def test_the_file_is_what_the_specification_says() -> None:
    label = lambda text: bytes([len(text)]) + text.encode()  # noqa: E731
    days = b"".join(map(label, ("day 0", "day 1", "day 2")))
    sexes = label("sex 0") + label("sex 1")
    codes = bytes.fromhex("0000 0001 0002 0001 0001 0000 0001 0001")
    head = bytes.fromhex("424B4C4154545201") + SALT + (4).to_bytes(8, "big") + b"\x02"
    assert sample_file() == head + label("day") + b"\x00\x03" + days + label("sex") + b"\x00\x02" + sexes + codes


def test_the_commitment_names_the_file() -> None:
    file = sample_file()
    assert output_test_choice(file, 1000) == {
        "attributes": hashlib.sha256(file).hexdigest(), "bytes": len(file), "tests": ["day", "sex"], "level_ppm": 1000,
    }  # fmt: skip
    for level in (0, -1, 1_000_000):
        with pytest.raises(AttributesRefused, match="level"):
            output_test_choice(file, level)


@st.composite
def attribute_lists(draw: st.DrawFn) -> tuple[list[Attribute], int]:
    people = draw(st.integers(1, 20))
    labels = st.text(min_size=1, max_size=20)
    names = draw(st.lists(labels, min_size=1, max_size=4, unique=True))
    found = []
    for name in names:
        values = draw(st.lists(labels, min_size=1, max_size=5, unique=True))
        codes = draw(st.lists(st.integers(0, len(values) - 1), min_size=people, max_size=people))
        found.append(Attribute(name, tuple(values), np.array(codes, np.uint16)))
    return found, people


@given(attribute_lists(), st.binary(min_size=32, max_size=32), st.data())
@settings(max_examples=150, deadline=None)
def test_the_file_goes_there_and_back_and_no_other_bytes_do(
    given_: tuple[list[Attribute], int], salt: bytes, data: st.DataObject
) -> None:
    attributes, people = given_
    file = encode_attributes(attributes, people, salt)
    for form in (file, memoryview(file), bytearray(file)):
        again, count = decode_attributes(form)  # type: ignore[arg-type]
        assert (count, [(a.name, a.values) for a in again]) == (people, [(a.name, a.values) for a in attributes])
        assert all(np.array_equal(a.codes, b.codes) for a, b in zip(again, attributes, strict=True))
        assert encode_attributes(again, count, salt) == file
    cut = data.draw(st.integers(0, len(file) - 1))
    for other in (file[:cut], file + b"\x00" * (1 + cut % 3)):
        with pytest.raises(AttributesRefused):
            decode_attributes(other)
    changed = bytearray(file)
    changed[cut] ^= data.draw(st.integers(1, 255))
    try:
        again, count = decode_attributes(bytes(changed))
    except AttributesRefused:
        return
    assert encode_attributes(again, count, bytes(changed[8:40])) == bytes(changed)


def test_every_cut_is_refused_and_codes_are_views() -> None:
    file = sample_file()
    for cut in range(len(file)):
        with pytest.raises(AttributesRefused):
            decode_attributes(file[:cut])
    large = encode_attributes([attribute("day", np.arange(1000) % 7)], 1000, SALT)
    assert not decode_attributes(large)[0][0].codes.flags.owndata


@pytest.mark.parametrize(
    ("attributes", "people", "salt"),
    [
        ([], 4, SALT),
        ([attribute("a", [0])], 0, SALT),
        ([attribute("a", [0])], 2, SALT),
        ([attribute("a", [0]), attribute("a", [0])], 1, SALT),
        ([attribute(f"a{n}", [0]) for n in range(256)], 1, SALT),
        ([Attribute("a", (), np.zeros(1, np.uint16))], 1, SALT),
        ([Attribute("a", ("x", "x"), np.zeros(1, np.uint16))], 1, SALT),
        ([Attribute("a", ("x",), np.ones(1, np.uint16))], 1, SALT),
        ([Attribute("a", ("x",), np.zeros(1, np.int64))], 1, SALT),  # type: ignore[arg-type]
        ([Attribute("", ("x",), np.zeros(1, np.uint16))], 1, SALT),
        ([Attribute("a", ("é" * 128,), np.zeros(1, np.uint16))], 1, SALT),
        ([attribute("a", [0], 65_536)], 1, SALT),
        ([attribute("a", [0])], 1, SALT[1:]),
    ],
)
def test_what_cannot_be_written(attributes: list[Attribute], people: int, salt: bytes) -> None:
    with pytest.raises(AttributesRefused):
        encode_attributes(attributes, people, salt)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f[:7] + b"\x02" + f[8:],
        lambda f: f[:40] + b"\x01" + f[41:],
        lambda f: f[:48] + b"\x00",
        lambda f: f[:40] + bytes(8) + f[48:49] + f[49:-16],
        lambda f: f.replace(b"\x03sex", b"\x03day"),
        lambda f: f.replace(b"\x05day 2", b"\x05day 1"),
        lambda f: f.replace(b"\x03sex", b"\x03se\xff"),
        lambda f: f.replace(b"\x03sex", b"\x00"),
        lambda f: f.replace(b"\x00\x03\x05day 0\x05day 1\x05day 2", b"\x00\x00"),
        lambda f: f[:-1] + b"\x02",
    ],
)
def test_files_that_are_refused(spoil: Callable[[bytes], bytes]) -> None:
    spoiled = spoil(sample_file())
    assert spoiled != sample_file()
    with pytest.raises(AttributesRefused):
        decode_attributes(spoiled)


# --- the statistic


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 7))
@settings(max_examples=150, deadline=None)
def test_the_statistic_is_that_of_the_naive_sum(seed: int, strata: int, size: int) -> None:
    chance = np.random.default_rng(seed)
    people = (1 + chance.integers(0, chance.choice([2, 30, 400], strata))).tolist()
    places = [int(chance.choice([0, n, chance.integers(0, n + 1)])) for n in people]
    shares = chance.dirichlet(np.full(size, 0.7))
    codes = chance.choice(size, sum(people), p=shares)
    won = honest(people, places, chance)
    winners = [int((codes[won] == c).sum()) for c in range(size)]
    cells = tables(people, codes, size)
    test = report(people, places, won, attribute("a", codes, size))["tests"][0]
    statistic, degrees = judge(cells, places, winners)
    expected, _ = by_hand(cells, places)
    assert test["degrees"] == degrees
    assert float(test["statistic"]) == pytest.approx(statistic, abs=2e-6)
    assert float(test["p"]) == pytest.approx(tail(degrees, statistic) if degrees else 1.0, abs=2e-6)
    assert [v["winners"] for v in test["values"]] == winners
    assert [v["people"] for v in test["values"]] == cells.sum(axis=0).tolist()
    assert [float(v["expected"]) for v in test["values"]] == pytest.approx([float(e) for e in expected], abs=1e-6)
    assert not degrees or len(joined_by_hand(by_hand(cells, places)[1])) >= degrees + 1


def test_two_values_are_the_classic_test_without_continuity_correction() -> None:
    """Mantel and Haenszel: (Σa − ΣE)² / Σ(row · row · column · column / N²(N−1)), a = winners of the first value."""
    chance = np.random.default_rng(7)
    people, places = [400, 90, 1, 2000], [100, 60, 1, 100]
    codes, won = chance.choice(2, sum(people), p=[0.3, 0.7]), honest(people, places, chance)
    cells = tables(people, codes, 2)
    first = int((codes[won] == 0).sum())
    expected = sum(n * k[0] / sum(k) for n, k in zip(places, cells.tolist(), strict=True))
    variance = sum(
        n * (sum(k) - n) * k[0] * k[1] / (sum(k) ** 2 * (sum(k) - 1))
        for n, k in zip(places, cells.tolist(), strict=True)
        if sum(k) > 1
    )
    test = report(people, places, won, attribute("sex", codes))["tests"][0]
    assert test["degrees"] == 1
    assert float(test["statistic"]) == pytest.approx((first - expected) ** 2 / variance, abs=1e-6)
    assert float(test["p"]) == pytest.approx(math.erfc(math.sqrt(float(test["statistic"]) / 2)), abs=1e-6)


def test_one_stratum_is_pearsons_test_but_for_one_person() -> None:
    """For one stratum the statistic is Pearson's of the 2 x C table times (N − 1) / N."""
    chance = np.random.default_rng(8)
    codes, won = chance.choice(5, 3000), honest([3000], [700], chance)
    pearson = sum(
        (int(((codes == c) & (won == w)).sum()) - e) ** 2 / e
        for c, w in product(range(5), (True, False))
        for e in [int((codes == c).sum()) * (700 if w else 2300) / 3000]
    )
    test = report([3000], [700], won, attribute("a", codes))["tests"][0]
    assert float(test["statistic"]) == pytest.approx(pearson * 2999 / 3000, abs=1e-6)


@pytest.mark.parametrize("degrees", [1, 2, 3, 10, 29, 200, 513])
def test_the_tail_is_the_closed_form(degrees: int) -> None:
    for x in (degrees * 0.5, float(degrees), degrees + 4 * math.sqrt(2 * degrees)):
        assert watch_module._tail(degrees, x) == pytest.approx(tail(degrees, x), rel=1e-9)


# --- the cases


def test_the_fault_of_2012_is_caught() -> None:
    """Nine of ten winners had joined on the first two of thirty days."""
    chance = np.random.default_rng(2012)
    people, places = [6000, 3000, 900, 100], [600, 300, 90, 10]
    days = np.sort(chance.integers(0, 30, sum(people)))
    chance.shuffle(days)
    won, start = np.zeros(sum(people), np.bool_), 0
    for count, drawn in zip(people, places, strict=True):
        order = np.argsort((days[start : start + count] > 1) + chance.random(count) * 1.1, kind="stable")
        won[start + order[:drawn]] = True
        start += count
    sexes = chance.integers(0, 2, sum(people))
    found = report(people, places, won, attribute("day", days), attribute("sex", sexes))
    assert found["passed"] is False
    assert found["tests"][0]["p"] == "0.000000"
    assert found["tests"][0]["degrees"] == 29
    fair = report(people, places, honest(people, places, chance), attribute("day", days), attribute("sex", sexes))
    assert fair["passed"] is True
    assert {k: fair[k] for k in ("format", "commitment", "result")} == {
        "format": "bekal-draw-output-test/1", "commitment": COMMITMENT, "result": RESULT,
    }  # fmt: skip
    assert json.loads(rfc8785.dumps(fair)) == fair


def test_a_milder_fault_is_caught_too() -> None:
    """Those of one sex win one tenth more often, in a wave of 200,000."""
    chance = np.random.default_rng(3)
    people, places = [100_000] * 2, [20_000] * 2
    sexes = chance.integers(0, 2, 200_000)
    won, weight = np.zeros(200_000, np.bool_), chance.random(200_000) / np.where(sexes == 1, 1.1, 1.0)
    for start in (0, 100_000):
        won[start + np.argsort(weight[start : start + 100_000])[:20_000]] = True
    assert report(people, places, won, attribute("sex", sexes))["passed"] is False


def test_honest_draws_fail_as_rarely_as_the_level_says() -> None:
    """4,000 draws of strata from 1 to 3,000 people, 0 to all places: p is uniform."""
    chance = np.random.default_rng(99)
    people = [3000, 1200, 500, 120, 40, 12, 5, 3, 2, 1, 1]
    places = [450, 600, 20, 60, 39, 1, 5, 1, 0, 1, 0]
    size = 12
    shares = chance.dirichlet(np.full(size, 2.0), len(people))
    cells = np.array([chance.multinomial(n, share) for n, share in zip(people, shares, strict=True)])
    draws = 4000
    drawn = sum(
        chance.multivariate_hypergeometric(row, n, size=draws, method="marginals")
        for row, n in zip(cells, places, strict=True)
    )
    found = [chi_square(cells, np.array(places), winners)[:2] for winners in drawn]
    degrees = {d for _, d in found}
    assert degrees == {11}
    tails = np.sort([tail(11, statistic) for statistic, _ in found])
    steps = np.arange(1, draws + 1) / draws
    distance = max(np.abs(steps - tails).max(), np.abs(steps - 1 / draws - tails).max())
    assert distance < 1.95 / math.sqrt(draws)  # Kolmogorov and Smirnov, one in a thousand
    for level in (0.1, 0.01, 0.001):
        count = int((tails < level).sum())
        assert abs(count - level * draws) < 4 * math.sqrt(level * draws) + 1
    assert np.mean([s for s, _ in found]) == pytest.approx(11, abs=4 * math.sqrt(22 / draws))


def test_order_inside_a_stratum_means_nothing() -> None:
    chance = np.random.default_rng(4)
    people, places = [300, 50, 700], [30, 25, 100]
    codes, won = chance.integers(0, 6, 1050), honest(people, places, chance)
    order = np.concatenate([s + chance.permutation(n) for s, n in zip((0, 300, 350), people, strict=True)])
    before, after = attribute("a", codes), attribute("a", codes[order])
    assert report(people, places, won, before) == report(people, places, won[order], after)


def test_what_is_constant_in_every_stratum_cannot_be_tested() -> None:
    chance = np.random.default_rng(5)
    people, places = [400, 50, 1, 7, 300], [40, 50, 0, 3, 0]
    regencies = np.repeat([2, 0, 1, 1, 3], people)
    test = report(people, places, honest(people, places, chance), attribute("regency", regencies, 5))["tests"][0]
    assert {k: test[k] for k in ("statistic", "degrees", "p")} == {
        "statistic": "0.000000", "degrees": 0, "p": "1.000000",
    }  # fmt: skip
    assert [v["winners"] for v in test["values"]] == [50, 3, 40, 0, 0]
    assert [v["expected"] for v in test["values"]][4] == "0.000000"


def test_without_chance_nothing_is_tested() -> None:
    """Nobody wins, all win, or one person is the stratum."""
    people, places = [40, 30, 1, 1], [0, 30, 1, 0]
    codes = np.arange(72) % 3
    won = np.repeat([False, True, True, False], people)
    found = report(people, places, won, attribute("a", codes))
    assert (found["passed"], found["tests"][0]["degrees"], found["tests"][0]["p"]) == (True, 0, "1.000000")


def test_rare_values_are_joined_with_their_neighbours() -> None:
    """Sixty days of 40 people, one in ten wins: variances of 3.5; nine days together reach 25."""
    chance = np.random.default_rng(6)
    days = np.repeat(np.arange(60), 40)
    won = honest([2400], [240], chance)
    test = report([2400], [240], won, attribute("day", days))["tests"][0]
    assert test["degrees"] == 5
    assert len(test["values"]) == 60
    worst = np.zeros(2400, np.bool_)
    worst[:240] = True
    assert report([2400], [240], worst, attribute("day", days))["passed"] is False


def test_one_bridge_between_two_blocks_is_no_alarm() -> None:
    """One person of value 0 stands among 20,000 of values 2 and 3. That she wins is luck of 1 in 100, not a fault."""
    codes = np.array([0, 1] * 500 + [0] + [2, 3] * 10_000)
    won = np.zeros(21_001, np.bool_)
    won[:200] = won[1000:1200] = True
    bridged = report([1000, 20_001], [200, 200], won, attribute("a", codes))
    assert (bridged["tests"][0]["degrees"], bridged["passed"]) == (2, True)
    cells = tables([1000, 20_001], codes, 4)
    _, variance = by_hand(cells, [200, 200])
    assert min(variance[c][c] for c in range(4)) > 25
    assert sorted(np.linalg.eigvalsh(np.array(variance, float)) > 1e-9) == [False, True, True, True]


def test_the_level_is_shared_by_the_tests() -> None:
    """One p of 0.0008 fails alone and passes beside another test; p counts as it is written."""
    people, codes = [2000], np.arange(2000) % 2
    won = np.zeros(2000, np.bool_)
    first, second = np.flatnonzero(codes == 0), np.flatnonzero(codes == 1)
    won[first[:338]] = won[second[:262]] = True
    alone = report(people, [600], won, attribute("a", codes))
    p = float(alone["tests"][0]["p"])
    assert 0.0001 < p < 0.001
    won[:] = False
    won[first[:335]] = won[second[:265]] = True
    p = float(report(people, [600], won, attribute("a", codes))["tests"][0]["p"])
    assert 0.0005 < p < 0.001
    assert report(people, [600], won, attribute("a", codes))["passed"] is False
    even = attribute("b", np.zeros(2000, np.uint16))
    assert report(people, [600], won, attribute("a", codes), even)["passed"] is True


def test_a_p_of_just_the_level_passes() -> None:
    codes, won = attribute("a", np.arange(2000) % 2), np.zeros(2000, np.bool_)
    won[: 2 * 280 : 2] = won[1 : 2 * 320 : 2] = True
    level = round(float(report([2000], [600], won, codes)["tests"][0]["p"]) * 1_000_000)
    for shift, passed in ((0, True), (1, False)):
        found = watch(
            attributes=[codes], people=[2000], places=[600], won=won,
            level_ppm=level + shift, commitment=COMMITMENT, result=RESULT,
        )  # fmt: skip
        assert found["passed"] is passed


def test_pieces_do_not_change_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(11)
    people, places = [300, 1, 700], [30, 0, 100]
    codes, won = attribute("a", chance.integers(0, 6, 1001)), honest(people, places, chance)
    whole = report(people, places, won, codes)
    monkeypatch.setattr(watch_module, "CHUNK", 7)
    assert report(people, places, won, codes) == whole


@pytest.mark.parametrize(
    ("people", "places", "won"),
    [
        ([3, 2], [1, 1], [True, False, False, False, False]),
        ([3, 2], [1, 1], [True, False, False, True]),
        ([3, 2], [1], [True, False, False, True, False]),
        ([5, 0], [2, 0], [True, False, False, True, False]),
        ([3, 2], [1, 1], [1, 0, 0, 1, 0]),
    ],
)
def test_winners_that_do_not_belong_to_the_places(people: list[int], places: list[int], won: list[Any]) -> None:
    with pytest.raises(AttributesRefused):
        report(people, places, np.array(won), attribute("a", [0, 1, 0, 1, 0]))


# --- the report, checked


def test_a_report_is_checked_by_making_it_again() -> None:
    chance = np.random.default_rng(12)
    people, places = [3000, 2000], [300, 500]
    attributes = [attribute("day", chance.integers(0, 10, 5000)), attribute("sex", chance.integers(0, 2, 5000))]
    found = report(people, places, honest(people, places, chance), *attributes)
    assert check_report(json.loads(json.dumps(found)), found) == []
    near = deepcopy(found)
    near["tests"][0]["statistic"] = f"{float(near['tests'][0]['statistic']) + 1e-6:.6f}"
    assert check_report(near, found) == []
    near["tests"][0]["statistic"] = f"{float(found['tests'][0]['statistic']) + 4e-6:.6f}"
    assert len(check_report(near, found)) == 1

    def spoil(change: Callable[[Doc], object]) -> None:
        other = deepcopy(found)
        change(other)
        assert len(check_report(other, found)) == 1

    spoil(lambda doc: doc.update(passed=False))
    spoil(lambda doc: doc.update(passed=1))
    spoil(lambda doc: doc.update(more=1))
    spoil(lambda doc: doc.update(result="00" * 32))
    spoil(lambda doc: doc["tests"].pop())
    spoil(lambda doc: doc["tests"][0].update(p="0.500000"))
    spoil(lambda doc: doc["tests"][0].update(p="0" + doc["tests"][0]["p"]))
    spoil(lambda doc: doc["tests"][0].update(p=0.5))
    spoil(lambda doc: doc["tests"][0].update(degrees=8))
    spoil(lambda doc: doc["tests"][1]["values"][0].update(winners=1))
    spoil(lambda doc: doc["tests"][1]["values"][0].update(value="1.000000"))
    spoil(lambda doc: doc["tests"][1]["values"][0].update(expected="1.000000"))
