"""What a transfer is, before any database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

LARGEST_AMOUNT = 2**62
BATCH = 8_190


@dataclass(frozen=True, slots=True)
class Posting:
    """A transfer asked for: account keys, whole rupiah, a code, and a reference that names it once and for all."""

    debit: str
    credit: str
    amount: int
    code: str
    reference: str
    phase: Literal["single", "pending"] = "single"


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
    if not posting.reference or len(posting.reference) > 120:
        yield "the reference is empty or longer than 120 characters"


def leaf_document(
    *, key: UUID, debit: str, credit: str, amount: int, code: str, phase: str, reference: str, at: datetime
) -> dict[str, Any]:
    """What the seal's leaf says of one transfer; `docs/ledger.md` is the specification."""
    return {
        "key": str(key), "debit": debit, "credit": credit, "amount": amount, "code": code, "phase": phase,
        "reference": reference, "at": at.isoformat(),
    }  # fmt: skip
