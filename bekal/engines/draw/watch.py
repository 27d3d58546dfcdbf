"""The output is watched: winners against everybody, by attributes fixed with the roll (docs/draw.md §9).

Nothing here decides who wins. A draw that fails is annulled in public, so false alarms must be as rare as the level
says, and a fault as coarse as that of the green-card draw of 2012 (winners of two of thirty days) must never pass.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from bekal.engines.draw.fields import Reader, label

MAGIC = b"BKLATTR\x01"
REPORT_FORMAT = "bekal-draw-output-test/1"
LEVEL_PPM = 1000
WHOLE_PPM = 1_000_000
SALT_SIZE, PREFIX_SIZE = 32, 49
ATTRIBUTE_LIMIT, VALUE_LIMIT = 255, 65_535
LEAST_VARIANCE, LEAST_EIGENVALUE = 25.0, 5.0
CHUNK = 1 << 20
DECIMALS = re.compile(r"(?:0|[1-9][0-9]*)\.[0-9]{6}")
DECIMAL_MEMBERS = (".statistic", ".p", ".expected")
ROUNDING = 2

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class AttributesRefused(ValueError):
    """Attributes that cannot be written or tested, or bytes that are not the canonical file of some."""


@dataclass(frozen=True, eq=False)
class Attribute:
    """One thing known of everybody before the draw. `values`: labels in their natural order (days, ages and codes
    rising), since rare neighbours are tested together; `codes`: (people,) which value each has, by position."""

    name: str
    values: tuple[str, ...]
    codes: npt.NDArray[np.uint16]


def _check(attributes: Sequence[Attribute], people: int) -> None:
    names = [attribute.name for attribute in attributes]
    if people < 1 or not 1 <= len(names) <= ATTRIBUTE_LIMIT or len(set(names)) < len(names):
        raise AttributesRefused(f"{people} people, attributes {names}: 1 or more people, 1 to 255 different attributes")
    for attribute in attributes:
        count = len(attribute.values)
        if not 1 <= count <= VALUE_LIMIT or len(set(attribute.values)) < count:
            raise AttributesRefused(f"{attribute.name}: {count} values; 1 to {VALUE_LIMIT} different ones needed")
        if attribute.codes.shape != (people,) or not np.issubdtype(attribute.codes.dtype, np.unsignedinteger):
            raise AttributesRefused(f"{attribute.name}: not one code for each of {people} people")
        if attribute.codes.max() >= count:
            raise AttributesRefused(f"{attribute.name}: a code beyond its {count} values")


def encode_attributes(attributes: Sequence[Attribute], people: int, salt: bytes) -> bytes:
    """The canonical file. `salt`: 32 random bytes, so that its hash tells nobody anything. Raises AttributesRefused."""
    _check(attributes, people)
    if len(salt) != SALT_SIZE:
        raise AttributesRefused(f"salt of {len(salt)} bytes, {SALT_SIZE} needed")
    parts = [MAGIC, salt, people.to_bytes(8, "big"), bytes([len(attributes)])]
    for attribute in attributes:
        name, *values = (label(text, AttributesRefused) for text in (attribute.name, *attribute.values))
        parts += [name, len(values).to_bytes(2, "big"), *values]
    return b"".join([*parts, *(attribute.codes.astype(">u2").tobytes() for attribute in attributes)])


def _header(data: memoryview) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Name, values and end in the file of each attribute's description."""
    reader = Reader(data, "the attributes are", AttributesRefused, PREFIX_SIZE)
    for _ in range(data[PREFIX_SIZE - 1]):
        name, count = reader.label(), reader.number(2)
        values = tuple(reader.label() for _ in range(count))
        if "" in (name, *values):
            raise AttributesRefused("a label is empty")
        yield name, values, reader.place


