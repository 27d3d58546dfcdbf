"""Non-tax revenue, the cost of administration, and money that comes back late."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bekal.access.actions import SameEyes, approve, propose
from bekal.core import clock
from bekal.core.events import Actor
from bekal.ledger import queries as ledger
from bekal.ledger.actions import AlteredReplay, Overdrawn
from bekal.rulebooks.actions import load_programme
from bekal.rulebooks.models import RuleBook
from bekal.scholarships import actions, queries
from tests.rulebooks.making import loaded_programme, programme_text
from tests.scholarships.making import awarded_wave, funded
from tests.waves.making import BY

pytestmark = pytest.mark.django_db
CODE = "prakerja-2023"


@pytest.fixture
def book() -> RuleBook:
    return loaded_programme()


def agreed(kind: str, reference: str, amount: int, purpose: str = "", *, checker: str = "checker") -> None:
    digest = actions.funding_digest(CODE, reference, amount, purpose)
    propose(by=Actor.staff("maker"), at=clock.now(), kind=kind, key=reference, digest=digest)
    approve(by=Actor.staff(checker), at=clock.now(), kind=kind, key=reference, digest=digest)


def spend(amount: int, *, reference: str = "SP-1", category: str = "staff") -> None:
    told = {"programme_code": CODE, "category": category, "reference": reference, "amount": amount}
    actions.spend_administration(by=BY, at=clock.now(), **told)


def received(amount: int, source: str = "interest", reference: str = "BUNGA-8") -> None:
    told = {"programme_code": CODE, "source": source, "reference": reference, "amount": amount}
    actions.receive_pnbp(by=BY, at=clock.now(), **told)


def test_administration_needs_two_people_and_stays_under_the_cap(book: RuleBook) -> None:
    funded(CODE, 1_000_000_000)
    assert queries.administration_room(CODE) == 10_000_000
    with pytest.raises(actions.NotApproved):
        spend(6_000_000)
    agreed("administration", "SP-1", 6_000_000, "systems")
    with pytest.raises(actions.NotApproved):
        spend(6_000_000, category="staff")
    for _ in range(2):
        spend(6_000_000, category="systems")
    assert queries.administration_room(CODE) == 4_000_000
    agreed("administration", "SP-2", 4_000_001, "staff")
    with pytest.raises(actions.AdministrationCapped) as refused:
        spend(4_000_001, reference="SP-2")
    assert refused.value.facts == {"room": 4_000_000}
    agreed("administration", "SP-3", 4_000_000, "staff")
    spend(4_000_000, reference="SP-3")
    spend(4_000_000, reference="SP-3")
    assert ledger.balance(queries.programme_account(CODE)).available == 990_000_000
    assert ledger.balance(queries.administration_account(CODE, "staff")).available == 4_000_000


def test_a_purpose_nobody_knows_is_refused(book: RuleBook) -> None:
    with pytest.raises(actions.UnknownPurpose):
        spend(1, category="gifts")
    with pytest.raises(actions.UnknownPurpose):
        received(1, source="lottery")


def test_nobody_approves_what_they_proposed(book: RuleBook) -> None:
    with pytest.raises(SameEyes):
        agreed("administration", "SP-1", 5, "staff", checker="maker")


def test_revenue_waits_for_the_state_and_is_passed_on_once(book: RuleBook) -> None:
    received(700)
    received(700)
    received(300, "fine", "DENDA-1")
    with pytest.raises(AlteredReplay):
        received(701)
    assert ledger.balance(queries.pnbp_account(CODE)).available == 1_000
    with pytest.raises(actions.NotApproved):
        actions.pass_on_pnbp(by=BY, at=clock.now(), programme_code=CODE, reference="NTPN-1", amount=900)
    agreed("pnbp", "NTPN-1", 900)
    for _ in range(2):
        actions.pass_on_pnbp(by=BY, at=clock.now(), programme_code=CODE, reference="NTPN-1", amount=900)
    assert (ledger.balance(queries.pnbp_account(CODE)).available, ledger.balance("treasury").available) == (100, 900)
    agreed("pnbp", "NTPN-2", 101)
    with pytest.raises(Overdrawn):
        actions.pass_on_pnbp(by=BY, at=clock.now(), programme_code=CODE, reference="NTPN-2", amount=101)


def test_money_claimed_back_goes_where_the_programme_file_says(book: RuleBook) -> None:
    received(600_000, "repaid", "TAGIH-1")
    assert ledger.balance(queries.pnbp_account(CODE)).available == 600_000
    text = programme_text().replace("version = 1", "version = 2").replace('repaid_to = "state"', 'repaid_to = "fund"')
    load_programme(by=BY, at=clock.now(), text=text)
    received(50_000, "repaid", "TAGIH-2")
    received(9, "interest", "BUNGA-9")
    assert ledger.balance(queries.programme_account(CODE)).available == 50_000
    assert ledger.balance(queries.pnbp_account(CODE)).available == 600_009


def test_a_file_that_names_no_cap_caps_nothing() -> None:
    text = programme_text().replace("administration_cap_percent = 1", 'administration_cap_percent = "none"')
    load_programme(by=BY, at=clock.now(), text=text)
    funded(CODE, 10)
    assert queries.administration_room(CODE) is None
    agreed("administration", "SP-1", 10, "office")
    spend(10, category="office")


def test_the_sums_take_as_many_statements_for_many_awards_as_for_few(
    book: RuleBook, clock_at: Callable[[datetime], None]
) -> None:
    wave = awarded_wave(book, people=8, places=6)
    with CaptureQueriesContext(connection) as seen:
        found = queries.purses_by_place([wave.id])
    assert sum(one.sums.granted for one in found.values()) == 6 * 4_200_000
    assert len(seen) == 2
