"""Where every rupiah of a programme is, read from the ledger: in one statement, by wave, by place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bekal.ledger import queries as ledger
from bekal.openbook.rules import difference, withhold, withhold_places
from bekal.rulebooks.queries import NoSuchProgramme, programme_of, rulebook_of
from bekal.rulebooks.regions import province_of
from bekal.scholarships.queries import (
    administration_spent,
    pnbp_account,
    programme_account,
    purses_by_place,
    source_account,
    wave_account,
)
from bekal.scholarships.rules import CATEGORIES, SOURCES, Purse, Sums
from bekal.waves.models import Wave

HELD = ("held_programme", "held_waves", "held_training", "reserved_training", "held_incentive", "reserved_incentive")


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """`code`: text key under `openbook.money_`; `amount`: whole rupiah; `side`: "in" or "out" of the equation."""

    code: str
    amount: int
    side: str


@dataclass(frozen=True, slots=True)
class GroupSums:
    """The four sums of one wave (`code`: its number) or place; None where fewer than five people would show."""

    code: str
    people: int | None
    granted: int | None
    spent: int | None
    left: int | None
    returned: int | None


@dataclass(frozen=True, slots=True)
class MoneyStatement:
    """Funded + repaid + refunded = training + commission + incentives (less what banks gave back) + administration +
    returned + held; `difference` is what that leaves unexplained, here and in the other sides:

    `partners`: what providers and platforms earned of all programmes = settled + still owed. `revenue`: non-tax
    revenue received = passed on to the state + waiting. `total`: the four sums of all awards, and by wave, province
    and regency. `administration`: cost by category; `administration_cap_percent`: of what was funded, None: no cap.
    """

    programme_code: str
    lines: tuple[MoneyLine, ...]
    partners: tuple[MoneyLine, ...]
    revenue: tuple[MoneyLine, ...]
    total: Sums
    waves: tuple[GroupSums, ...]
    provinces: tuple[GroupSums, ...]
    regencies: tuple[GroupSums, ...]
    administration: tuple[tuple[str, int], ...]
    administration_cap_percent: int | None
    difference: int

    def amount(self, code: str) -> int:
        """One line's amount of the programme's own side; 0 for a code that is not there."""
        return sum(line.amount for line in self.lines if line.code == code)


def money_statement(programme_code: str) -> MoneyStatement:
    """The statement of one programme as the ledger stands now."""
    purses = purses_by_place(Wave.objects.filter(programme_code=programme_code).values_list("id", flat=True))
    everything = _added(purses, lambda group: "")
    lines = tuple(_programme_lines(programme_code, everything.get("", Purse())))
    partners, revenue = tuple(_partner_lines()), tuple(_revenue_lines(programme_code))
    total = everything.get("", Purse()).sums
    provinces, regencies = _places(_added(purses, lambda group: group[1]))
    unexplained = sum(abs(_unexplained(side)) for side in (lines, partners, revenue))
    return MoneyStatement(
        programme_code, lines, partners, revenue, total, _waves(_added(purses, lambda group: group[0])), provinces,
        regencies, tuple(_administration(programme_code)), _cap(programme_code),
        unexplained + abs(total.difference) + ledger.imbalance(),
    )  # fmt: skip


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


def _added(purses: Mapping[Any, Purse], name: Any) -> dict[str, Purse]:
    found: dict[str, Purse] = {}
    for group, purse in purses.items():
        found.setdefault(name(group), Purse()).take(purse)
    return found


def _waves(purses: Mapping[str, Purse]) -> tuple[GroupSums, ...]:
    numbers = {str(key): number for key, number in Wave.objects.filter(id__in=purses).values_list("id", "number")}
    by_number = {numbers[key]: purse for key, purse in purses.items()}
    order = sorted(by_number)
    shown = withhold([by_number[number].awards for number in order])
    return tuple(_group(str(number), by_number[number], people) for number, people in zip(order, shown, strict=True))


def _places(purses: Mapping[str, Purse]) -> tuple[tuple[GroupSums, ...], tuple[GroupSums, ...]]:
    parents, shown = withhold_places({code: purse.awards for code, purse in purses.items()}, province_of)
    provinces = _added({(code,): purse for code, purse in purses.items()}, lambda group: province_of(group[0]))
    return (
        tuple(_group(code, provinces[code], people) for code, people in sorted(parents.items())),
        tuple(_group(code, purses[code], people) for code, people in sorted(shown.items())),
    )


def _group(code: str, purse: Purse, people: int | None) -> GroupSums:
    if people is None:
        return GroupSums(code, None, None, None, None, None)
    sums = purse.sums
    return GroupSums(code, people, sums.granted, sums.spent, sums.left, sums.returned)


def _programme_lines(programme_code: str, purse: Purse) -> Iterable[MoneyLine]:
    fund = programme_account(programme_code)
    held = _held(programme_code, purse)
    yield MoneyLine("funded", _through(fund, "fund", "credit"), "in")
    yield MoneyLine("repaid", _through(fund, "repaid", "credit"), "in")
    yield MoneyLine("refunded", purse.came("refund"), "in")
    yield MoneyLine("training", purse.went("purchase"), "out")
    yield MoneyLine("commission", purse.went("commission"), "out")
    yield MoneyLine("incentives", purse.went("incentive", "accepted") - purse.came("incentive_returned"), "out")
    yield MoneyLine("administration", _through(fund, "administration", "debit"), "out")
    yield MoneyLine("returned", _through(fund, "return_treasury", "debit"), "out")
    for code in HELD:
        yield MoneyLine(code, held[code], "out")


def _through(account: str, code: str, side: str) -> int:
    return ledger.sums_by_account(code, account, side).get(account, 0)


def _held(programme_code: str, purse: Purse) -> dict[str, int]:
    waves = Wave.objects.filter(programme_code=programme_code).order_by("number").values_list("id", flat=True)
    fund = ledger.balance(programme_account(programme_code))
    in_waves = ledger.balances(wave_account(key) for key in waves).values()
    return {
        "held_programme": fund.available + fund.pending_out,
        "held_waves": sum(balance.available + balance.pending_out for balance in in_waves),
        "held_training": purse.free.get("training", 0),
        "reserved_training": purse.reserved.get("training", 0),
        "held_incentive": purse.free.get("incentive", 0),
        "reserved_incentive": purse.reserved.get("incentive", 0),
    }


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


def _revenue_lines(programme_code: str) -> Iterable[MoneyLine]:
    came = ledger.sums_by_account("pnbp", source_account(programme_code, ""), "debit")
    account = pnbp_account(programme_code)
    for source in SOURCES:
        yield MoneyLine(f"pnbp_{source}", came.get(source_account(programme_code, source), 0), "in")
    yield MoneyLine("pnbp_passed_on", _through(account, "pass_on_pnbp", "debit"), "out")
    waiting = ledger.balance(account)
    yield MoneyLine("pnbp_waiting", waiting.available + waiting.pending_out, "out")


def _administration(programme_code: str) -> Iterable[tuple[str, int]]:
    spent = administration_spent(programme_code)
    return ((category, spent.get(category, 0)) for category in CATEGORIES)


def _cap(programme_code: str) -> int | None:
    try:
        funds = programme_of(rulebook_of(programme_code).id).funds
    except NoSuchProgramme:
        return None
    return funds.administration_cap_percent if funds else None
