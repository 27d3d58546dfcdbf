"""Finds named skills in Indonesian and English text: longest match of whole words, without regard to case."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

VOCABULARY_FILE = Path(__file__).parent / "vocabulary.toml"
WORD = re.compile(r"\w+")

Words = tuple[str, ...]


class VocabularyRefused(ValueError):
    """A vocabulary in which one label means two skills, or a label has no word."""


class SkillSpan(NamedTuple):
    """Skill `code` named by text[start:end]."""

    code: str
    start: int
    end: int


@dataclass(frozen=True)
class Skill:
    """One skill of the house vocabulary with its Indonesian and English name and other labels."""

    code: str
    field: str
    indonesian: str
    english: str
    also: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return (self.indonesian, self.english, *self.also)


def _words(text: str) -> Words:
    return tuple(match.group().casefold() for match in WORD.finditer(text))


class Matcher:
    """Labels as word sequences. Raises VocabularyRefused for a label of two skills or without a word."""

    def __init__(self, vocabulary: Mapping[str, Sequence[str]]) -> None:
        self._codes: dict[Words, str] = {}
        for code, labels in vocabulary.items():
            for label in labels:
                words = _words(label)
                if not words or self._codes.setdefault(words, code) != code:
                    raise VocabularyRefused(f"label {label!r} of {code}")
        self._lengths: dict[str, list[int]] = {}
        for words in self._codes:
            self._lengths.setdefault(words[0], []).append(len(words))
        for lengths in self._lengths.values():
            lengths.sort(reverse=True)

    def spans(self, text: str) -> list[SkillSpan]:
        """Every skill named, in order of the text; spans do not overlap, the longest label at a word wins."""
        found = list(WORD.finditer(text))
        words = tuple(match.group().casefold() for match in found)
        spans, place = [], 0
        while place < len(words):
            length = self._match(words, place)
            if length:
                code = self._codes[words[place : place + length]]
                spans.append(SkillSpan(code, found[place].start(), found[place + length - 1].end()))
            place += length or 1
        return spans

    def _match(self, words: Words, place: int) -> int:
        for length in self._lengths.get(words[place], ()):
            if place + length <= len(words) and words[place : place + length] in self._codes:
                return length
        return 0


class Vocabulary(Mapping[str, Sequence[str]]):
    """Skill code -> labels, with the compiled matcher and the skills themselves."""

    def __init__(self, skills: Sequence[Skill]) -> None:
        self.skills = {skill.code: skill for skill in skills}
        if len(self.skills) < len(skills):
            raise VocabularyRefused("one code stands twice")

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(self.skills)

    def __getitem__(self, code: str) -> Sequence[str]:
        return self.skills[code].labels

    def __iter__(self) -> Iterator[str]:
        return iter(self.skills)

    def __len__(self) -> int:
        return len(self.skills)

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher(self)


def extract_skills(text: str, vocabulary: Mapping[str, Sequence[str]]) -> list[SkillSpan]:
    """Skills named in `text`, in order, without overlap. A `Vocabulary` is compiled once, a plain mapping each time.

    Raises VocabularyRefused when one label means two skills.
    """
    matcher = vocabulary.matcher if isinstance(vocabulary, Vocabulary) else Matcher(vocabulary)
    return matcher.spans(text)


@cache
def load_vocabulary() -> Vocabulary:
    """The house vocabulary, `vocabulary.toml`."""
    fields = tomllib.loads(VOCABULARY_FILE.read_text(encoding="utf-8"))
    return Vocabulary(
        [
            Skill(code, field, entry["id"], entry["en"], tuple(entry["also"]))
            for field, entries in fields.items()
            for code, entry in entries.items()
        ]
    )
