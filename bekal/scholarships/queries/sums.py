"""Granted = spent + left + returned, read from the ledger for one award, or for all of a wave's by place."""

from collections.abc import Iterable
from uuid import UUID

from bekal.ledger import queries as ledger
from bekal.scholarships.queries.purses import incentive_account, training_account
from bekal.scholarships.rules import Purse, Sums

KINDS = {"award_training": "training", "award_incentive": "incentive"}


def sums_of_award(award_id: UUID) -> Sums:
    """The four sums of one person's award, from its two statements."""
    purse = Purse(awards=1)
    for key in (training_account(award_id), incentive_account(award_id)):
        held = ledger.balance(key)
        purse.hold(key.rsplit(":", 1)[1], held.available, held.pending_out)
        for line in ledger.statement(key):
            purse.move(line.code, max(line.amount, 0), max(-line.amount, 0))
    return purse.sums


def purses_by_place(wave_ids: Iterable[UUID]) -> dict[tuple[str, str], Purse]:
    """The money of these waves' awards by (wave id, regency code), from the books in which their accounts stand."""
    found: dict[tuple[str, str], Purse] = {}
    for wave_id in wave_ids:
        for one in ledger.books_of(list(KINDS), f"{wave_id}:"):
            wave, _, regency = one.book.partition(":")
            purse = found.setdefault((wave, regency), Purse())
            purse.awards += one.accounts if KINDS[one.kind] == "training" else 0
            purse.hold(KINDS[one.kind], one.balance.available, one.balance.pending_out)
            for code, (came, went) in one.flows.items():
                purse.move(code, came, went)
    return dict(sorted(found.items()))
