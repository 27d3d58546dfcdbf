"""Pure decisions about payees and payments.

Does the holder fit, what does an answer mean, what is a pay run's digest.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from bekal.citizens.rules import promised_day
from bekal.rulebooks.rules import Incentive, Programme
from bekal.rulebooks.rules.programme import Condition

PLACE, HOLDER_PLACE = "incentives.account", "incentives.holder"
"""Places of the vault and of `core.marks`."""
RESEND_AFTER = timedelta(minutes=5)
COOLING = timedelta(hours=24)
"""How long money waits after a person changed the account it goes to."""
RECHECK_AFTER = timedelta(days=30)
"""An account the payer was not asked about for so long is asked about again before money goes there; house setting."""
SHORTEST_CUT = 10
"""A bank that cuts a name keeps at least this many letters; house setting."""

MUHAMMAD = frozenset(
    ["M", "MHD", "MOCH", "MOCHAMAD", "MOCHAMMAD", "MOH", "MOHAMAD", "MOHAMMAD", "MOHD", "MUH", "MUHAMAD"]
)
"""Ways in which the most common first name is written on cards and accounts."""

Outcome = Literal["paid", "refused", "unknown", "later", "stop"]
Settled = Literal["paid", "refused", "unknown", "approved"]
Asked = Literal["pay", "status", "statement"]
"""`status`: the payer was asked, or reported on a file. `statement`: its settlement file, or two people who read it."""
ASK_AGAIN = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6), timedelta(hours=24))
"""How long after the first, second, ... fruitless status question the next one is put."""


MARGIN_DAYS = 5
"""So much earlier than the payer forgets a reference we stop sending it; clocks may differ."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What one payer bears. `in_flight`: calls at a time. `first_ask`: wait before the first status question.

    `asks_a_minute`: status questions over all our workers. `window`: how long the payer remembers a reference; after
    it nothing is sent again and nothing is asked. `rail`: one call an order, or files of at most `batch` orders.
    """

    in_flight: int = 16
    first_ask: timedelta = timedelta(seconds=90)
    asks_a_minute: int = 60
    window: timedelta = timedelta(days=55)
    rail: Literal["call", "file"] = "call"
    batch: int = 1_000


def terms(config: Mapping[str, str]) -> Terms:
    """Terms from the config of a port: in_flight, first_ask_seconds, asks_a_minute, window_days (five less than
    reference_days when absent), rail, batch."""
    plain = Terms()
    remembers = int(config.get("reference_days", 0)) - MARGIN_DAYS
    return Terms(
        in_flight=int(config.get("in_flight", plain.in_flight)),
        first_ask=timedelta(seconds=int(config.get("first_ask_seconds", plain.first_ask.seconds))),
        asks_a_minute=int(config.get("asks_a_minute", plain.asks_a_minute)),
        window=timedelta(days=int(config.get("window_days", remembers if remembers > 0 else plain.window.days))),
        rail="file" if config.get("rail") == "file" else "call",
        batch=int(config.get("batch", plain.batch)),
    )


def ask_after(at: datetime, asks: int, first: timedelta) -> datetime:
    """When the payer may be asked (again) after `asks` fruitless questions."""
    return at + (first if asks == 0 else max(first, ASK_AGAIN[min(asks, len(ASK_AGAIN)) - 1]))


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the digest of a pay run covers of each order."""

    reference: str
    amount: int
    account_ref: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a payer says of an account.

    `reason`: why it is not active; `nik_matches` and `room` (whole rupiah) None when not told.
    """

    name: str
    active: bool
    reason: str | None
    nik_matches: bool | None
    room: int | None


def account_faults(held: Held, *, registered: str, expected: int) -> tuple[str, ...]:
    """Why an account cannot be linked, as text keys; empty when it can.

    `registered`: the citizen's name; `expected`: whole rupiah the account must still have room for.
    """
    return tuple(_account_faults(held, registered, expected))


def _account_faults(held: Held, registered: str, expected: int) -> Iterable[str]:
    if not held.active:
        yield f"incentives.account_{held.reason or 'refused'}"
        return
    if held.nik_matches is False:
        yield "incentives.account_other_nik"
    if not names_agree(registered, held.name):
        yield "incentives.account_other_name"
    if held.room is not None and held.room < expected:
        yield "incentives.account_no_room"


def names_agree(registered: str, held: str) -> bool:
    """Whether two writings may name one person: the same letters, the bank's cut short, or words given as initials."""
    ours, theirs = _words(registered), _words(held)
    if not ours or not theirs:
        return False
    if ours == theirs or _is_cut(" ".join(ours), " ".join(theirs)):
        return True
    return len(ours) == len(theirs) and ours[0] == theirs[0] and all(map(_same_word, ours, theirs))


def _is_cut(whole: str, cut: str) -> bool:
    return len(cut) >= SHORTEST_CUT and whole.startswith(cut)


def _same_word(one: str, other: str) -> bool:
    return one == other or (1 in (len(one), len(other)) and one[0] == other[0])


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    words = re.sub(r"[^A-Z ]", "", re.sub(r"[.,\-]", " ", plain)).split()
    return ["MUHAMMAD" if place == 0 and word in MUHAMMAD else word for place, word in enumerate(words)]


