"""Sealed numbers are opened in one file a room, which records it; nobody reads one without saying what for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from bekal.citizens.purposes import CONSENT_VERSIONS, FIELDS, READING_PURPOSES
from bekal.citizens.rules import PURPOSES
from bekal.core.texts import table
from tests.house.source import calls, named, python_files

OPENERS = {
    "bekal/citizens/readings.py", "bekal/incentives/readings.py",
    "bekal/core/vault.py", "bekal/core/fields.py",
    "bekal/notices/queries.py", "bekal/partners/queries.py",
    "bekal/doors/sessions.py", "bekal/citizens/queries.py",
}  # fmt: skip
"""Files that open anything sealed. Of people's numbers only the first two do; `core` opens to seal anew, notices open
their own messages, partners their own accounts, the doors what the visitor typed in this very session, and citizens the
answers that somebody has not sent yet, for whoever proves their phone."""
PEOPLES = re.compile(r"\b(NIK|FAMILY|PHONE|FACE_PHOTO|PLACE|HOLDER_PLACE)\b|citizens\.|incentives\.")


def test_sealed_values_are_opened_in_few_files() -> None:
    assert {named(file) for file, _ in opened()} <= OPENERS


def test_peoples_numbers_are_opened_in_one_file_a_room() -> None:
    allowed = {"bekal/citizens/readings.py", "bekal/incentives/readings.py"}
    faults = [
        f"{named(file)}:{node.lineno}"
        for file, node in opened()
        if named(file) not in allowed and PEOPLES.search(place_of(node))
    ]
    assert faults == []


def opened() -> Iterator[tuple[Path, ast.Call]]:
    """Every call that opens something sealed."""
    for file in python_files("bekal"):
        for node, callee in calls(file):
            if callee.rsplit(".", 1)[-1] in ("unseal", "unseal_bytes"):
                yield file, node


def place_of(node: ast.Call) -> str:
    """The place a call names, as written."""
    return next((ast.unparse(word.value) for word in node.keywords if word.arg == "place"), "")


def test_purposes_are_few_and_have_their_words() -> None:
    assert len(READING_PURPOSES) <= 12
    wanted = [f"reading.purpose.{name}" for name in READING_PURPOSES] + [f"reading.field.{name}" for name in FIELDS]
    wanted += [
        f"consent.{purpose}.{number}"
        for purpose, newest in CONSENT_VERSIONS.items()
        for number in ["title", *range(1, newest + 1)]
    ]
    assert [key for key in wanted if key not in table()] == []
    assert set(CONSENT_VERSIONS) == set(PURPOSES)
