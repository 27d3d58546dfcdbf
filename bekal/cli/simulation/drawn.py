"""A population drawn from the product's own tables: regencies by people, ages by BPS, the rest by house shares."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bekal.cli.simulation.people import Column, People, Rows
from bekal.rulebooks.regions import REGENCIES
from bekal.rulebooks.rules import Programme

TABLES: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / "population.toml").read_text(encoding="utf-8"))
_HOUSE: Mapping[str, Any] = TABLES["house"]
_YEAR = 365.2425


def drawn_people(size: int, programme: Programme, on: date, seed: int) -> People:
    """`size` people aged 15 and above on the day `on`; the same seed gives the same people."""
    dice = np.random.default_rng(seed)
    ages = _ages(size, dice)
    columns = {
        "birth_date": _birth_dates(ages, on, dice),
        "regency_code": _chosen({code: regency.population for code, regency in REGENCIES.items()}, size, dice),
        "registers": _registers(programme, ages, dice),
        "citizen": _switch(_HOUSE["citizen"], size, dice),
        "earlier_recipient": _switch(_HOUSE["earlier_recipient"], size, dice),
        "disability": _chosen({None: 1_000 - sum(_HOUSE["disability"].values()), **_HOUSE["disability"]}, size, dice),
    }
    for name in ("sex", "occupation", "schooling", "identity", "face"):
        columns[name] = _chosen(_HOUSE[name], size, dice)
    return People(size, columns)


def unknown_registers(programme: Programme) -> tuple[str, ...]:
    """Registers of the programme for which there is no share: nobody is taken to stand in them."""
    return tuple(code for code in _asked(programme) if code not in _HOUSE["registers"] and code != "pupil")


def _asked(programme: Programme) -> tuple[str, ...]:
    rules = programme.eligibility
    return tuple(register.code for register in (*rules.registers, *rules.required)) if rules else ()


def _ages(size: int, dice: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
    bands = np.array(TABLES["ages"]["bands"], np.float64)
    band = dice.choice(len(bands), size, p=bands[:, 2] / bands[:, 2].sum())
    ages: np.ndarray[Any, np.dtype[np.float64]] = bands[band, 0] + dice.random(size) * (
        bands[band, 1] + 1 - bands[band, 0]
    )
    return ages


def _birth_dates(ages: np.ndarray[Any, np.dtype[np.float64]], on: date, dice: np.random.Generator) -> Column:
    days, rows = np.unique((ages * _YEAR).astype(np.int64) + 1, return_inverse=True)
    return Column([on - timedelta(days=int(past)) for past in days], rows)


def _chosen(weights: Mapping[Any, int], size: int, dice: np.random.Generator) -> Column:
    shares = np.array(list(weights.values()), np.float64)
    return Column(list(weights), dice.choice(len(shares), size, p=shares / shares.sum()))


def _switch(per_mille: int, size: int, dice: np.random.Generator) -> Column:
    return Column((False, True), (dice.integers(0, 1_000, size) < per_mille).astype(np.int64))


def _registers(programme: Programme, ages: np.ndarray[Any, np.dtype[np.float64]], dice: np.random.Generator) -> Column:
    """In which of the programme's registers each person stands: a bit for each, then the sets that occur."""
    codes = [code for code in _asked(programme) if code not in unknown_registers(programme)]
    bits: Rows = np.zeros(len(ages), np.int64)
    for place, code in enumerate(codes):
        share = _by_band(_HOUSE["pupil"]["bands"], ages) if code == "pupil" else _HOUSE["registers"][code]
        bits |= (dice.integers(0, 1_000, len(ages)) < share).astype(np.int64) << place
    sets, rows = np.unique(bits, return_inverse=True)
    return Column([tuple(code for place, code in enumerate(codes) if one >> place & 1) for one in map(int, sets)], rows)


def _by_band(bands: Sequence[Sequence[int]], ages: np.ndarray[Any, np.dtype[np.float64]]) -> Rows:
    table = np.array(bands, np.int64)
    shares: Rows = table[np.searchsorted(table[:, 0], ages, side="right") - 1, 2]
    return shares
