"""What others may read about partner organisations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from bekal.core import vault
from bekal.partners.models import Credential, CredentialState, Organisation, OrganisationState

FRESH_FOR = timedelta(seconds=10)
"""How long another process may go on trusting a credential that was changed here."""


@dataclass(frozen=True, slots=True)
class OrganisationView:
    id: UUID
    kind: str
    code: str
    name: str
    regency_code: str
    state: str
    commission_percent: int | None


@dataclass(frozen=True, slots=True)
class CredentialView:
    """An active credential of an active organisation. `sign_key`: 64 hexadecimal digits, used as text."""

    client_code: str
    organisation_id: UUID
    kind: str
    name: str
    sign_key: str


_names: dict[UUID, str] = {}
_remembered: dict[str, tuple[datetime, CredentialView]] = {}


def organisation_view(organisation_id: UUID) -> OrganisationView:
    """Raises `Organisation.DoesNotExist`."""
    return _view(Organisation.objects.get(pk=organisation_id))


def organisation_views(organisation_ids: Iterable[UUID]) -> Mapping[UUID, OrganisationView]:
    return {found.id: _view(found) for found in Organisation.objects.filter(pk__in=set(organisation_ids))}


def organisation_names(organisation_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Names, remembered by this process: no action changes one. Raises KeyError for an id nobody has."""
    asked = set(organisation_ids)
    unknown = asked - _names.keys()
    if unknown:
        _names.update(Organisation.objects.filter(pk__in=unknown).values_list("id", "name"))
    return {key: _names[key] for key in asked}


def organisation_of_code(code: str) -> OrganisationView | None:
    found = Organisation.objects.filter(code=code).first()
    return _view(found) if found else None


def organisations(kind: str) -> list[OrganisationView]:
    """Every organisation of a kind, by name."""
    return [_view(found) for found in Organisation.objects.filter(kind=kind).order_by("name", "code")]


def payout_account(organisation_id: UUID) -> str | None:
    """The bank account number that settlements are paid to."""
    sealed = Organisation.objects.values_list("bank_account_sealed", flat=True).get(pk=organisation_id)
    return vault.unseal(bytes(sealed), place="partners.bank_account") if sealed else None


def credential_of(client_code: str) -> CredentialView | None:
    """The credential as the database now has it; None when it is unknown, revoked, or its organisation suspended."""
    found = (
        Credential.objects.select_related("organisation")
        .filter(client_code=client_code, state=CredentialState.ACTIVE, organisation__state=OrganisationState.ACTIVE)
        .first()
    )
    if found is None:
        return None
    return CredentialView(
        client_code=client_code,
        organisation_id=found.organisation_id,
        kind=found.organisation.kind,
        name=found.organisation.name,
        sign_key=vault.unseal(bytes(found.sign_key_sealed), place="partners.sign_key"),
    )


def recent_credential(client_code: str, *, at: datetime) -> CredentialView | None:
    """`credential_of`, remembered by this process for FRESH_FOR; forgotten at once when changed here."""
    kept = _remembered.get(client_code)
    if kept is not None and abs(at - kept[0]) <= FRESH_FOR:
        return kept[1]
    _remembered.pop(client_code, None)
    found = credential_of(client_code)
    if found is not None:
        _remembered[client_code] = (at, found)
    return found


def forget_credentials() -> None:
    """Read every credential anew; called when one has changed."""
    _remembered.clear()


def forget_names() -> None:
    """Read names anew; called when an organisation was added."""
    _names.clear()


def kept_answer(request_key: bytes) -> tuple[int, bytes] | None:
    """(HTTP status, body) of a signed request answered before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT status, body FROM partners_keptanswer WHERE request_key = %s", [request_key])
        found = cursor.fetchone()
    return (found[0], bytes(found[1])) if found else None


def _view(found: Organisation) -> OrganisationView:
    return OrganisationView(
        id=found.id,
        kind=found.kind,
        code=found.code,
        name=found.name,
        regency_code=found.regency_code,
        state=found.state,
        commission_percent=found.commission_percent,
    )
