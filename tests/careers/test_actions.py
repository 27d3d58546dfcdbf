"""Taking in a portal's postings and matching graduates, on the database."""

from datetime import date, timedelta

import pytest

from bekal.careers import queries
from bekal.careers.actions import match_graduates
from bekal.careers.models import Match, Vacancy
from bekal.core.models import Event
from tests.careers.making import posting, taken_in
from tests.learning.making import ENDS_AT, Bought, bought, certified, shop
from tests.partners.making import BY

pytestmark = [pytest.mark.django_db(transaction=False), pytest.mark.usefixtures("clock_at", "seeded")]


@pytest.fixture
def graduate() -> Bought:
    """Someone certified in a training that teaches digital marketing."""
    from bekal.catalogue.models import Training

    one = certified(bought(shop()))
    Training.objects.filter(id=one.training_id).update(skills=["digital-marketing"])
    return one


def test_a_posting_is_kept_once_and_changes_in_place() -> None:
    assert taken_in(posting()).new == 1
    assert taken_in(posting()).same == 1
    assert taken_in(posting(title="Kepala Pemasaran")).changed == 1
    assert list(Vacancy.objects.values_list("title", flat=True)) == ["Kepala Pemasaran"]


def test_the_same_key_of_two_portals_is_two_vacancies() -> None:
    taken_in(posting(), portal="a")
    taken_in(posting(), portal="b")
    assert Vacancy.objects.count() == 2


def test_taking_in_again_leaves_no_event() -> None:
    taken_in(posting())
    before = Event.objects.count()
    taken_in(posting())
    assert Event.objects.count() == before


def test_skills_come_from_text_and_from_the_portal() -> None:
    taken_in(
        posting(description="Mengelola media sosial", skills=("pemasaran digital", "ilmu antariksa", "cashiering"))
    )
    assert Vacancy.objects.get().skills == ["cashiering", "digital-marketing", "social-media"]


def test_hostile_and_faulty_postings() -> None:
    intake = taken_in(
        posting(1, title="<img src=x onerror=alert(1)>Kasir", url="javascript:alert(1)"),
        posting(2, title="<script>x</script> "),
        posting(3, wage_low=9, wage_high=1),
        posting(4, key=""),
    )
    assert (intake.new, dict(intake.left_out)) == (
        1, {"key_missing_or_too_long": 1, "title_missing": 1, "wages_out_of_order": 1},
    )  # fmt: skip
    kept = Vacancy.objects.get()
    assert (kept.title, kept.url) == ("Kasir", "")


def test_a_graduate_sees_what_suits_with_reasons(graduate: Bought) -> None:
    taken_in(
        posting(1),
        posting(2, regency="11.01"),
        posting(3, title="Juru Las", description="Mengelas.", skills=("las listrik",)),
    )
    assert match_graduates(by=BY, at=ENDS_AT, citizens=[graduate.citizen_id]) == 2
    first, second = queries.vacancies_for(graduate.citizen_id)
    assert first.vacancy.regency_code == "32.73"
    assert [code for code, _ in first.reasons] == ["careers.reason_skills", "careers.reason_same_regency"]
    assert second.reasons[1][0] == "careers.reason_elsewhere"


def test_ten_at_most_and_again_the_same(graduate: Bought) -> None:
    taken_in(*(posting(number) for number in range(14)))
    assert match_graduates(by=BY, at=ENDS_AT, citizens=[graduate.citizen_id]) == 10
    before = list(Match.objects.order_by("id").values_list("id", "vacancy__key", "score"))
    match_graduates(by=BY, at=ENDS_AT, citizens=[graduate.citizen_id])
    assert list(Match.objects.order_by("id").values_list("id", "vacancy__key", "score")) == before


def test_an_expired_vacancy_goes(graduate: Bought) -> None:
    taken_in(posting(1, valid_until=ENDS_AT.date()), posting(2))
    match_graduates(by=BY, at=ENDS_AT, citizens=[graduate.citizen_id])
    later = ENDS_AT + timedelta(days=1)
    assert queries.graduates_due(ENDS_AT, 10) == []
    assert queries.graduates_due(later, 10) == [graduate.citizen_id]
    match_graduates(by=BY, at=later, citizens=[graduate.citizen_id])
    assert list(Match.objects.values_list("vacancy__key", flat=True)) == ["LOK-0002"]


def test_without_a_certificate_nothing_happens() -> None:
    taken_in(posting())
    learner = bought(shop())
    assert match_graduates(by=BY, at=ENDS_AT, citizens=[learner.citizen_id]) == 0
    assert queries.vacancies_for(learner.citizen_id) == []


def test_a_new_vacancy_makes_everybody_due(graduate: Bought) -> None:
    match_graduates(by=BY, at=ENDS_AT - timedelta(days=30), citizens=[graduate.citizen_id])
    taken_in(posting())
    assert queries.graduates_due(ENDS_AT, 10) == [graduate.citizen_id]


def test_the_public_list_searches_stems_skills_and_places() -> None:
    taken_in(
        posting(1), posting(2, title="Kasir", description="Melayani pembayaran.", skills=("kasir",), regency="11.01")
    )
    assert [row.title for row in queries.vacancies_page("bayar").items] == ["Kasir"]
    assert [row.title for row in queries.vacancies_page(skill="cashiering").items] == ["Kasir"]
    assert [row.title for row in queries.vacancies_page(regency="32").items] == ["Pemasar Digital"]
    assert queries.vacancies_page("' OR 1=1 --\x00").total == 0
    assert queries.vacancies_page(page=99).number == 1


def test_expired_vacancies_are_not_listed() -> None:
    taken_in(posting(1, posted_on=date(2023, 7, 1), valid_until=date(2023, 7, 31)))
    assert queries.vacancies_page().total == 0
    assert queries.vacancy_counts() == {"all": 1, "open": 0, "people_matched": 0}


def test_skills_sought_are_counted() -> None:
    taken_in(posting(1), posting(2))
    assert ("digital-marketing", 2) in queries.skills_sought()
