"""The stylesheet's budget, and that templates hold no words of their own."""

import gzip
import re
from pathlib import Path

import pytest
from django.template import engines

from bekal.core.texts import table

DOORS = Path(__file__).resolve().parents[2] / "bekal" / "doors"
TEMPLATES = sorted((DOORS / "templates").rglob("*.html"))
NAMES = {"Bekal", "NIK", "bundle.json", "roll.bin", "journal.json", "seals.json", "effect.json", ".json"}
SAMPLES = {"leaf", "leaf-deep", "kunyit", "clay", "laut", "paper", "7KQ2M9XC", "7KQ2-M9XC", "D-7KQ2-M9XC"}


def test_a_name_nobody_gave_fails() -> None:
    with pytest.raises(AssertionError, match="nobody_gave"):
        engines["django"].from_string("{{ nobody_gave.this }}").render({})


def test_stylesheet_budget() -> None:
    assert len(gzip.compress((DOORS / "static/bekal/bekal.css").read_bytes())) <= 14_000


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_words_outside_the_table(template: Path) -> None:
    bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<pre.*?</pre>", " ", template.read_text(), flags=re.DOTALL)
    text = re.sub(r"<(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", "\n", bare)
    words = {line.strip(" ()·:,–…/★#\n") for line in text.splitlines()}
    assert not {word for word in words if re.search("[A-Za-z]{2}", word)} - NAMES - SAMPLES


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_texts_of_templates_exist(template: Path) -> None:
    for key in re.findall(r"\{% t ['\"]([^'\"]+)['\"]", template.read_text()):
        assert key in table(), key


def test_no_inline_script_or_style() -> None:
    for template in TEMPLATES:
        assert not re.search(r'<script(?! src="/aset/)|<style|\sstyle=|\son\w+=', template.read_text()), template.name
