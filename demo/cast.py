"""The people of the rehearsal: invented, drawn from a seed, spread over the regencies like the population.

Serial numbers 9000 and above are used in their NIKs; names are common Indonesian words and names put together here.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from bekal.rulebooks.regions import REGENCIES

FIRST_F = ("Siti", "Dewi", "Rina", "Ayu", "Putri", "Nur", "Sri", "Wati", "Ratna", "Indah", "Maya", "Yuni", "Lestari",
           "Fitri", "Intan", "Kartika", "Wulan", "Ningsih", "Tuti", "Murni")  # fmt: skip
FIRST_M = ("Budi", "Agus", "Joko", "Adi", "Rudi", "Eko", "Dedi", "Hendra", "Bayu", "Andi", "Wahyu", "Slamet", "Arif",
           "Fajar", "Gilang", "Yusuf", "Rizki", "Teguh", "Iwan", "Made")  # fmt: skip
LAST = ("Santoso", "Wijaya", "Saputra", "Lestari", "Hidayat", "Kusuma", "Pratama", "Siregar", "Nasution", "Harahap",
        "Simanjuntak", "Tampubolon", "Rahman", "Hakim", "Maulana", "Setiawan", "Gunawan", "Susanto", "Halim", "Utami",
        "Permata", "Purnama", "Nugroho", "Suryadi", "Ramadhan")  # fmt: skip
SCHOOLING = (("primary", 17), ("junior", 19), ("senior", 48), ("diploma", 7), ("bachelor", 9))
OCCUPATION = (("job_seeker", 55), ("laid_off", 9), ("worker", 18), ("furloughed", 4), ("small_business", 14))
BARRED = (("pupil", 18), ("civil_servant", 7), ("village_official", 4), ("military", 2), ("police", 2),
          ("soe_director", 1))  # fmt: skip
TODAY = date(2023, 8, 11)


@dataclass(frozen=True, slots=True)
class Player:
    """One person: what they say, what the registers know, and how they will behave."""

    number: int
    nik: str
    family_card: str
    name: str
    birth_date: date
    sex: Literal["F", "M"]
    regency_code: str
    phone: str
    schooling: str
    occupation: str
    disability: str | None
    interests: tuple[str, ...]
    language: Literal["id", "en"]
    registers: tuple[str, ...]
    registry_name: str
    buys: bool
    finishes: bool
    pays_to: str
    base_income: int
    by_pages: bool


def cast(people: int, seed: str, skills: tuple[str, ...], *, by_pages: int) -> Iterator[Player]:
    """`people` players. The first `by_pages` register through the site's own forms."""
    dice = random.Random(f"cast {seed}")
    places = _places(people, dice)
    family = ""
    for number in range(people):
        place = places[number]
        if number % 4 == 0:
            family = f"{place.replace('.', '')}01{dice.randrange(10, 28):02d}0815{number % 10000:04d}"
        yield _player(number, place, family, dice, skills, by_pages=number < by_pages)


def _places(people: int, dice: random.Random) -> list[str]:
    codes = sorted(REGENCIES)
    weights = [REGENCIES[code].population for code in codes]
    households = dice.choices(codes, weights, k=people // 4 + 1)
    return [code for code in households for _ in range(4)][:people]


def _player(
    number: int, place: str, family: str, dice: random.Random, skills: tuple[str, ...], *, by_pages: bool
) -> Player:
    sex: Literal["F", "M"] = "F" if dice.random() < 0.51 else "M"
    age = dice.choices((17, 18 + dice.randrange(12), 30 + dice.randrange(20), 50 + dice.randrange(20)), (2, 52, 38, 8))[
        0
    ]
    born = TODAY - timedelta(days=365 * age + dice.randrange(364) + age // 4)
    day = born.day + (40 if sex == "F" else 0)
    nik = f"{place.replace('.', '')}01{day:02d}{born:%m%y}{9000 + number % 1000:04d}"
    nik = nik[:6] + nik[6:12] + f"{9000 + number % 1000:04d}"
    name = f"{dice.choice(FIRST_F if sex == 'F' else FIRST_M)} {dice.choice(LAST)}"
    barred = tuple(code for code, per_mille in BARRED if dice.random() < per_mille / 1000)
    mistyped = dice.random() < 0.012
    return Player(
        number=number,
        nik=nik,
        family_card=family,
        name=name,
        birth_date=born,
        sex=sex,
        regency_code=place,
        phone=f"+62812{70_000_000 + number:08d}",
        schooling=_pick(SCHOOLING, dice),
        occupation=_pick(OCCUPATION, dice),
        disability=dice.choice(("physical", "hearing", "sight")) if dice.random() < 0.03 else None,
        interests=tuple(sorted(dice.sample(skills, 3))),
        language="en" if dice.random() < 0.03 else "id",
        registers=() if by_pages else barred,
        registry_name=name if by_pages or not mistyped else name + " Putra",
        buys=by_pages or dice.random() < 0.93,
        finishes=by_pages or dice.random() < 0.95,
        pays_to="wallet" if dice.random() < 0.75 else "bank",
        base_income=50_000 * dice.randrange(8, 60),
        by_pages=by_pages,
    )


def _pick(table: tuple[tuple[str, int], ...], dice: random.Random) -> str:
    return dice.choices([code for code, _ in table], [weight for _, weight in table])[0]


def portrait(nik: str) -> bytes:
    """The photo this person sends: a one-pixel picture whose comment only they have."""
    return b"\xff\xd8\xff\xfe\x00\x22" + hashlib.sha256(nik.encode()).digest() + b"\xff\xd9"
