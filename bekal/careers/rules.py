"""Pure decisions about vacancies: what of a posting can be kept, and how well a vacancy suits a graduate."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

MOST_MATCHES = 10
SKILL_POINTS = 600
SHARED_POINTS = 50
MOST_SHARED = 4
PLACE_POINTS = {"same_regency": 300, "same_province": 150, "anywhere": 100, "elsewhere": 0}

Numbers = NDArray[np.int64]
T = TypeVar("T", np.int64, Numbers)
Nearness = Literal["same_regency", "same_province", "anywhere", "elsewhere"]

_SPACES = re.compile(r"\s+")
_UNSEEN = frozenset({"script", "style", "template", "noscript"})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a vacancy is shown: a text key and what fills it."""

    code: str
    facts: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """A vacancy as the match sees it. `order`: what decides a tie, unique. `regency_code`: "32.73", None when remote
    or not said.
    """

    order: tuple[str, str]
    skills: frozenset[str]
    regency_code: str | None


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a vacancy suits: `position` in the list of openings, `score` from 50 to 1,100, `shared` skills in
    order of
    name.
    """

    position: int
    score: int
    shared: tuple[str, ...]
    asked: int
    nearness: Nearness

    @property
    def reasons(self) -> tuple[Reason, Reason]:
        """What the page says: skills first, then place."""
        facts = (("skills", list(self.shared)), ("shared", len(self.shared)), ("asked", self.asked))
        return Reason("careers.reason_skills", facts), Reason(f"careers.reason_{self.nearness}", ())


class Openings:
    """Vacancies indexed by skill: one graduate is compared only with those that share one, all of them at once."""

    def __init__(self, openings: Sequence[Opening]) -> None:
        self.openings = openings
        self._turns = sorted(range(len(openings)), key=lambda position: openings[position].order)
        in_turn = [openings[position] for position in self._turns]
        self._asked = np.array([len(opening.skills) for opening in in_turn], dtype=np.int64)
        self._places = sorted({opening.regency_code for opening in in_turn}, key=str)
        number = {code: place for place, code in enumerate(self._places)}
        self._place = np.array([number[opening.regency_code] for opening in in_turn], dtype=np.int64)
        self._by_skill = _turns_by_skill(in_turn)
        self._points: dict[str, Numbers] = {}
        self._known: dict[tuple[frozenset[str], str], tuple[Fit, ...]] = {}

    def best(self, skills: frozenset[str], regency_code: str, most: int = MOST_MATCHES) -> tuple[Fit, ...]:
        """The `most` best fits, best first; people of the same skills and place share one answer."""
        known = self._known.get((skills, regency_code))
        if known is None:
            places = self._best_places(skills, regency_code, most)
            known = tuple(fit_of(self.openings[place], place, skills, regency_code) for place in places)
            self._known[skills, regency_code] = known
        return known

    def _best_places(self, skills: frozenset[str], regency_code: str, most: int) -> list[int]:
        sharing = [self._by_skill[skill] for skill in sorted(skills) if skill in self._by_skill]
        if not sharing:
            return []
        turns, shared = np.unique(np.concatenate(sharing), return_counts=True)
        scores = score_of(shared, self._asked[turns], self._points_near(regency_code)[self._place[turns]])
        return [self._turns[turns[row]] for row in np.argsort(-scores, kind="stable")[:most]]

    def _points_near(self, regency_code: str) -> Numbers:
        points = self._points.get(regency_code)
        if points is None:
            points = np.array([PLACE_POINTS[nearness(code, regency_code)] for code in self._places], dtype=np.int64)
            self._points[regency_code] = points
        return points


def _turns_by_skill(openings: Sequence[Opening]) -> dict[str, Numbers]:
    turns: dict[str, list[int]] = defaultdict(list)
    for turn, opening in enumerate(openings):
        for skill in opening.skills:
            turns[skill].append(turn)
    return {skill: np.array(found, dtype=np.int64) for skill, found in turns.items()}


def fit_of(opening: Opening, position: int, skills: frozenset[str], regency_code: str) -> Fit:
    """How well one vacancy suits one graduate, explained."""
    shared = opening.skills & skills
    place = nearness(opening.regency_code, regency_code)
    score = score_of(np.int64(len(shared)), np.int64(len(opening.skills)), np.int64(PLACE_POINTS[place]))
    return Fit(position, int(score), tuple(sorted(shared)), len(opening.skills), place)


def score_of(shared: T, asked: T, place_points: T) -> T:
    """600 points for the share of asked skills that the graduate has, 50 for each up to four, and those for the place.

    The same rule for one vacancy (numbers) and for many (arrays of one length).
    """
    score: T = SKILL_POINTS * shared // asked + SHARED_POINTS * np.minimum(shared, MOST_SHARED) + place_points
    return score


def nearness(vacancy_regency: str | None, home_regency: str) -> Nearness:
    """How near a vacancy is to a home; codes such as "32.73" begin with their province."""
    if vacancy_regency is None:
        return "anywhere"
    if vacancy_regency == home_regency:
        return "same_regency"
    return "same_province" if vacancy_regency[:2] == home_regency[:2] else "elsewhere"


def is_open(valid_until: date | None, today: date) -> bool:
    """The last day counts."""
    return valid_until is None or today <= valid_until


def dotted_regency(told: str | None) -> str | None:
    """`3273`, `32.73` and `ID-3273` as `32.73`; None for anything that is no code of a regency."""
    digits = "".join(letter for letter in told or "" if letter.isdigit())
    return f"{digits[:2]}.{digits[2:]}" if len(digits) == 4 else None


def posting_fault(
    *, key: str, title: str, wage_low: int | None, wage_high: int | None, posted_on: date, valid_until: date | None
) -> str | None:
    """The reason why a posting is left out (an English name for the log), None when it can be kept."""
    if not key.strip() or len(key) > 120:
        return "key_missing_or_too_long"
    if not title.strip():
        return "title_missing"
    if any(wage is not None and not 0 < wage < 10**12 for wage in (wage_low, wage_high)):
        return "wage_out_of_range"
    if wage_low is not None and wage_high is not None and wage_low > wage_high:
        return "wages_out_of_order"
    if valid_until is not None and valid_until < posted_on:
        return "valid_until_before_posted"
    return None


def plain_text(markup: str) -> str:
    """The words of a description: tags gone, what scripts and styles hold gone, spaces single. `<` of plain text
    stays a word.
    """
    reader = _Words()
    reader.feed(markup)
    reader.close()
    return _SPACES.sub(" ", " ".join(reader.words)).replace("\x00", "").strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _UNSEEN

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _UNSEEN and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def skills_of(given: Iterable[str], found: Iterable[str]) -> tuple[str, ...]:
    """The skills of a vacancy: what the portal gives and what the text names, each once, in order of name."""
    return tuple(sorted({*given, *found}))
