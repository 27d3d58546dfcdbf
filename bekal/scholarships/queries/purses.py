"""The ledger's accounts of a programme's money, and how much of it administration may still cost."""

from uuid import UUID

from bekal.ledger.queries import sums_by_account
from bekal.rulebooks.queries import programme_of, rulebook_of
from bekal.scholarships import rules

TREASURY = "treasury"


def training_account(award_id: UUID) -> str:
    return f"award:{award_id}:training"


def incentive_account(award_id: UUID) -> str:
    return f"award:{award_id}:incentive"


def wave_account(wave_id: UUID) -> str:
    return f"wave:{wave_id}"


def programme_account(programme_code: str) -> str:
    return f"programme:{programme_code}"


def pnbp_account(programme_code: str) -> str:
    """Non-tax revenue that has come in and is not yet passed on to the state."""
    return f"pnbp:{programme_code}"


def source_account(programme_code: str, source: str) -> str:
    """Counts what came in from one source of non-tax revenue, or was claimed back."""
    return f"received:{programme_code}:{source}"


def administration_account(programme_code: str, category: str) -> str:
    """Counts what administration has cost under one category."""
    return f"administration:{programme_code}:{category}"


def funded(programme_code: str) -> int:
    """Rupiah that the treasury has paid in."""
    account = programme_account(programme_code)
    return sums_by_account("fund", account, "credit").get(account, 0)


def administration_spent(programme_code: str) -> dict[str, int]:
    """Rupiah that administration has cost, by category."""
    prefix = administration_account(programme_code, "")
    spent = sums_by_account("administration", prefix, "credit")
    return {key.removeprefix(prefix): amount for key, amount in spent.items()}


def administration_room(programme_code: str) -> int | None:
    """Rupiah that administration may still cost under the programme file's cap; None: the file names no cap."""
    funds = programme_of(rulebook_of(programme_code).id).funds
    if funds is None or funds.administration_cap_percent is None:
        return None
    cap = rules.share_of(funded(programme_code), funds.administration_cap_percent)
    return cap - sum(administration_spent(programme_code).values())
