"""Consent for each purpose, with its version and its end."""

from datetime import timedelta

import pytest

from bekal.citizens.actions import ConsentNeeded, give_consents, withdraw_consent
from bekal.citizens.purposes import CONSENT_VERSIONS
from bekal.citizens.queries import consent_history, consents_of, who_allow
from bekal.core.clock import now
from bekal.core.models import Event
from tests.citizens.making import BY, registered_citizen

pytestmark = pytest.mark.django_db


def test_withdrawing_holds_at_once_and_is_remembered() -> None:
    person, other, at = registered_citizen(1).id, registered_citizen(2).id, now() + timedelta(hours=1)
    withdraw_consent(by=BY, at=at, citizen_id=person, purpose="research")
    assert set(consents_of(person)) == {"identity_check", "recommendations"}
    assert who_allow([person, other], "research") == {other}
    assert consent_history(person)["research"].withdrawn_at == at
    withdraw_consent(by=BY, at=at, citizen_id=person, purpose="research")
    assert Event.objects.filter(person_id=person, kind="citizens.consent_withdrawn").count() == 1
    give_consents(by=BY, at=at + timedelta(hours=1), citizen_id=person, purposes=["research"])
    assert consents_of(person)["research"] == at + timedelta(hours=1)
    assert Event.objects.filter(person_id=person, kind="citizens.consent_given").count() == 2


def test_the_check_of_identity_cannot_be_withdrawn() -> None:
    person = registered_citizen().id
    with pytest.raises(ConsentNeeded):
        withdraw_consent(by=BY, at=now(), citizen_id=person, purpose="identity_check")


def test_a_new_text_needs_a_new_word(monkeypatch: pytest.MonkeyPatch) -> None:
    person = registered_citizen().id
    give_consents(by=BY, at=now(), citizen_id=person, purposes=["research"])
    assert consent_history(person)["research"].version == 1
    monkeypatch.setitem(CONSENT_VERSIONS, "research", 2)
    give_consents(by=BY, at=now(), citizen_id=person, purposes=["research"])
    assert consent_history(person)["research"].version == 2
