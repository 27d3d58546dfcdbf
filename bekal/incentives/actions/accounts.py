"""Linking and closing the account that a citizen is paid on."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from bekal.citizens.actions import Word, tell_citizens
from bekal.citizens.queries import citizen_view
from bekal.citizens.readings import read_contacts
from bekal.citizens.rules import LANGUAGES, read_phone
from bekal.core import events, ids, marks, vault
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.core.texts import text
from bekal.incentives.actions.holding import hold_order
from bekal.incentives.models import PAYEE_MOVES, Channel, OrderState, PayeeAccount, PayeeState, PaymentOrder
from bekal.incentives.ports import Holder
from bekal.incentives.readings import wallet_number
from bekal.incentives.rules import COOLING, HOLDER_PLACE, PLACE, Held, account_faults, masked
from bekal.notices.actions import Message, queue_notices
from bekal.rulebooks.rules import day_in_words

Columns = dict[str, Any]

ACCOUNT = re.compile(r"\d{6,34}")


class AccountMalformed(Refused):
    code = "incentives.account_malformed"


class AccountTaken(Refused):
    code = "incentives.account_taken"


class ChangeNeedsCode(Refused):
    """Another account than the one known needs a one-time code bound to the change."""

    code = "incentives.change_needs_code"


class NoAccount(Refused):
    code = "incentives.no_account"


class PayerSilent(Refused):
    code = "incentives.payer_silent"


class FaceNotMatched(Refused):
    """The payer opens an account from afar only for somebody whose face was matched."""

    code = "incentives.face_not_matched"


class OpeningRefused(Refused):
    """The payer opens no account; `reason` is the key of its text."""

    code = "incentives.opening_refused"

    def __init__(self, reason: str) -> None:
        self.reason = f"incentives.opening_{reason or 'refused'}"
        super().__init__()


class AccountRefused(Refused):
    """Raised with every reason at once; each reason is the key of its text."""

    code = "incentives.account_refused"

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__(count=len(reasons))


def account_number(written: str) -> str:
    """The digits of an account or telephone number as people write it. Raises AccountMalformed."""
    digits = re.sub(r"[\s.+\-]", "", written)
    if not ACCOUNT.fullmatch(digits):
        raise AccountMalformed()
    return digits


@action
def link_account(
    *, by: Actor, at: datetime, citizen_id: UUID, channel: str, account: str, holder: Holder, expected: int = 0,
    confirmed: bool = False,
) -> PayeeAccount:  # fmt: skip
    """Link the account that the payer says `holder` holds; the one linked before makes way.

    `expected`: whole rupiah of the largest payment to come. One account serves one person. Asked again for the
    account that is linked, nothing changes. Another account than before must be `confirmed` by a code bound to the
    change; money waits a day before it goes there, and the person is told. Raises AccountMalformed, AccountTaken,
    AccountRefused (with its reasons), ChangeNeedsCode.
    """
    number = account_number(account)
    reasons = account_faults(
        Held(holder.name, holder.active, holder.reason, holder.nik_matches, holder.room),
        registered=citizen_view(citizen_id).name,
        expected=expected,
    )
    if reasons:
        raise AccountRefused(reasons)
    row = PayeeAccount.objects.select_for_update().filter(citizen_id=citizen_id).first()
    ref = account_refs([(channel, number)])[0]
    if row is not None and row.state == PayeeState.LINKED and row.account_ref == ref:
        PayeeAccount.objects.filter(pk=row.pk).update(checked_at=at)
        events.nothing_changed()
        return row
    changed = row is not None and row.account_ref != ref
    if changed and not confirmed:
        raise ChangeNeedsCode()
    pays_from = at + COOLING if changed else max(at, row.pays_from) if row else at
    before = _wallet_number(row)
    columns = _columns(channel, number, ref, holder) | {"pays_from": pays_from, "checked_at": at}
    kept = _keep(row, citizen_id, at, columns)
    if changed:
        _tell_of_change(by=by, at=at, row=kept, wallets=[before, _wallet_number(kept)])
    events.record(
        kind="incentives.account_linked", by=by, at=at, about="payee_account", key=str(kept.id), person=citizen_id,
        data={"channel": channel, "changed": changed},
    )  # fmt: skip
    return kept


@action
def close_account(*, by: Actor, at: datetime, citizen_id: UUID, why: str) -> PayeeAccount:
    """Close a citizen's account: nothing more is planned to it. Raises NoAccount."""
    row = PayeeAccount.objects.select_for_update().filter(citizen_id=citizen_id).first()
    if row is None:
        raise NoAccount()
    if row.state == PayeeState.CLOSED:
        events.nothing_changed()
        return row
    move(row, PayeeState.CLOSED, moves=PAYEE_MOVES, ended_at=at)
    events.record(
        kind="incentives.account_closed", by=by, at=at, about="payee_account", key=str(row.id), person=citizen_id,
        why=why,
    )  # fmt: skip
    return row