def decode_attributes(encoded: bytes | memoryview) -> tuple[tuple[Attribute, ...], int]:
    """Attributes and number of people; codes stay views of `encoded`. Raises AttributesRefused for other bytes."""
    data = memoryview(encoded)
    if len(data) < PREFIX_SIZE or data[: len(MAGIC)] != MAGIC:
        raise AttributesRefused("not attributes of version 1")
    people = int.from_bytes(data[PREFIX_SIZE - 9 : PREFIX_SIZE - 1], "big")
    described = list(_header(data))
    start = described[-1][2] if described else PREFIX_SIZE
    if len(data) != start + 2 * people * len(described):
        raise AttributesRefused(f"{len(data)} bytes do not hold {len(described)} attributes of {people} people")
    codes = np.frombuffer(data[start:], dtype=">u2").reshape(len(described), people)
    attributes = tuple(Attribute(name, values, codes[i]) for i, (name, values, _) in enumerate(described))
    _check(attributes, people)
    return attributes, people


def output_test_choice(attributes_file: bytes | memoryview, level_ppm: int = LEVEL_PPM) -> dict[str, Any]:
    """The commitment's `output_test`; `level_ppm`: how many of a million honest draws may fail. Raises
    AttributesRefused."""
    if not 1 <= level_ppm < WHOLE_PPM:
        raise AttributesRefused(f"a level of {level_ppm} in a million")
    attributes, _ = decode_attributes(attributes_file)
    return {
        "attributes": hashlib.sha256(attributes_file).hexdigest(),
        "bytes": len(attributes_file),
        "tests": [attribute.name for attribute in attributes],
        "level_ppm": level_ppm,
    }


def _counts(attribute: Attribute, starts: Sequence[int], won: npt.NDArray[np.bool_]) -> tuple[Counts, Counts]:
    """People of each (stratum, value), and winners of each value. `starts`: first positions, then the end."""
    size = len(attribute.values)
    people, winners = np.zeros((len(starts) - 1, size), np.int64), np.zeros(size, np.int64)
    for row, (start, end) in enumerate(pairwise(starts)):
        for at in range(start, end, CHUNK):
            part = slice(at, min(at + CHUNK, end))
            codes = attribute.codes[part].astype(np.intp)
            people[row] += np.bincount(codes, minlength=size)
            winners += np.bincount(codes[won[part]], minlength=size)
    return people, winners


def _joined(weights: Floats) -> Floats:
    """(values, joined values), 0 or 1: neighbours joined until each joint value's variance is LEAST_VARIANCE or more.

    `weights`: -V without its diagonal; the variance of a set of values is the weight between it and all others.
    """
    groups, members, group = np.zeros(len(weights), np.intp), list[int](), 0
    for value in range(len(weights)):
        members.append(value)
        groups[value] = group
        if np.delete(weights[members], members, axis=1).sum() >= LEAST_VARIANCE:
            members, group = [], group + 1
    groups[members] = max(group - 1, 0)
    return np.eye(groups.max() + 1)[groups]


def chi_square(people: Counts, places: Counts, winners: Counts) -> tuple[float, int, Floats]:
    """Statistic, degrees and expected winners of each value; people (strata, values), places (strata,), winners
    (values,). Stratified test of Cochran (1954), Mantel and Haenszel (1959), for categories as Landis, Heyman and Koch
    (1978), with the exact hypergeometric moments.

    Two guards make the chi-square tail hold where little chance is at work: rare values are joined (`_joined`), and
    directions in which O-E varies by less than LEAST_EIGENVALUE are left out. V is minus its off-diagonal part with
    rows that sum to 0, so nothing cancels; an attribute that is constant in every stratum has V = 0 and no degrees.
    """
    count, drawn, cells = people.sum(axis=1).astype(np.float64), places.astype(np.float64), people.astype(np.float64)
    expected: Floats = (cells * drawn[:, None] / count[:, None]).sum(axis=0)
    scale = drawn * (count - drawn) / (count**2 * np.maximum(count - 1, 1))
    weights = cells.T @ (cells * scale[:, None])
    np.fill_diagonal(weights, 0)
    joined = _joined(weights)
    weights, difference = joined.T @ weights @ joined, (winners - expected) @ joined
    np.fill_diagonal(weights, 0)
    eigenvalues, directions = np.linalg.eigh(np.diag(weights.sum(axis=0)) - weights)
    kept = eigenvalues >= LEAST_EIGENVALUE
    statistic = float(((difference @ directions[:, kept]) ** 2 / eigenvalues[kept]).sum())
    return statistic, int(kept.sum()), expected


