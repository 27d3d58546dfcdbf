"""Money into programmes and waves, what it costs to run them, and what is left back to the treasury."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import connection

from bekal.access.queries import approved
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.queries import balance, statement
from bekal.ledger.rules import Opening, Posting
from bekal.rulebooks.queries import programme_of, rulebook_of
from bekal.scholarships import rules
from bekal.scholarships.actions.refusals import AdministrationCapped, NotApproved, UnknownPurpose
from bekal.scholarships.queries import (
    TREASURY,
    administration_account,
    administration_room,
    giving,
    pnbp_account,
    programme_account,
    wave_account,
)
from bekal.scholarships.queries.purses import source_account
from bekal.waves.queries import wave_of

_CAPPING = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))"


def funding_digest(programme_code: str, reference: str, amount: int, purpose: str = "") -> str:
    """What two people approve before money moves: SHA-256 over programme, reference, rupiah, and a purpose if any."""
    told = (programme_code, reference, str(amount), *([purpose] if purpose else []))
    return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


def _check_approved(kind: str, programme_code: str, reference: str, amount: int, purpose: str = "") -> None:
    if not approved(kind, reference, funding_digest(programme_code, reference, amount, purpose)):
        raise NotApproved(what=reference)


@action
def fund_programme(*, by: Actor, at: datetime, programme_code: str, reference: str, amount: int) -> None:
    """Move money from the treasury to a programme, once per reference, after two people approved it (kind `fund`)."""
    _check_approved("fund", programme_code, reference, amount)
    account = programme_account(programme_code)
    opened = [Opening(TREASURY, "treasury", limit="none"), Opening(account, "programme", busy=True)]
    open_accounts(by=by, at=at, accounts=opened)
    post_transfers(by=by, at=at, transfers=[Posting(TREASURY, account, amount, "fund", f"fund:{reference}")])


@action
def fund_wave(*, by: Actor, at: datetime, wave_id: UUID) -> None:
    """Set aside what every place of the wave may cost, so that an award is never given without its money."""
    wave = wave_of(wave_id)
    programme = giving(wave.rulebook_id)[0]
    account = wave_account(wave_id)
    open_accounts(by=by, at=at, accounts=[Opening(account, "wave", busy=True)])
    amount = rules.allocation(wave.places, programme.total_benefit)
    source = programme_account(programme.code)
    post_transfers(by=by, at=at, transfers=[Posting(source, account, amount, "allocate", f"allocate:{wave_id}")])


@action
def spend_administration(
    *, by: Actor, at: datetime, programme_code: str, category: str, reference: str, amount: int
) -> None:
    """Pay a cost of running the programme from its fund, once per reference, after two people approved it (kind
    `administration`). Raises AdministrationCapped beyond the programme file's share of what was paid in,
    UnknownPurpose, NotApproved.
    """
    if category not in rules.CATEGORIES:
        raise UnknownPurpose(what=category)
    _check_approved("administration", programme_code, reference, amount, category)
    _one_at_a_time(programme_code)
    target, name = administration_account(programme_code, category), f"administration:{programme_code}:{reference}"
    room = administration_room(programme_code)
    if room is not None and amount > room and not _stands(target, name):
        raise AdministrationCapped(room=max(room, 0))
    open_accounts(by=by, at=at, accounts=[Opening(target, "administration", limit="none")])
    source = programme_account(programme_code)
    post_transfers(by=by, at=at, transfers=[Posting(source, target, amount, "administration", name)])


@action
def receive_pnbp(*, by: Actor, at: datetime, programme_code: str, source: str, reference: str, amount: int) -> None:
    """Take in interest, a fine, or money claimed back, once per reference. It is the state's and waits to be passed on;
    money claimed back goes to the programme's fund where its file says so. Raises UnknownPurpose.
    """
    if source not in rules.SOURCES:
        raise UnknownPurpose(what=source)
    funds = programme_of(rulebook_of(programme_code).id).funds
    to_fund = source == "repaid" and funds is not None and funds.repaid_to == "fund"
    target, kind = (
        (programme_account(programme_code), "programme") if to_fund else (pnbp_account(programme_code), "pnbp")
    )
    origin = source_account(programme_code, source)
    open_accounts(by=by, at=at, accounts=[Opening(origin, "received", limit="none"), Opening(target, kind, busy=True)])
    posting = Posting(origin, target, amount, "repaid" if to_fund else "pnbp", f"received:{programme_code}:{reference}")
    post_transfers(by=by, at=at, transfers=[posting])


@action
def pass_on_pnbp(*, by: Actor, at: datetime, programme_code: str, reference: str, amount: int) -> None:
    """Pay non-tax revenue to the treasury, once per reference, after two people approved it (kind `pnbp`)."""
    _check_approved("pnbp", programme_code, reference, amount)
    open_accounts(by=by, at=at, accounts=[Opening(TREASURY, "treasury", limit="none")])
    posting = Posting(pnbp_account(programme_code), TREASURY, amount, "pass_on_pnbp", f"pnbp:{reference}")
    post_transfers(by=by, at=at, transfers=[posting])


@action
def return_unused(*, by: Actor, at: datetime, wave_id: UUID) -> None:
    """Year end: what the wave and its programme have left goes back to the treasury."""
    wave = wave_of(wave_id)
    source, fund = wave_account(wave_id), programme_account(wave.programme_code)
    _return_all(by=by, at=at, source=source, target=fund, code="return_wave")
    rest = _return_all(by=by, at=at, source=fund, target=TREASURY, code="return_treasury")
    events.record(
        kind="scholarships.unused_returned", by=by, at=at, about="wave", key=str(wave_id), data={"amount": rest}
    )


def _return_all(*, by: Actor, at: datetime, source: str, target: str, code: str) -> int:
    held = balance(source)
    if held.available:
        reference = f"{code}:{source.split(':', 1)[1]}:{held.debits}"
        post_transfers(by=by, at=at, transfers=[Posting(source, target, held.available, code, reference)])
    return held.available


def _one_at_a_time(programme_code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_CAPPING, [programme_code])


def _stands(account: str, reference: str) -> bool:
    return any(line.reference == reference for line in statement(account))
