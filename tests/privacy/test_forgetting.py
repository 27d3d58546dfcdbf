"""A forgotten person leaves books that balance, a draw that verifies, and no name anywhere."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model

from bekal.citizens.models import Citizen, Forgotten
from bekal.citizens.rules import NIK
from bekal.core import clock, marks
from bekal.core.fields import SealedField
from bekal.eligibility.actions import decide_eligibility, record_facts
from bekal.eligibility.queries import verdict_of
from bekal.evaluation.queries import effect_estimates
from bekal.incentives.actions import reject_pay_run
from bekal.incentives.models import PayRun
from bekal.ledger.queries import imbalance
from bekal.notices.tasks import send_due
from bekal.openbook.queries import by_region, funnel, public_documents
from bekal.privacy.actions import NotYet, forget_citizen
from bekal.privacy.queries import export_parts, holds_of
from bekal.privacy.rules import SECTIONS
from bekal.scholarships.models import Award
from bekal.waves.models import Application, Draw
from bekal.waves.queries import result_of
from tests.citizens.making import BY, numbers_of, registered_citizen, registration
from tests.doors.making import World, world

OWN = {
    "citizens": "citizens_citizen", "consents": "citizens_consent", "phone_changes": "citizens_phone_change",
    "recoveries": "citizens_recovery_case", "face_checks": "citizens_facecheck", "face_tries": "citizens_facetry",
    "face_photos": "citizens_facephoto", "verdicts": "eligibility_verdict", "reviews": "eligibility_review",
    "joinings": "waves_joining", "applications": "waves_application", "awards": "scholarships_award",
    "ratings": "catalogue_rating", "purchases": "market_purchase", "enrolments": "learning_enrolment",
    "certificates": "learning_certificate", "survey_answers": "surveys_answer",
    "payee_accounts": "incentives_payee_account", "payment_orders": "incentives_payment_order",
    "graduates": "careers_graduate", "job_matches": "careers_match", "outcome_answers": "evaluation_outcomeanswer",
}  # fmt: skip
"""Name in the copy -> table, for every table with a column citizen_id."""
NOT_HANDED_OUT = {"citizens_holding", "citizens_forgotten"}


@pytest.fixture
def small(db: None, seeded: None, clock_at: Callable[[datetime], None]) -> World:
    return world()


def over(person: UUID) -> None:
    """Nothing is open any more: the pay run is dropped, the award has ended."""
    for run in PayRun.objects.filter(state="planned"):
        reject_pay_run(by=BY, at=clock.now(), pay_run_id=run.id, why="tes")
    Award.objects.filter(citizen_id=person).update(state="closed", ended_at=clock.now(), purchase_due_at=None)


def forget(person: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    over(person)
    monkeypatch.setattr("bekal.privacy.queries.incentives.entitlements_of", lambda key, at: [])
    forget_citizen(by=BY, at=clock.now(), citizen_id=person)


def stored() -> str:
    """Every column of every row of every table, as text; bytes as hexadecimal and, where readable, as they are."""
    found = []
    with connection.cursor() as cursor:
        for model in tables():
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{model._meta.db_table}" t')
            found += [row[0] for row in cursor.fetchall()]
    found += [json.dumps(session.get_decoded()) for session in Session.objects.all()]
    return "\n".join(found)


def tables() -> list[type[Model]]:
    return [model for model in apps.get_models() if model._meta.managed]


class Silent:
    def send(self, **message: Any) -> None: ...


def test_no_table_knows_the_person_any_more(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = small.graduate
    numbers, name = numbers_of(person), Citizen.objects.get(id=person).name
    sealed = [bytes(getattr(Citizen.objects.get(id=person), column)).hex() for column in ("nik_sealed", "phone_sealed")]
    others = Citizen.objects.exclude(id=person).filter(name=name)
    others.update(name="Orang Lain")
    forget(person, monkeypatch)
    monkeypatch.setattr("bekal.notices.tasks.open_port", lambda port: Silent())
    send_due()
    everything = stored()
    for word in (
        numbers["nik"],
        numbers["family_card"],
        numbers["phone"],
        numbers["phone"].removeprefix("+62"),
        *sealed,
    ):
        assert word not in everything
    certificates = [line for line in everything.splitlines() if str(person) in line]
    assert not any(name in line for line in certificates)
    assert not any(leftover(model, person) for model in tables())


def leftover(model: type[Model], person: UUID) -> bool:
    """Whether a sealed value of this person is left in a table."""
    columns = [field.name for field in model._meta.get_fields() if isinstance(field, SealedField)]
    if "citizen_id" not in {field.name for field in model._meta.get_fields()}:
        return False
    rows = model._default_manager.filter(citizen_id=person)
    return any(bytes(value) for row in rows.values_list(*columns) for value in row) if columns else False


def test_books_balance_and_the_draw_stands(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Draw.objects.get()
    before = (bytes(draw.result or b""), draw.commitment, draw.bundle)
    regions, applications = by_region("regency"), Application.objects.count()
    number = draw.wave.number
    registered = funnel(number)[0].people
    forget(small.graduate, monkeypatch)
    draw.refresh_from_db()
    assert (bytes(draw.result or b""), draw.commitment, draw.bundle) == before
    assert result_of(number) is not None
    assert imbalance() == 0
    assert Application.objects.count() == applications
    assert [line.registered for line in by_region("regency")] == [line.registered for line in regions]
    assert funnel(number)[0].people == registered
    assert public_documents()
    assert effect_estimates(draw.wave_id) == []
    assert str(Forgotten.objects.get()) == str(small.graduate)


def test_once_in_a_lifetime_outlives_the_person(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = small.graduate
    numbers, book = numbers_of(person), Award.objects.get(citizen_id=person).rulebook_id
    forget(person, monkeypatch)
    clock.freeze(clock.now() + timedelta(days=1))
    again = registered_citizen(4_000, nik=numbers["nik"], **born(numbers["nik"]))
    assert again.id != person
    verdict = decide_eligibility(by=BY, at=clock.now(), citizen_id=again.id, rulebook_id=book)
    assert verdict is not None
    found = verdict_of(again.id, book)
    assert found
    assert [result.rule for result in found.refusals] == ["prior_recipient"]


def born(nik: str) -> dict[str, Any]:
    from bekal.citizens.rules import NikReading, read_nik

    reading = read_nik(nik, clock.now().date())
    assert isinstance(reading, NikReading)
    return {"birth_date": reading.birth_date, "sex": reading.sex}


def test_who_never_received_leaves_no_mark(db: None, seeded: None, clock_at: Callable[[datetime], None]) -> None:
    citizen = registered_citizen(9)
    nik = numbers_of(citizen.id)["nik"]
    forget_citizen(by=BY, at=clock.now(), citizen_id=citizen.id)
    assert marks.find([(NIK, nik)]) == {}
    clock.freeze(clock.now() + timedelta(hours=1))
    assert registered_citizen(9).id != citizen.id


def test_an_agencys_list_is_not_washed_off(db: None, seeded: None, clock_at: Callable[[datetime], None]) -> None:
    citizen = registered_citizen(9)
    at = clock.now()
    record_facts(by=BY, at=at, kind="police", citizen_ids=[citizen.id], source="polri", as_of=at.date())
    record_facts(by=BY, at=at, kind="pupil", citizen_ids=[citizen.id], source="civil_registry", as_of=at.date())
    nik = numbers_of(citizen.id)["nik"]
    forget_citizen(by=BY, at=at, citizen_id=citizen.id)
    clock.freeze(at + timedelta(hours=1))
    again = registered_citizen(9)
    assert again.nik_ref == citizen.nik_ref
    assert marks.find([(NIK, nik)])
    (kept,) = [fact["kind"] for name, part in export_parts(again.id) if name == "eligibility" for fact in part["facts"]]
    assert kept == "police"


@pytest.mark.parametrize("who", ["graduate", "learner", "winner", "waiting"])
def test_nobody_goes_while_something_is_open(small: World, who: str) -> None:
    person = getattr(small, who)
    holds = {one.code for one in holds_of(person, clock.now())}
    assert holds & {"award", "wave", "payment"}
    with pytest.raises(NotYet):
        forget_citizen(by=BY, at=clock.now(), citizen_id=person)
    assert Citizen.objects.filter(id=person).exists()


def test_the_copy_has_every_table_that_knows_the_person(small: World) -> None:
    parts = dict(export_parts(small.graduate))
    assert tuple(parts) == SECTIONS
    named: set[str] = set()
    for part in parts.values():
        named |= set(part) if isinstance(part, dict) else set()
    named |= {"consents"}
    knowing = {
        model._meta.db_table for model in tables() if "citizen_id" in {field.name for field in model._meta.get_fields()}
    } | {"citizens_citizen"}
    assert knowing - NOT_HANDED_OUT == {OWN[name] for name in OWN}
    assert set(OWN) <= named
    assert parts["market"]["purchases"]
    assert parts["learning"]["certificates"]
    assert parts["automatic_decisions"]
    assert parts["waves"]["receipts"]
    assert any(parts["money"].values())
    assert json.dumps(parts, default=str)
    assert registration().nik not in json.dumps(parts, default=str)
