"""Schemes of another country: nothing in the format is Indonesian by accident."""

import re
from pathlib import Path

import pytest

from bekal.core.texts import LANGUAGES
from bekal.eligibility.rules import case_faults
from bekal.rulebooks.rules import amount_faults, describe, parse_examples, parse_programme
from bekal.rulebooks.rules.changes import difference
from tests.rulebooks.making import ABROAD

FILES = sorted(ABROAD.glob("*/1.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_it_parses_and_agrees_with_its_examples(file: Path) -> None:
    programme = parse_programme(file.read_text(), file=str(file))
    examples = parse_examples((file.parent / "cases.toml").read_text())
    assert amount_faults(programme, examples.amounts) == {}
    assert [fault for case in examples.cases for fault in case_faults(programme, case)] == []
    assert len(examples.cases) >= 8


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_it_is_told_without_a_word_of_indonesia(file: Path, language: str) -> None:
    programme = parse_programme(file.read_text())
    assert programme.is_entitlement
    sections = describe(programme, language)
    lines = [line for section in sections for line in section.lines]
    assert not re.search(r"Indonesia|Rp|rupiah|Dukcapil|KTP", " ".join(lines))
    assert any("Singap" in line for line in lines)
    assert any(re.search(r"undian|draw", line) for line in lines)
    assert {section.title for section in sections} >= {"Cara mendapatkannya" if language == "id" else "How to get it"}


def test_the_two_tiers_differ_in_age_and_amount() -> None:
    base, middle = (parse_programme(file.read_text()) for file in FILES)
    lines = {change.path: f"{change.who}: {change.line}" for change in difference(base, middle, "en").changes}
    assert lines["scholarship.training_balance"] == "Recipients: Training balance: S$500 → S$4,000."
    assert lines["eligibility.age_min"] == "People of 25 to 39: Lowest age: 25 → 40. This rule now bars them."
