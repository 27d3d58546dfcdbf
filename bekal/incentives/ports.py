"""What the incentives room needs from outside: someone who pays (a bank or an e-wallet), at once or by file, and who
says day by day what was booked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol, runtime_checkable

Outcome = Literal["paid", "refused", "unknown", "later", "stop"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an account. `reason` says why it is not active: unknown_account, dormant, inactive, no_room, refused.

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


class Lane(Protocol):
    """A payer called many times at once over kept connections, from one event loop. Outcomes as those of `Payer`; an
    answer is never another call's."""

    @property
    def resting(self) -> bool:
        """Whether calls are being refused for a while because the payer failed too often: `later`, nothing sent."""
        ...

    async def pay(self, instruction: Instruction) -> PayAnswer:
        """See `Payer.pay`."""
        ...

    async def status(self, *, reference: str, at: datetime, amount: int) -> PayAnswer:
        """See `Payer.status`."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


@runtime_checkable
class ManyPayer(Protocol):
    """A payer that can be called many times at once."""

    def lane(self, in_flight: int) -> Lane:
        """A lane for at most `in_flight` calls at a time."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What became of opening an account. opened: `account` is its number. in_progress: asked, or lost on the way; ask
    again with the same reference and particulars. refused: `reason` is not_matching (NIK, name or date of birth are not
    the civil registry's), has_account, ekyc_refused, or refused."""

    state: Literal["opened", "in_progress", "refused"]
    account: str = ""
    reason: str = ""


class AccountOpener(Protocol):
    def open(
        self, *, reference: str, nik: str, name: str, birth_date: date, phone: str, ekyc_reference: str
    ) -> Opening:
        """Open an account for a person at the payer, once per `reference` (ours, <= 64 characters) however often asked.

        `phone`: +62..., one that the person has proved to hold. `ekyc_reference`: the reference of the face match that
        proved the person. Raises ConnectionError when nothing was asked or the payer wants nothing from us.
        """
        ...


class BatchPayer(Protocol):
    """A payer that takes files of payments and reports on them later (ISO 20022 pain.001 and pain.002)."""

    def submit(self, *, batch: str, instructions: Sequence[Instruction]) -> PayAnswer:
        """Hand in one file. `batch`: <= 35 characters, names it for ever; the same file handed in twice is one file.

        unknown: taken, or lost on the way; ask `report`. later: certainly not taken. stop: refused as a whole, nothing
        booked. Never raises for what happens on the way.
        """
        ...

    def report(self, *, batch: str, references: Collection[str] = ()) -> Mapping[str, PayAnswer] | None:
        """What became of each payment of a file, by reference; None while nothing was reported or nobody answers.

        `references`: what the file held; a bank that rejects (or books) a whole file may name none of its payments.
        Of a file the payer never received, every payment is told as an empty mapping: hand it in again.
        """
        ...


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One booking on our account. `kind`: paid (money left for a payment), returned (a payment came back), in (money
    came to us), fee. `reference`: our own, empty where the payer names none. `amount`: whole rupiah > 0."""

    kind: Literal["paid", "returned", "in", "fee"]
    reference: str
    amount: int
    partner_reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Statement:
    """What a payer says it booked on one day. `number`: its own name for this statement, unique per payer.

    `opening` + what came in - what went out = `closing`, whole rupiah; a statement that does not add up is not read.
    """

    number: str
    account: str
    day: date
    opening: int
    closing: int
    lines: Sequence[StatementLine]


class StatementBroken(ValueError):
    """A statement file that cannot be trusted: cut off, altered, of another currency, or not adding up.

    The message says where and what to do."""


class Statements(Protocol):
    """Where a payer lays down its statements."""

    def fetch(self, *, day: date) -> bytes | None:
        """The file of one closed day as it was laid down; None when there is none yet. Raises ConnectionError."""
        ...

    def read(self, raw: bytes) -> Statement:
        """What a file says. Raises StatementBroken."""
        ...
