"""What of a posting is kept, and how a match is scored."""

from datetime import date
from random import Random
from typing import Any

import pytest

from bekal.careers.rules import (
    Opening,
    Openings,
    dotted_regency,
    fit_of,
    is_open,
    nearness,
    plain_text,
    posting_fault,
    skills_of,
)

FINE: dict[str, Any] = {
    "key": "K", "title": "Kasir", "wage_low": 1, "wage_high": 2, "posted_on": date(2023, 1, 1), "valid_until": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"key": "  "}, "key_missing_or_too_long"),
        ({"key": "x" * 121}, "key_missing_or_too_long"),
        ({"title": " "}, "title_missing"),
        ({"wage_low": 0}, "wage_out_of_range"),
        ({"wage_high": 10**12}, "wage_out_of_range"),
        ({"wage_low": 3}, "wages_out_of_order"),
        ({"wage_low": None}, None),
        ({"valid_until": date(2022, 12, 31)}, "valid_until_before_posted"),
        ({"valid_until": date(2023, 1, 1)}, None),
    ],
)
def test_a_fault_leaves_a_posting_out(change: dict[str, Any], fault: str | None) -> None:
    assert posting_fault(**(FINE | change)) == fault


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>Jaga <b>kasir</b></p><script>alert(1)</script>", "Jaga kasir"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("<style>p{}</style>  dua\n\nkata\x00", "dua kata"),
        ("</script>teks <template><p>x</p></template>", "teks"),
        ("", ""),
    ],
)
def test_markup_becomes_words(markup: str, words: str) -> None:
    assert plain_text(markup) == words


@pytest.mark.parametrize(
    ("told", "code"),
    [("32.73", "32.73"), ("3273", "32.73"), ("ID-3273", "32.73"), ("32", None), (None, None), ("Bandung", None)],
)
def test_regency_codes_are_read_as_portals_write_them(told: str | None, code: str | None) -> None:
    assert dotted_regency(told) == code


def test_nearness_goes_from_home_to_elsewhere() -> None:
    assert nearness("32.73", "32.73") == "same_regency"
    assert nearness("32.04", "32.73") == "same_province"
    assert nearness(None, "32.73") == "anywhere"
    assert nearness("11.01", "32.73") == "elsewhere"


def test_the_last_day_counts() -> None:
    assert is_open(date(2023, 8, 1), date(2023, 8, 1))
    assert not is_open(date(2023, 8, 1), date(2023, 8, 2))
    assert is_open(None, date(2099, 1, 1))


def test_a_score_is_its_three_parts() -> None:
    fit = fit_of(Opening(("p", "1"), frozenset({"a", "b", "c"}), "32.04"), 0, frozenset({"a", "b", "z"}), "32.73")
    assert fit.score == 600 * 2 // 3 + 2 * 50 + 150
    skills, place = fit.reasons
    assert dict(skills.facts) == {"skills": ["a", "b"], "shared": 2, "asked": 3}
    assert place.code == "careers.reason_same_province"


def test_the_best_ten_come_first_and_ties_fall_by_portal_and_key() -> None:
    openings = [Opening(("portal", f"{number:02}"), frozenset({"a"}), "32.73") for number in reversed(range(12))]
    openings.append(Opening(("portal", "99"), frozenset({"b"}), "32.73"))
    best = Openings(openings).best(frozenset({"a"}), "32.73")
    assert [openings[fit.position].order[1] for fit in best] == [f"{number:02}" for number in range(10)]


def test_a_near_vacancy_beats_a_far_one_of_equal_skills() -> None:
    openings = [Opening(("p", "1"), frozenset({"a"}), "11.01"), Opening(("p", "2"), frozenset({"a"}), "32.73")]
    assert [fit.position for fit in Openings(openings).best(frozenset({"a"}), "32.73")] == [1, 0]


def test_nobody_matches_without_a_shared_skill() -> None:
    assert Openings([Opening(("p", "1"), frozenset({"a"}), None)]).best(frozenset({"b"}), "32.73") == ()


def test_skills_stand_once_in_order() -> None:
    assert skills_of(["b", "a"], ["a", "c"]) == ("a", "b", "c")


def test_one_and_many_are_scored_alike() -> None:
    dice = Random(3)
    skills = [f"s{number}" for number in range(12)]
    places = [None, "32.73", "32.04", "11.01"]
    openings = [
        Opening(("p", f"{number:03}"), frozenset(dice.sample(skills, dice.randint(1, 5))), dice.choice(places))
        for number in dice.sample(range(200), 120)
    ]
    index = Openings(openings)
    for _ in range(40):
        mine, home = frozenset(dice.sample(skills, dice.randint(0, 6))), dice.choice(["32.73", "11.01", ""])
        one_by_one = [fit_of(opening, place, mine, home) for place, opening in enumerate(openings)]
        ranked = sorted(
            (fit for fit in one_by_one if fit.shared), key=lambda fit: (-fit.score, openings[fit.position].order)
        )
        assert index.best(mine, home) == tuple(ranked[:10])
