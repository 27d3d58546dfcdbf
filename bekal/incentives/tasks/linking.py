"""Accounts to link: the payer is asked who holds one, and a change is confirmed by a code."""

from uuid import UUID

from bekal.access.actions import redeem_code
from bekal.citizens.actions import send_code
from bekal.citizens.queries import citizen_view, face_of
from bekal.citizens.readings import read_numbers
from bekal.citizens.rules import LANGUAGES
from bekal.core import clock, ids, vault
from bekal.core.events import Actor
from bekal.core.ports import open_port
from bekal.core.texts import text
from bekal.incentives.actions import FaceNotMatched, OpeningRefused, PayerSilent, link_account, note_checked_account
from bekal.incentives.actions.accounts import account_number
from bekal.incentives.models import PayeeAccount
from bekal.incentives.ports import AccountOpener, Holder, Payer
from bekal.incentives.queries import accounts_to_recheck
from bekal.incentives.readings import read_account
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


def recheck_due(limit: int = 5_000) -> int:
    """Ask again about accounts that money waits to go to and that nobody asked about for long; how many are fit.

    Money for those that are not is held; where the payer is silent it waits.
    """
    at, by, fit = clock.now(), Actor.system("incentives.recheck_due"), 0
    for row, expected in accounts_to_recheck(at, limit):
        payee = read_account(by=by, at=at, citizen_id=row.citizen_id, purpose="payout")
        assert payee is not None
        try:
            holder = _inquire(row.citizen_id, row.channel, payee.account, by)
        except PayerSilent:
            continue
        fit += not note_checked_account(
            by=by, at=clock.now(), citizen_id=row.citizen_id, holder=holder, expected=expected
        )
    return fit


def open_account(citizen_id: UUID, channel: str) -> PayeeAccount | None:
    """Open an account for a person at the bank or e-wallet, proved by NIK and the face match, and link it; None while
    the payer is still at it: asked again it is the same opening.

    Raises FaceNotMatched, PayerSilent, OpeningRefused, and what `link` raises.
    """
    by, at = Actor.citizen(citizen_id), clock.now()
    face, person = face_of(citizen_id), citizen_view(citizen_id)
    if face is None or face.state not in ("matched", "confirmed"):
        raise FaceNotMatched()
    opener: AccountOpener = open_port(f"account_opener:{channel}")
    told = read_numbers(
        by=by, at=at, citizen_id=citizen_id, fields=("nik", "phone"), purpose="payout", to=f"payer:{channel}"
    )  # fmt: skip
    try:
        opened = opener.open(
            reference=vault.fingerprint(f"{citizen_id}:{channel}", place="incentives.opening").hex()[:32],
            nik=told["nik"], name=person.name, birth_date=person.birth_date, phone=told["phone"],
            ekyc_reference=f"face-{citizen_id.hex}-{face.number}",
        )  # fmt: skip
    except ConnectionError as silence:
        raise PayerSilent(channel=channel) from silence
    if opened.state == "refused":
        raise OpeningRefused(opened.reason)
    return _link(citizen_id, channel, opened.account, confirmed=False) if opened.state == "opened" else None


def _link(citizen_id: UUID, channel: str, account: str, *, confirmed: bool) -> PayeeAccount:
    number, by = account_number(account), Actor.citizen(citizen_id)
    return link_account(
        by=by, at=clock.now(), citizen_id=citizen_id, channel=channel, account=number,
        holder=_inquire(citizen_id, channel, number, by), expected=_largest_payment(citizen_id), confirmed=confirmed,
    )  # fmt: skip


def _inquire(citizen_id: UUID, channel: str, number: str, by: Actor) -> Holder:
    at = clock.now()
    payer: Payer = open_port(f"payer:{channel}")
    reference = ids.fresh("account inquiry", str(citizen_id), channel, number, at.isoformat()).hex
    told = read_numbers(
        by=by, at=at, citizen_id=citizen_id, fields=("nik",), purpose="payout", to=f"payer:{channel}"
    )  # fmt: skip
    try:
        return payer.inquire(account=number, nik_hash=nik_hash(told["nik"]), reference=reference)
    except ConnectionError as silence:
        raise PayerSilent(channel=channel) from silence


def _largest_payment(citizen_id: UUID) -> int:
    award = award_of(citizen_id)
    if award is None:
        return 0
    return max((incentive.amount for incentive in programme_of(award.rulebook_id).incentives), default=0)
