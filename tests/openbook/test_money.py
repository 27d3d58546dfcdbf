"""The programme's accounts: every published figure recomputed from the opened journal, transfer by transfer."""

from collections import Counter

import pytest

from bekal.ledger.actions import open_accounts, post_transfers, seal_journal
from bekal.ledger.models import Account
from bekal.ledger.rules import Opening, Posting
from bekal.openbook.queries import MoneyStatement, journal, money_statement
from bekal.scholarships import actions
from bekal.scholarships.models import Award
from bekal.scholarships.queries import incentive_account
from bekal.waves.models import Wave
from tests.openbook.test_queries import CODE, book, spent, wave
from tests.scholarships.making import funded
from tests.scholarships.test_funds import agreed, received
from tests.waves.making import BY, DRAWN

__all__ = ["book", "spent", "wave"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def statement(wave: Wave, spent: Award) -> MoneyStatement:
    """A purchase and a reservation; besides, an incentive is paid and part of it given back by the bank, administration
    costs, revenue comes in and is passed on, the year ends."""
    funded(CODE, 50_000_000, "DIPA-2")
    open_accounts(by=BY, at=DRAWN, accounts=[Opening("paid:bank", "paid", limit="none")])
    own = incentive_account(spent.id)
    post_transfers(by=BY, at=DRAWN, transfers=[
        Posting(own, "paid:bank", 600_000, "incentive", "order-1"),
        Posting("paid:bank", own, 50_000, "incentive_returned", "order-1-back"),
        Posting(own, "paid:bank", 40_000, "accepted", "difference-1"),
    ])  # fmt: skip
    told = {"programme_code": CODE, "category": "systems", "reference": "SP-1", "amount": 100_000}
    agreed("administration", "SP-1", 100_000, "systems")
    actions.spend_administration(by=BY, at=DRAWN, **told)
    received(700)
    received(50, "repaid", "TAGIH-1")
    agreed("pnbp", "NTPN-1", 600)
    actions.pass_on_pnbp(by=BY, at=DRAWN, programme_code=CODE, reference="NTPN-1", amount=600)
    left = list(Award.objects.exclude(id=spent.id).order_by("card_number"))
    Award.objects.filter(id__in=[row.id for row in left[:2]]).update(regency_code="31.71")
    for row in left[:2]:
        Account.objects.filter(owner=str(row.id)).update(book=f"{row.wave_id}:31.71")
    actions.close_awards(by=BY, at=DRAWN, wave_id=wave.id)
    actions.return_unused(by=BY, at=DRAWN, wave_id=wave.id)
    seal_journal(by=BY, at=DRAWN)
    return money_statement(CODE)


Moved = Counter[tuple[str, str, str]]


@pytest.fixture
def moved(statement: MoneyStatement) -> Moved:
    """(code, debit account, credit account) -> rupiah moved for good, and under code `held` what is reserved."""
    leaves = [proof["leaf"] for proof in journal()["proofs"]]
    ended = {leaf["reference"].rsplit("#", 1)[0] for leaf in leaves if leaf["phase"] in ("post", "void")}
    found: Moved = Counter()
    for leaf in leaves:
        if leaf["phase"] in ("single", "post"):
            found[leaf["code"], leaf["debit"], leaf["credit"]] += int(leaf["amount"])
        elif leaf["phase"] == "pending" and leaf["reference"] not in ended:
            found["held", leaf["debit"], leaf["credit"]] += int(leaf["amount"])
    return found


def test_every_figure_follows_from_the_journal(statement: MoneyStatement, moved: Moved) -> None:
    def between(debit: str, credit: str, *codes: str) -> int:
        return sum(
            amount
            for (code, source, target), amount in moved.items()
            if source.startswith(debit) and target.startswith(credit) and code in codes
        )

    fund = f"programme:{CODE}"
    lines = {line.code: line.amount for line in (*statement.lines, *statement.partners, *statement.revenue)}
    expected = {
        "funded": between("treasury", fund, "fund"),
        "repaid": between("received:", fund, "repaid"),
        "refunded": between("payable:", "award:", "refund"),
        "training": between("award:", "payable:", "purchase"),
        "commission": between("award:", "payable:", "commission"),
        "incentives": between("award:", "paid:", "incentive", "accepted")
        - between("paid:", "award:", "incentive_returned"),
        "administration": between(fund, "administration:", "administration"),
        "returned": between(fund, "treasury", "return_treasury"),
        "reserved_training": between("award:", "payable:", "held"),
        "pnbp_interest": between(f"received:{CODE}:interest", "pnbp:", "pnbp"),
        "pnbp_fine": 0,
        "pnbp_repaid": between(f"received:{CODE}:repaid", "pnbp:", "pnbp"),
        "pnbp_passed_on": between("pnbp:", "treasury", "pass_on_pnbp"),
        "pnbp_waiting": 150,
        "held_programme": 0,
        "held_waves": 0,
        "held_training": 0,
        "held_incentive": 0,
        "reserved_incentive": 0,
    }
    assert {code: lines[code] for code in expected} == expected
    assert dict(statement.administration)["systems"] == expected["administration"] == 100_000
    assert (lines["incentives"], lines["reserved_training"]) == (590_000, 700_000)
    assert statement.difference == 0


def test_the_four_sums_of_each_wave_and_place_follow_from_the_journal(statement: MoneyStatement, moved: Moved) -> None:
    groups: dict[str, Counter[str]] = {"59": Counter(), "31": Counter(), "32": Counter()}
    for (code, debit, credit), amount in moved.items():
        end = next((key for key in (debit, credit) if key.startswith("award:")), None)
        if end is None:
            continue
        award = Award.objects.get(id=end.split(":")[1])
        name = {"grant_training": "granted", "grant_incentive": "granted", "return_award": "returned"}.get(
            code, "spent"
        )
        signed = amount if credit == end or name == "returned" else -amount
        for group in ("59", award.regency_code[:2]):
            if code == "held":
                continue
            groups[group][name] += -signed if name == "spent" else signed
            groups[group]["left"] += amount if credit == end else -amount
    (shown,) = statement.waves
    assert (shown.code, shown.people) == ("59", 6)
    for name in ("granted", "spent", "left", "returned"):
        assert getattr(shown, name) == getattr(statement.total, name) == groups["59"][name]
        assert groups["31"][name] + groups["32"][name] == groups["59"][name]
    assert statement.total.difference == 0
    assert [(row.code, row.people) for row in statement.provinces] == [("31", None), ("32", None)]
    assert all(row.granted is None for row in statement.regencies), "two people are too few to be told"


def test_another_programme_with_a_longer_name_is_kept_apart(statement: MoneyStatement) -> None:
    funded(f"{CODE}-b", 77, "DIPA-B")
    assert money_statement(CODE).amount("funded") == statement.amount("funded")
    assert money_statement(f"{CODE}-b").amount("funded") == 77