def _tail(degrees: int, statistic: float) -> float:
    """Chance that chi-square exceeds the statistic; 1 without degrees. Every process knows this module, few test."""
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic)) if degrees else 1.0


def _test(attribute: Attribute, starts: Sequence[int], places: Counts, won: npt.NDArray[np.bool_]) -> dict[str, Any]:
    people, winners = _counts(attribute, starts, won)
    statistic, degrees, expected = chi_square(people, places, winners)
    rows = zip(attribute.values, people.sum(axis=0).tolist(), winners.tolist(), expected.tolist(), strict=True)
    return {
        "attribute": attribute.name,
        "statistic": f"{statistic:.6f}",
        "degrees": degrees,
        "p": f"{_tail(degrees, statistic):.6f}",
        "values": [{"value": v, "people": k, "winners": o, "expected": f"{e:.6f}"} for v, k, o, e in rows],
    }


def watch(
    *,
    attributes: Sequence[Attribute],
    people: Sequence[int],
    places: Sequence[int],
    won: npt.NDArray[np.bool_],
    level_ppm: int,
    commitment: str,
    result: str,
) -> dict[str, Any]:
    """The report. `people`, `places`: of each stratum, in the order of the roll; `won`: (people,) by position;
    `commitment`, `result`: hash and root in hex. Memory: values x values, and strata x values, floats an attribute.

    Raises AttributesRefused where the winners are not those of the places, or an attribute not one of these people.
    """
    starts = (0, *accumulate(people))
    _check(attributes, starts[-1])
    if won.shape != (starts[-1],) or won.dtype != np.bool_ or min(people) < 1:
        raise AttributesRefused(f"not {starts[-1]} times won or not, or an empty stratum")
    if [np.count_nonzero(won[start:end]) for start, end in pairwise(starts)] != list(places):
        raise AttributesRefused("the winners of a stratum are not as many as its places")
    tests = [_test(attribute, starts, np.array(places, np.int64), won) for attribute in attributes]
    passed = all(_millionths(test["p"]) * len(tests) >= level_ppm for test in tests)
    return {"format": REPORT_FORMAT, "commitment": commitment, "result": result, "tests": tests, "passed": passed}


def _millionths(text: str) -> int:
    return int(text.replace(".", ""))


def check_report(report: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """Where a published report differs from what `watch` finds `again`. Six-place decimals may differ by two in the
    last place, since machines add in different orders."""
    return list(_differences("report", report, again))


def _differences(name: str, told: Any, found: Any) -> Iterator[str]:
    if isinstance(found, Mapping) and isinstance(told, Mapping) and told.keys() == found.keys():
        for key, value in found.items():
            yield from _differences(f"{name}.{key}", told[key], value)
    elif isinstance(found, list) and isinstance(told, list) and len(told) == len(found):
        for place, value in enumerate(found):
            yield from _differences(f"{name}[{place}]", told[place], value)
    elif type(told) is type(found) is str and name.endswith(DECIMAL_MEMBERS) and DECIMALS.fullmatch(told):
        if abs(_millionths(told) - _millionths(found)) > ROUNDING:
            yield f"{name} is {told}, found {found}"
    elif type(told) is not type(found) or told != found:
        yield f"{name} is {told!r:.200}, found {found!r:.200}"
