"""Keeping facts and deciding, on the database."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bekal.citizens import tasks as citizen_tasks
from bekal.citizens.models import Citizen, State
from bekal.core.clock import now
from bekal.core.models import Event
from bekal.eligibility import actions, queries, tasks
from bekal.eligibility.models import Fact, Verdict
from bekal.rulebooks.models import RuleBook
from tests.citizens.making import BY, Registry, answered, registered_citizen
from tests.eligibility.making import eligible_citizen, settled
from tests.rulebooks.making import loaded_programme

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_august(clock_at: Callable[[datetime], None]) -> None:
    clock_at(datetime(2023, 8, 20, 3, 0, tzinfo=UTC))


@pytest.fixture
def book() -> RuleBook:
    return loaded_programme()


def test_one_action_keeps_identity_registers_and_verdict(book: RuleBook) -> None:
    citizen = registered_citizen()
    view = settled(citizen.id, book.id, "match", "police", "social_aid")
    assert [result.rule for result in view.refusals] == ["register:police"]
    assert Citizen.objects.get().state == State.VERIFIED
    assert set(Fact.objects.values_list("kind", flat=True)) == {"police", "social_aid"}
    assert queries.verdict_of(citizen.id, book.id) == view
    kinds = Event.objects.filter(person_id=citizen.id).order_by("id").values_list("kind", flat=True)
    assert list(kinds)[2:] == [
        "citizens.identity_checked", "eligibility.facts_recorded", "eligibility.facts_recorded", "eligibility.decided",
    ]  # fmt: skip


def test_a_failure_in_the_middle_leaves_nothing(book: RuleBook, monkeypatch: pytest.MonkeyPatch) -> None:
    citizen = registered_citizen()
    monkeypatch.setattr("bekal.eligibility.actions.decisions.decision", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        settled(citizen.id, book.id, "match", "police")
    assert Citizen.objects.get().state == State.REGISTERED
    assert not Fact.objects.exists()


def test_a_verdict_is_renewed_when_a_register_changes(book: RuleBook) -> None:
    citizen = registered_citizen()
    first = settled(citizen.id, book.id, "match", "pupil")
    second = settled(citizen.id, book.id, "match")
    assert (first.eligible, second.eligible) == (False, True)
    fact = Fact.objects.get(kind="pupil")
    assert fact.standing == "ended"
    assert settled(citizen.id, book.id, "match", "pupil").eligible is False
    assert Verdict.objects.count() == 1
    decided = list(Event.objects.filter(kind="eligibility.decided").order_by("id"))
    assert [event.data for event in decided] == [{"refused": 1}, {"eligible": 1}, {"refused": 1}]
    before = [line.data["outcome"] for event in decided for line in event.lines.all()]
    assert before == ["refused", "eligible"]


def test_an_answer_about_nobody_touches_no_register(book: RuleBook) -> None:
    citizen = registered_citizen()
    settled(citizen.id, book.id, "match", "pupil")
    view = settled(citizen.id, book.id, "not_found")
    assert Fact.objects.get().standing == "stands"
    assert [result.rule for result in view.refusals] == ["register:pupil"]


def test_a_mismatched_person_is_told_so(book: RuleBook) -> None:
    view = settled(registered_citizen().id, book.id, "mismatch")
    assert [result.reason for result in view.refusals] == ["eligibility.identity_mismatched"]


def test_facts_told_by_other_rooms_stay(book: RuleBook) -> None:
    citizen = eligible_citizen(book.id)
    told: dict[str, Any] = {
        "kind": "prior_recipient", "citizen_id": citizen.id, "source": "award", "as_of": date(2023, 8, 20),
    }  # fmt: skip
    actions.record_fact(by=BY, at=now(), **told)
    actions.record_fact(by=BY, at=now(), **told)
    assert Event.objects.filter(kind="eligibility.facts_recorded").count() == 1
    view = settled(citizen.id, book.id, "match")
    assert [(result.rule, result.source) for result in view.refusals] == [("prior_recipient", "programme")]
    later = told | {"as_of": date(2023, 8, 21)}
    actions.record_fact(by=BY, at=now(), **later)
    assert Fact.objects.get(kind="prior_recipient").as_of == date(2023, 8, 21)


def test_a_whole_list_is_kept_at_once(book: RuleBook) -> None:
    people = [registered_citizen(number) for number in (1, 2)]
    told: dict[str, Any] = {"kind": "prior_recipient", "source": "award", "as_of": date(2023, 8, 20)}
    actions.record_facts(by=BY, at=now(), citizen_ids=[person.id for person in people], **told)
    actions.record_facts(by=BY, at=now(), citizen_ids=[], **told)
    assert [settled(person.id, book.id).refusals[0].rule for person in people] == ["prior_recipient"] * 2
    assert Event.objects.get(kind="eligibility.facts_recorded").data["people"] == 2


def test_each_step_is_an_action_of_its_own(book: RuleBook) -> None:
    citizen = registered_citizen()
    actions.record_registers(by=BY, at=now(), citizen_id=citizen.id, answer=answered("match", "police"))
    view = actions.decide_eligibility(by=BY, at=now(), citizen_id=citizen.id, rulebook_id=book.id)
    assert [result.rule for result in view.refusals] == ["register:police"]
    assert [result.rule for result in view.waits] == ["identity_verified"]
    actions.record_registers(by=BY, at=now(), citizen_id=citizen.id, answer=answered("match", "police"))
    assert Event.objects.filter(kind="eligibility.facts_recorded").count() == 1


def test_an_older_answer_takes_no_fact_away(book: RuleBook) -> None:
    citizen = registered_citizen()
    actions.record_registers(by=BY, at=now(), citizen_id=citizen.id, answer=answered("match", "police"))
    older = answered("match", as_of=now().date() - timedelta(days=30))
    actions.record_registers(by=BY, at=now(), citizen_id=citizen.id, answer=older)
    assert Fact.objects.get().standing == "stands"


def test_the_first_verdict_freezes_the_version(book: RuleBook) -> None:
    eligible_citizen(book.id, 1)
    eligible_citizen(book.id, 2)
    assert RuleBook.objects.get(id=book.id).state == "used"
    assert Event.objects.filter(kind="rulebooks.version_frozen").count() == 1


def test_no_verdict_before_a_decision(book: RuleBook) -> None:
    assert queries.verdict_of(registered_citizen().id, book.id) is None


def test_the_database_holds_one_verdict_a_version(book: RuleBook) -> None:
    verdict = Verdict.objects.get(citizen_id=eligible_citizen(book.id).id)
    with pytest.raises(IntegrityError), transaction.atomic():
        verdict.save(force_insert=True)


def test_priority_groups(book: RuleBook) -> None:
    citizen = eligible_citizen(book.id, disability="visual")
    assert queries.decided(book.id, [citizen.id])[citizen.id] == queries.Decided(
        "eligible", (), citizen.regency_code, "disability"
    )


def test_verify_and_decide(book: RuleBook, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(answered("match"), ConnectionError("down"))
    monkeypatch.setattr(citizen_tasks, "open_port", lambda name: registry)
    first, second = registered_citizen(1), registered_citizen(2)
    assert tasks.verify_and_decide(first.id, book.id).eligible
    with pytest.raises(ConnectionError):
        tasks.verify_and_decide(second.id, book.id)
    assert queries.verdict_of(second.id, book.id) is None
    assert Citizen.objects.get(id=second.id).state == State.REGISTERED


def test_deciding_takes_few_queries(book: RuleBook, django_assert_max_num_queries: Callable[[int], Any]) -> None:
    eligible_citizen(book.id, 1)
    citizen = registered_citizen(2)
    with django_assert_max_num_queries(12):
        settled(citizen.id, book.id)


def test_rows_name_themselves(book: RuleBook) -> None:
    citizen = registered_citizen()
    settled(citizen.id, book.id, "match", "police")
    assert str(Fact.objects.get()) == "police as of 2023-08-20"
    assert str(Verdict.objects.get()).endswith("refused")
