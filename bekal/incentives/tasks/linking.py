"""Accounts to link: the payer is asked who holds one, and a change is confirmed by a code."""

from uuid import UUID

from bekal.access.actions import redeem_code
from bekal.citizens.actions import send_code
from bekal.citizens.readings import read_numbers
from bekal.citizens.rules import LANGUAGES
from bekal.core import clock, ids, vault
from bekal.core.events import Actor
from bekal.core.ports import open_port
from bekal.core.texts import text
from bekal.incentives.actions import PayerSilent, link_account
from bekal.incentives.actions.accounts import account_number
from bekal.incentives.models import PayeeAccount
from bekal.incentives.ports import Payer
from bekal.incentives.rules import nik_hash
from bekal.rulebooks.queries import programme_of
from bekal.scholarships.queries import award_of

CHANGE = "payee_account"


def link(citizen_id: UUID, channel: str, account: str) -> PayeeAccount:
    """Ask the payer who holds `account`, then link it if that is this citizen.

    Raises PayerSilent when no answer came, and what `link_account` raises: ChangeNeedsCode for another account.
    """
    return _link(citizen_id, channel, account, confirmed=False)


def ask_change(citizen_id: UUID, channel: str, account: str) -> None:
    """Send the code that confirms a change to `account`; the message names it by its last four digits.

    Raises AccountMalformed, access.CodeTooSoon.
    """
    number = account_number(account)
    channels = {f"channel_{language}": text(f"incentives.channel_{channel}", language) for language in LANGUAGES}
    send_code(
        by=Actor.citizen(citizen_id), at=clock.now(), citizen_id=citizen_id, purpose=CHANGE,
        bound_to=_bound_to(citizen_id, channel, number), template="incentives.change_code",
        facts={"tail": number[-4:]} | channels,
    )  # fmt: skip


def change(citizen_id: UUID, channel: str, account: str, code: str) -> PayeeAccount:
    """Link another account than before, confirmed by the code that was sent for exactly this.

    Raises what `link` and access.redeem_code raise.
    """
    number = account_number(account)
    redeem_code(
        by=Actor.citizen(citizen_id), at=clock.now(), purpose=CHANGE,
        bound_to=_bound_to(citizen_id, channel, number), code=code,
    )  # fmt: skip
    return _link(citizen_id, channel, number, confirmed=True)


def _bound_to(citizen_id: UUID, channel: str, number: str) -> str:
    return f"{citizen_id}:{vault.fingerprint(f'{channel}:{number}', place='incentives.change').hex()[:32]}"


def _link(citizen_id: UUID, channel: str, account: str, *, confirmed: bool) -> PayeeAccount:
    number, at, by = account_number(account), clock.now(), Actor.citizen(citizen_id)
    payer: Payer = open_port(f"payer:{channel}")
    reference = ids.fresh("account inquiry", str(citizen_id), channel, number, at.isoformat()).hex
    told = read_numbers(
        by=by, at=at, citizen_id=citizen_id, fields=("nik",), purpose="payout", to=f"payer:{channel}"
    )  # fmt: skip
    try:
        holder = payer.inquire(account=number, nik_hash=nik_hash(told["nik"]), reference=reference)
    except ConnectionError as silence:
        raise PayerSilent(channel=channel) from silence
    return link_account(
        by=by, at=clock.now(), citizen_id=citizen_id, channel=channel, account=number, holder=holder,
        expected=_largest_payment(citizen_id), confirmed=confirmed,
    )  # fmt: skip


def _largest_payment(citizen_id: UUID) -> int:
    award = award_of(citizen_id)
    if award is None:
        return 0
    return max((incentive.amount for incentive in programme_of(award.rulebook_id).incentives), default=0)
