"""The one table of texts, in Indonesian and English: pages, messages, refusals and interfaces all read it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("id", "en")
FOLDER = Path(__file__).resolve().parent.parent / "texts"


class UnknownText(KeyError):
    """No text stands under this key."""


def text(key: str, language: str, **facts: Any) -> str:
    """The text under `key` with its `{placeholders}` filled from `facts`."""
    try:
        wording = table()[key][language]
    except KeyError:
        raise UnknownText(f"{key} [{language}]") from None
    return wording.format(**facts) if facts or "{" in wording else wording


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """All texts: key -> {"id": ..., "en": ...}. A key that stands in two files is a fault."""
    texts: dict[str, Mapping[str, str]] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        entries = tomllib.loads(file.read_text())
        repeated = texts.keys() & entries.keys()
        if repeated:
            raise ValueError(f"{file.name} repeats {sorted(repeated)}")
        texts |= entries
    return texts
