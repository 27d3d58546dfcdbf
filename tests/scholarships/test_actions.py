"""Awards: family cards, deadlines, returns, and the money that follows each step."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from bekal.citizens.models import Citizen
from bekal.core import clock
from bekal.core.models import Event
from bekal.eligibility.queries import facts_about
from bekal.ledger import queries as ledger
from bekal.notices.models import Notice
from bekal.rulebooks.models import RuleBook
from bekal.scholarships import actions, queries, rules, tasks
from bekal.scholarships.models import Award
from bekal.waves.actions import join_wave, run_draw
from bekal.waves.queries import applications_in_state, counts_by_state, result_of
from tests.citizens.making import registered_citizen
from tests.eligibility.making import settled
from tests.rulebooks.making import loaded_programme
from tests.scholarships.making import BENEFIT, award, awarded_wave, funded
from tests.waves.making import BY, DRAWN, OPENS, SHOWN, committed, drawn_wave, open_wave, signed

pytestmark = pytest.mark.django_db
ClockAt = Callable[[datetime], None]
AFTER = datetime(2023, 9, 9, tzinfo=UTC)
YEAR_END = datetime(2023, 12, 16, tzinfo=UTC)


@pytest.fixture
def book(clock_at: ClockAt) -> RuleBook:
    return loaded_programme("prakerja-2023")


def test_money_needs_two_people(book: RuleBook) -> None:
    with pytest.raises(actions.NotApproved):
        actions.fund_programme(by=BY, at=clock.now(), programme_code=book.code, reference="x", amount=5)
    funded(book.code, 5)
    funded(book.code, 5)
    assert ledger.balance(queries.programme_account(book.code)).available == 5


def test_winners_get_their_award_and_its_money(book: RuleBook) -> None:
    wave = awarded_wave(book)
    assert queries.award_counts(wave.id) == {"active": 3}
    assert counts_by_state(wave.id) == {"awarded": 3, "waiting": 3}
    for row in queries.awards_of_wave(wave.id):
        view = queries.award_of(row.citizen_id)
        assert view
        assert (view.balance, view.incentive_left, view.wave_number) == (3_500_000, 700_000, 59)
        assert queries.award_of_card(view.card_number) == queries.award_view(view.id) == view
        assert view.purchase_due_at == datetime(2023, 9, 7, 16, 59, 59, tzinfo=UTC)
        kinds = {fact.kind for fact in facts_about(Citizen.objects.get(id=row.citizen_id).nik_ref)}
        assert kinds >= {"prior_recipient", f"award:{row.programme_code}"}
    assert ledger.balance(queries.wave_account(wave.id)).available == 0
    assert Notice.objects.filter(template="scholarships.awarded_message").count() == 3
    assert actions.award_selected(by=BY, at=DRAWN, wave_id=wave.id) == 0
    assert ledger.imbalance() == 0


def test_without_money_nobody_is_awarded(book: RuleBook) -> None:
    wave = drawn_wave(book, people=4, places=2)
    funded(book.code, BENEFIT)
    with pytest.raises(Exception, match="overdrawn"):
        actions.fund_wave(by=BY, at=DRAWN, wave_id=wave.id)
    assert counts_by_state(wave.id) == {"selected": 2, "waiting": 2}


def test_a_third_on_the_family_card_is_skipped_and_the_next_follows(book: RuleBook) -> None:
    wave = awarded_wave(book, people=6, places=4, family_card="3273010101100001")
    assert queries.award_counts(wave.id) == {"active": 2}
    assert counts_by_state(wave.id) == {"awarded": 2, "skipped": 4}
    assert ledger.balance(queries.wave_account(wave.id)).available == 2 * BENEFIT


def test_a_place_waits_for_a_pending_decision_and_leaves_a_refused_one(book: RuleBook) -> None:
    wave = open_wave(book, places=2)
    for number in range(1, 5):
        join_wave(at=OPENS, wave_id=wave.id, citizen_id=registered_citizen(number).id)
    committed(wave)
    signed(wave)
    clock.freeze(DRAWN)
    run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    funded(book.code, 2 * BENEFIT)
    actions.fund_wave(by=BY, at=DRAWN, wave_id=wave.id)
    assert actions.award_selected(by=BY, at=DRAWN, wave_id=wave.id) == 0
    assert counts_by_state(wave.id) == {"selected": 2, "waiting": 2}
    first, second = applications_in_state(wave.id, "selected")
    next_in_line = applications_in_state(wave.id, "waiting")
    settled(first.citizen_id, book.id, "match", "civil_servant")
    settled(second.citizen_id, book.id, "match")
    assert actions.award_selected(by=BY, at=DRAWN, wave_id=wave.id) == 1
    assert counts_by_state(wave.id) == {"selected": 1, "awarded": 1, "waiting": 2}, "the next in line is pending too"
    for row in next_in_line:
        settled(row.citizen_id, book.id, "match")
    assert actions.award_selected(by=BY, at=DRAWN, wave_id=wave.id) == 1
    assert counts_by_state(wave.id) == {"skipped": 1, "awarded": 2, "waiting": 1}
    assert [row.reason for row in applications_in_state(wave.id, "skipped")] == ["register:civil_servant"]


def test_the_database_keeps_the_family_limit(book: RuleBook) -> None:
    row = award(book)
    for wrong in ({"family_place": 3}, {"family_place": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Award.objects.filter(pk=row.pk).update(**wrong)


def test_an_award_that_bought_nothing_is_revoked_and_the_next_is_awarded(book: RuleBook, clock_at: ClockAt) -> None:
    wave = awarded_wave(book, people=6, places=3)
    busy = queries.awards_of_wave(wave.id)[0]
    actions.note_purchase(by=BY, at=DRAWN, award_id=busy.id)
    assert tasks.revoke_due() == 0
    clock_at(AFTER)
    assert (tasks.revoke_due(), tasks.revoke_due()) == (2, 0)
    assert ledger.balance(queries.wave_account(wave.id)).available == 2 * BENEFIT
    assert actions.award_waiting(by=BY, at=AFTER, wave_id=wave.id) == 2
    assert actions.award_waiting(by=BY, at=AFTER, wave_id=wave.id) == 0
    assert queries.award_counts(wave.id) == {"active": 3, "revoked": 2}
    assert counts_by_state(wave.id) == {"awarded": 5, "waiting": 1}
    given = Event.objects.filter(kind="scholarships.awarded").values_list("why", flat=True)
    assert set(given) == {f"result {result_of(wave.id)}"}, "places from the waiting list refer to the draw too"
    assert ledger.balance(queries.wave_account(wave.id)).available == 0
    assert Notice.objects.filter(template="scholarships.revoked_message").count() == 2


def test_an_award_in_time_or_in_use_cannot_be_revoked(book: RuleBook) -> None:
    row = award(book)
    with pytest.raises(actions.NotUnused):
        actions.revoke_awards(by=BY, at=DRAWN, award_ids=[row.id])
    actions.note_purchase(by=BY, at=DRAWN, award_id=row.id)
    with pytest.raises(actions.NotUnused):
        actions.revoke_awards(by=BY, at=AFTER, award_ids=[row.id])


def test_after_a_training_the_next_window_runs_and_the_balance_expires(book: RuleBook, clock_at: ClockAt) -> None:
    row = award(book)
    actions.note_purchase(by=BY, at=DRAWN, award_id=row.id)
    finished = datetime(2023, 9, 5, 3, tzinfo=UTC)
    actions.note_training_finished(by=BY, at=finished, award_id=row.id, finished_at=finished)
    view = queries.award_view(row.id)
    assert view
    assert view.purchase_due_at == datetime(2023, 9, 20, 16, 59, 59, tzinfo=UTC)
    clock_at(datetime(2023, 9, 21, tzinfo=UTC))
    assert (tasks.expire_due(), tasks.expire_due()) == (1, 0)
    view = queries.award_view(row.id)
    assert view
    assert (view.state, view.balance, view.incentive_left) == ("expired", 0, 700_000)
    with pytest.raises(actions.AwardEnded):
        actions.note_purchase(by=BY, at=AFTER, award_id=row.id)
    actions.note_training_finished(by=BY, at=AFTER, award_id=row.id, finished_at=AFTER)
    assert queries.award_view(row.id) == view


def test_an_undone_purchase_opens_the_window_again(book: RuleBook) -> None:
    row = award(book)
    actions.note_purchase(by=BY, at=DRAWN, award_id=row.id)
    actions.note_purchase_undone(by=BY, at=DRAWN, award_id=row.id, bought_before=False)
    view = queries.award_view(row.id)
    assert view
    assert (view.first_purchase_at, view.purchase_due_at) == (None, datetime(2023, 9, 7, 16, 59, 59, tzinfo=UTC))


def test_at_the_year_end_everything_left_goes_back(book: RuleBook) -> None:
    wave = awarded_wave(book)
    assert actions.close_awards(by=BY, at=YEAR_END, wave_id=wave.id) == 3
    assert actions.close_awards(by=BY, at=YEAR_END, wave_id=wave.id) == 0
    actions.return_unused(by=BY, at=YEAR_END, wave_id=wave.id)
    actions.return_unused(by=BY, at=YEAR_END, wave_id=wave.id)
    assert ledger.balance("treasury").available == 0
    assert ledger.sums_by_code()["return_treasury"] == 3 * BENEFIT
    assert ledger.imbalance() == 0


def test_a_programme_that_gives_nothing_awards_nothing(clock_at: ClockAt) -> None:
    book = loaded_programme("skills-week")
    with pytest.raises(queries.NothingToGive):
        queries.giving(book.id)


def test_unknown_awards(book: RuleBook) -> None:
    assert queries.award_of(book.id) is None
    assert queries.award_view(book.id) is None
    assert queries.award_of_card("0" * 16) is None


def test_deadlines_end_with_the_day_in_jakarta_and_with_the_year() -> None:
    since = datetime(2023, 8, 24, 18, tzinfo=UTC)  # already the 25th in Jakarta
    assert rules.purchase_due(since, 15, "12-15") == datetime(2023, 9, 9, 16, 59, 59, tzinfo=UTC)
    late = datetime(2023, 12, 10, tzinfo=UTC)
    assert rules.purchase_due(late, 15, "12-15") == datetime(2023, 12, 15, 16, 59, 59, tzinfo=UTC)
    assert rules.year_end(late + timedelta(days=1), "12-15") == rules.purchase_due(late, 15, "12-15")
    assert rules.purchase_due(since, None, "12-15") == datetime(2023, 12, 15, 16, 59, 59, tzinfo=UTC)
    assert rules.allocation(10, BENEFIT) == 42_000_000
