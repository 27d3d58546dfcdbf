"""What the incentives room needs from outside: someone who pays (a bank or an e-wallet)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Outcome = Literal["paid", "refused", "unknown", "later", "stop"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an account. `reason` says why it is not active: unknown_account, dormant, inactive, refused.

    `nik_matches` is None when the payer does not answer that question; `room` is what the account may still receive
    this month, whole rupiah,
    None when there is no limit.
    """

    name: str
    active: bool
    nik_matches: bool | None
    room: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Instruction:
    """One payment. `reference` is ours, <= 64 characters, and never changes for this payment. `amount`: whole rupiah
    > 0.
    `at`: aware instant at which the intent was stored; the same at every attempt. `remark`: <= 50 characters."""

    reference: str
    account: str
    holder: str
    amount: int
    remark: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PayAnswer:
    """What is known of one payment.

    paid: booked by the payer, once. refused: not booked; the citizen must change the account. unknown: ask `status`
    until it is something else,
    never pay under another reference. later: not booked; send the same instruction again later. stop: not booked;
    stop the whole run
    (no funds, our credentials or our message are wrong). `code` is the payer's own response code, empty when none came.
    """

    outcome: Outcome
    code: str
    partner_reference: str | None
    message: str


class Payer(Protocol):
    def inquire(self, *, account: str, nik_hash: str, reference: str) -> Holder:
        """Ask who holds `account`. `nik_hash`: lower-case hex SHA-256 of the 16 digits of the NIK.

        Raises ConnectionError when no answer that can be trusted came.
        """
        ...

    def pay(self, instruction: Instruction) -> PayAnswer:
        """Pay once. Never raises for what happens on the way: a lost or unreadable answer is `unknown`."""
        ...

    def status(self, *, reference: str, at: datetime, amount: int) -> PayAnswer:
        """Ask what became of a payment; never raises for what happens on the way. `later` means: the payer never
        booked this reference."""
        ...
