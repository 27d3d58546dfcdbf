"""Any damage to a programme file gives a programme, or faults that each name a line of the file and a way out."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.rulebooks.rules import Fault, ProgrammeFaults, parse_examples, parse_programme
from bekal.rulebooks.rules.parsing import LONGEST
from tests.rulebooks.making import programme_files
from tests.rulebooks.test_eligibility_keys import CURRENCY
from tests.rulebooks.test_eligibility_keys import TEXT as ALL_ELIGIBILITY
from tests.rulebooks.test_selection import TEXT as ALL_QUOTAS

WHOLE = ALL_ELIGIBILITY.replace("[eligibility]\n", CURRENCY, 1).replace("parts = 34", "parts = 35")
TEXTS = [*(file.read_text() for file in programme_files()), WHOLE, ALL_QUOTAS]
EXAMPLES = [(file.parent / "cases.toml").read_text() for file in programme_files()]
VALUE = re.compile(r'(?<== )(?:"[^"\n]*"|-?[0-9][0-9_.-]*|true|false|\[[^\]\n]*\])')
STRANGE = ["0", "-1", "99999999999999999999", "nan", "true", '""', '"none"', '" "', "[]", "[1]", "{}", "[[]]",
           '{ id = "a" }', "2023-02-28", "2023-02-28T00:00:00Z", "07:32:00", '"\\u001b"', "'x'", "1.5", ""]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, texts: list[str]) -> str:
    """A text with one to three lines lost, doubled, swapped, or with another value."""
    text = draw(st.sampled_from(range(len(texts))).map(lambda number: texts[number]))
    for _ in range(draw(st.integers(1, 3))):
        lines = text.splitlines(keepends=True)
        one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        match draw(st.sampled_from(["lose", "double", "swap", "value", "key"])):
            case "lose":
                lines[one] = ""
            case "double":
                lines[one] *= 2
            case "swap":
                lines[one], lines[other] = lines[other], lines[one]
            case "value":
                strange = draw(st.sampled_from(STRANGE))
                lines[one] = VALUE.sub(lambda _, new=strange: new, lines[one], count=1)  # type: ignore[misc]
            case "key":
                lines[one] = lines[one].replace("=", draw(st.sampled_from(["x =", "", "==", ". ="])), 1)
        text = "".join(lines) or "\n"
    return text


def assert_told(text: str, faults: tuple[Fault, ...]) -> None:
    last = max(text.count("\n") + (not text.endswith("\n")), 1)
    assert faults
    for fault in faults:
        assert 1 <= fault.line <= last, (fault, last)
        assert fault.problem
        assert fault.hint, fault


def test_the_texts_are_whole() -> None:
    assert len({parse_programme(text) for text in TEXTS}) == len(TEXTS)


@given(damaged(TEXTS))
@settings(max_examples=400, deadline=None)
def test_a_damaged_programme_is_read_or_explained(text: str) -> None:
    try:
        parse_programme(text)
    except ProgrammeFaults as refused:
        assert_told(text, refused.faults)


@given(damaged(EXAMPLES))
@settings(max_examples=150, deadline=None)
def test_damaged_examples_are_read_or_explained(text: str) -> None:
    try:
        parse_examples(text)
    except ProgrammeFaults as refused:
        assert_told(text, refused.faults)


@pytest.mark.parametrize(
    "text", ["", "\n", "x" * (LONGEST + 1), "\ufeffcode = 1", "code = 1\r", "=", "[[a", "a.b.c = {"]
)
def test_what_is_no_programme_at_all(text: str) -> None:
    with pytest.raises(ProgrammeFaults) as caught:
        parse_programme(text)
    assert_told(text or "\n", caught.value.faults)
