"""One table of texts, complete in both languages."""

import importlib
import re
import string
from collections.abc import Iterator

import pytest

from bekal.core.errors import Refused
from bekal.core.texts import FOLDER, LANGUAGES, UnknownText, table, text
from tests.house.source import BEKAL, python_files

LONGEST_SENTENCE = 24


def refusals() -> Iterator[type[Refused]]:
    for file in python_files("bekal"):
        if "class " in file.read_text() and "Refused" in file.read_text():
            importlib.import_module(
                ".".join(file.relative_to(BEKAL.parent).with_suffix("").parts).removesuffix(".__init__")
            )
    waiting = [Refused]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("bekal."):
            yield kind


def test_every_refusal_has_its_text() -> None:
    missing = sorted({kind.code for kind in refusals() if kind.code not in table() and "code" in vars(kind)})
    assert missing == []


def test_every_text_stands_in_both_languages_with_the_same_placeholders() -> None:
    faults = []
    for key, wordings in table().items():
        if set(wordings) != set(LANGUAGES) or not all(wordings.values()):
            faults.append(key)
            continue
        if placeholders(wordings["id"], "_id") != placeholders(wordings["en"], "_en"):
            faults.append(f"{key}: placeholders differ")
    assert faults == []


def placeholders(wording: str, own: str) -> set[str]:
    """The names in braces; one that ends in the language's own mark stands for the same fact in that language."""
    return {name.removesuffix(own) for _, name, _, _ in string.Formatter().parse(wording) if name}


def test_sentences_are_short() -> None:
    faults = []
    for key, wordings in table().items():
        for sentence in re.split(r"(?<=[.!?])\s", wordings["id"]):
            if len(sentence.split()) > LONGEST_SENTENCE:
                faults.append(f"{key}: {len(sentence.split())} words")
    assert faults == []


def test_no_key_stands_in_two_files() -> None:
    assert table()
    assert FOLDER.is_dir()


def test_an_unknown_text_is_a_fault() -> None:
    with pytest.raises(UnknownText):
        text("no.such.text", "id")
