"""Where every rupiah of a programme is, read from the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bekal.ledger import queries as ledger
from bekal.openbook.rules import difference
from bekal.scholarships.models import Award
from bekal.scholarships.queries import incentive_account, programme_account, training_account, wave_account
from bekal.waves.models import Wave

PER_READ = 5_000
HELD = ("held_programme", "held_waves", "held_training", "reserved_training", "held_incentive", "reserved_incentive")


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """`code`: text key under `openbook.money_`; `amount`: whole rupiah; `side`: "in" or "out" of the equation."""

    code: str
    amount: int
    side: str


@dataclass(frozen=True, slots=True)
class MoneyStatement:
    """Funded + refunded = training + commission + incentives + returned + held; `difference` is what that leaves
    unexplained.

    `partners`: what providers and platforms earned of all programmes = settled + still owed; its remainder is in
    `difference` too.
    """

    programme_code: str
    lines: tuple[MoneyLine, ...]
    partners: tuple[MoneyLine, ...]
    difference: int

    def amount(self, code: str) -> int:
        """One line's amount of the programme's own side; 0 for a code that is not there."""
        return sum(line.amount for line in self.lines if line.code == code)


def money_statement(programme_code: str) -> MoneyStatement:
    """The statement of one programme as the ledger stands now."""
    lines = tuple(_programme_lines(programme_code))
    partners = tuple(_partner_lines())
    unexplained = abs(_unexplained(lines)) + abs(_unexplained(partners)) + ledger.imbalance()
    return MoneyStatement(programme_code, lines, partners, unexplained)


def journal(references: list[str] | None = None) -> dict[str, Any]:
    """Seals and inclusion proofs in the shape that `tools/verify_ledger.py` reads; all transfers when no reference is
    given.
    """
    return ledger.journal_export(references)


def _unexplained(lines: Iterable[MoneyLine]) -> int:
    found = tuple(lines)
    return difference(
        [line.amount for line in found if line.side == "in"], [line.amount for line in found if line.side == "out"]
    )


def _programme_lines(programme_code: str) -> Iterable[MoneyLine]:
    account = programme_account(programme_code)
    through_fund = ledger.sums_by_code(account)
    spent = _spent(programme_code)
    held = _held(programme_code)
    yield MoneyLine("funded", through_fund.get("fund", 0), "in")
    yield MoneyLine("refunded", spent["refund"], "in")
    yield MoneyLine("training", spent["purchase"], "out")
    yield MoneyLine("commission", spent["commission"], "out")
    yield MoneyLine("incentives", spent["incentive"] - spent["incentive_returned"], "out")
    yield MoneyLine("returned", through_fund.get("return_treasury", 0), "out")
    for code in HELD:
        yield MoneyLine(code, held[code], "out")


def _awards(programme_code: str) -> list[tuple[str, str]]:
    keys = Award.objects.filter(programme_code=programme_code).order_by("id").values_list("id", flat=True)
    return [(training_account(key), incentive_account(key)) for key in keys]


def _spent(programme_code: str) -> dict[str, int]:
    """Posted money by code over this programme's awards; refunds and returned incentives come back into the award."""
    own = {key for pair in _awards(programme_code) for key in pair}
    sides = {
        "purchase": "debit", "commission": "debit", "incentive": "debit", "refund": "credit",
        "incentive_returned": "credit",
    }  # fmt: skip
    return {
        code: sum(amount for key, amount in ledger.sums_by_account(code, "award:", side).items() if key in own)
        for code, side in sides.items()
    }


def _held(programme_code: str) -> dict[str, int]:
    waves = Wave.objects.filter(programme_code=programme_code).order_by("number").values_list("id", flat=True)
    fund = ledger.balance(programme_account(programme_code))
    in_waves = ledger.balances(wave_account(key) for key in waves).values()
    pairs = _awards(programme_code)
    training = _balances([pair[0] for pair in pairs])
    incentive = _balances([pair[1] for pair in pairs])
    return {
        "held_programme": fund.available + fund.pending_out,
        "held_waves": sum(balance.available + balance.pending_out for balance in in_waves),
        "held_training": sum(balance.available for balance in training),
        "reserved_training": sum(balance.pending_out for balance in training),
        "held_incentive": sum(balance.available for balance in incentive),
        "reserved_incentive": sum(balance.pending_out for balance in incentive),
    }


def _balances(keys: list[str]) -> list[ledger.Balance]:
    found: list[ledger.Balance] = []
    for start in range(0, len(keys), PER_READ):
        found += ledger.balances(keys[start : start + PER_READ]).values()
    return found


def _partner_lines() -> Iterable[MoneyLine]:
    through = ledger.sums_by_code("payable:")
    kinds = ledger.balances_by_kind()
    owed = kinds.get("payable", ledger.NOTHING)
    settled = kinds.get("settled", ledger.NOTHING)
    yield MoneyLine("earned", through.get("purchase", 0), "in")
    yield MoneyLine("earned_commission", through.get("commission", 0), "in")
    yield MoneyLine("given_back", through.get("refund", 0), "out")
    yield MoneyLine("settled", settled.available + settled.pending_out, "out")
    yield MoneyLine("owed", owed.available, "out")
    yield MoneyLine("being_settled", owed.pending_out, "out")
