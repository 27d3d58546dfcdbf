"""Money into programmes and waves, and what is left back to the treasury."""

import hashlib
from datetime import datetime
from uuid import UUID

from bekal.access.queries import approved
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.queries import balance
from bekal.ledger.rules import Opening, Posting
from bekal.scholarships import rules
from bekal.scholarships.actions.refusals import NotApproved
from bekal.scholarships.queries import giving, programme_account, wave_account
from bekal.waves.queries import wave_of

TREASURY = "treasury"


def funding_digest(programme_code: str, reference: str, amount: int) -> str:
    """What two people approve before the treasury pays: SHA-256 over programme, reference and rupiah."""
    return hashlib.sha256(f"{programme_code}\x1f{reference}\x1f{amount}".encode()).hexdigest()


@action
def fund_programme(*, by: Actor, at: datetime, programme_code: str, reference: str, amount: int) -> None:
    """Move money from the treasury to a programme, once per reference, after two people approved it."""
    if not approved("fund", reference, funding_digest(programme_code, reference, amount)):
        raise NotApproved(what=reference)
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
def return_unused(*, by: Actor, at: datetime, wave_id: UUID) -> None:
    """Year end: what the wave and its programme have left goes back to the treasury."""
    wave = wave_of(wave_id)
    source, fund = wave_account(wave_id), programme_account(wave.programme_code)
    day = at.date().isoformat()
    left = balance(source).available
    if left:
        post_transfers(by=by, at=at, transfers=[Posting(source, fund, left, "return_wave", f"return:{wave_id}:{day}")])
    rest = balance(fund).available
    if rest:
        reference = f"return:{wave.programme_code}:{day}"
        post_transfers(by=by, at=at, transfers=[Posting(fund, TREASURY, rest, "return_treasury", reference)])
    events.record(
        kind="scholarships.unused_returned", by=by, at=at, about="wave", key=str(wave_id), data={"amount": rest}
    )
