"""Passkeys: added, used, removed. The ceremony itself is judged by `access.webauthn`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from bekal.access import rules, webauthn
from bekal.access.actions.sign_ins import person_of
from bekal.access.models import Passkey
from bekal.access.queries import principal_key
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.notices.actions import queue_notice


class PasskeyLate(Refused):
    """No challenge is open: it was used, is older than five minutes, or belonged to another page."""

    code = "access.passkey_late"


class PasskeyUnfit(Refused):
    """The browser's answer does not hold: other site, other challenge, wrong signature, nobody verified, unreadable."""

    code = "access.passkey_unfit"


class PasskeyUnknown(Refused):
    code = "access.passkey_unknown"


class PasskeyTaken(Refused):
    code = "access.passkey_taken"


class PasskeyCopied(Refused):
    """Its counter went back: somebody may hold a copy (WebAuthn level 2, §6.1.1)."""

    code = "access.passkey_copied"


class TooManyPasskeys(Refused):
    code = "access.too_many_passkeys"


@dataclass(frozen=True, slots=True)
class Challenge:
    """32 bytes that one answer must sign, and when they were made."""

    value: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """Where and in which language a person is told about their keys."""

    phone: str
    language: str


@action
def register_passkey(
    *, by: Actor, at: datetime, challenge: Challenge | None, answer: str, name: str, told: Told
) -> Passkey:
    """Add a passkey of `by` from the browser's answer (RegistrationResponseJSON) and tell the owner by message."""
    open_challenge = _open(challenge, at)
    try:
        fresh = webauthn.read_registration(settings.SITE_URL, open_challenge, answer)
    except webauthn.Unfit:
        raise PasskeyUnfit from None
    if Passkey.objects.filter(principal=principal_key(by)).count() >= rules.PASSKEYS_AT_MOST:
        raise TooManyPasskeys(most=rules.PASSKEYS_AT_MOST)
    key, added = Passkey.objects.get_or_create(
        credential_id=fresh.credential_id,
        defaults={
            "principal": principal_key(by), "public_key": fresh.public_key, "sign_count": fresh.sign_count,
            "transports": list(fresh.transports), "name": name, "created_at": at,
        },
    )  # fmt: skip
    if not added:
        raise PasskeyTaken
    _tell("access.passkey_added", by, at, key, told)
    return key


def use_passkey(*, by: Actor, at: datetime, challenge: Challenge | None, answer: str) -> Actor:
    """Who signs in with the browser's answer (AuthenticationResponseJSON). A refused known key leaves its event."""
    said = _try_passkey(by=by, at=at, challenge=challenge, answer=answer)
    if isinstance(said, Refused):
        raise said
    return said


@action
def _try_passkey(*, by: Actor, at: datetime, challenge: Challenge | None, answer: str) -> Actor | Refused:
    open_challenge = _open(challenge, at)
    try:
        credential_id = webauthn.answering(answer)
    except webauthn.Unfit:
        raise PasskeyUnfit from None
    row = Passkey.objects.select_for_update(of=("self",)).filter(credential_id=credential_id).first()
    if row is None:
        raise PasskeyUnknown
    owner = Actor(*row.principal.split(":", 1))
    refusal, count = _judge(row, open_challenge, answer)
    events.record(
        kind="access.passkey_refused" if refusal else "access.passkey_used", by=by if refusal else owner, at=at,
        about=owner.kind, key=owner.key, person=person_of(owner), why=refusal.code if refusal else "",
        data={"counter": count, "counter_before": row.sign_count},
    )  # fmt: skip
    if refusal:
        return refusal
    Passkey.objects.filter(pk=row.pk).update(sign_count=count, last_used_at=at)
    return owner


def _judge(row: Passkey, challenge: bytes, answer: str) -> tuple[Refused | None, int]:
    """(why not, the counter given)."""
    try:
        count = webauthn.read_assertion(
            settings.SITE_URL, challenge, answer, bytes(row.credential_id), bytes(row.public_key), row.principal
        )
    except webauthn.Unfit:
        return PasskeyUnfit(), 0
    return (PasskeyCopied() if rules.counter_went_back(row.sign_count, count) else None), count


@action
def remove_passkey(*, by: Actor, at: datetime, credential_id: bytes, told: Told) -> None:
    """Take back one's own passkey. Asked again, or for a key of somebody else, nothing changes."""
    row = Passkey.objects.filter(credential_id=credential_id, principal=principal_key(by)).first()
    if row is None:
        events.nothing_changed()
        return
    Passkey.objects.filter(pk=row.pk).delete()
    _tell("access.passkey_removed", by, at, row, told)


def _tell(kind: str, by: Actor, at: datetime, key: Passkey, told: Told) -> None:
    events.record(kind=kind, by=by, at=at, about=by.kind, key=by.key, person=person_of(by))
    queue_notice(
        by=by, at=at, to=told.phone, template=f"{kind}_message", language=told.language, facts={},
        reference=f"{kind}:{webauthn.to_web(bytes(key.credential_id))[:40]}:{at.isoformat()}",
    )  # fmt: skip


def _open(challenge: Challenge | None, at: datetime) -> bytes:
    if challenge is None or not timedelta() <= at - challenge.made_at <= timedelta(minutes=rules.PASSKEY_MINUTES):
        raise PasskeyLate(minutes=rules.PASSKEY_MINUTES)
    return challenge.value
