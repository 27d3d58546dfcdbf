"""Recommendations and packages on the database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bekal.advice.actions import train_model
from bekal.advice.models import Model, ModelState
from bekal.advice.queries import NoSuchGoal, goals, latest_model, package_for, published_model, recommendations_for
from bekal.advice.queries import shelf as shelves
from bekal.advice.queries.interactions import pairs
from bekal.advice.tasks import train
from bekal.catalogue.actions import suspend_training
from bekal.catalogue.models import Schedule, Training
from bekal.citizens.actions import withdraw_consent
from bekal.citizens.models import Citizen
from bekal.scholarships.models import Award
from tests.catalogue.making import curated, schedule
from tests.market.making import award, bought
from tests.partners.making import AT, BY, organisation

pytestmark = [pytest.mark.django_db(transaction=False), pytest.mark.usefixtures("clock_at", "seeded")]


@pytest.fixture(autouse=True)
def fresh_shelf() -> None:
    shelves.forget()


@pytest.fixture
def provider() -> UUID:
    return organisation("provider", "LP-1").id


def offered(provider: UUID, code: str, *, seats: int = 5, regency: str | None = None, **changes: Any) -> Training:
    training = curated(provider, code, **{"skills": ["digital-marketing"], **changes})
    schedule(training, seats=seats, **({"regency_code": regency} if regency else {}))
    return training


def codes(citizen_id: UUID, **asked: Any) -> list[str]:
    return [found.training.code for found in recommendations_for(citizen_id, **asked)]


def interested(citizen_id: UUID, *skills: str) -> None:
    Citizen.objects.filter(id=citizen_id).update(interests=list(skills))


def test_hard_filters_are_never_traded(provider: UUID) -> None:
    person = award(1, amount=1_000_000)
    offered(provider, "OK")
    offered(provider, "DEAR", price=1_000_001)
    full = offered(provider, "FULL", seats=1)
    Schedule.objects.filter(training=full).update(seats_taken=1)
    offered(provider, "FAR", mode="offline", regency="11.01")
    offered(provider, "NEAR", mode="offline", regency="32.73")
    suspend_training(by=BY, at=AT, training_id=offered(provider, "GONE").id, why="keluhan")
    assert sorted(codes(person.citizen_id)) == ["NEAR", "OK"]
    assert codes(person.citizen_id, mode="offline") == ["NEAR"]
    assert codes(person.citizen_id, at=AT + timedelta(days=30)) == []


def test_what_was_bought_is_not_shown_and_counts_at_once(provider: UUID) -> None:
    platform = organisation("platform", "DP-1")
    person = award(1)
    sold = offered(provider, "TR-1")
    offered(provider, "TR-2")
    assert sorted(codes(person.citizen_id)) == ["TR-1", "TR-2"]
    bought(person, Schedule.objects.get(training=sold), platform.id)
    assert codes(person.citizen_id) == ["TR-2"]


def test_interests_lead_and_say_so(provider: UUID) -> None:
    person = award(1)
    interested(person.citizen_id, "bookkeeping")
    offered(provider, "AA")
    offered(provider, "BB", skills=["bookkeeping"])
    first, second = recommendations_for(person.citizen_id)
    assert (first.training.code, first.reason) == ("BB", "advice.reason_fits_skills")
    assert first.facts == {"skills": ["bookkeeping"], "count": 1}
    assert second.reason == "advice.reason_open"
    assert first.training.next_schedule is not None


def test_opting_out_uses_nothing_personal(provider: UUID) -> None:
    person = award(1)
    for number in range(4):
        offered(provider, f"A{number}")
    before = codes(person.citizen_id, opt_out=True)
    interested(person.citizen_id, "digital-marketing")
    assert codes(person.citizen_id, opt_out=True) == before
    reasons = {found.reason for found in recommendations_for(person.citizen_id, opt_out=True)}
    assert reasons == {"advice.reason_open"}


def test_two_of_one_provider_among_the_first(provider: UUID) -> None:
    person = award(1)
    interested(person.citizen_id, "digital-marketing")
    for number in range(4):
        offered(provider, f"A{number}")
    other = organisation("provider", "LP-2").id
    offered(other, "B0", skills=["digital-marketing", "branding", "copywriting"])
    offered(other, "B1", skills=["digital-marketing", "branding", "copywriting"])
    assert codes(person.citizen_id, limit=4)[:2] != codes(person.citizen_id, limit=4)[2:]
    assert {code[0] for code in codes(person.citizen_id, limit=4)[2:]} == {"B"}


def test_without_an_award_the_price_does_not_matter(provider: UUID) -> None:
    from tests.market.making import citizen

    offered(provider, "DEAR", price=9_000_000)
    assert codes(citizen(7)) == ["DEAR"]


def test_nobody_and_nothing(provider: UUID) -> None:
    assert recommendations_for(award(1).citizen_id) == []
    with pytest.raises(Citizen.DoesNotExist):
        recommendations_for(UUID(int=1))


def test_a_model_is_published_and_the_old_one_retired(provider: UUID) -> None:
    offered(provider, "AA")
    first, second = train_model(by=BY, at=AT), train()
    assert (first.kind, second.state) == ("content", ModelState.PUBLISHED)
    assert Model.objects.get(id=first.id).state == ModelState.RETIRED
    published = published_model()
    assert published is not None
    assert published.id == second.id
    assert published.card["because"] == "advice.card_too_little"
    latest = latest_model()
    assert latest is not None
    assert latest.id == second.id


def test_popularity_is_told(provider: UUID) -> None:
    platform = organisation("platform", "DP-1")
    sold = offered(provider, "AA")
    bought(award(1), Schedule.objects.get(training=sold), platform.id)
    train_model(by=BY, at=AT)
    (found,) = recommendations_for(award(2).citizen_id)
    assert (found.reason, found.facts) == ("advice.reason_popular", {"people": 1})


def test_trainings_taken_together_are_told_with_the_reason(provider: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bekal.advice.rules.training.ENOUGH_LEARNERS", 1)
    platform = organisation("platform", "DP-1")
    trainings = [offered(provider, f"T{number}", price=100_000, seats=50) for number in range(3)]
    sold = [Schedule.objects.get(training=training) for training in trainings]
    for number in range(1, 7):
        buyer = award(number)
        for place in (0, 1):
            at = AT + timedelta(minutes=number if place == 0 else 10 + number)
            bought(buyer, sold[place], platform.id, invoice=f"I{number}{place}", at=at)
            Award.objects.filter(id=buyer.id).update(purchase_due_at=AT + timedelta(days=15))
    train_model(by=BY, at=AT)
    person = award(20)
    bought(person, sold[0], platform.id, invoice="I-20")
    first = recommendations_for(person.citizen_id)[0]
    assert (first.training.code, first.reason) == ("T1", "advice.reason_taken_together")
    assert first.facts == {"title": trainings[0].title}


def test_a_new_admission_is_seen_at_once(provider: UUID) -> None:
    person = award(1)
    offered(provider, "AA")
    assert codes(person.citizen_id) == ["AA"]
    offered(provider, "BB")
    assert sorted(codes(person.citizen_id)) == ["AA", "BB"]


def test_a_package_fills_the_goal_within_the_balance(provider: UUID) -> None:
    person = award(1, amount=1_000_000)
    offered(provider, "WIDE", skills=["branding", "copywriting"], price=900_000)
    offered(provider, "ONE", skills=["branding"], price=400_000)
    offered(provider, "TWO", skills=["copywriting", "social-media"], price=600_000)
    offered(provider, "OTHER", skills=["bookkeeping"], price=1)
    package = package_for(person.citizen_id, "marketing")
    assert [card.code for card in package.trainings] == ["ONE", "TWO"]
    assert (package.total_price, package.balance) == (1_000_000, 1_000_000)
    assert package.skills_gained == ("branding", "copywriting", "social-media")
    assert not set(package.skills_missing) & set(package.skills_gained)
    assert set(package.skills_missing) | set(package.skills_gained) == set(goals()["marketing"])


def test_a_goal_nobody_knows(provider: UUID) -> None:
    with pytest.raises(NoSuchGoal):
        package_for(award(1).citizen_id, "astrologi")


def test_a_package_without_an_award_is_empty(provider: UUID) -> None:
    from tests.market.making import citizen

    offered(provider, "AA", price=0)
    assert package_for(citizen(9), "marketing").total_price == 0


def test_few_queries(provider: UUID, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        offered(provider, f"T{number:02}")
    person = award(1)
    interested(person.citizen_id, "digital-marketing")
    recommendations_for(person.citizen_id)
    with django_assert_max_num_queries(4):
        assert len(recommendations_for(person.citizen_id)) == 6


def test_who_takes_back_the_permission_is_not_learnt_from(provider: UUID) -> None:
    platform = organisation("platform", "DP-1")
    sold, buyer = offered(provider, "AA"), award(1)
    bought(buyer, Schedule.objects.get(training=sold), platform.id)
    withdraw_consent(by=BY, at=AT, citizen_id=buyer.citizen_id, purpose="recommendations")
    assert pairs() == []
    train_model(by=BY, at=AT)
    (found,) = recommendations_for(award(2).citizen_id)
    assert found.reason == "advice.reason_open"
