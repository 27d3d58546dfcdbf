"""Names, answers, conditions and digests, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args

import pytest

from bekal.incentives.rules import (
    Asked,
    AwardFacts,
    Held,
    OrderFacts,
    Outcome,
    account_faults,
    digest,
    masked,
    names_agree,
    nik_hash,
    settled,
    standings,
)
from bekal.rulebooks.rules import parse_programme
from tests.rulebooks.making import programme_text

CERTIFIED = datetime(2023, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("registered", "held"),
    [
        ("Budi Santoso", "BUDI SANTOSO"),
        ("Budi Santoso", "Budi  Santoso."),
        ("Muhammad Rizky Pratama", "M RIZKY PRATAMA"),
        ("Siti Nurhaliza Binti Abdullah", "SITI NURHALIZA BINTI"),
        ("Desi Ratna-Sari", "DESI RATNA SARI"),
        ("Budi Santoso Wijaya", "BUDI S WIJAYA"),
    ],
)
def test_names_that_may_be_one_person(registered: str, held: str) -> None:
    assert names_agree(registered, held)


@pytest.mark.parametrize(
    ("registered", "held"),
    [
        ("Budi Santoso", "Budi Santosa"),
        ("Budi Santoso", "Budi"),
        ("Budi Santoso", "Santoso Budi"),
        ("Budi Santoso", ""),
        ("Ani", "Ana"),
        ("Budi Santoso", "Bambang S"),
        ("Mega Rizky", "M Rizky"),
    ],
)
def test_names_that_are_not(registered: str, held: str) -> None:
    assert not names_agree(registered, held)


@pytest.mark.parametrize(
    ("held", "reasons"),
    [
        (Held("BUDI SANTOSO", True, None, True, None), ()),
        (Held("BUDI SANTOSO", True, None, None, 600_000), ()),
        (Held("", False, "dormant", None, None), ("account_dormant",)),
        (Held("", False, None, None, None), ("account_refused",)),
        (Held("BUDI SANTOSO", True, None, False, None), ("account_other_nik",)),
        (Held("ANI", True, None, False, 10), ("account_other_nik", "account_other_name", "account_no_room")),
    ],
)
def test_every_reason_against_an_account_is_told(held: Held, reasons: tuple[str, ...]) -> None:
    found = account_faults(held, registered="Budi Santoso", expected=600_000)
    assert found == tuple(f"incentives.{reason}" for reason in reasons)


def test_only_certain_answers_settle() -> None:
    assert settled("paid", asked="pay", sendings=3, last_pay_outcome="unknown", in_window=True) == "paid"
    assert settled("refused", asked="pay", sendings=1, last_pay_outcome="", in_window=True) == "refused"
    assert settled("refused", asked="pay", sendings=2, last_pay_outcome="unknown", in_window=True) == "unknown"
    assert settled("refused", asked="status", sendings=2, last_pay_outcome="refused", in_window=True) == "refused"
    assert settled("later", asked="status", sendings=1, last_pay_outcome="unknown", in_window=True) == "approved"
    assert settled("later", asked="status", sendings=2, last_pay_outcome="refused", in_window=True) == "refused"
    assert settled("stop", asked="pay", sendings=1, last_pay_outcome="", in_window=True) == "approved"
    assert settled("stop", asked="status", sendings=1, last_pay_outcome="unknown", in_window=True) == "unknown"


@pytest.mark.parametrize("asked", get_args(Asked))
@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_paid_comes_from_paid_alone(outcome: Outcome, asked: Asked) -> None:
    for last in ("", "unknown", "refused", "later"):
        for sendings in (1, 2, 3):
            state = settled(outcome, asked=asked, sendings=sendings, last_pay_outcome=last, in_window=True)
            assert (state == "paid") == (outcome == "paid")
            assert state != "refused" or "refused" in (outcome, last)


def test_conditions_come_from_the_programme_file() -> None:
    programme = parse_programme(programme_text())
    nothing = AwardFacts(None, False, False, frozenset())
    found = standings(programme, nothing)
    assert [(one.kind, one.number, one.amount) for one in found] == [
        ("completion", 1, 600_000), ("survey", 1, 50_000), ("survey", 2, 50_000),
    ]  # fmt: skip
    assert not any(one.is_due(CERTIFIED) for one in found)
    half = AwardFacts(CERTIFIED, False, True, frozenset({2}))
    assert [one.is_due(CERTIFIED) for one in standings(programme, half)] == [False, False, True]
    ready = AwardFacts(CERTIFIED, True, True, frozenset({1, 2}))
    assert all(one.is_due(CERTIFIED) for one in standings(programme, ready))


def test_repeated_payments_keep_their_distance() -> None:
    programme = parse_programme(programme_text("prakerja-2022"))
    ready = AwardFacts(CERTIFIED, True, True, frozenset())
    completion = [one for one in standings(programme, ready) if one.kind == "completion"]
    assert len(completion) == 4
    gaps = {b.due_from - a.due_from for a, b in pairwise(completion) if a.due_from and b.due_from}
    assert len(gaps) == 1
    assert gaps.pop() > timedelta(days=20)
    assert [one.is_due(CERTIFIED) for one in completion] == [True, False, False, False]


def test_the_digest_covers_every_order_in_any_sequence() -> None:
    one, two = OrderFacts("a", 1, "00"), OrderFacts("b", 2, "01")
    assert digest([one, two]) == digest([two, one])
    assert (
        len({digest([one]), digest([one, two]), digest([OrderFacts("a", 2, "00")]), digest([OrderFacts("a", 1, "02")])})
        == 4
    )


def test_hash_and_mask() -> None:
    assert nik_hash("1234567890123456") == "7a51d064a1a216a692f753fcdab276e4ff201a01d8b66f56d50d4d719fd0dc87"
    assert masked("Budi Santoso") == "B*** S******"
