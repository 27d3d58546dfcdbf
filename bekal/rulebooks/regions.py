"""The 38 provinces and 514 regencies of Indonesia: names, people, and which are remote.

Codes are those of the Ministry of Home Affairs ("32", "32.73"); the sources stand at the head of regions.csv.
`PROVINCES`: code -> name; `LABOUR_FORCE`: province code -> people, February 2024.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Regency:
    """A kabupaten or kota. `population`: people at the end of 2024. `labour_force`: an estimate, the province's shared
    out by population (exact in sum). `remote`: daerah tertinggal 2020-2024."""

    code: str
    name: str
    province_code: str
    province_name: str
    population: int
    labour_force: int
    remote: bool


def regency_name(code: str) -> str:
    """`Kota Bandung` for "32.73"; raises KeyError for a code that is not in force."""
    return REGENCIES[code].name


def province_of(code: str) -> str:
    """The province code "32" of a regency, district or village code "32.73", "32.73.10"."""
    return code[:2]


def _rows() -> list[dict[str, str]]:
    lines = (Path(__file__).parent / "regions.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _regencies() -> dict[str, Regency]:
    found: dict[str, Regency] = {}
    counted = dict.fromkeys(PROVINCES, 0)
    for row in (row for row in _rows() if len(row["code"]) == 5):
        province, people = province_of(row["code"]), int(row["population"])
        before, counted[province] = counted[province], counted[province] + people
        found[row["code"]] = Regency(
            code=row["code"],
            name=row["name"],
            province_code=province,
            province_name=PROVINCES[province],
            population=people,
            labour_force=_workers(province, counted[province]) - _workers(province, before),
            remote=row["remote"] == "1",
        )
    return found


def _workers(province: str, people: int) -> int:
    return LABOUR_FORCE[province] * people // _PEOPLE[province]


_PROVINCE_ROWS = [row for row in _rows() if len(row["code"]) == 2]
PROVINCES: Mapping[str, str] = MappingProxyType({row["code"]: row["name"] for row in _PROVINCE_ROWS})
LABOUR_FORCE: Mapping[str, int] = MappingProxyType({row["code"]: int(row["labour_force"]) for row in _PROVINCE_ROWS})
_PEOPLE = {row["code"]: int(row["population"]) for row in _PROVINCE_ROWS}
REGENCIES: Mapping[str, Regency] = MappingProxyType(_regencies())


def region_weights(kind: str, level: str) -> dict[str, int] | None:
    """People per province or regency as a selection weighs them ("population", "labour_force"); None for "applicants",
    where applicants are the weight."""
    if kind == "applicants":
        return None
    weights: dict[str, int] = {}
    for regency in REGENCIES.values():
        region = regency.code if level == "regency" else regency.province_code
        weights[region] = weights.get(region, 0) + getattr(regency, kind)
    return weights