@action
def note_checked_account(
    *, by: Actor, at: datetime, citizen_id: UUID, holder: Holder, expected: int
) -> tuple[str, ...]:
    """Keep what a payer says of a linked account before money goes there: open and the citizen's own, with room for
    `expected` rupiah, or else every order that waits for it is held, and the person told. The reasons, as text keys."""
    row = PayeeAccount.objects.select_for_update().get(citizen_id=citizen_id)
    reasons = account_faults(
        Held(holder.name, holder.active, holder.reason, holder.nik_matches, holder.room),
        registered=citizen_view(citizen_id).name, expected=expected,
    )  # fmt: skip
    PayeeAccount.objects.filter(pk=row.pk).update(checked_at=at)
    waiting = PaymentOrder.objects.filter(account_ref=row.account_ref, state=OrderState.APPROVED, sendings=0).order_by(
        "reference"
    )
    for reference in list(waiting.values_list("reference", flat=True)) if reasons else ():
        hold_order(by=by, at=at, reference=reference, why=reasons[0])
    if reasons:
        facts = {f"reason_{language}": text(reasons[0], language) for language in LANGUAGES}
        word = Word(citizen_id, f"payee_held:{row.id}:{at.isoformat()}", facts)
        tell_citizens(by=by, at=at, template="incentives.notice_account_held", words=[word])
    events.record(
        kind="incentives.account_checked", by=by, at=at, about="payee_account", key=str(row.id), person=citizen_id,
        data={"reasons": list(reasons)},
    )  # fmt: skip
    return reasons


def account_refs(accounts: Sequence[tuple[str, str]]) -> list[UUID]:
    """The references that stand for accounts (channel, number); used inside actions."""
    numbers = [(PLACE, f"{channel}:{number}") for channel, number in accounts]
    refs = marks.refer({number: ids.fresh(*number) for number in numbers})
    return [refs[number] for number in numbers]


def is_other_account(citizen_id: UUID, channel: str, account: str) -> bool:
    """Whether linking this account would change where a person is paid."""
    number = (PLACE, f"{channel}:{account_number(account)}")
    known = PayeeAccount.objects.filter(citizen_id=citizen_id).values_list("account_ref", flat=True).first()
    return known is not None and known != marks.find([number]).get(number)


def _tell_of_change(*, by: Actor, at: datetime, row: PayeeAccount, wallets: Sequence[str]) -> None:
    """Tell the person, and the telephones that the old and the new e-wallet belong to."""
    facts = {"tail": row.account_tail}
    for language in LANGUAGES:
        facts[f"channel_{language}"] = text(f"incentives.channel_{row.channel}", language)
        facts[f"day_{language}"] = day_in_words(row.pays_from.date(), language)
    reference, template = f"payee_changed:{row.id}:{at.isoformat()}", "incentives.notice_account_changed"
    tell_citizens(by=by, at=at, template=template, words=[Word(row.citizen_id, reference, facts)])
    (told,) = read_contacts(by=by, at=at, citizen_ids=[row.citizen_id]).values()
    queue_notices(by=by, at=at, template=template, messages=[
        Message(to, told.language, f"{reference}:{place}", facts, owner=row.citizen_id)
        for place, to in enumerate(dict.fromkeys(wallets)) if to and to != told.phone
    ])  # fmt: skip


def _wallet_number(row: PayeeAccount | None) -> str:
    """The telephone that an e-wallet belongs to; "" where there is none."""
    if row is None or row.channel != Channel.WALLET or not row.account_sealed:
        return ""
    phone = read_phone(wallet_number(row))
    return phone if isinstance(phone, str) else ""


def _columns(channel: str, number: str, ref: UUID, holder: Holder) -> Columns:
    return {
        "channel": channel,
        "account_sealed": vault.seal(number, place=PLACE),
        "account_ref": ref,
        "account_tail": number[-4:],
        "holder_masked": masked(holder.name),
        "holder_sealed": vault.seal(holder.name, place=HOLDER_PLACE),
        "refused_code": "",
    }


def _keep(row: PayeeAccount | None, citizen_id: UUID, at: datetime, columns: Columns) -> PayeeAccount:
    try:
        with transaction.atomic():
            if row is None:
                return PayeeAccount.objects.create(
                    id=ids.fresh("payee account", str(citizen_id)),
                    citizen_id=citizen_id,
                    state=PayeeState.LINKED,
                    linked_at=at,
                    **columns,
                )
            if row.state == PayeeState.LINKED:
                PayeeAccount.objects.filter(pk=row.pk).update(linked_at=at, **columns)
                return PayeeAccount.objects.get(pk=row.pk)
            move(row, PayeeState.LINKED, moves=PAYEE_MOVES, linked_at=at, ended_at=None, **columns)
            return row
    except IntegrityError as error:
        raise AccountTaken() from error


@action
def forget_payee(*, by: Actor, at: datetime, citizen_id: UUID) -> None:
    """Drop the account a person was paid on, everywhere; what was paid, when and under which reference stays."""
    refs = PayeeAccount.objects.filter(citizen_id=citizen_id).values_list("account_ref", flat=True)
    orders = PaymentOrder.objects.filter(citizen_id=citizen_id)
    gone = {*refs, *orders.values_list("account_ref", flat=True)}
    orders.update(account_sealed=b"", holder_sealed=b"")
    PayeeAccount.objects.filter(citizen_id=citizen_id).delete()
    held = PayeeAccount.objects.filter(account_ref__in=gone).values_list("account_ref", flat=True)
    marks.release(gone - set(held))
    events.record_person(kind="incentives.payee_forgotten", by=by, at=at, person=citizen_id)