def nik_hash(nik: str) -> str:
    """Lower-case hexadecimal SHA-256 of the 16 digits, as payers compare it."""
    return hashlib.sha256(nik.encode()).hexdigest()


def masked(name: str) -> str:
    """`BUDI SANTOSO` as `B*** S******`: enough to recognise, too little to learn."""
    return " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())


def digest(orders: Iterable[OrderFacts]) -> str:
    """Hexadecimal SHA-256 over orders that come in the order of their references, one JSON line each."""
    found = hashlib.sha256()
    for order in orders:
        found.update(json.dumps((order.reference, order.amount, order.account_ref)).encode() + b"\n")
    return found.hexdigest()


def settlement_digest(reference: str, amount: int, outcome: str) -> str:
    """Hexadecimal SHA-256 of what two people say became of an order."""
    return hashlib.sha256(f"{reference}|{amount}|{outcome}".encode()).hexdigest()


def settled(outcome: Outcome, *, asked: Asked, sendings: int, last_pay_outcome: str, in_window: bool) -> Settled:
    """The state of an order after an answer.

    Paid is believed from anyone. A refusal of the only sending is final; once an instruction left twice, one refusal
    may speak of the copy, so only a status answer or a statement settles it. Not booked means the same reference goes
    out again, unless we waited for the confirmation of a refusal, or the payer may have forgotten the reference. A
    payer that cannot be asked leaves the outcome unknown, and so does a statement that does not name the payment.
    """
    if outcome == "paid":
        return "paid"
    if outcome == "refused":
        return "refused" if asked != "pay" or sendings == 1 else "unknown"
    if outcome == "unknown" or asked == "statement" or (asked == "status" and outcome == "stop"):
        return "unknown"
    if asked == "status" and last_pay_outcome == "refused":
        return "refused"
    return "approved" if in_window else "unknown"


EXPECTED_DAYS = {"due": 5, "planned": 5, "approved": 5, "sent": 1, "unknown": 3}
"""Within how many working days money that is ready arrives, or a payment on its way is certain; told to people. Five
after it was scheduled: prakerja.go.id/tanya-jawab/insentif; the others: house settings."""


def expected_by(state: str, since: datetime) -> date | None:
    """The day by which people are told to expect it; None where nothing more comes by itself."""
    days = EXPECTED_DAYS.get(state)
    return None if days is None else promised_day(since, days)


def send_again_after(at: datetime) -> datetime:
    """When an instruction that was not booked goes out again."""
    return at + RESEND_AFTER


@dataclass(frozen=True, slots=True)
class AwardFacts:
    """What decides one award's incentives. `answered`: surveys and when; None and empty where nothing happened yet."""

    certified_at: datetime | None
    rated: bool
    account_linked: bool
    answered: frozenset[int]


@dataclass(frozen=True, slots=True)
class Standing:
    """One payment of one incentive.

    `conditions`: each named condition and whether it holds; `due_from`: None before a certificate.
    """

    kind: str
    number: int
    amount: int
    conditions: tuple[tuple[Condition, bool], ...]
    due_from: datetime | None

    def is_due(self, at: datetime) -> bool:
        """Whether every condition holds and its day has come."""
        return all(done for _, done in self.conditions) and (self.due_from is None or self.due_from <= at)


def standings(programme: Programme, facts: AwardFacts) -> tuple[Standing, ...]:
    """Every payment an award may bring, in the order of the programme file, and which of its conditions hold."""
    return tuple(
        Standing(
            kind=incentive.kind,
            number=number,
            amount=incentive.amount,
            conditions=tuple((name, _CONDITIONS[name](facts, number)) for name in incentive.conditions),
            due_from=_due_from(incentive, facts, number),
        )
        for incentive in programme.incentives
        for number in range(1, incentive.times + 1)
    )


def _due_from(incentive: Incentive, facts: AwardFacts, number: int) -> datetime | None:
    if facts.certified_at is None:
        return None
    return facts.certified_at + timedelta(days=incentive.days_between * (number - 1))


_CONDITIONS: dict[Condition, Callable[[AwardFacts, int], bool]] = {
    "certified": lambda facts, number: facts.certified_at is not None,
    "rated": lambda facts, number: facts.rated,
    "account_linked": lambda facts, number: facts.account_linked,
    "survey_answered": lambda facts, number: number in facts.answered,
}


def award_account(award_id: UUID) -> str:
    """Key of the ledger account that an award's incentives are paid from."""
    return f"award:{award_id}:incentive"


def paid_account(channel: str) -> str:
    """Key of the ledger account that counts what went out over a channel."""
    return f"paid:{channel}"


def payable_account(organisation_id: object) -> str:
    """Key of the ledger account of what an organisation is owed."""
    return f"payable:{organisation_id}"


def settled_account(organisation_id: object) -> str:
    """Key of the ledger account of what an organisation was paid."""
    return f"settled:{organisation_id}"
