"""The input files of `bekal draw run`: those of the sample, and those of a roll of millions."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bekal.engines.draw.commitment import make_commitment
from bekal.engines.draw.roll import Roll, Stratum
from tests.engines.draw_vectors import WAVE, Sample, endorsements, keys, sample, source_of


def strata_of(roll: Roll, places: Sequence[int]) -> list[dict[str, Any]]:
    return [{**asdict(stratum), "places": won} for stratum, won in zip(roll.strata, places, strict=True)]


def published(
    commitment: dict[str, Any], roll: Roll, places: Sequence[int], signatures: Sequence[Any] | None = None
) -> dict[str, Any]:
    return {
        "commitment": commitment,
        "operators": keys("operator"),
        "witnesses": keys("witness"),
        "signatures": endorsements(commitment) if signatures is None else list(signatures),
        "strata": strata_of(roll, places),
    }


def write(folder: Path, name: str, said: Any) -> Path:
    (folder / name).write_text(json.dumps(said))
    return folder / name


def write_inputs(folder: Path, drawn: Sample | None = None) -> None:
    """roll.bin, published.json and beacon.json as a relay of drand, or a ceremony, gives it."""
    drawn = drawn or sample()
    (folder / "roll.bin").write_bytes(drawn.roll_bytes)
    write(folder, "published.json", published(drawn.commitment, drawn.roll, drawn.places, drawn.signatures))
    shown = {name: value for name, value in asdict(drawn.shown).items() if value}
    write(folder, "beacon.json", {"round" if name == "number" else name: value for name, value in shown.items()})


def write_large(folder: Path, people: int, strata: int, waiting: int = 0) -> None:
    """`people` in `strata` equal strata with random ids, a tenth of them wins."""
    size = people // strata
    rng = np.random.default_rng(5)
    ids = np.empty((size * strata, 2), dtype=">u8")
    for at in range(0, len(ids), size):
        ids[at : at + size, 0] = np.sort(rng.integers(0, 1 << 63, size, dtype=np.uint64))
        ids[at : at + size, 1] = rng.integers(0, 1 << 63, size, dtype=np.uint64)
    cells = tuple(Stratum(f"{number:06}", "general", size) for number in range(strata))
    roll = Roll(WAVE, cells, memoryview(ids).cast("B"))
    with (folder / "roll.bin").open("wb") as file:
        file.write(roll.header)
        file.write(roll.ticket_ids)
    source, shown, committed_at = source_of("quicknet")
    places = [size // 10] * strata
    commitment = make_commitment(
        roll=roll,
        sequence=1,
        programme="large",
        programme_sha256=hashlib.sha256(b"programme file").hexdigest(),
        places={(cell.region, cell.group): won for cell, won in zip(cells, places, strict=True)},
        waiting_list=waiting,
        source=source,
        committed_at=committed_at,
    )
    write(folder, "published.json", published(commitment, roll, places))
    write(folder, "beacon.json", asdict(shown))


def words(folder: Path, out: str = "out") -> list[str]:
    """The command line of `draw run` over these files."""
    files = {"roll": "roll.bin", "commitment": "published.json", "beacon": "beacon.json", "out": out}
    return ["draw", "run", *(word for name, file in files.items() for word in (f"--{name}", str(folder / file)))]
