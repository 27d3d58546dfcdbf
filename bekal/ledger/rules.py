"""What a transfer is, before any database."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID

LARGEST_AMOUNT = 2**62
BATCH = 8_190
"""The most transfers that one statement posts; more go in several statements of one transaction."""
SEAL_SIZE = 2**14
"""The most transfers under one seal: what must be read to prove one of them."""
CURRENCY = "IDR"
T = TypeVar("T")
_PLAIN = re.compile(r"[A-Za-z0-9:._/#-]{1,120}")
_FIRST, _LAST = "016f5e66e800", "03bb2cc3d800"  # milliseconds of 2020-01-01 and 2100-01-01


@dataclass(frozen=True, slots=True)
class Opening:
    """An account to open. `owner` and `book` are opaque to the ledger, <= 64 characters; sums can be had by them.

    `busy`: many transfers touch it at once, so its credits are noted without a lock and folded in later; an account
    without limit always is.
    """

    key: str
    kind: str
    limit: Literal["debits", "none"] = "debits"
    owner: str = ""
    book: str = ""
    busy: bool = False
    currency: str = CURRENCY


@dataclass(frozen=True, slots=True)
class Posting:
    """A transfer asked for: account keys, whole rupiah, a code, and a reference that names it once and for all.

    A reference reads `what:thing[:more]`, or is a thing alone (32 hexadecimal digits). Where the thing is a
    time-ordered id, transfers of one time lie together and posting costs the same however long the journal is.
    """

    debit: str
    credit: str
    amount: int
    code: str
    reference: str
    phase: Literal["single", "pending"] = "single"


def pieces(things: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """The same things, at most `size` at a time."""
    return (things[start : start + size] for start in range(0, len(things), size))


def faults(postings: Sequence[Posting]) -> list[str]:
    """Why these cannot be posted whatever the balances; empty when they can."""
    found = [f"{p.reference}: {fault}" for p in postings for fault in _faults_of(p)]
    references = [p.reference for p in postings]
    if len(set(references)) != len(references):
        found.append("a reference stands twice in one batch")
    return found


def _faults_of(posting: Posting) -> Iterable[str]:
    if type(posting.amount) is not int:
        yield "the amount is not a whole number of rupiah"
    elif not 0 < posting.amount <= LARGEST_AMOUNT:
        yield "the amount is not positive or too large"
    if posting.debit == posting.credit:
        yield "both ends are the same account"
    if not _PLAIN.fullmatch(posting.reference):
        yield "the reference is empty, longer than 120 characters, or has others than A-Z a-z 0-9 : . _ / # -"


def key_of(reference: str) -> UUID:
    """The key that a reference gives its transfer; `ledger_key` in the database is the same."""
    thing, born, version = "".join(reference.split(":", 2)[1:2]), "", ""
    if len(reference) == 32:
        born, version = reference[:12], reference[12]
    elif len(thing) == 36 and thing[8] == "-":
        born, version = thing[:8] + thing[9:13], thing[14]
    if version != "7" or set(born) - set("0123456789abcdef") or not _FIRST <= born < _LAST:
        born = "000000000000"
    digits = hashlib.sha256(reference.encode()).hexdigest()
    return UUID(f"{born}7{digits[13:16]}8{digits[17:31]}0")


def resolution_of(pending: UUID) -> UUID:
    """The one key that a post or void of this pending transfer can have."""
    return UUID(int=pending.int | 0xF)


def month_of(key: UUID) -> datetime:
    """The first instant of the month whose partition holds this key; of undated ones, that of 1970."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=key.int >> 80)
    if moment.year < 2020:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return datetime(moment.year, moment.month, 1, tzinfo=UTC)
