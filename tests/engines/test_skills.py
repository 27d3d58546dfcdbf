import pytest
from hypothesis import given
from hypothesis import strategies as st

from bekal.engines.skills import (
    Skill,
    SkillSpan,
    Vocabulary,
    VocabularyRefused,
    extract_skills,
    load_vocabulary,
)

SMALL = {"sewing": ["menjahit", "sewing"], "operator": ["operator"], "sewing-machine": ["operator mesin jahit"]}


def codes(text: str) -> list[str]:
    return [span.code for span in extract_skills(text, load_vocabulary())]


def test_spans_point_into_the_text() -> None:
    text = "Butuh OPERATOR mesin-jahit, bisa Menjahit."
    assert extract_skills(text, SMALL) == [SkillSpan("sewing-machine", 6, 26), SkillSpan("sewing", 33, 41)]
    assert text[6:26] == "OPERATOR mesin-jahit"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pelatihan Pemasaran Digital untuk UMKM", ["digital-marketing", "entrepreneurship"]),
        ("Lowongan barista dan kasir di Bandung", ["barista", "cashiering"]),
        ("Teknisi AC, las listrik, K3", ["ac-repair", "welding", "occupational-safety"]),
        (
            "We need a video editor with Excel and customer service",
            ["video-editing", "spreadsheet", "customer-service"],
        ),
        ("Belajar e-commerce & SEO", ["online-shop", "search-optimisation"]),
        ("menjahitkan kaset excellent", []),
        ("", []),
    ],
)
def test_indonesian_and_english(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_every_label_finds_its_own_skill() -> None:
    for code, labels in load_vocabulary().items():
        for label in labels:
            assert codes(f"x, {label.upper()}!") == [code]


def test_vocabulary_covers_twelve_fields() -> None:
    vocabulary = load_vocabulary()
    assert len({skill.field for skill in vocabulary.skills.values()}) == 12
    assert len(vocabulary) == len(vocabulary.codes) >= 120
    assert vocabulary.skills["baking"].english == "baking"


@given(st.text(max_size=200))
def test_spans_never_overlap(text: str) -> None:
    end = 0
    for span in extract_skills(text + " kasir " + text, load_vocabulary()):
        assert end <= span.start < span.end
        end = span.end


@pytest.mark.parametrize("vocabulary", [{"a": ["x"], "b": ["X"]}, {"a": ["!"]}])
def test_ambiguous_labels_are_refused(vocabulary: dict[str, list[str]]) -> None:
    with pytest.raises(VocabularyRefused):
        extract_skills("x", vocabulary)


def test_a_code_stands_once() -> None:
    with pytest.raises(VocabularyRefused):
        Vocabulary([Skill("a", "f", "x", "y", ()), Skill("a", "f", "z", "w", ())])
