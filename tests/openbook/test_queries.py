"""The open book over a wave that was drawn, awarded, bought, learned and paid."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bekal.advice.queries import shelf
from bekal.careers.actions import match_graduates
from bekal.core.models import Event
from bekal.evaluation.actions import invite_sample
from bekal.ledger.actions import seal_journal
from bekal.openbook.queries import by_region, digest, funnel, journal, money_statement, public_documents
from bekal.openbook.queries.funnel import STEPS
from bekal.rulebooks.models import RuleBook
from bekal.scholarships.models import Award
from bekal.scholarships.queries import training_account
from bekal.waves.models import Wave
from bekal.waves.queries import NoSuchWave
from tests.careers.making import posting, taken_in
from tests.catalogue.making import curated, schedule
from tests.market.making import pay, reserve
from tests.partners.making import organisation
from tests.rulebooks.making import loaded_programme
from tests.scholarships.making import BENEFIT, awarded_wave
from tests.waves.making import BY, DRAWN

pytestmark = pytest.mark.django_db
CODE = "prakerja-2023"


@pytest.fixture
def book(clock_at: Callable[[datetime], None], seeded: None) -> RuleBook:
    shelf.forget()
    return loaded_programme(CODE)


@pytest.fixture
def wave(book: RuleBook) -> Wave:
    return awarded_wave(book, people=12, places=6)


@pytest.fixture
def spent(wave: Wave) -> Award:
    """One winner has bought for Rp700.000 of which 10 % are commission; another holds a reservation."""
    provider, platform = organisation("provider", "LP-1"), organisation("platform", "DP-1")
    sold = schedule(curated(provider.id), starts_at=DRAWN + timedelta(days=3))
    first, second = Award.objects.filter(wave_id=wave.id).order_by("card_number")[:2]
    pay(reserve(first, sold, platform.id, at=DRAWN), platform.id, at=DRAWN)
    reserve(second, sold, platform.id, at=DRAWN)
    return first


def test_every_rupiah_is_explained(wave: Wave, spent: Award) -> None:
    statement = money_statement(CODE)
    assert statement.difference == 0
    assert statement.amount("funded") == 6 * BENEFIT
    assert statement.amount("training") + statement.amount("commission") == 700_000
    assert statement.amount("reserved_training") == 700_000
    assert statement.amount("held_training") == 6 * 3_500_000 - 1_400_000
    assert statement.amount("held_incentive") == 6 * 700_000
    earned = {line.code: line.amount for line in statement.partners}
    assert earned["owed"] == earned["earned"] + earned["earned_commission"] == 700_000


def test_a_missing_rupiah_shows(wave: Wave, spent: Award) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_account SET credits_posted = credits_posted + 1 WHERE key = %s", [training_account(spent.id)]
        )
    assert money_statement(CODE).difference != 0


def test_a_programme_without_money_is_nothing() -> None:
    statement = money_statement("skills-week")
    assert (statement.difference, statement.amount("funded")) == (0, 0)


def test_the_funnel_narrows(wave: Wave, spent: Award) -> None:
    lines = {line.code: line.people for line in funnel(wave.number)}
    assert tuple(lines) == STEPS
    assert [lines[code] for code in ("registered", "verified", "eligible", "joined", "in_roll")] == [12] * 5
    assert [lines[code] for code in ("selected", "awarded", "bought", "redeemed")] == [6, 6, 1, 0]


def test_an_unknown_wave(book: RuleBook) -> None:
    with pytest.raises(NoSuchWave):
        funnel(404)


def test_regions_withhold_small_numbers(wave: Wave) -> None:
    provinces = {line.code: line for line in by_region()}
    assert len(provinces) == 38
    assert (provinces["32"].registered, provinces["32"].awarded, provinces["11"].registered) == (12, 6, 0)
    assert len(by_region("regency")) == 514


def test_documents_are_json_without_a_person(wave: Wave, spent: Award) -> None:
    invite_sample(by=BY, at=DRAWN, wave_id=wave.id, size=6)
    taken_in(posting())
    match_graduates(by=BY, at=DRAWN, citizens=[spent.citizen_id])
    seal_journal(by=BY, at=DRAWN)
    documents = public_documents()
    words = json.dumps(documents)
    for award in Award.objects.all():
        assert str(award.citizen_id) not in words
        assert award.card_number not in words
    assert set(documents) == {
        "catalogue", "certificates", "draws", "effect", "funnel", "money", "regions", "seals", "vacancies",
    }  # fmt: skip
    assert documents["money"][0]["difference"] == 0
    assert documents["vacancies"]["by_province"] == {"32": 1}
    assert documents["effect"][0]["lines"][0]["asked_winners"] == 3
    assert documents["catalogue"][0]["seats_taken"] == 2


def test_the_digest_is_of_the_data_alone(wave: Wave, spent: Award, clock_at: Callable[[datetime], None]) -> None:
    taken_in(posting(valid_until=None))
    before = digest()
    clock_at(DRAWN + timedelta(days=5))
    assert digest() == before
    taken_in(posting(2, valid_until=None))
    assert digest() != before


def test_reading_changes_nothing(wave: Wave) -> None:
    before = Event.objects.count()
    public_documents()
    assert Event.objects.count() == before


def test_the_journal_is_handed_out_as_sealed(wave: Wave) -> None:
    seal_journal(by=BY, at=DRAWN)
    export = journal()
    assert len(export["seals"]) == 1
    assert len(export["proofs"]) == export["seals"][0]["size"]
