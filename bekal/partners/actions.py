"""Registering organisations and giving them keys."""

import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from bekal.core import ids, vault
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor, nothing_changed, record
from bekal.core.machine import move
from bekal.ledger.actions import open_accounts
from bekal.ledger.rules import Opening
from bekal.partners import rules
from bekal.partners.models import (
    CREDENTIAL_MOVES,
    ORGANISATION_MOVES,
    Credential,
    CredentialState,
    KeptAnswer,
    Kind,
    Organisation,
    OrganisationState,
)
from bekal.partners.queries import forget_credentials, forget_names
from bekal.rulebooks.regions import REGENCIES

_KEEP = """
    INSERT INTO partners_keptanswer (request_key, status, body, at)
    SELECT %s, %s, %s, %s FROM set_config('synchronous_commit', 'off', true) ON CONFLICT DO NOTHING
"""
_CLIENT_LETTERS = string.ascii_lowercase + string.digits


class OrganisationMalformed(Refused):
    """`field`: kind, code, name, regency_code, bank_account or commission_percent."""

    code = "partners.organisation_malformed"


class OrganisationCodeTaken(Refused):
    code = "partners.code_taken"


class OrganisationSuspended(Refused):
    code = "partners.suspended"


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """Shown once.

    `sign_key` is 64 hexadecimal digits; the partner signs with that text, not with the bytes it spells.
    """

    client_code: str
    sign_key: str


@action
def register_organisation(
    *,
    by: Actor,
    at: datetime,
    kind: str,
    code: str,
    name: str,
    regency_code: str,
    bank_account: str | None = None,
    commission_percent: int | None = None,
) -> Organisation:
    """Take in an organisation and open its ledger accounts. Refusals: OrganisationMalformed, OrganisationCodeTaken."""
    _check_shape(kind, code, name, regency_code, bank_account, commission_percent)
    organisation = Organisation(
        id=ids.fresh("organisation", code),
        kind=kind,
        code=code,
        name=name.strip(),
        regency_code=regency_code,
        bank_account_sealed=vault.seal(bank_account, place="partners.bank_account") if bank_account else None,
        commission_percent=commission_percent,
        registered_at=at,
    )
    if Organisation.objects.filter(code=code).exists():
        raise OrganisationCodeTaken(code=code)
    organisation.save(force_insert=True)
    forget_names()
    record(
        kind="partners.organisation_registered",
        by=by,
        at=at,
        about="organisation",
        key=str(organisation.id),
        data={"kind": kind, "code": code},
    )
    if kind in (Kind.PROVIDER, Kind.PLATFORM):
        owner = str(organisation.id)
        opened = [
            Opening(f"payable:{owner}", "payable", owner=owner, busy=True),
            Opening(f"settled:{owner}", "settled", limit="none", owner=owner),
        ]
        open_accounts(by=by, at=at, accounts=opened)
    return organisation


def _check_shape(
    kind: str, code: str, name: str, regency_code: str, bank_account: str | None, commission_percent: int | None
) -> None:
    faults = {
        "kind": kind not in Kind.values,
        "code": not rules.is_code(code),
        "name": not 2 <= len(name.strip()) <= 120,
        "regency_code": regency_code not in REGENCIES,
        "bank_account": bank_account is not None and not rules.is_account(bank_account),
        "commission_percent": commission_percent is not None
        and (kind != Kind.PLATFORM or not 0 <= commission_percent <= 100),
    }
    for field, wrong in faults.items():
        if wrong:
            raise OrganisationMalformed(field=field)


@action
def issue_credential(*, by: Actor, at: datetime, organisation_id: UUID) -> IssuedCredential:
    """Give an organisation one more key; older ones stay until revoked. Refusal: OrganisationSuspended."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation_id)
    if organisation.state != OrganisationState.ACTIVE:
        raise OrganisationSuspended(name=organisation.name)
    number = str(organisation.credentials.count() + 1)
    client_code = ids.fresh_code(_CLIENT_LETTERS, 16, "client code", organisation.code, number)
    sign_key = ids.fresh_secret("sign key", organisation.code, number).hex()
    Credential.objects.create(
        client_code=client_code,
        organisation=organisation,
        sign_key_sealed=vault.seal(sign_key, place="partners.sign_key"),
        issued_at=at,
    )
    record(
        kind="partners.credential_issued",
        by=by,
        at=at,
        about="organisation",
        key=str(organisation.id),
        data={"client_code": client_code},
    )
    return IssuedCredential(client_code, sign_key)


@action
def revoke_credential(*, by: Actor, at: datetime, client_code: str, why: str) -> Credential:
    """End a key for good; again is no change."""
    credential = Credential.objects.select_for_update().get(pk=client_code)
    if credential.state == CredentialState.REVOKED:
        nothing_changed()
        return credential
    move(credential, CredentialState.REVOKED, moves=CREDENTIAL_MOVES, revoked_at=at)
    record(
        kind="partners.credential_revoked",
        by=by,
        at=at,
        about="organisation",
        key=str(credential.organisation_id),
        why=why,
        data={"client_code": client_code},
    )
    transaction.on_commit(forget_credentials)
    return credential


@action
def suspend_organisation(*, by: Actor, at: datetime, organisation_id: UUID, why: str) -> Organisation:
    """Stop an organisation's calls at once; again is no change."""
    return _turn(by, at, organisation_id, OrganisationState.SUSPENDED, why)


@action
def reinstate_organisation(*, by: Actor, at: datetime, organisation_id: UUID, why: str) -> Organisation:
    """Let a suspended organisation call again; again is no change."""
    return _turn(by, at, organisation_id, OrganisationState.ACTIVE, why)


def _turn(by: Actor, at: datetime, organisation_id: UUID, state: OrganisationState, why: str) -> Organisation:
    organisation = Organisation.objects.select_for_update().get(pk=organisation_id)
    if organisation.state == state:
        nothing_changed()
        return organisation
    move(organisation, state, moves=ORGANISATION_MOVES)
    record(
        kind=f"partners.organisation_{'suspended' if state == OrganisationState.SUSPENDED else 'reinstated'}",
        by=by,
        at=at,
        about="organisation",
        key=str(organisation.id),
        why=why,
    )
    transaction.on_commit(forget_credentials)
    return organisation


def keep_answer(*, at: datetime, request_key: bytes, status: int, body: bytes) -> None:
    """Keep the answer of a signed request; the first one kept stays.

    Losing one in a crash costs nothing (the actions behind are idempotent), so it does not wait for the disk. It
    changes no state of the programme, hence no event.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [request_key, status, body, at])


def forget_answers(*, at: datetime, older_than: timedelta) -> int:
    """Drop answers that no request inside the clock window can ask for again; returns how many."""
    return KeptAnswer.objects.filter(at__lt=at - older_than).delete()[0]
