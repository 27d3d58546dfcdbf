"""Organisations and their keys."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bekal.ledger.queries import balances
from bekal.partners.actions import (
    OrganisationCodeTaken,
    OrganisationMalformed,
    OrganisationSuspended,
    issue_credential,
    keep_answer,
    register_organisation,
    reinstate_organisation,
    revoke_credential,
    suspend_organisation,
)
from bekal.partners.models import Credential, Organisation
from bekal.partners.queries import (
    FRESH_FOR,
    credential_of,
    forget_credentials,
    kept_answer,
    organisation_of_code,
    organisation_view,
    organisation_views,
    organisations,
    payout_account,
    recent_credential,
)
from bekal.partners.rules import commission_of, is_account, is_code
from bekal.partners.tasks import KEPT_FOR, forget_due_answers
from tests.moments import at_time
from tests.partners.making import AT, BY, credential, organisation

pytestmark = pytest.mark.django_db


def test_an_organisation_has_its_accounts_and_a_sealed_bank_account() -> None:
    made = organisation()
    assert set(balances([f"payable:{made.id}", f"settled:{made.id}"])) == {f"payable:{made.id}", f"settled:{made.id}"}
    assert payout_account(made.id) == "1234567890"
    assert b"1234567890" not in bytes(Organisation.objects.get().bank_account_sealed or b"")


def test_portals_have_no_money() -> None:
    made = organisation("portal", "JP-1")
    assert balances([f"payable:{made.id}"]) == {}


def test_organisations_are_found() -> None:
    made, other = organisation(), organisation("platform", "DP-1", commission_percent=10)
    assert organisation_view(made.id).name == "Organisasi LP-1"
    assert organisation_of_code("DP-1") == organisation_view(other.id)
    assert organisation_of_code("XX") is None
    assert [found.id for found in organisations("platform")] == [other.id]
    assert set(organisation_views([made.id, other.id])) == {made.id, other.id}


def test_a_code_is_taken_once() -> None:
    organisation()
    with pytest.raises(OrganisationCodeTaken):
        organisation()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "bank"),
        ("code", "lp 1"),
        ("name", " "),
        ("regency_code", "99.99"),
        ("bank_account", "12 34"),
        ("commission_percent", 101),
    ],
)
def test_malformed_data_is_refused_by_field(field: str, value: Any) -> None:
    data = {"kind": "platform", "code": "DP-1", "name": "Toko", "regency_code": "32.73", field: value}
    with pytest.raises(OrganisationMalformed) as refusal:
        register_organisation(by=BY, at=AT, **data)
    assert refusal.value.facts == {"field": field}


def test_providers_take_no_commission() -> None:
    with pytest.raises(OrganisationMalformed):
        organisation(commission_percent=5)
    made = organisation()
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.filter(pk=made.pk).update(commission_percent=5)


def test_keys_rotate_without_a_gap_and_end_when_revoked() -> None:
    made = organisation()
    first, second = credential(made), credential(made)
    assert first.client_code != second.client_code
    found = credential_of(first.client_code)
    assert found is not None
    assert (found.sign_key, found.kind, found.organisation_id) == (first.sign_key, "provider", made.id)
    assert first.sign_key.encode() not in bytes(Credential.objects.get(pk=first.client_code).sign_key_sealed)
    for _ in range(2):
        revoke_credential(by=BY, at=AT, client_code=first.client_code, why="rotated")
    assert credential_of(first.client_code) is None
    assert credential_of(second.client_code) is not None


def test_a_suspended_organisation_cannot_call_or_get_keys() -> None:
    made = organisation()
    key = credential(made)
    for _ in range(2):
        suspend_organisation(by=BY, at=AT, organisation_id=made.id, why="audit")
    assert credential_of(key.client_code) is None
    with pytest.raises(OrganisationSuspended):
        issue_credential(by=BY, at=AT, organisation_id=made.id)
    reinstate_organisation(by=BY, at=AT, organisation_id=made.id, why="audit closed")
    assert credential_of(key.client_code) is not None


def test_remembered_keys_are_forgotten_on_change(django_capture_on_commit_callbacks: Any) -> None:
    forget_credentials()
    key = credential(organisation())
    assert recent_credential(key.client_code, at=AT) is not None
    with django_capture_on_commit_callbacks(execute=True):
        revoke_credential(by=BY, at=AT, client_code=key.client_code, why="lost")
    assert recent_credential(key.client_code, at=AT) is None


def test_remembered_keys_are_read_anew_after_a_while() -> None:
    forget_credentials()
    key = credential(organisation())
    recent_credential(key.client_code, at=AT)
    Credential.objects.filter(pk=key.client_code).update(state="revoked", revoked_at=AT)
    assert recent_credential(key.client_code, at=AT + FRESH_FOR) is not None
    assert recent_credential(key.client_code, at=AT + FRESH_FOR + timedelta(seconds=1)) is None


def test_the_first_answer_kept_stays_until_nobody_can_ask() -> None:
    keep_answer(at=AT, request_key=b"k" * 32, status=200, body=b"one")
    keep_answer(at=AT, request_key=b"k" * 32, status=400, body=b"two")
    assert kept_answer(b"k" * 32) == (200, b"one")
    assert at_time(AT + KEPT_FOR, forget_due_answers) == 0
    assert at_time(AT + KEPT_FOR + timedelta(seconds=1), forget_due_answers) == 1
    assert kept_answer(b"k" * 32) is None


def test_commissions_never_exceed_the_cap() -> None:
    assert commission_of(1_000_000, agreed_percent=None, cap_percent=15) == 150_000
    assert commission_of(1_000_000, agreed_percent=10, cap_percent=15) == 100_000
    assert commission_of(999, agreed_percent=40, cap_percent=15) == 149
    assert commission_of(0, agreed_percent=None, cap_percent=15) == 0


def test_shapes() -> None:
    assert is_code("LP-0001")
    assert not is_code("-LP")
    assert is_account("1234567890")
    assert not is_account("12345")
